"""The technical events of the journal: search, the proof of the chain, export.

Everything is read by connections of its own, in short batches: the journal is never in memory, and its writer never
waits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from agent.console.access import Role, Technician, Viewer
from agent.console.chain_check import ChainCheck
from agent.console.dependencies import AtGate, Gate
from agent.console.errors import RefusedError
from agent.console.event_markup import EventWords, known_types
from agent.console.navigation import Nav, Place
from agent.console.page import language, render
from agent.console.times import at_zone
from agent.console.view_log import AtViews, viewer_of
from agent.core.events import Search as Searched
from agent.core.model import SEQ_MAX, Outcome, Reason
from agent.i18n.verdicts import outcome_text
from agent.store.errors import JournalError
from agent.store.journal import JournalReader, search
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.VEHICLES, 90, "/vehicles/events", Text("Technical events"), Role.VIEWER)

PER_PAGE: Final = 50
LONGEST: Final = 64
EXPORT_BATCH: Final = 500
Words = Annotated[str, Query(max_length=LONGEST)]
Seq = Annotated[int | None, Query(ge=1, le=SEQ_MAX)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The fields of the search as they were sent."""

    since: str = ""
    until: str = ""
    type: str = ""
    lane: str = ""
    plate: str = ""
    permit: str = ""
    outcome: str = ""
    reason: str = ""

    def query(self) -> search.SearchQuery:
        """What is looked for. Raises RefusedError for a time that is none."""
        exact = {name: getattr(self, name).strip() for name in ("type", "lane", "plate", "permit", "outcome", "reason")}
        return search.SearchQuery(_utc(self.since), _utc(self.until), **exact)


def _asked(
    *,
    since: Words = "",
    until: Words = "",
    type: Words = "",  # noqa: A002 - the name of the field
    lane: Words = "",
    plate: Words = "",
    permit: Words = "",
    outcome: Words = "",
    reason: Words = "",
) -> _Asked:
    return _Asked(since, until, type, lane, plate, permit, outcome, reason)


def _checks(request: Request, gate: AtGate) -> ChainCheck:
    """The proof of this gate's journal: one for as long as the console runs."""
    state = request.app.state
    if not hasattr(state, "chain_check"):
        state.chain_check = ChainCheck(_path(gate))
    check: ChainCheck = state.chain_check
    return check


AtCheck = Annotated[ChainCheck, Depends(_checks)]
Search = Annotated[_Asked, Depends(_asked)]


@router.get("/vehicles/events", response_class=HTMLResponse)
def journal(
    request: Request,
    gate: AtGate,
    views: AtViews,
    person: Viewer,
    check: AtCheck,
    asked: Search,
    *,
    before: Seq = None,
) -> HTMLResponse:
    """The newest events that fit, and where to go on. Who looks for a plate or a permit is recorded."""
    query = asked.query()
    if query.plate or query.permit:
        views.note(viewer_of(person), "searches", Searched(plate=query.plate, permit=query.permit))
        views.tell_due()
    words = EventWords(request)
    try:
        with JournalReader(_path(gate)) as reader:
            now = reader.standing()
            found = search.search(reader, query, before, PER_PAGE)
    except JournalError as error:
        raise _unreadable(error) from None
    fields = {name: getattr(asked, name) for name in asked.__dataclass_fields__ if getattr(asked, name)}
    spoken = language(request)
    return render(
        request,
        "journal.html",
        asked=asked,
        rows=[words.row(seq, event) for seq, event in found.events],
        older=None if found.before is None else urlencode(fields | {"before": found.before}),
        looked_at=found.looked_at,
        is_first=before is None,
        types=[(kind, words.title(kind)) for kind in known_types()],
        lanes=[(name, name) for name in gate.lanes],
        outcomes=[(one.value, outcome_text(one, spoken)) for one in Outcome],
        reasons=[(name, name) for name in sorted(one.value for one in Reason)],
        standing=now,
        waiting=now.head.seq - now.watermark,
        progress=check.progress,
    )


@router.get("/journal", response_class=RedirectResponse)
def former_page(request: Request, _person: Viewer) -> RedirectResponse:
    """Where the page of the journal was until there was one of vehicles."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/vehicles/events{query}", HTTPStatus.SEE_OTHER)


@router.get("/journal/vehicle/{transaction}", response_class=RedirectResponse)
def former_story(_person: Viewer, transaction: str) -> RedirectResponse:
    """Where the story of a vehicle was."""
    return RedirectResponse(f"/vehicles/{quote(transaction, safe='')}", HTTPStatus.SEE_OTHER)


@router.post("/vehicles/events/verify", response_class=HTMLResponse)
def verify(request: Request, gate: AtGate, person: Technician, check: AtCheck) -> HTMLResponse:
    """Begin the proof of the chain."""
    gate.audit(person, "journal.verified")
    check.start()
    return render(request, "journal_check.html", progress=check.progress)


@router.get("/live/vehicles/events/verify", response_class=HTMLResponse)
def progress(request: Request, _person: Viewer, check: AtCheck) -> HTMLResponse:
    """How far the proof is; a fragment."""
    return render(request, "journal_check.html", progress=check.progress)


@router.get("/vehicles/events/export")
def export(
    gate: AtGate, person: Technician, *, first: Seq = None, last: Seq = None, since: Words = "", until: Words = ""
) -> StreamingResponse:
    """Events as lines of JSON, byte for byte as they are stored, as `gate-agent events export` writes them."""
    path = _path(gate)
    try:
        with JournalReader(path) as reader:
            now = reader.standing()
            begin = max(first or 1, now.tail.seq + 1)
            end = min(last or SEQ_MAX, now.head.seq)
            if (utc := _utc(since)) is not None:
                begin = max(begin, reader.first_since(utc) or now.head.seq + 1)
            if (utc := _utc(until)) is not None and (after := reader.first_since(utc)) is not None:
                end = min(end, after - 1)
    except JournalError as error:
        raise _unreadable(error) from None
    gate.audit(person, "journal.exported", detail=Text("events {begin} to {end}", begin=begin, end=end))
    name = f"{gate.loaded.settings.gate.id}-{begin}-{max(end, begin - 1)}.jsonl"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_lines(path, begin, end), media_type="application/x-ndjson", headers=headers)


def _lines(path: Path, begin: int, end: int) -> Iterator[bytes]:
    """The lines in batches; each is read by a connection of its own, since each may be read by another thread."""
    while begin <= end:
        with JournalReader(path) as reader:
            batch = list(reader.events(begin, min(end, begin + EXPORT_BATCH - 1)))
        yield b"".join(one.payload + b"\n" for one in batch)
        begin = begin + EXPORT_BATCH if not batch else batch[-1].seq + 1


def _path(gate: Gate) -> Path:
    return gate.loaded.settings.state.directory / "journal.db"


def _unreadable(error: JournalError) -> RefusedError:
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, Text("The journal cannot be read: {why}", why=str(error)))


def _utc(text: str) -> float | None:
    """Unix seconds of a time as a browser sends it, the gate's own where it names no zone. Raises RefusedError."""
    if not text.strip():
        return None
    try:
        return at_zone(datetime.fromisoformat(text.strip())).timestamp()
    except (ValueError, OverflowError):
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("“{given}” is not a valid time. Use the form 2026-11-24T08:30.", given=text[:LONGEST]),
        ) from None
