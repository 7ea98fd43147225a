"""Texts from central to the driver of one vehicle: shown only while that vehicle waits at the barrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.events import DriverText, DriverTold
from agent.core.lane.order_refusals import other_vehicle, wrong_state
from agent.core.lane.state import STANDING, CentralText
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import TextOrdered
    from agent.core.lane.transition import Transition


def order_text(transition: Transition, item: TextOrdered) -> None:
    """Tell the driver what central says, or leave everything as it was where that may not be; and answer it."""
    if transition.now.at < item.deadline:
        done, detail = _tell(transition, item)
    else:
        done, detail = False, Text("its time limit had passed")
    transition.answer_order(item.order, done=done, detail=detail)


def _tell(transition: Transition, item: TextOrdered) -> tuple[bool, str]:
    lane, text = transition.lane, item.text
    if lane.state not in STANDING:
        return wrong_state(transition)
    if text.transaction not in ("", lane.served):
        return other_vehicle(text.transaction)
    said = tuple(DriverText(language=language, text=words) for language, words in text.texts)
    transition.record(
        DriverTold(texts=said, seconds=text.seconds, operator=item.operator, cause=item.cause), lane.served or None
    )
    transition.set(central_text=CentralText(text.texts, transition.now.at + text.seconds) if text.seconds else None)
    transition.show_again()
    if not text.seconds:
        return True, Text("it is no longer shown")
    return True, Text("it is shown for {seconds} s", seconds=text.seconds)


def end_when_over(transition: Transition) -> None:
    """Let the lane speak for itself again, once the time of what central says is over."""
    text = transition.lane.central_text
    if text is not None and transition.now.at >= text.until:
        transition.set(central_text=None)
        transition.show_again()
