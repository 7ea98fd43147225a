"""What an officer decides beside the picture: to let the vehicle that waits pass, or to refuse it.

Both are orders to the lane, which records them before anything moves and carries them out for no other vehicle than the
one that the page showed. Letting pass moves the barrier: its button must be held.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Request

from agent.console.access import Person, Technician  # noqa: TC001 - FastAPI reads the annotations
from agent.console.dependencies import AtGate, Gate  # noqa: TC001
from agent.console.errors import RefusedError
from agent.console.hold_to_confirm import Holds, NotHeldError
from agent.console.labels import lane_advice
from agent.console.order_answers import answer_text
from agent.console.page import translated
from agent.core.commands import Result
from agent.core.lane import CommandKind, OrderSubject
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.lane import LaneService

router = APIRouter()

ORDER_S: Final = 5.0
LONGEST_WORDS: Final = 160
SHORTEST_WORDS: Final = 3
_HOLDS: Final = Holds()
_SAID: Final[Mapping[CommandKind, Text]] = {
    CommandKind.OPEN: Text("The vehicle may pass. The barrier opens."),
    CommandKind.REFUSE: Text("The vehicle is refused. The driver is asked to turn back."),
}
_ACTS: Final[Mapping[CommandKind, str]] = {CommandKind.OPEN: "lane.let_pass", CommandKind.REFUSE: "lane.refuse"}

Transaction = Annotated[str, Form(pattern="^[0-9]{20}$")]
Reason = Annotated[str, Form(max_length=120)]
Words = Annotated[str, Form(max_length=LONGEST_WORDS)]


@router.post("/api/lanes/{lane}/press")
def press(gate: AtGate, person: Technician, lane: str, transaction: Transaction) -> dict[str, str]:
    """The button to let pass is pressed: what confirms it once it was held long enough, for this vehicle."""
    _unit(gate, lane)
    return {"token": _HOLDS.press(person.name, f"{lane} {transaction}", gate.now().at)}


@router.post("/api/lanes/{lane}/pass")
def let_pass(
    request: Request,
    gate: AtGate,
    person: Technician,
    *,
    lane: str,
    transaction: Transaction,
    reason: Reason = "",
    words: Words = "",
    token: Annotated[str, Form(max_length=64)] = "",
) -> dict[str, Any]:
    """Let the vehicle of a transaction pass; what becomes of it. Waits for the lane, some seconds at most."""
    unit = _unit(gate, lane)
    code, cause = _cause(gate.loaded.settings.console.pass_reasons, lane_advice.PRESETS["pass"], reason, words)
    if not _HOLDS.confirm(token, person.name, f"{lane} {transaction}", gate.now().at):
        said = Text("{why}: {said}", why=cause, said=Text("the button was not held"))
        gate.audit(person, _ACTS[CommandKind.OPEN], lane=lane, detail=said, done=False)
        raise NotHeldError
    return _order(request, gate, person, unit, CommandKind.OPEN, cause, OrderSubject(transaction, code))


@router.post("/api/lanes/{lane}/refuse")
def refuse(
    request: Request,
    gate: AtGate,
    person: Technician,
    *,
    lane: str,
    transaction: Transaction,
    reason: Reason = "",
    words: Words = "",
) -> dict[str, Any]:
    """Refuse the vehicle of a transaction, which waits for an officer; what becomes of it. Nothing moves."""
    unit = _unit(gate, lane)
    code, cause = _cause(gate.loaded.settings.console.refusal_reasons, lane_advice.PRESETS["refuse"], reason, words)
    return _order(request, gate, person, unit, CommandKind.REFUSE, cause, OrderSubject(transaction, code))


def _order(
    request: Request,
    gate: Gate,
    person: Person,
    unit: LaneService,
    kind: CommandKind,
    cause: str,
    subject: OrderSubject,
) -> dict[str, Any]:
    answer = unit.order(kind, person.name, f"{cause}", ORDER_S, subject)
    done = answer.result is Result.DONE
    gate.audit(person, _ACTS[kind], lane=unit.name, detail=joined([cause, answer.detail], ": "), done=done)
    said = _SAID[kind] if done else answer_text(answer.detail)
    return {"done": done, "result": answer.result.value, "said": translated(request, said)}


def _unit(gate: Gate, lane: str) -> LaneService:
    unit = gate.lanes.get(lane)
    if unit is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no lane {lane}.", lane=lane))
    return unit


def _cause(offered: tuple[str, ...], presets: Mapping[str, Text], reason: str, words: str) -> tuple[str, str]:
    """The code of the reason, empty for one in words alone, and the cause as it is recorded.

    Raises RefusedError for a reason that is not offered, and for none.
    """
    own = " ".join("".join(one if one.isprintable() else " " for one in words).split())
    if reason and reason not in offered:
        raise RefusedError(
            HTTPStatus.CONFLICT,
            Text("This reason is not offered any more. Load the page again. Nothing was done."),
        )
    if not reason and len(own) < SHORTEST_WORDS:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("Give a reason of at least {least} letters. Nothing was done.", least=SHORTEST_WORDS),
        )
    chosen = presets.get(reason, reason)
    return reason if reason in presets else "", joined([one for one in (chosen, own) if one], ": ")
