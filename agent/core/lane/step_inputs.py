"""The inputs of the lane's step function: samples, readings, answers, orders, reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.core.decision import Decision
    from agent.core.model import Instant, Presentation, Reading, Reason, Signals, VinReading


# ---------------------------------------------------------------------------------------------------------- inputs


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample of the lane's inputs. A signal that the lane does not have is None for good."""

    now: Instant
    signals: Signals


@dataclass(frozen=True, slots=True)
class Presented:
    """A reader saw a QR text."""

    now: Instant
    presentation: Presentation


@dataclass(frozen=True, slots=True)
class PlateRead:
    """A reader read a plate."""

    now: Instant
    reading: Reading


@dataclass(frozen=True, slots=True)
class VinRead:
    """A reader read a VIN, on this vehicle or near it."""

    now: Instant
    reading: VinReading


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer to a Decide effect. `use` is the number of this use of the permit, from 1; 0 where it is not known.

    `transaction`: that of the Decide effect; an answer for another transaction is ignored. Empty: not said.
    `deadline`, in monotonic seconds: from then on a PASS does not hold any more, because what it learned from another
    gate may have changed; it is asked for once more. `final`: that of the Decide effect.
    """

    now: Instant
    decision: Decision
    use: int = 0
    transaction: str = ""
    deadline: float = inf
    final: bool = True


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """The Record of the step before could not be made; nothing of that step happened.

    `reason`: ALREADY_USED where the ledger refused a use, INTERLOCKED where a neighbour's barrier is open, else the
    journal failed. `decision`: the one that the step was about, so that the refusal can name the permit. `item`: what
    was fed to that step; an order in it is answered, and a sample is taken in, so that a turn of the key is one order.
    What the step after this input asks for must be recorded and claimed like that of any other.
    """

    now: Instant
    reason: Reason
    decision: Decision | None = None
    item: Input | None = None


@dataclass(frozen=True, slots=True)
class Pulsed:
    """What became of a Raise or a Close: delivery is a drivers.api.Delivery value."""

    now: Instant
    grant: str | None
    action: str
    delivery: str


class CommandKind(StrEnum):
    """What an officer may order, and a technician at the gate.

    REFUSE turns away the vehicle that waits for an officer; it moves nothing. LOCK, UNLOCK, OUT_OF_SERVICE and
    IN_SERVICE stand over restarts, until the opposite is ordered. TEST_OPEN and TEST_CLOSE give one pulse while nobody
    is there, to try the wiring. REFUSE and the tests are ordered at the gate, not from afar.
    """

    OPEN = "open"
    REFUSE = "refuse"
    HOLD = "hold"
    RELEASE = "release"
    CLOSE = "close"
    LOCK = "lock"
    UNLOCK = "unlock"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    TEST_OPEN = "test_open"
    TEST_CLOSE = "test_close"


@dataclass(frozen=True, slots=True)
class OrderSubject:
    """For which vehicle an officer orders something, and for which preset reason.

    `transaction`: the order is carried out for no other; empty: for the vehicle that is there. `cause_code`: empty:
    none was chosen.
    """

    transaction: str = ""
    cause_code: str = ""


@dataclass(frozen=True, slots=True)
class OfficerCommand:
    """An officer's order, already verified. `operator`, never empty, and `cause` go into the events.

    `order`: the id under which the order is answered; empty for the key switch, which waits for no answer. `deadline`,
    in monotonic seconds: from then on the order is not carried out any more.
    """

    now: Instant
    kind: CommandKind
    operator: str
    cause: str
    order: str = ""
    deadline: float = inf
    subject: OrderSubject = OrderSubject()


@dataclass(frozen=True, slots=True)
class TextForDriver:
    """What central says to the driver who stands at a lane.

    `texts`: each after the code of its language. `seconds`: for how long; 0: to take off what is shown. `transaction`:
    whose driver is meant; empty: who stands there.
    """

    texts: tuple[tuple[str, str], ...]
    seconds: int
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class TextOrdered:
    """Central's verified order to say something to the driver. `operator` to `deadline` as of an OfficerCommand."""

    now: Instant
    text: TextForDriver
    operator: str
    cause: str
    order: str = ""
    deadline: float = inf


@dataclass(frozen=True, slots=True)
class ReadersChanged:
    """Whether the lane has at least one reader that works."""

    now: Instant
    up: bool


@dataclass(frozen=True, slots=True)
class RelayChanged:
    """Whether the relay board can be reached; the first one comes when that was tried for the first time."""

    now: Instant
    up: bool


@dataclass(frozen=True, slots=True)
class InterlockChanged:
    """What the neighbours of a lane do; a lane without neighbours never gets it.

    `free`: no lane that this one must wait for occupies its barrier. `arm_in_use`: the lane of the other direction,
    that has the same arm, uses it.
    """

    now: Instant
    free: bool
    arm_in_use: bool = False


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went on."""

    now: Instant


Input = (
    Sampled
    | Presented
    | PlateRead
    | VinRead
    | Decided
    | RecordFailed
    | Pulsed
    | OfficerCommand
    | TextOrdered
    | ReadersChanged
    | RelayChanged
    | InterlockChanged
    | Ticked
)


# --------------------------------------------------------------------------------------------------------- effects
