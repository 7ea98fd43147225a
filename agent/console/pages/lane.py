"""The page Lane: what a lane sees and does now, and its last vehicles."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.console.access import Role, Viewer
from agent.console.dependencies import AtGate, Gate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.live.dependencies import AtLive  # noqa: TC001
from agent.console.live.vehicle_texts import vehicle_words
from agent.console.live.viewer_texts import Words
from agent.console.navigation import Nav, Place
from agent.console.page import render
from drivers.text import Text

if TYPE_CHECKING:
    from agent.settings import Camera
    from agent.settings import Lane as LaneSettings

router = APIRouter()
NAV = Nav(Place.LANES, 90, "/lane", Text("Lane"), Role.VIEWER)

VEHICLES = 12


@router.get("/lane", response_class=RedirectResponse)
async def first_lane(gate: AtGate, _person: Viewer) -> RedirectResponse:
    """The page of the first lane."""
    return RedirectResponse(f"/lane/{next(iter(gate.lanes))}", HTTPStatus.SEE_OTHER)


@router.get("/lane/{lane}", response_class=HTMLResponse)
async def lane_page(request: Request, gate: AtGate, person: Viewer, lane: str, camera: str = "") -> HTMLResponse:
    """The page of a lane with the picture of one of its cameras, of the first unless another is asked for."""
    settings = _settings(gate, lane)
    shown = _camera(settings, camera)
    return render(
        request,
        "lane.html",
        lane=lane,
        lanes=list(gate.lanes),
        cameras=[each.id for each in settings.cameras],
        camera=shown,
        configuration=gate.loaded.digest,
        may_aim=person.role.covers(Role.TECHNICIAN),
    )


@router.get("/lane/{lane}/vehicles", response_class=HTMLResponse)
async def vehicles(request: Request, gate: AtGate, live: AtLive, _person: Viewer, lane: str) -> HTMLResponse:
    """The last vehicles of a lane; a fragment that the page asks for whenever there is news of them."""
    _settings(gate, lane)
    await live.vehicles.refresh()
    words = Words(request)
    found = [vehicle_words(one, words, gate.evidence) for one in live.vehicles.last(lane, VEHICLES)]
    return render(request, "lane_vehicles.html", vehicles=found)


def _settings(gate: Gate, lane: str) -> LaneSettings:
    settings = gate.loaded.settings.lanes.get(lane)
    if settings is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no lane {lane}.", lane=lane))
    return settings


def _camera(settings: LaneSettings, asked: str) -> Camera | None:
    if not asked:
        return settings.cameras[0] if settings.cameras else None
    found = next((camera for camera in settings.cameras if camera.id == asked), None)
    if found is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no camera {camera}.", camera=asked))
    return found
