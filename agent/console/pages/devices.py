"""The page Devices: what is plugged in and used by which lane, which name to write down, what board a free port has."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from agent.console import plugged
from agent.console.access import Role, Technician, Viewer
from agent.console.desk import AtGate, Gate
from agent.console.errors import RefusedError
from agent.console.nav import Nav
from agent.console.page import render
from drivers.text import Text, joined

router = APIRouter()
NAV = Nav(700, "/devices", Text("Devices"), Role.VIEWER)


@router.get("/devices", response_class=HTMLResponse)
def devices(request: Request, gate: AtGate, _person: Viewer) -> HTMLResponse:
    """The page."""
    return render(request, "devices.html", **_found(gate))


@router.get("/live/devices", response_class=HTMLResponse)
def live(request: Request, gate: AtGate, _person: Viewer) -> HTMLResponse:
    """What is there now; a fragment."""
    return render(request, "devices_live.html", **_found(gate))


@router.post("/devices/ask", response_class=HTMLResponse)
def ask(
    request: Request, gate: AtGate, person: Technician, device: Annotated[str, Form(max_length=100)]
) -> HTMLResponse:
    """Ask a port that nobody has what board it is. Waits for the answers, some seconds."""
    try:
        answer = plugged.ask(device, gate.loaded.settings.lanes, plugged.ROOT)
    except plugged.NotAskedError as error:
        gate.audit(person, "devices.asked", detail=device, done=False)
        raise RefusedError(HTTPStatus.CONFLICT, error.why) from None
    gate.audit(person, "devices.asked", detail=joined([device, answer.words], ": "))
    return render(request, "devices_answer.html", device=device, answer=answer)


def _found(gate: Gate) -> dict[str, Any]:
    lanes = gate.loaded.settings.lanes
    return {
        "ports": plugged.serial_ports(lanes, plugged.ROOT),
        "videos": plugged.video_devices(lanes, plugged.ROOT),
        "missing": plugged.missing(lanes, plugged.ROOT),
        "states": sorted(gate.devices.states.items()),
    }
