"""The page Numbers: what a shift leader and a technician ask of a day, a week or a year.

Everything is read from the file of numbers, by a connection of its own; the journal is not asked. No page shows a
vehicle or a person, so looking is not recorded.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse, Response

from agent.console import labels
from agent.console.access import Role, Viewer
from agent.console.dependencies import AtGate, Gate
from agent.console.errors import RefusedError
from agent.console.navigation import Nav, Place
from agent.console.numbers.csv_export import FILES, csv_text
from agent.console.numbers.shift_cards import shift_cards
from agent.console.numbers.summary import concerns, shift_tiles, technical_tiles
from agent.console.numbers.technical_cards import technical_cards
from agent.console.numbers.today_tiles import today_tiles
from agent.console.numbers.words import day_text, period_text
from agent.console.page import render, translated
from agent.core.numbers import LONGEST_DAYS, MONTH, WEEK, Period, period_of
from agent.numbers import NumbersReport, local_day, offset_at, report_of
from agent.store.numbers import NAME, NumbersError, NumbersReader
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.VEHICLES, 20, "/numbers", Text("Numbers"), Role.VIEWER)

LONGEST: Final = 64
YEAR: Final = 365
CHOICES: Final = ((1, Text("Today")), (WEEK, Text("Week")), (MONTH, Text("Month")), (YEAR, Text("Year")))
Words = Annotated[str, Query(max_length=LONGEST)]
FileName = Annotated[str, InPath(pattern="^[a-z_]{1,32}$")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The period and the lane as they were sent. `days`: so many to today; `first` and `last` go before it."""

    days: int = 1
    first: str = ""
    last: str = ""
    lane: str = ""

    def period(self, today: int) -> Period:
        """The local days that are meant. Raises RefusedError for a date that is none."""
        if not self.first and not self.last:
            return period_of(today - self.days + 1, today, today)
        first, last = (_day(text) for text in (self.first or self.last, self.last or self.first))
        return period_of(first, last, today)

    @property
    def is_dated(self) -> bool:
        """Whether dates are given, so that the same address shows the same days tomorrow."""
        return bool(self.first or self.last)


def _asked(
    *,
    days: Annotated[int, Query(ge=1, le=LONGEST_DAYS)] = 1,
    first: Annotated[str, Query(alias="from", max_length=LONGEST)] = "",
    last: Annotated[str, Query(alias="to", max_length=LONGEST)] = "",
    lane: Words = "",
) -> _Asked:
    return _Asked(days, first.strip(), last.strip(), lane)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/numbers", response_class=HTMLResponse)
def numbers(request: Request, gate: AtGate, _person: Viewer, asked: Asked) -> HTMLResponse:
    """What a shift leader asks: vehicles, waiting, refusals, officers, and what needs attention."""
    return _shown(request, gate, asked, is_technical=False)


@router.get("/numbers/technical", response_class=HTMLResponse)
def technical(request: Request, gate: AtGate, _person: Viewer, asked: Asked) -> HTMLResponse:
    """What a technician asks: reading by camera and hour, retries, and the uptime of devices."""
    return _shown(request, gate, asked, is_technical=True)


@router.get("/live/numbers/today", response_class=HTMLResponse)
def today(request: Request, gate: AtGate, _person: Viewer) -> HTMLResponse:
    """The figures of today, for the page of all lanes; a fragment, empty where nothing was counted yet."""
    _, report = _report(gate, _Asked())
    tiles = []
    if report is not None and report.first_day is not None:
        tiles = today_tiles(report, lambda text: translated(request, text))
    return render(request, "numbers_today.html", tiles=tiles)


@router.get("/numbers/{name}.csv")
def file(gate: AtGate, _person: Viewer, asked: Asked, name: FileName) -> Response:
    """The figures of one card as a file for spreadsheets."""
    if name not in FILES:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    period, report = _report(gate, asked)
    if report is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("Nothing was counted yet. Try again in a minute."))
    first, last = day_text(period.first), day_text(period.last)
    attached = f'attachment; filename="{gate.loaded.settings.gate.id}-{name}-{first}-{last}.csv"'
    return Response(
        csv_text(report, name), media_type="text/csv; charset=utf-8", headers={"content-disposition": attached}
    )


def _shown(request: Request, gate: Gate, asked: _Asked, *, is_technical: bool) -> HTMLResponse:
    def said(text: str) -> str:
        return translated(request, text)

    period, report = _report(gate, asked)
    cards = () if report is None else (technical_cards if is_technical else shift_cards)(report, said)
    tiles = () if report is None else (technical_tiles if is_technical else shift_tiles)(report, said)
    lanes = sorted({*gate.lanes, *(() if report is None else report.lanes)})
    return render(
        request,
        "numbers.html",
        is_technical=is_technical,
        period=period_text(period),
        until=f"{datetime.fromtimestamp(gate.now().utc, UTC).astimezone():%H:%M}" if period.is_open else "",
        first=day_text(period.first),
        last=day_text(period.last),
        query=_query(asked, period),
        views=[
            (f"/numbers{tail}{_query(asked, period)}", said(words), is_technical is bool(tail))
            for tail, words in (("", Text("Shift")), ("/technical", Text("Technical")))
        ],
        choices=[
            (_choice(asked, days), said(words), not asked.is_dated and asked.days == days) for days, words in CHOICES
        ],
        newer="" if period.is_open else _moved(asked, period, period.days),
        older=_moved(asked, period, -period.days),
        lane=asked.lane,
        lanes=[("", said(Text("All lanes"))), *((name, name) for name in lanes)],
        tiles=tiles,
        concerns=[] if report is None or is_technical else list(concerns(report, said)),
        cards=cards,
        meanings=[
            (said(label), said(text))
            for label, text in (labels.numbers.TECHNICAL if is_technical else labels.numbers.SHIFT).items()
        ],
        since="" if report is None or report.first_day is None else day_text(report.first_day),
        is_empty=report is None or report.first_day is None,
    )


def _report(gate: Gate, asked: _Asked) -> tuple[Period, NumbersReport | None]:
    """The period that is meant, and its numbers; None where nothing was counted yet. Raises RefusedError."""
    utc = gate.now().utc
    period = asked.period(local_day(utc))
    path = gate.loaded.settings.state.directory / NAME
    if not path.is_file():
        return period, None
    try:
        with NumbersReader(path) as reader:
            return period, report_of(reader, period, asked.lane, utc, offset_at)
    except NumbersError as error:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE, Text("The numbers cannot be read: {why}", why=str(error))
        ) from None


def _query(asked: _Asked, period: Period) -> str:
    """What the address of another view or file of the same period has behind it."""
    fields = {"from": day_text(period.first), "to": day_text(period.last)} if asked.is_dated else {"days": asked.days}
    return _joined({**fields, "lane": asked.lane})


def _choice(asked: _Asked, days: int) -> str:
    return _joined({"days": days, "lane": asked.lane})


def _moved(asked: _Asked, period: Period, days: int) -> str:
    """The period that lies so many days later."""
    if period.first + days < 1:
        return ""
    first, last = day_text(period.first + days), day_text(period.last + days)
    return _joined({"from": first, "to": last, "lane": asked.lane})


def _joined(fields: dict[str, str | int]) -> str:
    return "?" + urlencode({name: value for name, value in fields.items() if value})


def _day(text: str) -> int:
    """A day as an ordinal. Raises RefusedError for a text that is none."""
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("“{given}” is not a date. Write it as 2026-11-24.", given=text),
        ) from None
