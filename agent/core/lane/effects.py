"""The effects that the lane's step function returns for the shell to carry out, `Record` first."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.events import Draft
    from agent.core.model import LedgerChange, Presentation, Reading, VinReading


@dataclass(frozen=True, slots=True)
class Record:
    """Write events and ledger changes to the journal, in one transaction, before any effect that follows.

    Only what overrides does not wait for it.
    """

    events: tuple[Draft, ...]
    ledger: tuple[LedgerChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Decide:
    """Decide on the evidence so far and come back with Decided. `final`: no more will come, so RETRY is no answer.

    `set_aside`: how many plates were read that do not count, as of others than this vehicle. `pictures`: JPEG by
    SHA-256, those that the evidence names and that are still there; the lane itself does not know them. `vins`: the
    VINs that were read. `arrived_at`: monotonic time since which what is said of the lane is said of this vehicle.
    """

    transaction: str
    presentations: tuple[Presentation, ...]
    readings: tuple[Reading, ...]
    final: bool
    set_aside: int = 0
    pictures: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    vins: tuple[VinReading, ...] = ()
    arrived_at: float = inf


@dataclass(frozen=True, slots=True)
class Raise:
    """Give the open pulse for this grant, once. The deadline is monotonic: after it the pulse must not start.

    `override`: for what is under an arm that this lane lowers, which no neighbour can use; it waits for none, and for
    no disk.
    """

    grant: str
    deadline: float
    override: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Give the close pulse (close_mode "agent" only)."""

    deadline: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the barrier open, or let go. `override`: by the hold contact, which waits for no neighbour and no disk."""

    on: bool
    override: bool = False


class Lamp(StrEnum):
    """The lamp at the barrier."""

    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Show:
    """Set the lamp and the sign. `message` is a Reason value or a state word, of which `message_shown` makes a message.

    `texts`: what central sent for this vehicle, each after its language's code; where there is one, it is shown
    instead.
    """

    lamp: Lamp
    message: str
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KeepPictures:
    """Keep these pictures, by SHA-256, as evidence of the transaction."""

    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """The one answer to an order that has an id. Not `done`: nothing moved, and nothing stands, because of `detail`."""

    order: str
    done: bool
    detail: str


Effect = Record | Decide | Raise | Close | Hold | Show | KeepPictures | OrderAnswered


def in_order(
    record: Record | None,
    acts: Iterable[Effect],
    show: Show | None,
    keep: KeepPictures | None,
    answered: OrderAnswered | None,
    decide: Decide | None,
) -> tuple[Effect, ...]:
    """The effects of one step in the order in which they must happen. `acts`: those that move the barrier."""
    ordered = (record, *acts, show, keep, answered, decide)
    return tuple(effect for effect in ordered if effect is not None)
