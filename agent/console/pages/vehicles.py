"""The page Vehicles: one row for each vehicle, found by plate, VIN, permit, lane, reason, time and outcome."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Role, Viewer
from agent.console.dependencies import AtGate, Gate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.navigation import Nav, Place
from agent.console.page import language, render
from agent.console.vehicles import vehicle_row
from agent.console.vehicles.index_file import IndexState, IndexUnavailableError, read_state, reading
from agent.console.vehicles.periods import PERIODS, Period, PeriodError, span_of
from agent.console.vehicles.record import Result
from agent.console.vehicles.search import MOST_COUNTED, VehiclePage, VehicleQuery, newer, search
from agent.console.view_log import AtViews, viewer_of
from agent.core.events import Search as Searched
from agent.core.model import SEQ_MAX, Reason
from agent.i18n import translate
from drivers.text import Text

if TYPE_CHECKING:
    from agent.console.vehicles.vehicle_row import VehicleRow
    from agent.i18n import Language

router = APIRouter()
NAV = Nav(Place.VEHICLES, 10, "/vehicles", Text("List"), Role.VIEWER)

LONGEST: Final = 64
BEHIND: Final = 5_000
"""Events that the list may lack before the page says so."""
Words = Annotated[str, Query(max_length=LONGEST)]
Seq = Annotated[int | None, Query(ge=1, le=SEQ_MAX)]
After = Annotated[int, Query(ge=0, le=SEQ_MAX)]


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of the search as they were sent; what is not known among them is left out."""

    text: str = ""
    lane: str = ""
    reason: str = ""
    result: Result | None = None
    period: Period = Period.ANY
    since: str = ""
    until: str = ""

    def query(self, gate: Gate) -> VehicleQuery:
        """What is looked for. Raises RefusedError for a time that is none."""
        try:
            span = span_of(self.period, self.since, self.until, today_of(gate))
        except PeriodError as error:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                Text("“{given}” is not a valid time. Write it as 2026-11-24T08:30.", given=error.given[:LONGEST]),
            ) from None
        return VehicleQuery(self.text, self.lane, self.reason, self.result, span.since_ms, span.until_ms)

    def fields(self, **other: str | int) -> str:
        """The search as the part of an address behind "?", with some fields in place of its own."""
        own = {
            "q": self.text,
            "lane": self.lane,
            "reason": self.reason,
            "result": self.result or "",
            "period": self.period,
            "since": self.since if self.period is Period.BETWEEN else "",
            "until": self.until if self.period is Period.BETWEEN else "",
        }
        return urlencode({name: value for name, value in {**own, **other}.items() if value not in ("", None)})

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.fields())


def _asked(
    *,
    q: Words = "",
    lane: Words = "",
    reason: Words = "",
    result: Words = "",
    period: Words = "",
    since: Words = "",
    until: Words = "",
) -> Asked:
    chosen = Period(period) if period in set(Period) else Period.ANY
    if chosen is Period.ANY and (since.strip() or until.strip()):
        chosen = Period.BETWEEN
    how = Result(result) if result in set(Result) else None
    return Asked(q.strip(), lane, reason, how, chosen, since, until)


AtAsked = Annotated[Asked, Depends(_asked)]


@router.get("/vehicles", response_class=HTMLResponse)
def vehicles(
    request: Request, gate: AtGate, views: AtViews, person: Viewer, asked: AtAsked, *, before: Seq = None
) -> HTMLResponse:
    """The newest vehicles that fit, and where to go on. Who looks for one vehicle is recorded."""
    query = asked.query(gate)
    if asked.text:
        views.note(viewer_of(person), "searches", Searched(plate=asked.text, permit=asked.text))
        views.tell_due()
    state, found = _found(gate, query, before)
    spoken = language(request)
    rows = [vehicle_row.row(one, spoken, one.picture if one.picture in gate.evidence else "") for one in found.found]
    return render(
        request,
        "vehicles.html",
        asked=asked,
        found=found,
        days=_days(gate, found, rows, spoken),
        newest=max((one.first for one in found.found), default=0),
        older=None if found.before is None else asked.fields(before=found.before),
        is_first=before is None,
        index=state,
        behind=_is_behind(state, gate),
        lanes=[(one, one) for one in sorted({*gate.lanes, asked.lane} - {""})],
        reasons=sorted(
            ((one.value, vehicle_row.finding(one, spoken)) for one in Reason if one is not Reason.OK), key=_words
        ),
        periods=[(one, translate(said, spoken)) for one, said in PERIODS.items()],
        results=[
            (one, vehicle_row.RESULTS[one], vehicle_row.RESULT_TONES[one], found.counts.get(one, 0)) for one in Result
        ],
        per_page=len(found.found),
    )


@router.get("/live/vehicles", response_class=HTMLResponse)
def news(request: Request, gate: AtGate, _person: Viewer, asked: AtAsked, *, after: After = 0) -> HTMLResponse:
    """How many vehicles that fit have come since, or how far the list is; a fragment."""
    query = asked.query(gate)
    try:
        with reading(gate.loaded.settings.state.directory) as index:
            count = newer(index, query, after)
            state = read_state(index)
    except (IndexUnavailableError, sqlite3.Error):
        count, state = 0, None
    return render(
        request,
        "vehicles_news.html",
        asked=asked,
        after=after,
        count=count,
        is_more=count >= MOST_COUNTED,
        index=state,
        behind=_is_behind(state, gate),
    )


def today_of(gate: Gate) -> date:
    """The day at the gate."""
    return datetime.fromtimestamp(gate.now().utc, UTC).astimezone().date()


def _is_behind(state: IndexState | None, gate: Gate) -> bool:
    return state is None or state.seq + BEHIND < gate.journal.head


def _found(gate: Gate, query: VehicleQuery, before: int | None) -> tuple[IndexState | None, VehiclePage]:
    """What is found, and how far the list is; None: there is none yet."""
    try:
        with reading(gate.loaded.settings.state.directory) as index:
            return read_state(index), search(index, query, before)
    except (IndexUnavailableError, sqlite3.Error):
        return None, VehiclePage()


def _days(
    gate: Gate, found: VehiclePage, rows: list[VehicleRow], spoken: Language
) -> list[tuple[str, list[VehicleRow]]]:
    """The rows by their days, each with its heading."""
    today = today_of(gate)
    dated = zip((vehicle_row.day_of(vehicle_row.moment(one.began_ms)) for one in found.found), rows, strict=True)
    return [
        (vehicle_row.day_text(day, today, spoken), [one for _, one in group])
        for day, group in groupby(dated, key=lambda pair: pair[0])
    ]


def _words(pair: tuple[str, str]) -> str:
    return pair[1]
