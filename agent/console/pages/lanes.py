"""The place Lanes: all lanes as cards, and the page of each."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.console.access import Role, Viewer
from agent.console.dependencies import AtGate, Gate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import HOLD_S
from agent.console.labels import lane_advice
from agent.console.lanes.html_fragments import Parts
from agent.console.lanes.lane_card import vehicle_line
from agent.console.lanes.lane_parts import lane_parts
from agent.console.lanes.lanes_dashboard import lanes_board, summary
from agent.console.live.dependencies import AtLive  # noqa: TC001
from agent.console.live.viewer_texts import Words
from agent.console.navigation import Nav, Place
from agent.console.page import render, translated
from agent.console.pages.decide import LONGEST_WORDS
from drivers.text import Text

if TYPE_CHECKING:
    from agent.settings import Camera
    from agent.settings import Lane as LaneSettings

router = APIRouter()
NAV = Nav(Place.LANES, 10, "/lanes", Text("Lanes"), Role.VIEWER, also=("/lane",))

VEHICLES = 12


@router.get("/lanes", response_class=HTMLResponse)
async def lanes(request: Request, gate: AtGate, live: AtLive, _person: Viewer) -> HTMLResponse:
    """All lanes, those that need an officer first."""
    await live.vehicles.refresh()
    words = Words(request)
    cards = lanes_board(gate, live, words)
    return render(request, "lanes.html", cards=cards, summary=summary(cards, words), configuration=gate.loaded.digest)


@router.get("/lanes/{lane}", response_class=HTMLResponse)
async def lane_page(
    request: Request, gate: AtGate, live: AtLive, person: Viewer, lane: str, camera: str = ""
) -> HTMLResponse:
    """The page of a lane with the picture of one of its cameras, of the first unless another is asked for."""
    settings = _settings(gate, lane)
    await live.vehicles.refresh()
    may_decide = person.role.covers(Role.TECHNICIAN)
    parts = lane_parts(gate, live, lane, Parts(request), Words(request), may_decide=may_decide)
    names = ["", *gate.lanes, ""]
    place = names.index(lane)
    return render(
        request,
        "lane.html",
        lane=lane,
        before=names[place - 1],
        after=names[place + 1],
        cameras=[each.id for each in settings.cameras],
        camera=_camera(settings, camera),
        configuration=gate.loaded.digest,
        may_aim=may_decide,
        may_decide=may_decide,
        standing=parts["part:standing"],
        compare=parts["part:compare"]["html"],
        driver=parts["part:driver"]["html"],
        inputs=parts["part:inputs"]["html"],
        devices=parts["part:devices"]["html"],
        choices=_choices(request, gate),
        hold_ms=round(HOLD_S * 1000),
        longest=LONGEST_WORDS,
    )


@router.get("/lanes/{lane}/vehicles", response_class=HTMLResponse)
async def vehicles(request: Request, gate: AtGate, live: AtLive, _person: Viewer, lane: str) -> HTMLResponse:
    """The last vehicles of a lane; a fragment that the page asks for whenever there is news of them."""
    _settings(gate, lane)
    await live.vehicles.refresh()
    words = Words(request)
    found = [vehicle_line(one, words, gate.evidence) for one in live.vehicles.last(lane, VEHICLES)]
    return render(request, "lane_vehicles.html", vehicles=found)


@router.get("/lane", response_class=RedirectResponse)
async def old_lanes(_person: Viewer) -> RedirectResponse:
    """The address of an earlier agent."""
    return RedirectResponse("/lanes", HTTPStatus.SEE_OTHER)


@router.get("/lane/{lane}", response_class=RedirectResponse)
async def old_lane(request: Request, _person: Viewer, lane: str) -> RedirectResponse:
    """The address of an earlier agent, with what it asked for."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/lanes/{quote(lane, safe='')}{query}", HTTPStatus.SEE_OTHER)


def _choices(request: Request, gate: Gate) -> dict[str, list[tuple[str, str]]]:
    """The reasons that an officer is offered: what is sent, and its words."""
    console = gate.loaded.settings.console
    offered = {"pass": console.pass_reasons, "refuse": console.refusal_reasons}
    return {
        what: [(reason, translated(request, lane_advice.PRESETS[what].get(reason, reason))) for reason in reasons]
        for what, reasons in offered.items()
    }


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
