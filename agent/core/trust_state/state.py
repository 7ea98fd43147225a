"""The gate's own state, part by part: whole, behind or lost, and what would prove it whole again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from agent.core.detail import message_of
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable


class StatePart(StrEnum):
    """The parts of the gate's state. Each part is whole, behind or lost."""

    JOURNAL = "journal"
    LEDGER = "ledger"
    LISTS = "lists"
    ORDERS = "orders"


class Wholeness(StrEnum):
    """Whether the gate has all of a part of its state.

    WHOLE: no witness knows more than the gate has. BEHIND: the gate has an older copy. LOST: the gate has nothing, or
    not all of it.
    """

    WHOLE = "whole"
    BEHIND = "behind"
    LOST = "lost"


def _written(words: str) -> object:
    """Words as they are kept: with the message that they were made of, so that they can be told in any language."""
    return (message_of(words) if isinstance(words, Text) else None) or str(words)


def _read(kept: object) -> object:
    """What was kept. Raises ValueError for what is neither words nor a message."""
    match kept:
        case {"id": str(pattern), "args": dict(arguments)}:
            try:
                return Text(pattern, **{str(name): _read(value) for name, value in arguments.items()})
            except (KeyError, IndexError) as error:
                raise ValueError("a message lacks a value") from error
        case str() | bool() | int() | float():
            return kept
        case _:
            raise ValueError("it is neither words nor a message")


Words = Annotated[str, PlainValidator(_read), PlainSerializer(_written)]
"""Words for people: a `Text` stays one, also where it was kept."""


@dataclass(frozen=True, slots=True)
class PartStanding:
    """How one part stands. `cause`: why it is not whole, in words; "" where it is."""

    state: Wholeness = Wholeness.WHOLE
    cause: Words = ""

    @property
    def whole(self) -> bool:
        """Whether no witness knows more."""
        return self.state is Wholeness.WHOLE


@dataclass(frozen=True, slots=True)
class FormerStream:
    """A stream that this gate had before the one of now. `seq`: the last event of it that anybody has named.

    `went_on`: that was the end of an older copy, behind which there were more.
    """

    stream: str
    seq: int
    went_on: bool = False


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Rows of the permit ledger that may be missing: those of a former stream's row log.

    `place`: how far that log went at least. `exact`: nothing was reserved behind that place, as a witness says that
    holds every reservation; without one nothing can show that all rows are here. `older`: the journal of that stream
    was an older copy, so that only a witness that knows more than the copy counts as one.
    """

    stream: str
    place: int = 0
    exact: bool = False
    older: bool = False


Versions = tuple[tuple[str, int], ...]
"""Lists with their versions, by name, in order."""


@dataclass(frozen=True, slots=True)
class TrustState:
    """The trust state of a gate.

    `former`: the streams before this one. `began_utc`: when the stream of now began, Unix seconds; None: not known.
    `missing`: what of the ledger is not here; `rows_held`: how far the other gates of the site held row logs that were
    fetched whole. `lost_utc`: a time, Unix seconds by a clock that was trusted, at which the ledger was not whole: what
    was issued later was not used before. `accepted_utc`: what was lost before is accepted. `floors`: the highest
    version of each list that any witness names; `waived`: those whose lack is accepted; `held`: those that are here,
    None before anybody looked. `unordered`: the lanes whose orders are not known. `unwitnessed`: why the head cannot be
    written to its second place, "" while it can.
    """

    journal: PartStanding = PartStanding()
    ledger: PartStanding = PartStanding()
    lists: PartStanding = PartStanding()
    orders: PartStanding = PartStanding()
    former: tuple[FormerStream, ...] = ()
    began_utc: float | None = None
    missing: tuple[RowsWanted, ...] = ()
    rows_held: tuple[FormerStream, ...] = ()
    lost_utc: float | None = None
    accepted_utc: float | None = None
    floors: Versions = ()
    waived: Versions = ()
    held: Versions | None = None
    unordered: frozenset[str] = frozenset()
    unwitnessed: Words = ""

    def standing(self, part: StatePart) -> PartStanding:
        """How a part stands."""
        return {
            StatePart.JOURNAL: self.journal,
            StatePart.LEDGER: self.ledger,
            StatePart.LISTS: self.lists,
            StatePart.ORDERS: self.orders,
        }[part]

    @property
    def whole(self) -> bool:
        """Whether every part is."""
        return all(self.standing(part).whole for part in StatePart)

    def former_seq(self, stream: str) -> int | None:
        """How far a former stream is known to have gone; None for one that is not known."""
        return next((one.seq for one in self.former if one.stream == stream), None)

    def is_newest(self, stream: str, seq: int) -> bool:
        """Whether nothing that anybody knows of a former stream is newer than this event of it."""
        known = next((one for one in self.former if one.stream == stream), None)
        return known is not None and seq >= known.seq + known.went_on

    def floor(self, name: str) -> int:
        """The version of a list below which nothing may be judged by it; 0: any."""
        floor = dict(self.floors).get(name, 0)
        return floor if floor > dict(self.waived).get(name, 0) else 0

    @property
    def demanded(self) -> Versions:
        """The floor of each list that has one."""
        return tuple((name, floor) for name, _ in self.floors if (floor := self.floor(name)))


def merged(one: Versions, other: Iterable[tuple[str, int]]) -> Versions:
    """The higher version of each list."""
    found = dict(one)
    for name, version in other:
        found[name] = max(version, found.get(name, 0))
    return tuple(sorted((name, version) for name, version in found.items() if version > 0))


FORMER_KEPT: Final = 32
"""Streams that are remembered: the newest."""


def with_earlier(former: tuple[FormerStream, ...], earlier: Iterable[FormerStream]) -> tuple[FormerStream, ...]:
    """The former streams, and these before them: they are older."""
    return (*earlier, *former)[-FORMER_KEPT:]


def remembered(
    former: tuple[FormerStream, ...], stream: str, seq: int, *, went_on: bool = False
) -> tuple[FormerStream, ...]:
    """The former streams with this one among them, known at least up to `seq`. `went_on`: and behind that.

    One that was not known is the newest. What is said of another does not make it newer.
    """
    known = next((one for one in former if one.stream == stream), None)
    now = FormerStream(stream, seq, went_on)
    if known is None:
        return (*former, now)[-FORMER_KEPT:]
    if (known.seq, known.went_on) >= (seq, went_on):
        return former
    return tuple(now if one is known else one for one in former)


_STATE: Final = TypeAdapter(TrustState)


def state_as_json(state: TrustState) -> str:
    """The state as text, to be kept."""
    return _STATE.dump_json(state).decode()


def state_from_json(text: str) -> TrustState:
    """The state that was kept. Raises ValueError for a text that is none."""
    try:
        return _STATE.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"it is no trust state: {error.error_count()} faults") from None
