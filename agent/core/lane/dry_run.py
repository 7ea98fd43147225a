"""A lane in dry run compared with reality: what it would have done with each vehicle, and whether the vehicle passed.

Something else moves the arm. The lane decides as usual, and the loops show whether the vehicle went under the arm.
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
    """A vehicle before an arm that others move. `number`: tells it from the one before.

    `decided`: the answer that counts so far. `unblocked`: nothing was under the arm at some time since it came, so that
    what comes there is this vehicle. `under`: it was there; `released`: with nothing on the presence loop any more.
    `left`: the presence loop was free since it came.
    """

    transaction: str
    number: int = 0
    decided: AccessDecided | None = None
    unblocked: bool = False
    under: bool = False
    released: bool = False
    left: bool = False

    def with_decision(self, decided: AccessDecided) -> DryRunVehicle:
        """After one more decision: what lets pass or refuses counts before an officer's turn, that before a retry."""
        before = self.decided
        settled = before is not None and before.verdict in _ANSWERS
        weaker = before is not None and before.verdict is Verdict.MANUAL and decided.verdict is Verdict.RETRY
        return self if settled or weaker else replace(self, decided=decided)


def followed(
    vehicle: DryRunVehicle | None, lane: Lane, effects: tuple[Effect, ...], now: Instant
) -> tuple[DryRunVehicle | None, tuple[Draft, ...]]:
    """Follow a vehicle through one step. `lane`, `effects`: what came of the step.

    Returns the vehicle that is there then, and what is to be recorded of those that went.
    """
    went: list[tuple[DryRunVehicle, bool | None]] = []
    for draft in (draft for one in effects if isinstance(one, Record) for draft in one.events):
        before, vehicle = vehicle, _with_event(vehicle, draft, blind=lane.rules.blind)
        if before is not None and (vehicle is None or vehicle.number != before.number):
            went.append((before, None if lane.rules.blind else before.under))
    if vehicle is not None and not lane.rules.blind:
        vehicle = _seen(vehicle, lane)
        is_over, passed = _outcome(vehicle, lane, now.at)
        if is_over:
            went.append((vehicle, passed))
            vehicle = None
    return vehicle, tuple(
        Draft(_compared(one, passed), lane.rules.lane, one.transaction, now.utc) for one, passed in went
    )


def _with_event(vehicle: DryRunVehicle | None, draft: Draft, *, blind: bool) -> DryRunVehicle | None:
    """The vehicle after an event of the lane: another one, the same on another try, or none any more."""
    event = draft.event
    if isinstance(event, VehiclePresent):
        return _came(vehicle, draft.transaction or "", blind=blind)
    if vehicle is None or (blind and isinstance(event, TransactionClosed)):
        return None
    return vehicle.with_decision(event) if isinstance(event, AccessDecided) else vehicle


def _came(before: DryRunVehicle | None, transaction: str, *, blind: bool) -> DryRunVehicle:
    """The vehicle of a transaction that begins: the one before tries again where it has not left."""
    if before is None:
        return DryRunVehicle(transaction)
    if before.left or before.under or blind:
        return DryRunVehicle(transaction, before.number + 1)
    return replace(before, transaction=transaction, decided=None)


def _outcome(vehicle: DryRunVehicle, lane: Lane, at: float) -> tuple[bool, bool | None]:
    """Whether it is known what the vehicle did, and whether it passed; None: nobody will know."""
    if lane.state is LaneState.FAULT:
        return True, None
    if vehicle.released and lane.input_state.clear:
        return True, True
    quiet_since = max(lane.input_state.clear_since, lane.input_state.free_since)
    return at - quiet_since >= lane.rules.clear_s, False


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
