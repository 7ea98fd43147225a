"""The inputs of a lane, found in the set-up by using them."""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse

from agent.console.errors import RefusedError
from agent.console.wizard.setup_observations import Learned
from agent.console.wizard.step_visit import AtVisit, StepVisit, guarded
from agent.core.model import SIGNAL_NAMES
from agent.setup import StepCode, changed
from drivers.api import DeviceError
from drivers.text import Text

router = APIRouter()

Short = Annotated[str, Form(max_length=64)]


@router.post("/settings/setup/{lane}/{step}/input")
def use_input(
    visit: AtVisit,
    signal: Short,
    number: Annotated[int, Form(ge=0, le=64)] = 0,
    *,
    by_hand: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Use an input for a signal: the one that was found, or one that is named. 0: the lane has no such signal."""
    visit.only(StepCode.INPUTS)
    wizard, lane = visit.wizard, visit.lane
    if signal not in SIGNAL_NAMES:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    known = guarded(lambda: wizard.learned(lane))
    taken = {one.number: name for name, one in known.items() if one is not None and name != signal}
    if number in taken:
        raise RefusedError(HTTPStatus.CONFLICT, Text("This input is used already. Use another one."))
    found = None if number == 0 else Learned(number) if by_hand else _found(visit, number)
    guarded(lambda: wizard.learn(lane, signal, found, visit.person.name))
    return visit.back()


@router.post("/settings/setup/{lane}/{step}/again")
def begin_again(visit: AtVisit) -> RedirectResponse:
    """Find the inputs again, from the first."""
    visit.only(StepCode.INPUTS)
    guarded(lambda: visit.wizard.find_again(visit.lane, visit.person.name))
    return visit.back()


@router.post("/settings/setup/{lane}/{step}/watch")
def watch(visit: AtVisit, signal: Short) -> RedirectResponse:
    """Take what the inputs are now as their beginning: what changed before does not count."""
    visit.only(StepCode.INPUTS)
    visit.wizard.board.begin(visit.lane, visit.gate.now().at)
    return RedirectResponse(f"{visit.path}?{urlencode({'signal': signal})}", HTTPStatus.SEE_OTHER)


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
