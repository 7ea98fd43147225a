"""The page Health: what the doctor finds and how to fix it, the last lines of the log, the support bundle."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from agent.console.access import Person, Role, Technician, Viewer
from agent.console.dependencies import AtGate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.navigation import Nav, Place
from agent.console.page import language, refusal, render
from agent.console.state_acceptance import acceptable, mark_of, unlock_own
from agent.console.times import utc_text
from agent.core.trust_state import PARTS, StatePart
from agent.doctor import (
    BundleMaterial,
    BundleRequest,
    Severity,
    bundle_file_name,
    pack_bundle,
    report_as_json,
    service_log,
)
from agent.i18n.event_text import DEVICE_STATES
from agent.i18n.event_tone import DEVICE_TONES
from agent.observability import LINES_KEPT, log_ring
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.console.dependencies import Gate
    from agent.console.state_acceptance import StateAcceptances
    from agent.doctor import DiagnosticReport

TONES: Final = {"good": "passed", "busy": "busy", "poor": "warning", "bad": "refused"}
"""The class of the colours of a state of a device."""


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A device in a row: its name in its lane, the family of its driver, its state, its colours, and why."""

    name: str
    family: str
    state: str
    tone: str
    detail: str


router = APIRouter()
NAV = Nav(Place.HEALTH, 10, "/health", Text("Health"), Role.VIEWER)

SHOWN_LINES: Final = 300
LEVELS: Final = ("debug", "info", "warning", "error")
Level = Literal["debug", "info", "warning", "error"]


@router.get("/health", response_class=HTMLResponse)
def show(request: Request, gate: AtGate, person: Viewer) -> Response:
    """What was found last; of a gate that was not examined yet, what is found now."""
    report = _last_report(gate)
    return render(request, "health.html", **_page_context(request, gate, person), **_report_context(request, report))


@router.post("/health/state", response_class=HTMLResponse)
def accept_state(
    request: Request,
    gate: AtGate,
    person: Technician,
    cause: Annotated[str, Form(min_length=3, max_length=200)],
    shown: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Propose to take the state as it is, or confirm that as the second person: one of the two is an admin."""
    acceptances: StateAcceptances = request.app.state.acceptances
    state = gate.trust.state
    try:
        proposal = acceptances.give(person, cause, shown, state, gate.now().at)
    except RefusedError as error:
        gate.audit(person, "state.accepted", detail=error.text, done=False)
        report = _last_report(gate)
        return refusal(
            request, "health.html", error, **_page_context(request, gate, person), **_report_context(request, report)
        )
    if proposal is None:
        parts = joined([PARTS[part] for part, _cause in acceptable(state)])
        gate.audit(person, "state.proposed", detail=Text("{parts}: {cause}", parts=parts, cause=cause))
        return RedirectResponse("/health", HTTPStatus.SEE_OTHER)
    gate.trust.accept(proposal.parts, proposal.person, person.name)
    parts = joined([PARTS[part] for part, _cause in proposal.seen])
    words = Text("{parts}, with {person}: {cause}", parts=parts, person=proposal.person, cause=cause)
    gate.audit(person, "state.accepted", detail=words)
    if StatePart.ORDERS in proposal.parts:
        persons = Text("{first} and {second}", first=proposal.person, second=person.name)
        unlock_own(gate.lanes.values(), persons, cause)
    return RedirectResponse("/health", HTTPStatus.SEE_OTHER)


@router.post("/health/examination", response_class=HTMLResponse)
def examine(request: Request, gate: AtGate, _person: Technician) -> Response:
    """Examine the gate now."""
    return render(request, "health_report.html", **_report_context(request, gate.diagnostics.health_monitor.examine()))


@router.get("/health/log", response_class=HTMLResponse)
def log(request: Request, _person: Technician, level: Annotated[Level, Query()] = "info") -> Response:
    """The last lines of the log from a level on."""
    return render(request, "health_log.html", lines=_lines(level))


@router.post("/health/bundle")
def bundle(
    gate: AtGate,
    person: Technician,
    pictures: Annotated[bool, Form()] = False,
    plates: Annotated[bool, Form()] = False,
) -> Response:
    """The support bundle."""
    report = gate.diagnostics.health_monitor.examine()
    content = pack_bundle(_material(gate, report), BundleRequest(pictures=pictures, plates=plates))
    parts = [said for said, wanted in ((Text("pictures"), pictures), (Text("plates"), plates)) if wanted]
    gate.audit(person, "bundle.taken", detail=Text("with {parts}", parts=joined(parts)) if parts else "")
    name = f"{bundle_file_name(report.gate, report.utc)}.zip"
    return Response(
        content, media_type="application/zip", headers={"content-disposition": f'attachment; filename="{name}"'}
    )


@router.get("/api/doctor")
def doctor(request: Request, gate: AtGate, _person: Viewer) -> dict[str, Any]:
    """Examine the gate now, for programs."""
    return report_as_json(gate.diagnostics.health_monitor.examine(), language(request))


@router.get("/api/health")
def health(gate: AtGate, _person: Viewer) -> dict[str, Any]:
    """The health of the gate as it is published."""
    told: dict[str, Any] = json.loads(gate.diagnostics.health())
    return told


def _page_context(request: Request, gate: Gate, person: Person) -> dict[str, Any]:
    """What the page's template needs beside the report."""
    may = person.role.covers(Role.TECHNICIAN)
    acceptances: StateAcceptances = request.app.state.acceptances
    state = gate.trust.state
    waiting = acceptances.waiting(state, gate.now().at)
    return {
        "levels": LEVELS,
        "level": "info",
        "lines": _lines("info") if may else [],
        "may": may,
        "acceptable": acceptable(state),
        "waiting": waiting,
        "shown": mark_of(state, waiting),
        "devices": _devices(gate),
        "state_names": DEVICE_STATES,
    }


def _devices(gate: Gate) -> dict[str, list[ShownDevice]]:
    """Every device that was heard of, by its lane; those of the whole gate last, below ""."""
    lanes: dict[str, list[ShownDevice]] = {name: [] for name in (*gate.lanes, "")}
    for name, known in sorted(gate.devices.known.items()):
        tone = DEVICE_TONES.get(known.state, "poor")
        shown = ShownDevice(name.removeprefix(f"{known.lane}/"), known.family, known.state, TONES[tone], known.detail)
        lanes.setdefault(known.lane or "", []).append(shown)
    return {lane: found for lane, found in lanes.items() if found}


def _last_report(gate: Gate) -> DiagnosticReport:
    """What was found last; of a gate that was not examined yet, what is found now."""
    return gate.diagnostics.health_monitor.report or gate.diagnostics.health_monitor.examine()


def _report_context(request: Request, report: DiagnosticReport) -> dict[str, Any]:
    """What the template of a report needs."""
    told = report_as_json(report.below_titles, language(request))
    found = [one for one in told["findings"] if one["code"] is not None]
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    found.sort(key=lambda one: order.index(Severity(one["severity"])))
    return {
        "report": told,
        "found": found,
        "well": [one for one in told["findings"] if one["code"] is None],
    }


def _lines(level: str) -> list[dict[str, str]]:
    ring = log_ring()
    least = logging.getLevelNamesMapping()[level.upper()]
    lines = [] if ring is None else ring.last(SHOWN_LINES, least)
    return [
        {
            "time": utc_text(datetime.fromtimestamp(line.utc, UTC)),
            "level": logging.getLevelName(line.level).lower(),
            "text": line.text,
        }
        for line in reversed(lines)
    ]


def _material(gate: Gate, report: DiagnosticReport) -> BundleMaterial:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return BundleMaterial(
        report=report,
        loaded=gate.loaded,
        log=service_log() or _ring_text(),
        health=json.loads(gate.diagnostics.health()),
        environment=os.environ,
        credentials=Path(directory) if directory else None,
    )


def _ring_text() -> str | None:
    ring = log_ring()
    return None if ring is None else "\n".join(line.text for line in ring.last(LINES_KEPT)) + "\n"
