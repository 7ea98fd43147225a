"""The page Devices: what is plugged in and used by which lane, which name to write down, what board a free port has."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from agent.console import hardware_scan
from agent.console.access import Role, Technician, Viewer
from agent.console.dependencies import AtGate, Gate
from agent.console.errors import RefusedError
from agent.console.navigation import Nav, Place
from agent.console.page import render
from agent.i18n.event_text import DEVICE_STATES
from drivers.text import Text, joined

router = APIRouter()
NAV = Nav(Place.HEALTH, 20, "/devices", Text("Devices"), Role.VIEWER)


@router.get("/devices", response_class=HTMLResponse)
def devices(request: Request, gate: AtGate, _person: Viewer) -> HTMLResponse:
    """The page."""
    return render(request, "devices.html", **_found(gate))


@router.get("/live/devices", response_class=HTMLResponse)
def live(request: Request, gate: AtGate, _person: Viewer) -> HTMLResponse:
    """What is there now; a fragment."""
    return render(request, "devices_live.html", **_found(gate))


@router.post("/devices/ask", response_class=HTMLResponse)
def ask_port(
    request: Request, gate: AtGate, person: Technician, device: Annotated[str, Form(max_length=100)]
) -> HTMLResponse:
    """Ask a port that nobody has what board it is. Waits for the answers, some seconds."""
    try:
        answer = hardware_scan.ask_port(device, gate.loaded.settings.lanes, hardware_scan.ROOT)
    except hardware_scan.NotAskedError as error:
        gate.audit(person, "devices.asked", detail=device, done=False)
        raise RefusedError(HTTPStatus.CONFLICT, error.why) from None
    gate.audit(person, "devices.asked", detail=joined([device, answer.words], ": "))
    return render(request, "devices_answer.html", device=device, answer=answer)


def _found(gate: Gate) -> dict[str, Any]:
    lanes = gate.loaded.settings.lanes
    return {
        "ports": hardware_scan.serial_ports(lanes, hardware_scan.ROOT),
        "videos": hardware_scan.video_devices(lanes, hardware_scan.ROOT),
        "missing": hardware_scan.missing(lanes, hardware_scan.ROOT),
        "states": sorted(gate.devices.states.items()),
        "state_names": DEVICE_STATES,
    }
