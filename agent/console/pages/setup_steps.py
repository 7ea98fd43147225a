"""The forms of the set-up's steps.

What changes the configuration becomes a proposal first, and is applied whole by a second request. What was seen, left
out or found is noted at once.
"""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from agent.console import hardware_scan
from agent.console.change_rights import NOTHING
from agent.console.configuration_requests import seen_token
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import Holds, NotHeldError
from agent.console.order_answers import answer_text
from agent.console.page import render, translated
from agent.console.pages.configuration_proposals import AtProposals
from agent.console.proposals import Proposals
from agent.console.wizard.safety_list import SAFETY_LINES
from agent.console.wizard.sent_steps import SentForm, asked_of
from agent.console.wizard.step_page import AtVisit, StepOutcome, StepVisit, guarded, step_body
from agent.console.wizard.step_proposal import StepChange, StepRefusedError
from agent.console.wizard.uploads import LARGEST_FILE
from agent.console.wizard.wizard import Learned
from agent.core.lane import CommandKind
from agent.core.model import SIGNAL_NAMES
from agent.settings import SettingsError, judged
from agent.setup import TITLES, StepCode, after, changed
from drivers.api import DeviceError
from drivers.text import Text, joined

router = APIRouter()

ORDER_S: Final = 5.0
SHORTEST_NAME: Final = 3
_HOLDS: Final = Holds()
_MOST_FIELDS: Final = 100
_MOST_FILES: Final = 10

Short = Annotated[str, Form(max_length=64)]


def _change(visit: StepVisit, proposals: Proposals) -> StepChange:
    return StepChange(visit.gate, visit.person, visit.editor, proposals)


async def _sent(request: Request) -> SentForm:
    """The texts of a form and the files in it; a file that is too large comes as None."""
    texts: dict[str, str] = {}
    files: dict[str, bytes | None] = {}
    async with request.form(max_fields=_MOST_FIELDS, max_files=_MOST_FILES) as found:
        for name, value in found.multi_items():
            if isinstance(value, str):
                texts[name] = f"{texts[name]},{value}" if name in texts else value
            elif value.filename:
                data = await value.read(LARGEST_FILE + 1)
                files[name] = data if len(data) <= LARGEST_FILE else None
    return SentForm(texts, files)


AtForm = Annotated[SentForm, Depends(_sent)]


@router.post("/setup/{lane}/{step}", response_class=HTMLResponse)
def propose(request: Request, visit: AtVisit, proposals: AtProposals, sent: AtForm) -> Response:
    """What a step's form would change; or what is wrong, each at its field."""
    try:
        asked = asked_of(visit, sent)
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(sent.texts, refused=error))
    if asked.errors:
        return step_body(request, visit, StepOutcome(sent.texts, asked.errors))
    if not asked.edits:
        return Response(headers={"HX-Redirect": _next_path(visit)})
    try:
        proposal = _change(visit, proposals).propose(asked.edits, _what(visit), sent.texts.get("seen", ""))
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(sent.texts, refused=error))
    return step_body(request, visit, StepOutcome(sent.texts, proposal=proposal))


@router.post("/setup/{lane}/{step}/apply", response_class=HTMLResponse)
def apply(request: Request, visit: AtVisit, proposals: AtProposals, proposal: Short) -> Response:
    """Write a proposal; the gate takes it over by itself, and the page waits for that."""
    try:
        _change(visit, proposals).apply(proposal)
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(refused=error))
    if visit.code is StepCode.INPUTS:
        guarded(lambda: visit.wizard.end_finding(visit.lane))
    return render(request, "setup_applying.html", onward=f"/setup/{visit.lane}/{visit.code}")


@router.post("/setup/{lane}/{step}/skip")
def skip(visit: AtVisit) -> RedirectResponse:
    """Leave a step out, and go on with the next."""
    if visit.code is StepCode.GATE:
        raise RefusedError(HTTPStatus.CONFLICT, Text("The gate needs a name: this step cannot be skipped."))
    guarded(lambda: visit.wizard.skip(visit.lane, visit.code, visit.person.name))
    visit.gate.audit(visit.person, "setup.skipped", lane=visit.lane, detail=TITLES[visit.code])
    return RedirectResponse(_next_path(visit), HTTPStatus.SEE_OTHER)


@router.post("/setup/{lane}/{step}/take-up")
def take_up(visit: AtVisit) -> RedirectResponse:
    """Take a step up that was left out."""
    guarded(lambda: visit.wizard.take_up(visit.lane, visit.code))
    return _back(visit)


@router.post("/setup/{lane}/{step}/seen")
def see(visit: AtVisit, what: Short = "") -> RedirectResponse:
    """Somebody says what he saw: that the barrier moved by the trial, or what a lamp, sign or loudspeaker told."""
    wizard, lane = visit.wizard, visit.lane
    if visit.code is StepCode.BOARD and not wizard.was_tried(lane):
        raise RefusedError(HTTPStatus.CONFLICT, Text("Send a test pulse first, and watch the arm."))
    if visit.code is not StepCode.BOARD:
        _only(visit, StepCode.OUTPUTS)
    seen = "" if visit.code is StepCode.BOARD else what
    guarded(lambda: wizard.see(lane, visit.code, seen, visit.person.name))
    visit.gate.audit(visit.person, "setup.seen", lane=lane, detail=joined([TITLES[visit.code], seen], " "))
    return _back(visit)


@router.post("/setup/{lane}/{step}/ask", response_class=HTMLResponse)
def ask_port(request: Request, visit: AtVisit, device: Annotated[str, Form(max_length=100)]) -> HTMLResponse:
    """Ask a free port which board it is. Waits for the answers, some seconds."""
    _only(visit, StepCode.BOARD)
    gate, lanes = visit.gate, visit.gate.loaded.settings.lanes
    try:
        answer = hardware_scan.ask_port(device, lanes, hardware_scan.ROOT)
    except hardware_scan.NotAskedError as error:
        gate.audit(visit.person, "devices.asked", detail=device, done=False)
        raise RefusedError(HTTPStatus.CONFLICT, error.why) from None
    gate.audit(visit.person, "devices.asked", detail=joined([device, answer.words], ": "))
    port = next(one for one in hardware_scan.serial_ports(lanes, hardware_scan.ROOT) if one.device == device)
    seen = seen_token(visit.editor)
    return render(request, "setup_board_found.html", answer=answer, port=port.write, here=_path(visit), seen=seen)


@router.post("/setup/{lane}/{step}/press")
def press(visit: AtVisit, act: Short) -> dict[str, str]:
    """The button of the trial is pressed: what confirms it once it was held long enough."""
    _only(visit, StepCode.BOARD)
    return {"token": _HOLDS.press(visit.person.name, f"{visit.lane} {act}", visit.gate.now().at)}


@router.post("/setup/{lane}/{step}/try", response_class=HTMLResponse)
def try_board(request: Request, visit: AtVisit, act: Short, token: Short = "") -> HTMLResponse:
    """Give one test pulse, by the rules of the lane. Waits for the lane, some seconds at most."""
    _only(visit, StepCode.BOARD)
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
    return render(request, "setup_tried.html", done=done, words=words, here=_path(visit))


@router.post("/setup/{lane}/{step}/search", response_class=HTMLResponse)
def search(request: Request, visit: AtVisit) -> HTMLResponse:
    """Search the networks of this computer for cameras. Waits some seconds."""
    _only(visit, StepCode.CAMERAS)
    found, trouble = [], ""
    try:
        found = visit.wizard.cameras.search()
    except DeviceError as error:
        trouble = error.args[0]
    return _found_cameras(request, visit, found, trouble)


@router.post("/setup/{lane}/{step}/streams", response_class=HTMLResponse)
def streams(
    request: Request,
    visit: AtVisit,
    place: Annotated[str, Form(min_length=1, max_length=200)],
    user: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=100)] = "",
) -> HTMLResponse:
    """Log in to a camera, and show its streams. Waits some seconds."""
    _only(visit, StepCode.CAMERAS)
    visit.gate.audit(visit.person, "setup.camera_asked", lane=visit.lane, detail=place)
    try:
        asked = visit.wizard.cameras.ask(place.strip(), user, password)
    except DeviceError as error:
        return _found_cameras(request, visit, [(place, "")], error.args[0])
    return render(
        request,
        "setup_streams.html",
        camera=asked.words,
        streams=asked.streams,
        advice=asked.advice,
        here=_path(visit),
        seen=seen_token(visit.editor),
    )


@router.get("/setup/{lane}/{step}/thumbnail")
def thumbnail(visit: AtVisit, token: Annotated[str, Query(max_length=64)]) -> Response:
    """The picture of a stream that was offered."""
    found = visit.wizard.cameras.offered(token)
    if found is None or not found.picture:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return Response(found.picture, media_type="image/jpeg")


@router.get("/live/setup/{lane}/{step}/applied")
def applied(visit: AtVisit) -> PlainTextResponse:
    """Whether the gate runs with what is on the disk: `done`, or `waiting`."""
    try:
        digest = judged(visit.editor, NOTHING).digest
    except SettingsError:
        return PlainTextResponse("waiting")
    return PlainTextResponse("done" if digest == visit.gate.loaded.digest else "waiting")


@router.post("/setup/{lane}/{step}/input")
def use_input(
    visit: AtVisit,
    signal: Short,
    number: Annotated[int, Form(ge=0, le=64)] = 0,
    *,
    by_hand: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Use an input for a signal: the one that was found, or one that is named. 0: the lane has no such signal."""
    _only(visit, StepCode.INPUTS)
    wizard, lane = visit.wizard, visit.lane
    if signal not in SIGNAL_NAMES:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    known = guarded(lambda: wizard.learned(lane))
    taken = {one.number: name for name, one in known.items() if one is not None and name != signal}
    if number in taken:
        raise RefusedError(HTTPStatus.CONFLICT, Text("This input is used already. Use another one."))
    found = None if number == 0 else Learned(number) if by_hand else _found(visit, number)
    guarded(lambda: wizard.learn(lane, signal, found, visit.person.name))
    return _back(visit)


@router.post("/setup/{lane}/{step}/again")
def begin_again(visit: AtVisit) -> RedirectResponse:
    """Find the inputs again, from the first."""
    _only(visit, StepCode.INPUTS)
    guarded(lambda: visit.wizard.find_again(visit.lane, visit.person.name))
    return _back(visit)


@router.post("/setup/{lane}/{step}/watch")
def watch(visit: AtVisit, signal: Short) -> RedirectResponse:
    """Take what the inputs are now as their beginning: what changed before does not count."""
    _only(visit, StepCode.INPUTS)
    visit.wizard.board.begin(visit.lane, visit.gate.now().at)
    return RedirectResponse(f"{_path(visit)}?{urlencode({'signal': signal})}", HTTPStatus.SEE_OTHER)


@router.post("/setup/{lane}/{step}/sign")
def sign(visit: AtVisit, sent: AtForm) -> RedirectResponse:
    """Sign the safety check: every line was tried, and by whom."""
    _only(visit, StepCode.SAFETY)
    lines = {one for one in sent.texts.get("line", "").split(",") if one}
    name = " ".join(sent.texts.get("name", "").split())[:100]
    if lines != {str(number) for number in range(1, len(SAFETY_LINES) + 1)}:
        raise RefusedError(HTTPStatus.CONFLICT, Text("Test every line and tick it. Nothing was signed."))
    if len(name) < SHORTEST_NAME or not name.isprintable():
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, Text("Enter the name of the person who watched the arm."))
    guarded(lambda: visit.wizard.see(visit.lane, StepCode.SAFETY, by=visit.person.name))
    said = Text("safety check, {count} lines; second person: {name}", count=len(SAFETY_LINES), name=name)
    visit.gate.audit(visit.person, "setup.signed", lane=visit.lane, detail=said)
    return _back(visit)


def _found_cameras(request: Request, visit: StepVisit, found: list[tuple[str, str]], trouble: str) -> HTMLResponse:
    seen = seen_token(visit.editor)
    return render(request, "setup_found_cameras.html", found=found, trouble=trouble, here=_path(visit), seen=seen)


def _found(visit: StepVisit, number: int) -> Learned:
    """The input that is seen to have changed. Raises RefusedError where it has not."""
    table = guarded(lambda: visit.wizard.board_inputs(visit.lane))
    if table is None:
        raise RefusedError(HTTPStatus.CONFLICT, Text("The board has no inputs that the gate can read."))
    try:
        _, traces = visit.wizard.board.look(visit.lane, table)
    except DeviceError as error:
        raise RefusedError(HTTPStatus.CONFLICT, Text("The board cannot be read: {error}", error=error)) from None
    if number not in changed(traces, visit.gate.now().at):
        raise RefusedError(HTTPStatus.CONFLICT, Text("Input {number} has not changed.", number=number))
    return Learned(number, inverted=bool(traces[number - 1].began_on), seen=True)


def _only(visit: StepVisit, code: StepCode) -> None:
    """See that a route is asked for at its own step, of a lane that is there. Raises RefusedError."""
    if visit.code is not code or visit.lane not in visit.gate.lanes:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))


def _what(visit: StepVisit) -> Text:
    return Text("set-up of {lane}: {step}", lane=visit.lane, step=TITLES[visit.code])


def _path(visit: StepVisit) -> str:
    return f"/setup/{visit.lane}/{visit.code}"


def _next_path(visit: StepVisit) -> str:
    onward = after(visit.code)
    return "/setup" if onward is None else f"/setup/{visit.lane}/{onward}"


def _back(visit: StepVisit) -> RedirectResponse:
    return RedirectResponse(_path(visit), HTTPStatus.SEE_OTHER)
