"""How a lane is, as a person must know it: what happens, why, and what to do now.

The words are the viewer's; the tone is that of the console's elements, each with a shape of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.labels import lane as labels
from agent.console.labels import lane_advice
from agent.console.live.arm_position import stands_still
from agent.console.live.lane_updates import lane_notes
from agent.core.lane import LaneState
from agent.core.model import Reason
from agent.i18n.own_words import own_text
from agent.i18n.reasons import REASONS
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.live.vehicles import Vehicle
    from agent.console.live.viewer_texts import Words
    from agent.lane import LaneView

TONES: Final[Mapping[LaneState, str]] = {
    LaneState.INIT: "unknown",
    LaneState.IDLE: "unknown",
    LaneState.PRESENT: "busy",
    LaneState.DECIDING: "busy",
    LaneState.WAITING: "busy",
    LaneState.MANUAL: "officer",
    LaneState.DENIED: "refused",
    LaneState.YIELDING: "warning",
    LaneState.OPENING: "passed",
    LaneState.OPEN: "passed",
    LaneState.PASSING: "passed",
    LaneState.CLEARING: "passed",
    LaneState.CLOSING: "busy",
    LaneState.HELD_OPEN: "warning",
    LaneState.VIOLATION: "refused",
    LaneState.FAULT: "offline",
    LaneState.OUT_OF_SERVICE: "offline",
}
SHAPES: Final[Mapping[LaneState, str]] = {LaneState.INIT: "clock", LaneState.IDLE: "check"}
"""The icon of a state where it is not that of its tone."""
_CALLS: Final = frozenset({LaneState.MANUAL, LaneState.VIOLATION})
_HERE: Final = frozenset(
    {
        LaneState.PRESENT,
        LaneState.DECIDING,
        LaneState.MANUAL,
        LaneState.WAITING,
        LaneState.OPENING,
        LaneState.OPEN,
        LaneState.PASSING,
        LaneState.CLEARING,
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """`title`: the state. `why`: what the gate found, or what happens. `to_do`: what to do now; empty: nothing.

    `notes`: what holds besides, such as a lock. `calls`: it needs an officer. `transaction`: of the vehicle that is
    before the arm; empty: none is. `decides`: what an officer can do with it now: let pass, refuse.
    """

    tone: str
    shape: str
    title: str
    why: str
    to_do: str = ""
    notes: tuple[str, ...] = ()
    calls: bool = False
    transaction: str = ""
    decides: tuple[str, ...] = ()


def vehicle_here(view: LaneView | None, vehicles: list[Vehicle]) -> Vehicle | None:
    """The vehicle before the arm. `vehicles`: the last of the lane, the newest first.

    One that was refused is there until it leaves, though its transaction is closed.
    """
    if view is None:
        return None
    if view.state == LaneState.DENIED:
        return vehicles[0] if vehicles else None
    return next((one for one in vehicles if one.transaction == view.transaction), None)


def standing(view: LaneView | None, vehicle: Vehicle | None, words: Words, at: float) -> Standing:
    """How the lane is with this vehicle before its arm, None: with none. `at`: monotonic seconds."""
    if view is None or stands_still(view, at):
        return Standing(
            "offline",
            "offline",
            words(labels.STATES["unknown"]),
            words(lane_advice.SILENT),
            words(lane_advice.SILENT_TO_DO),
            calls=True,
        )
    state = LaneState(view.state)
    tone = TONES[state]
    why, to_do = _why(state, vehicle)
    title = labels.STATES[view.state]
    if view.dry_run is not None:
        title = Text("Dry run: {state}", state=title)
    return Standing(
        tone,
        SHAPES.get(state, tone),
        words(title),
        words(why),
        words(to_do) if to_do else "",
        tuple(lane_notes(view, words)),
        state in _CALLS,
        _transaction(state, view, vehicle),
        () if view.dry_run is not None else _decides(state, view),
    )


def _why(state: LaneState, vehicle: Vehicle | None) -> tuple[str, str]:
    happens, to_do = lane_advice.HAPPENS[state], lane_advice.TO_DO.get(state, "")
    if state not in {LaneState.MANUAL, LaneState.DENIED} or vehicle is None:
        return happens, to_do
    if vehicle.refused is not None:
        cause = own_text(vehicle.refused.cause or "")
        return Text("{who} refused the vehicle: {why}", who=vehicle.refused.operator, why=cause), happens
    if vehicle.reason in {None, Reason.OK}:
        return happens, to_do
    said = REASONS[vehicle.reason]
    return (said.what, said.act) if state is LaneState.MANUAL else (said.what, happens)


def _transaction(state: LaneState, view: LaneView, vehicle: Vehicle | None) -> str:
    if state is LaneState.DENIED:
        return vehicle.transaction if vehicle is not None else ""
    return view.transaction or "" if state in _HERE else ""


def _decides(state: LaneState, view: LaneView) -> tuple[str, ...]:
    """What an officer may be offered now; the lane itself has the last word when it is ordered."""
    if state is LaneState.MANUAL:
        return ("refuse",) if view.lockout.locked_by else ("pass", "refuse")
    return ("pass",) if state is LaneState.DENIED and not view.lockout.locked_by else ()
