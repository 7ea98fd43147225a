"""One vehicle: its story in plain words, beside the vehicle before of the same plate, and as a PDF."""

from __future__ import annotations

import sqlite3
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from agent.console.access import Person, Viewer  # noqa: TC001 - FastAPI reads the annotations
from agent.console.dependencies import AtGate, Gate  # noqa: TC001
from agent.console.errors import RefusedError
from agent.console.event_markup import EventWords
from agent.console.page import language, render
from agent.console.vehicles import vehicle_row
from agent.console.vehicles.check_words import date_text
from agent.console.vehicles.comparison import compared
from agent.console.vehicles.events import events_of
from agent.console.vehicles.index_file import IndexUnavailableError, reading
from agent.console.vehicles.search import before_it
from agent.console.vehicles.story import NoStoryError, Story, story_of
from agent.console.vehicles.story_pdf import FONT_PACKAGE, FontMissingError, has_font, story_pdf
from agent.console.view_log import AtViews, ViewLog, viewer_of
from agent.store.errors import EvidenceError, JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent.console.vehicles.record import VehicleRecord

router = APIRouter()

LONGEST: Final = 64
MOST_IN_PDF: Final = 4


@router.get("/vehicles/{transaction}", response_class=HTMLResponse)
def vehicle(request: Request, gate: AtGate, views: AtViews, person: Viewer, transaction: str) -> HTMLResponse:
    """Everything that is recorded of one vehicle's stop. Who looks at it is recorded."""
    story, events = _story(request, gate, transaction)
    _note(views, person, transaction)
    spoken = language(request)
    before = _before(gate, story.record)
    event_words = EventWords(request)
    return render(
        request,
        "vehicle.html",
        story=story,
        transaction=transaction,
        day=vehicle_row.day_of(story.began_at),
        took="" if story.record.seconds is None else vehicle_row.seconds_text(story.record.seconds, spoken),
        time_at=vehicle_row.time_of_day,
        offset=_offset(story, request),
        before=None if before is None else vehicle_row.row(before, spoken, _kept(gate, before.picture)),
        before_day="" if before is None else f"{vehicle_row.day_of(vehicle_row.moment(before.began_ms)):%Y-%m-%d}",
        passed=len(story.checks) - len(story.failed),
        has_font=has_font(),
        font_package=FONT_PACKAGE,
        rows=[event_words.row(seq, event) for seq, event in events],
    )


@router.get("/vehicles/{transaction}/compare", response_class=HTMLResponse)
def compare(request: Request, gate: AtGate, views: AtViews, person: Viewer, transaction: str) -> HTMLResponse:
    """The vehicle beside the one before of the same plate. Who looks at them is recorded."""
    story, _ = _story(request, gate, transaction)
    before = _before(gate, story.record)
    if before is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("No earlier vehicle with this plate is kept."))
    other, _ = _story(request, gate, before.transaction)
    _note(views, person, transaction, before.transaction)
    return render(
        request,
        "vehicle_compare.html",
        now=story,
        before=other,
        rows=compared(story, other, language(request)),
        moments=[date_text(one.record.began_ms / 1000) for one in (story, other)],
    )


@router.get("/vehicles/{transaction}/story.pdf", response_class=Response)
def as_pdf(request: Request, gate: AtGate, views: AtViews, person: Viewer, transaction: str) -> Response:
    """The story as a PDF, with the last pictures that are kept. Who takes it is recorded."""
    story, events = _story(request, gate, transaction)
    _note(views, person, transaction)
    views.note(viewer_of(person), "pictures", *story.pictures[-MOST_IN_PDF:])
    views.tell_due()
    made = Text(
        "Gate {gate}, events {first} to {last}. Made by {person} on {when}.",
        gate=gate.loaded.settings.gate.id,
        first=events[0][0],
        last=events[-1][0],
        person=person.name,
        when=date_text(gate.now().utc),
    )
    pictures = list(_pictures(gate, story, request))
    try:
        pdf = story_pdf(story, pictures, made, language(request))
    except FontMissingError:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            Text(
                "The gate has no font for a PDF. Install the package {package}, or print the page.",
                package=FONT_PACKAGE,
            ),
        ) from None
    headers = {"content-disposition": f'attachment; filename="vehicle-{story.record.transaction}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _story(request: Request, gate: Gate, transaction: str) -> tuple[Story, list[tuple[int, dict[str, Any]]]]:
    """The story and the events behind it. Raises RefusedError where nothing is kept of such a vehicle."""
    try:
        events = events_of(gate.loaded.settings.state.directory, transaction[:LONGEST])
        return story_of(events, language(request), gate.evidence), events
    except JournalError as error:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE, Text("The journal cannot be read: {why}", why=str(error))
        ) from None
    except NoStoryError:
        raise RefusedError(
            HTTPStatus.NOT_FOUND,
            Text("The gate has no vehicle with this id. It may be older than the journal."),
        ) from None


def _note(views: ViewLog, person: Person, *transactions: str) -> None:
    views.note(viewer_of(person), "vehicles", *transactions)
    views.tell_due()


def _before(gate: Gate, record: VehicleRecord) -> VehicleRecord | None:
    """The vehicle before of the same plate; None without one, and while there is no index."""
    try:
        with reading(gate.loaded.settings.state.directory) as index:
            return before_it(index, record)
    except (IndexUnavailableError, sqlite3.Error):
        return None


def _kept(gate: Gate, picture: str) -> str:
    return picture if picture in gate.evidence else ""


def _pictures(gate: Gate, story: Story, request: Request) -> Iterator[tuple[str, bytes]]:
    """The last pictures with their captions; one that cannot be read is left out."""
    spoken = language(request)
    named = {one: step for step in story.steps for one in step.pictures}
    for picture in story.pictures[-MOST_IN_PDF:]:
        try:
            jpeg = gate.evidence.get(picture)
        except EvidenceError:
            jpeg = None
        if jpeg is not None:
            step = named.get(picture)
            at = "" if step is None or step.at is None else f"{step.at.astimezone():%H:%M:%S}, "
            yield f"{at}{step.title if step else vehicle_row.finding('', spoken)}", jpeg


def _offset(story: Story, request: Request) -> Any:
    """Says how long after the arrival a step was."""
    spoken = language(request)

    def told(step: Any) -> str:
        if step.at is None:
            return ""
        after_s = (step.at - story.began_at).total_seconds()
        return f"+{vehicle_row.seconds_text(after_s, spoken)}" if after_s >= 0 else ""

    return told
