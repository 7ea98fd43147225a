"""Events of the gate's data: lists, trust state, ledger, clock, and deletions."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from agent.core.clock import ClockState
from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.event_base import Event
from agent.core.lists import DataState
from agent.core.trust_state import StatePart, Wholeness


class ListsApplied(Event):
    """A new version of a list is in force, whole; what the gate decides from here on, it decides by it."""

    TYPE: ClassVar[str] = "lists.applied"
    list: Literal["trust", "declarations", "revocations", "watch"] = Field(description="Which list.")
    version: int = Field(description="Its version, which only goes up.")
    before: int = Field(description="The version until now; 0: none.")
    issued_at: int = Field(description="When it was signed, Unix seconds.")
    rows: int = Field(description="How many entries it has.")
    key: str = Field(description="The id of the key that signed it, in hex.")
    source: Literal["mqtt", "file"] = Field(description="How it came: over MQTT, or from a file.")
    whole: bool = Field(description="It was loaded whole; else by what had changed.")


class ListsRefused(WithDetail, Event):
    """A list, or a part of one, was not accepted; the one in force stays."""

    TYPE: ClassVar[str] = "lists.refused"
    list: Literal["trust", "declarations", "revocations", "watch"] = Field(description="Which list.")
    code: str = Field(description="Why, in one word: a ListFault or TrustFault value.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None
    source: Literal["mqtt", "file"] = Field(description="How it came: over MQTT, or from a file.")
    count: int = Field(
        default=1, description="How many of this code since the last such event; a flood is folded into few events."
    )


class ListsState(Event):
    """What the age of the lists allows has changed."""

    TYPE: ClassVar[str] = "lists.state"
    state: DataState = Field(description="What it allows now.")
    before: DataState | None = Field(default=None, description="What it allowed until now; null: the gate has started.")
    age_s: int | None = Field(
        default=None,
        description="Seconds since central's word on the oldest list that the gate needs; null: it lacks one.",
    )


class StateChanged(WithDetail, Event):
    """A part of the gate's own state is behind, lost, or whole again, as a witness shows or two persons accept."""

    TYPE: ClassVar[str] = "state.changed"
    part: StatePart = Field(description="Which part.")
    state: Wholeness = Field(
        description="whole; behind: an older copy is here; lost: it is not here, or not all of it."
    )
    before: Wholeness = Field(description="What it was until now.")
    detail: Detail = Field(default="", description="Who shows it, in words; or why it is whole again.")
    message: DetailMessage = None
    persons: tuple[str, ...] = Field(
        default=(), description="The two persons who accepted what is missing; empty: not needed."
    )


class LedgerConflict(Event):
    """One use of a permit was consumed by more than one gate of the site. Nothing undoes it."""

    TYPE: ClassVar[str] = "ledger.conflict"
    permit: str = Field(description="The permit id, in hex.")
    use: int = Field(description="Which use of it, from 1.")
    gates: tuple[str, ...] = Field(description="The gates that consumed it, in the order of their times.")
    transactions: tuple[str, ...] = Field(description="Their transactions, in the same order.")
    vin: str = Field(default="", description="The vehicle identification number that the permit names.")


class ClockChanged(WithDetail, Event):
    """The clock became more or less worth trusting, or was set."""

    TYPE: ClassVar[str] = "clock.changed"
    state: ClockState = Field(description="What it is worth now.")
    before: ClockState | None = Field(
        default=None, description="What it was worth until now; null: the gate has started."
    )
    step_s: float | None = Field(
        default=None, description="By how much it was set, in seconds, forward positive; null: it was not."
    )
    detail: Detail = Field(default="", description="Why, in words.")
    message: DetailMessage = None


class RecordsDeleted(Event):
    """Personal data went because its time was over."""

    TYPE: ClassVar[str] = "records.deleted"
    kind: Literal["uses", "declarations", "revocations", "watch", "pictures"] = Field(description="What it was.")
    count: int = Field(description="How many.")
    cause: str = Field(description="The rule.")


class PersonalDataErased(Event):
    """Personal values of events were erased for good; the events keep their digests, and the chain holds."""

    TYPE: ClassVar[str] = "personal_data.erased"
    rule: Literal["age", "request"] = Field(description="Why: their time was over, or a person asked for it.")
    values: int = Field(description="How many values.")
    events: int = Field(description="Of how many events.")
    pictures: int = Field(default=0, description="How many pictures went with them.")
    copies: int = Field(default=0, description="How many copies of the journal that had been set aside went with them.")
    operator: str | None = Field(default=None, description="Who asked for it; null: no person.")
    cause: str = Field(description="Why, as that person said; else the rule.")
    request: str | None = Field(default=None, description="The id of the command or request; null: there was none.")


class EventsDropped(Event):
    """Events that the gate had to give up. Never silent."""

    TYPE: ClassVar[str] = "events.dropped"
    first: int = Field(description="The first one's sequence number.")
    last: int = Field(description="The last one's sequence number.")
    cause: str = Field(description="Why.")
    stream: str | None = Field(
        default=None, description="The stream that they belonged to, where it is not this one; null: not known."
    )
