"""A lane in dry run beside what truly happens there: what it would have done with each vehicle, and whether it went.

Others move the arm. The lane decides as ever; the loops tell whether the vehicle went under the arm all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.events import AccessCompared, AccessDecided, Draft, TransactionClosed, VehiclePresent
from agent.core.lane.effects import Record
from agent.core.lane.state import LaneState
from agent.core.model import Verdict

if TYPE_CHECKING:
    from agent.core.lane.effects import Effect
    from agent.core.lane.state import Lane
    from agent.core.model import Instant

_ANSWERS: Final = frozenset({Verdict.PASS, Verdict.DENY})


@dataclass(frozen=True, slots=True)
class DryRunVehicle:
    """A vehicle before an arm that others move.

    `decided`: the answer that counts so far. `unblocked`: nothing was under the arm at some time since it came, so that
    what comes there is this vehicle. `under`: it was there; `released`: with nothing on the presence loop any more.
    `left`: the presence loop was free since it came.
    """

    transaction: str
    decided: AccessDecided | None = None
    unblocked: bool = False
    under: bool = False
    released: bool = False
    left: bool = False

    def with_decision(self, decided: AccessDecided) -> DryRunVehicle:
        """After one more decision: what lets pass or refuses counts before an officer's turn, and all before a retry."""
        before = self.decided
        settled = before is not None and before.verdict in _ANSWERS
        weaker = before is not None and before.verdict is Verdict.MANUAL and decided.verdict is Verdict.RETRY
        return self if settled or weaker else replace(self, decided=decided)


def followed(
    vehicle: DryRunVehicle | None, lane: Lane, effects: tuple[Effect, ...], now: Instant
) -> tuple[DryRunVehicle | None, tuple[Draft, ...]]:
    """Follow a vehicle through one step. `lane`, `effects`: what came of the step.

    Returns the vehicle that is there then, and what is to be recorded of one that went.
    """
    told: list[Draft] = []

    def conclude(passed: bool | None) -> None:
        if vehicle is not None:
            event = _compared(vehicle, passed)
            told.append(Draft(event, lane.rules.lane, vehicle.transaction, now.utc))

    for draft in (draft for one in effects if isinstance(one, Record) for draft in one.events):
        match draft.event:
            case VehiclePresent() if vehicle is None or vehicle.left or vehicle.under or lane.rules.blind:
                conclude(None if lane.rules.blind else vehicle is not None and vehicle.under)
                vehicle = DryRunVehicle(draft.transaction or "")
            case VehiclePresent():  # the same one tries again
                vehicle = replace(vehicle, transaction=draft.transaction or "", decided=None)
            case AccessDecided() as decided if vehicle is not None:
                vehicle = vehicle.with_decision(decided)
            case TransactionClosed() if lane.rules.blind:
                conclude(passed=None)
                vehicle = None
            case _:
                pass
    if vehicle is None or lane.rules.blind:
        return vehicle, tuple(told)
    if lane.state is LaneState.FAULT:
        conclude(passed=None)
        return None, tuple(told)
    vehicle = _seen(vehicle, lane)
    quiet_since = max(lane.input_state.clear_since, lane.input_state.free_since)
    if vehicle.released and lane.input_state.clear:
        conclude(passed=True)
        return None, tuple(told)
    if now.at - quiet_since >= lane.rules.clear_s:
        conclude(passed=False)
        return None, tuple(told)
    return vehicle, tuple(told)


def _seen(vehicle: DryRunVehicle, lane: Lane) -> DryRunVehicle:
    """The vehicle after what the loops say now."""
    signals = lane.input_state.signals
    unblocked = vehicle.unblocked or lane.input_state.clear
    under = vehicle.under or (unblocked and signals.safety is True)
    gone = signals.presence is False
    released = vehicle.released or (under and gone and signals.safety is True)
    left = vehicle.left or gone
    after = replace(vehicle, unblocked=unblocked, under=under, released=released, left=left)
    return vehicle if after == vehicle else after


def _compared(vehicle: DryRunVehicle, passed: bool | None) -> AccessCompared:
    decided = vehicle.decided
    verdict = None if decided is None else decided.verdict
    known = passed is not None and verdict in _ANSWERS
    return AccessCompared(
        verdict=verdict,
        reason=None if decided is None else decided.reason,
        passed=passed,
        agrees=passed is (verdict is Verdict.PASS) if known else None,
    )
