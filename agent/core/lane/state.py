"""The state of a lane: only frozen values. agent.core.lane.lane_state_machine changes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Literal, Self

from agent.core.model import Reason, Signals

if TYPE_CHECKING:
    from agent.core.decision import Decision
    from agent.core.events import Alarm
    from agent.core.lane.effects import Show
    from agent.core.lane.lane_rules import LaneRules
    from agent.core.model import DriverMessage, LedgerChange, Presentation, Reading, VinReading


class LaneState(StrEnum):
    """Where a lane is. The value is also the state word that a sign translates."""

    INIT = "init"
    IDLE = "idle"
    PRESENT = "present"
    DECIDING = "deciding"
    MANUAL = "manual"
    WAITING = "waiting"
    DENIED = "denied"
    OPENING = "opening"
    OPEN = "open"
    PASSING = "passing"
    CLEARING = "clearing"
    CLOSING = "closing"
    VIOLATION = "violation"
    HELD_OPEN = "held_open"
    FAULT = "fault"
    YIELDING = "yielding"
    OUT_OF_SERVICE = "out_of_service"


UNDECIDED = frozenset({LaneState.PRESENT, LaneState.DECIDING})
GATHERING = UNDECIDED | {LaneState.WAITING}
RISING = frozenset({LaneState.OPENING, LaneState.OPEN})
STANDING = GATHERING | {LaneState.MANUAL, LaneState.DENIED}
"""Where a vehicle stands before an arm that rests, and central may speak to its driver: in all other states the lane's
own words are what keeps it safe."""
_UNNOTICED = frozenset({LaneState.INIT, LaneState.IDLE, LaneState.VIOLATION, LaneState.FAULT, LaneState.OUT_OF_SERVICE})
_NO_SAMPLE = Signals(-inf)
_AT_REST = GATHERING | {
    LaneState.IDLE,
    LaneState.MANUAL,
    LaneState.DENIED,
    LaneState.YIELDING,
    LaneState.OUT_OF_SERVICE,
}


@dataclass(frozen=True, slots=True)
class InputState:
    """The newest sample of the inputs, and what follows from the samples so far; times are monotonic seconds.

    `known_at`: the newest sample in which every input that the lane has was known. `clear_since`: nothing under the
    arm since then, by safety loop and photocell; `free_since`: nothing on the presence loop. `inf`: not so now.
    `was_free`: nothing was on the presence loop when it was last known.
    """

    signals: Signals = _NO_SAMPLE
    known_at: float = -inf
    clear_since: float = inf
    free_since: float = inf
    was_free: bool = False

    @property
    def clear(self) -> bool:
        """Whether nothing is under the arm, for sure. A high chassis leaves the loop, not the photocell."""
        return self.clear_since < inf

    @property
    def taken(self) -> bool:
        """Whether something is under the arm, by any input that is there."""
        return self.signals.safety is True or self.signals.photocell is True


class PulseDelivery(StrEnum):
    """What became of the pulse of the newest grant, as far as the lane knows."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Transaction:
    """One open transaction.

    `arrived`: the vehicle was seen, not only announced by an officer. `presentations`, `readings`: the newest
    evidence. `payloads`, `pictures`: what permit.presented events named. `asked`, `final`: a Decide is unanswered,
    and was the last. `retried`: reasons of RETRY answers that were recorded. `waits_for`: the loss that made the
    answer MANUAL, and whose end resumes the transaction. `use`: number of the permit's next use, 0 where it is not
    known. `pulse`: of the newest grant; of an earlier one it is always unknown. `seen_under`: something was under the
    arm since the first grant, before that since the vehicle came; `unblocked`: nothing was at some time since the
    grant, so that what comes there is this vehicle. `entered`, `released`: it was under the arm, and had left the
    presence loop by then. `plates`: readings of its own plate while it was on its way. `tested`: it began with a test
    pulse, without a vehicle. `told`: the messages to its driver, each with when it was given. `vins`: VINs that were
    read, on this vehicle or near it; `told_vins`: those that vehicle.vin events named.
    """

    id: str
    began_at: float
    arrived: bool
    presentations: tuple[Presentation, ...] = ()
    readings: tuple[Reading, ...] = ()
    payloads: tuple[bytes, ...] = ()
    pictures: tuple[str, ...] = ()
    asked: bool = False
    final: bool = False
    retried: tuple[Reason, ...] = ()
    decision: Decision | None = None
    waits_for: Alarm | None = None
    use: int = 0
    by: Literal["permit", "operator"] | None = None
    grant: str | None = None
    grants: int = 0
    pulse: PulseDelivery = PulseDelivery.WAITING
    reserved: LedgerChange | None = None
    seen_under: bool = False
    unblocked: bool = False
    entered: bool = False
    released: bool = False
    violations: tuple[Alarm, ...] = ()
    kept: tuple[str, ...] = ()
    plates: tuple[Reading, ...] = ()
    tested: bool = False
    told: tuple[tuple[DriverMessage, float], ...] = ()
    vins: tuple[VinReading, ...] = ()
    told_vins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HandledVehicle:
    """What identified a vehicle that was answered: payloads, plate texts, its VIN. Void `gone_s` after the last of it.

    `passed`: the vehicle passed, so that nothing of it counts for another; else it may try again with something new.
    """

    keys: frozenset[bytes | str]
    seen_at: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Pulse:
    """An open pulse that was ordered and not yet reported."""

    grant: str
    transaction: str | None
    deadline: float


@dataclass(frozen=True, slots=True)
class CentralText:
    """What central says to a driver: texts, each after its language's code. `until`: monotonic seconds."""

    texts: tuple[tuple[str, str], ...]
    until: float


@dataclass(frozen=True, slots=True)
class LaneLockout:
    """What was ordered of a lane and stays so over restarts: who locked it, who took it out of service.

    Empty: not so.
    """

    locked_by: str = ""
    out_of_service_by: str = ""


@dataclass(frozen=True)
class Lane:
    """A lane between two steps. Times are monotonic seconds."""

    rules: LaneRules
    serial: int
    """Of the next transaction."""
    state: LaneState = LaneState.INIT
    since: float = inf
    """When the state was entered."""
    input_state: InputState = InputState()
    transaction: Transaction | None = None
    early: tuple[Presentation | Reading | VinReading, ...] = ()
    """Observations that belong to no transaction yet."""
    handled: tuple[HandledVehicle, ...] = ()
    seen_at: float = -inf
    """The last observation, for blind lanes."""
    relay_up: bool | None = None
    """Whether the relay board can be reached; None, which counts as no: since the start nobody knows yet."""
    readers_up: bool = True
    pulses: tuple[Pulse, ...] = ()
    """Those without a report."""
    closing_pulse: PulseDelivery | None = None
    """What became of the newest close pulse since the state was entered, as far as the lane knows; None: none was
    ordered."""
    close_orders: int = 0
    """How many were ordered since then: one is followed by another only where it was certainly not delivered."""
    lowered_at: float = -inf
    """When the newest was ordered."""
    closes_unreported: int = 0
    """How many have no report yet, from before that too."""
    raised_alarms: tuple[Alarm, ...] = ()
    """Those that are not repeated before the lane is idle again."""
    sign: Show | None = None
    """What is shown."""
    ordered_hold: str | None = None
    """The officer who holds the barrier open; this or the contact is enough."""
    contact_hold: bool = False
    """Whether the hold contact holds the barrier open."""
    interlock_free: bool = True
    """As in InterlockChanged, like `arm_in_use`."""
    arm_in_use: bool = False
    arm_entered: bool = False
    """Whether the safety loop was taken since the other direction began to use the arm."""
    arm_free_at: float = -inf
    """When that use ended."""
    leaving_since: float = -inf
    """When a vehicle of the other direction came onto the presence loop to leave; it counts until the loop is free."""
    lockout: LaneLockout = LaneLockout()
    """What was ordered and stays over restarts."""
    turned_away: LedgerChange | None = None
    """The use of a vehicle that went away before the open arm.

    It is given back once the arm is down and nothing went under it.
    """
    served: str = ""
    """Id of the newest transaction, also after it was closed; empty: there was none."""
    central_text: CentralText | None = None
    """What central says to the driver of that one, while it is shown."""

    @classmethod
    def start(cls, rules: LaneRules, first_serial: int, lockout: LaneLockout = LaneLockout()) -> Self:
        """Return the lane of an agent that just started. `lockout`: what was ordered in its last run and still holds.

        The relay counts as away until RelayChanged says it is up, and until it says anything a vehicle waits for that,
        for a bounded time, before it is judged. The interlock of a lane with neighbours counts as
        taken until InterlockChanged says it is free.
        """
        return cls(rules=rules, serial=first_serial, interlock_free=not rules.neighbours, lockout=lockout)

    @property
    def transaction_id(self) -> str | None:
        """Id of the open transaction."""
        return None if self.transaction is None else self.transaction.id


def sign_word(lane: Lane) -> str:
    """What the sign says of the state; in a locked lane, that it is locked, to those who might pass otherwise."""
    locked = lane.lockout.locked_by
    match lane.state:
        case LaneState.IDLE if locked:
            return Reason.LANE_LOCKED
        case LaneState.WAITING:
            return Reason.LANE_LOCKED if locked or lane.interlock_free else Reason.INTERLOCKED
        case _:
            return lane.state


def fresh(lane: Lane, at: float) -> bool:
    """Whether every input of the lane was known at most `stale_s` ago; for blind lanes always."""
    return lane.rules.blind or at - lane.input_state.known_at <= lane.rules.stale_s


def arm_down(lane: Lane) -> bool:
    """Whether the limit inputs that the lane has say that the arm is closed; true without any."""
    rules, input_state = lane.rules, lane.input_state
    if rules.has_closed:
        return input_state.signals.closed is True
    return not rules.has_opened or input_state.signals.opened is False


def arm_up(lane: Lane) -> bool:
    """Whether a limit input says that the arm is not closed, for sure."""
    return (
        lane.input_state.signals.closed is False if lane.rules.has_closed else lane.input_state.signals.opened is True
    )


def owns_limits(lane: Lane) -> bool:
    """Whether the limit inputs tell of this lane's doing: not of the other direction's, nor from before that ended."""
    return not lane.arm_in_use and lane.input_state.signals.at > lane.arm_free_at


def at_rest(lane: Lane) -> bool:
    """Whether the agent may start again and no vehicle would notice.

    No transaction, no pulse under way, nothing held or closing.
    """
    ordered = bool(lane.pulses) or lane.closes_unreported > 0 or lane.contact_hold or lane.ordered_hold is not None
    return lane.transaction is None and lane.state in _UNNOTICED and not ordered


def occupies(lane: Lane) -> bool:
    """Whether the lane's barrier is, or may be, anything but closed and at rest: its neighbours must wait."""
    return lane.state not in _AT_REST or bool(lane.pulses) or (owns_limits(lane) and not arm_down(lane))


def waits_to_lower(lane: Lane) -> bool:
    """Whether the lane has done with its arm, and only waits until it may give the close pulse."""
    ours = lane.state is LaneState.CLOSING and lane.rules.close_mode == "agent"
    return ours and lane.closing_pulse in {None, PulseDelivery.NOT_DELIVERED}
