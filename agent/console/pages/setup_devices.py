"""What is tried at the barrier in the set-up: the board and its relays, and cameras of the network."""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from agent.console import hardware_scan
from agent.console.configuration_requests import seen_token
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import Holds, NotHeldError
from agent.console.order_answers import answer_text
from agent.console.page import render, translated
from agent.console.wizard.camera_search import ShownCamera
from agent.console.wizard.step_visit import AtVisit, StepVisit
from agent.core.lane import CommandKind
from agent.setup import StepCode
from drivers.api import DeviceError
from drivers.text import Text, joined

router = APIRouter()

ORDER_S: Final = 5.0
_HOLDS: Final = Holds()

Short = Annotated[str, Form(max_length=64)]


@router.post("/settings/setup/{lane}/{step}/ask", response_class=HTMLResponse)
def ask_port(request: Request, visit: AtVisit, device: Annotated[str, Form(max_length=100)]) -> HTMLResponse:
    """Ask a free port which board it is. Waits for the answers, some seconds."""
    visit.only(StepCode.BOARD)
    gate, lanes = visit.gate, visit.gate.loaded.settings.lanes
    try:
        answer = hardware_scan.ask_port(device, lanes, hardware_scan.ROOT)
    except hardware_scan.NotAskedError as error:
        gate.audit(visit.person, "devices.asked", detail=device, done=False)
        raise RefusedError(HTTPStatus.CONFLICT, error.why) from None
    gate.audit(visit.person, "devices.asked", detail=joined([device, answer.words], ": "))
    port = next(one for one in hardware_scan.serial_ports(lanes, hardware_scan.ROOT) if one.device == device)
    seen = seen_token(visit.editor)
    return render(request, "setup_board_found.html", answer=answer, port=port.write, here=visit.path, seen=seen)


@router.post("/settings/setup/{lane}/{step}/press")
def press(visit: AtVisit, act: Short) -> dict[str, str]:
    """The button of the trial is pressed: what confirms it once it was held long enough."""
    visit.only(StepCode.BOARD)
    return {"token": _HOLDS.press(visit.person.name, f"{visit.lane} {act}", visit.gate.now().at)}


@router.post("/settings/setup/{lane}/{step}/try", response_class=HTMLResponse)
def try_board(request: Request, visit: AtVisit, act: Short, token: Short = "") -> HTMLResponse:
    """Give one test pulse, by the rules of the lane. Waits for the lane, some seconds at most."""
    visit.only(StepCode.BOARD)
    gate, lane, person = visit.gate, visit.lane, visit.person
    why = Text("set-up: test pulse of the board")
    if not _HOLDS.confirm(token, person.name, f"{lane} {act}", gate.now().at):
        said = Text("{why}: {said}", why=why, said=Text("the button was not held"))
        gate.audit(person, "barrier.test_open", lane=lane, detail=said, done=False)
        raise NotHeldError
    answer = gate.lanes[lane].order(CommandKind.TEST_OPEN, person.name, why, ORDER_S)
    done = answer.result.value == "done"
    gate.audit(person, "barrier.test_open", lane=lane, detail=joined([why, answer.detail], ": "), done=done)
    if done:
        visit.wizard.tried(lane)
    words = translated(request, answer_text(answer.detail))
    return render(request, "setup_tried.html", done=done, words=words, here=visit.path)


@router.post("/settings/setup/{lane}/{step}/search", response_class=HTMLResponse)
def search(request: Request, visit: AtVisit) -> HTMLResponse:
    """Search the networks of this computer for cameras. Waits some seconds."""
    visit.only(StepCode.CAMERAS)
    found: list[ShownCamera] = []
    trouble = ""
    try:
        found = [ShownCamera.of(one) for one in visit.wizard.cameras.search()]
    except DeviceError as error:
        trouble = error.args[0]
    return _found_cameras(request, visit, found, trouble)


@router.post("/settings/setup/{lane}/{step}/streams", response_class=HTMLResponse)
def streams(
    request: Request,
    visit: AtVisit,
    address: Annotated[str, Form(min_length=1, max_length=300)],
    title: Annotated[str, Form(max_length=300)] = "",
    user: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=100)] = "",
) -> HTMLResponse:
    """Log in to a camera, and show its streams. Waits some seconds."""
    visit.only(StepCode.CAMERAS)
    visit.gate.audit(visit.person, "setup.camera_asked", lane=visit.lane, detail=address)
    try:
        asked = visit.wizard.cameras.ask(address.strip(), user, password)
    except DeviceError as error:
        return _found_cameras(request, visit, [ShownCamera(address, title)], error.args[0])
    return render(
        request,
        "setup_streams.html",
        camera=asked.words,
        streams=asked.streams,
        advice=asked.advice,
        here=visit.path,
        seen=seen_token(visit.editor),
    )


@router.get("/settings/setup/{lane}/{step}/thumbnail")
def thumbnail(visit: AtVisit, token: Annotated[str, Query(max_length=64)]) -> Response:
    """The picture of a stream that was offered."""
    found = visit.wizard.cameras.offered(token)
    if found is None or not found.picture:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return Response(found.picture, media_type="image/jpeg")


def _found_cameras(request: Request, visit: StepVisit, found: list[ShownCamera], trouble: str) -> HTMLResponse:
    seen = seen_token(visit.editor)
    return render(request, "setup_found_cameras.html", found=found, trouble=trouble, here=visit.path, seen=seen)
