"""The live answers of the pages Lane and Aim."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from agent.console.access import Role, Technician, Viewer
from agent.console.dependencies import AtGate, Gate  # noqa: TC001
from agent.console.errors import RefusedError
from agent.console.lanes.html_fragments import Parts
from agent.console.lanes.lane_parts import lane_parts
from agent.console.lanes.lanes_dashboard import lanes_board, summary
from agent.console.live.camera_updates import camera_news
from agent.console.live.dependencies import AtLive  # noqa: TC001
from agent.console.live.lane_updates import barrier_news, devices_news, inputs_news, lane_news
from agent.console.live.streams import NEWS_TYPE, PICTURES_TYPE, News, news, pictures
from agent.console.live.viewer_texts import Words
from agent.console.page import render
from agent.console.view_log import AtViews, viewer_of
from agent.vision.preview import LARGE_PX, SMALL_PX, PreviewRequest
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agent.console.live.dependencies import Live
    from agent.vision.supervisor import CameraSupervisor

router = APIRouter()

VEHICLES = 12
BOARD_LOOK_S = 0.5
SIZES_PX = {"small": SMALL_PX, "large": LARGE_PX}


@router.get("/live/lanes/news")
async def lanes_stream(request: Request, gate: AtGate, live: AtLive, _person: Viewer) -> Response:
    """News of all lanes: the card of each, and their order."""
    tell = partial(_of_lanes, gate, live, Parts(request), Words(request))
    return _live_answer(news(tell, live, BOARD_LOOK_S), NEWS_TYPE)


@router.get("/live/lane/{lane}/news")
async def lane_stream(request: Request, lane: str, gate: AtGate, live: AtLive, person: Viewer) -> Response:
    """News of a lane: its state, barrier, inputs, devices, cameras, and which vehicles came last."""
    if lane not in gate.lanes:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no lane {lane}.", lane=lane))
    may_decide = person.role.covers(Role.TECHNICIAN)
    tell = partial(_of_lane, gate, live, lane, Parts(request), Words(request), may_decide=may_decide)
    return _live_answer(news(tell, live), NEWS_TYPE)


@router.get("/live/camera/{lane}/{camera}/news")
async def camera_stream(
    request: Request, lane: str, camera: str, gate: AtGate, live: AtLive, _person: Technician
) -> Response:
    """News of one camera, with the measures of every picture."""
    supervisor = supervisor_of(gate, lane, camera)
    tell = partial(_of_camera, gate, supervisor, Words(request))
    return _live_answer(news(tell, live), NEWS_TYPE)


@router.get("/live/camera/{lane}/{camera}/pictures")
async def camera_pictures(
    lane: str,
    camera: str,
    gate: AtGate,
    live: AtLive,
    views: AtViews,
    person: Viewer,
    size: Literal["small", "large"] = "small",
) -> Response:
    """The live picture of a camera, at most 5 a second. Who looks at it is recorded."""
    supervisor = supervisor_of(gate, lane, camera)
    seen = partial(views.note, viewer_of(person), "cameras", f"{lane}/{camera}")
    return _live_answer(pictures(supervisor, PreviewRequest(SIZES_PX[size]), live, seen), PICTURES_TYPE)


def supervisor_of(gate: Gate, lane: str, camera: str) -> CameraSupervisor:
    """The supervisor of a camera. Raises RefusedError where there is none."""
    supervisor = gate.cameras.get(f"{lane}/{camera}")
    if supervisor is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no camera {camera}.", camera=f"{lane}/{camera}"))
    return supervisor


def _live_answer(parts: AsyncGenerator[bytes, None], media_type: str) -> Response:
    # A proxy of the site must not gather what is to be seen now.
    return StreamingResponse(parts, media_type=media_type, headers={"x-accel-buffering": "no"})


def _hello(gate: Gate) -> dict[str, Any]:
    """What an open page asks itself: whether it shows what runs, and whether what is on the disk was refused."""
    return {"configuration": gate.loaded.digest, "refused": gate.refusal() is not None}


async def _of_lanes(gate: Gate, live: Live, parts: Parts, words: Words) -> News:
    await live.vehicles.refresh()
    cards = lanes_board(gate, live, words)
    told: News = {"hello": _hello(gate), "summary": {"text": summary(cards, words)}}
    for card in cards:
        told[f"lane:{card['name']}"] = {"html": _card(parts, card)}
    # After the cards: a page that knows the order has all of them.
    told["order"] = [card["name"] for card in cards]
    return told


def _card(parts: Parts, card: dict[str, Any]) -> str:
    return parts.html(card["name"], card, lambda: render(parts.request, "lane_card.html", card=card))


async def _of_lane(gate: Gate, live: Live, lane: str, parts: Parts, words: Words, *, may_decide: bool) -> News:
    await live.vehicles.refresh()
    at, view, settings = gate.now().at, gate.lanes[lane].view, gate.loaded.settings.lanes[lane]
    told: News = {
        "hello": _hello(gate),
        "lane": lane_news(view, settings, words, at),
        "barrier": barrier_news(view, settings, words, at),
        "inputs": inputs_news(view, settings, words, at),
        "devices": devices_news(gate.devices.states, lane, words),
        **lane_parts(gate, live, lane, parts, words, may_decide=may_decide),
        "vehicles": [[one.transaction, one.revision] for one in live.vehicles.last(lane, VEHICLES)],
    }
    for camera in settings.cameras:
        supervisor = gate.cameras[f"{lane}/{camera.id}"]
        told[f"camera:{camera.id}"] = camera_news(
            supervisor.status, supervisor.picture, supervisor.last_heartbeat, words, at
        )
    return told


async def _of_camera(gate: Gate, supervisor: CameraSupervisor, words: Words) -> News:
    picture = supervisor.watch(PreviewRequest(LARGE_PX, measured=True))
    return {
        "hello": _hello(gate),
        "camera": camera_news(supervisor.status, picture, supervisor.last_heartbeat, words, gate.now().at),
    }
