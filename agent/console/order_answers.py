"""What a lane answers to an order, as the pages say it: in whole sentences, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.console.labels.lane import STATES
from agent.core.lane import HOLD_CONTACT, KEY_SWITCH
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS: Final[Mapping[str, Text]] = {
    "its time limit had passed": Text("The command expired before it was carried out."),
    "the vehicle of transaction {transaction} is not at this lane": Text(
        "Another vehicle is there now, or none. Look at the picture. Nothing was done."
    ),
    "the vehicle is refused": Text("The vehicle is refused."),
    "another barrier must close first": Text("Another barrier must close first."),
    "the lane is locked by {locked_by}": Text("The lane is locked by {locked_by}."),
    "the lane is in state {state}": Text("The lane does not allow it now; current state: {state}"),
    "the relay board is disconnected": Text("The relay board is disconnected."),
    "the open pulse is ordered, with grant {grant}": Text("The open pulse is ordered, with grant {grant}."),
    "it is already held open by {ordered_hold}": Text("It is already held open by {ordered_hold}."),
    "it will be held open as soon as the relay board reconnects": Text(
        "It will be held open as soon as the relay board reconnects."
    ),
    "it is held open": Text("It is held open."),
    "the hold is released": Text("The hold is released."),
    "the {hold_contact} holds it open": Text("The hold contact holds it open."),
    "the close pulse is ordered": Text("The close pulse is ordered."),
    "the barrier's controller closes it; the agent gives no close pulse here": Text(
        "The barrier's controller closes it; the agent gives no close pulse here."
    ),
    "the other direction is using the barrier": Text("The other direction is using the barrier."),
    "the inputs do not confirm that closing is safe": Text("The inputs do not confirm that closing is safe."),
    "it is already locked by {locked_by}": Text("It is already locked by {locked_by}."),
    "{ordered_hold} holds it open: release it first": Text("{ordered_hold} holds it open: release it first."),
    "it is locked": Text("It is locked."),
    "it is not locked": Text("It is not locked."),
    "it is unlocked": Text("It is unlocked."),
    "it was already taken out of service by {out_of_service_by}": Text(
        "It was already taken out of service by {out_of_service_by}."
    ),
    "it goes out of service after state {state}": Text(
        "It goes out of service once the current vehicle is done; current state: {state}"
    ),
    "it is out of service": Text("It is out of service."),
    "it is in service": Text("It is in service."),
    "it could not be recorded, so nothing was done": Text(
        "It could not be recorded, so nothing was done. Check the disk."
    ),
    "the lane is not running; nothing was done": Text("The lane is not running. Nothing was done."),
    "{orders_waiting} orders are already waiting for the lane; nothing was done": Text(
        "{orders_waiting} orders are already waiting for the lane. Nothing was done."
    ),
    "the lane started it but does not answer; it may have been carried out": Text(
        "The command was started, but no result came back. Check the barrier."
    ),
    "the lane did not start it in time; it will not be carried out": Text(
        "The lane did not start the command in time. It is canceled."
    ),
    "a pulse is under way": Text("A pulse is in progress."),
    "a vehicle is or may be present": Text("A vehicle is or may be present."),
    "the arm is not known to be down": Text("The arm is not known to be down."),
    "no reader works, so a vehicle cannot be ruled out: take the lane out of service first": Text(
        "No reader works, so a vehicle cannot be ruled out. Take the lane out of service first."
    ),
    "a vehicle was seen a moment ago": Text("A vehicle was seen a moment ago."),
}
"""By the message that the lane answers with."""
_WAITS: Final = "the journal cannot be written; the record waits"
_WHO: Final[Mapping[object, Text]] = {HOLD_CONTACT: Text("the hold contact"), KEY_SWITCH: Text("the key switch")}


def answer_text(detail: str) -> str:
    """A lane's answer as a sentence of the pages, with a word where its record still waits; else as it is."""
    if not isinstance(detail, Text):
        return detail
    answer = detail.values.get("detail")
    if isinstance(answer, Text) and detail.values.get("said") == _WAITS:
        return joined([answer_text(answer), Text("The journal cannot be written: the record waits.")], " ")
    known = ANSWERS.get(detail.pattern)
    return detail if known is None else known.filled(**{name: _value(name, one) for name, one in detail.values.items()})


def holder(who: str) -> str:
    """Who holds or locks a lane: a person, or one of its contacts."""
    return _WHO.get(who, who)


def _value(name: str, value: object) -> object:
    return STATES.get(str(value), value) if name == "state" else _WHO.get(value, value)
