"""What witnesses say about the gate's state, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from agent.core.trust_state.state import StatePart, Versions


class Witness(StrEnum):
    """Who holds the head of the gate's chain, or the version of a list, beside the state folder."""

    HEAD_FILE = "head_file"
    STATUS = "status"
    SITE = "site"
    CENTRAL = "central"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its stream and its last event, 0 before the first."""

    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class StreamBegun:
    """The stream of now is new: nothing was recorded in it before `utc` (Unix seconds)."""

    utc: float


@dataclass(frozen=True, slots=True)
class HeadNamed:
    """A witness names a head of this gate.

    `named`: what it names. `own`: where the journal stands. `agrees`: whether the journal has the same event at the
    place that is named; None: that cannot be told. `fresh`: the stream of now was begun by this start, so that it is no
    copy of anything. `utc`: when the head was told, Unix seconds; None: not said. `place`: how far the row log
    of the permit ledger went then; None: not said. `own_place`: how far it goes here; None: not looked at. `former`:
    the streams before the one that is named, as far as the gate knew of them then.
    """

    witness: Witness
    named: Head
    own: Head
    agrees: bool | None = None
    fresh: bool = False
    utc: float | None = None
    place: int | None = None
    former: tuple[Head, ...] = ()
    own_place: int | None = None

    @property
    def lacks_rows(self) -> bool:
        """Whether the row log of the permit ledger went further than it goes here."""
        return self.place is not None and self.own_place is not None and self.place > self.own_place


@dataclass(frozen=True, slots=True)
class WitnessGone:
    """A witness that this gate had is gone, damaged or another's, so that nothing shows whether the state is whole."""

    cause: str


@dataclass(frozen=True, slots=True)
class JournalReplaced:
    """A damaged journal, or an older copy, was moved aside.

    `former`: where it stood, None where it does not say; `place`: the end of its row log, None where it does not say.
    `older`: it was an older copy. `ledger_whole`, `orders_whole`: whether all of it was rescued.
    """

    former: Head | None
    place: int | None
    older: bool
    ledger_whole: bool
    orders_whole: bool
    cause: str


@dataclass(frozen=True, slots=True)
class OrdersShown:
    """A signed record names the orders of all lanes as they were at this head, and they hold here now.

    `former`: the streams before that head, as the record names them.
    """

    at: Head
    former: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OrderGiven:
    """Somebody has ordered what holds for a lane from now on."""

    lane: str


@dataclass(frozen=True, slots=True)
class RowsShown:
    """Every other gate of the site has given all that it knows; this is how far one of them held row logs of ours."""

    held: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class FloorNamed:
    """A witness names versions of lists that were in force here."""

    witness: Witness
    versions: Versions


@dataclass(frozen=True, slots=True)
class ListsSeen:
    """The versions of the lists that are here; a list that is not here has version 0, or is left out."""

    versions: Versions


@dataclass(frozen=True, slots=True)
class ClockTold:
    """The time, Unix seconds, by a clock that is trusted."""

    utc: float


@dataclass(frozen=True, slots=True)
class HeadFileWritten:
    """The head was written to its second place, or could not be: `trouble` says why, "" where it was."""

    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Two persons take these parts as they are, with what is missing.

    `utc`: when, Unix seconds by a clock that is trusted; None: nobody can say.
    """

    parts: frozenset[StatePart]
    persons: tuple[str, str]
    utc: float | None


Fact: TypeAlias = (
    StreamBegun
    | HeadNamed
    | WitnessGone
    | JournalReplaced
    | OrdersShown
    | OrderGiven
    | RowsShown
    | FloorNamed
    | ListsSeen
    | ClockTold
    | HeadFileWritten
    | Accepted
)
