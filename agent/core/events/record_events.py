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
    """A new version of a list is completely in force. The gate decides by it from now on."""

    TYPE: ClassVar[str] = "lists.applied"
    list: Literal["trust", "declarations", "revocations", "watch"] = Field(description="Which list it is.")
    version: int = Field(description="The version of the list. It only rises.")
    before: int = Field(description="The version before. 0 if there was none.")
    issued_at: int = Field(description="When the list was signed, in Unix seconds.")
    rows: int = Field(description="The number of entries in the list.")
    key: str = Field(description="The id of the key that signed the list, in hex.")
    source: Literal["mqtt", "file"] = Field(description="How the list arrived: over MQTT or from a file.")
    whole: bool = Field(description="True if the gate loaded the whole list, false if it loaded only the changes.")


class ListsRefused(WithDetail, Event):
    """The gate refused a list or a part of one. The list in force stays."""

    TYPE: ClassVar[str] = "lists.refused"
    list: Literal["trust", "declarations", "revocations", "watch"] = Field(description="Which list it is.")
    code: str = Field(description="Why the gate refused it, as a code. docs/lists.md lists the codes.")
    detail: Detail = Field(default="", description="The reason in words.")
    message: DetailMessage = None
    source: Literal["mqtt", "file"] = Field(description="How the list arrived: over MQTT or from a file.")
    count: int = Field(
        default=1,
        description="The number of such cases since the last event with this code. Many cases in a short time share "
        "few events.",
    )


class ListsState(Event):
    """What the age of the lists allows changed."""

    TYPE: ClassVar[str] = "lists.state"
    state: DataState = Field(description="What the age of the lists allows now.")
    before: DataState | None = Field(
        default=None, description="What the age of the lists allowed before. Null if the gate just started."
    )
    age_s: int | None = Field(
        default=None,
        description="Seconds since central confirmed the oldest list that the gate needs. Null if the gate lacks one.",
    )


class StateChanged(WithDetail, Event):
    """A part of the gate's own state is behind, lost or whole again. A witness shows it, or two people accept it."""

    TYPE: ClassVar[str] = "state.changed"
    part: StatePart = Field(description="Which part of the state it is.")
    state: Wholeness = Field(
        description="whole; behind: the gate has an older copy; lost: the gate has nothing, or not all of it."
    )
    before: Wholeness = Field(description="The state of the part before.")
    detail: Detail = Field(default="", description="How the gate knows, or why the part is whole again, in words.")
    message: DetailMessage = None
    persons: tuple[str, ...] = Field(
        default=(), description="The two people who accepted what is missing. Empty if that was not needed."
    )


class LedgerConflict(Event):
    """More than one gate of the site consumed the same use of a permit. Nothing undoes it."""

    TYPE: ClassVar[str] = "ledger.conflict"
    permit: str = Field(description="The permit id, in hex.")
    use: int = Field(description="The number of the use, from 1.")
    gates: tuple[str, ...] = Field(description="The gates that consumed the use, in the order of their times.")
    transactions: tuple[str, ...] = Field(description="The transactions of these gates, in the same order.")
    vin: str = Field(default="", description="The vehicle identification number that the permit names.")


class ClockChanged(WithDetail, Event):
    """The gate trusts its clock more or less than before, or someone set the clock."""

    TYPE: ClassVar[str] = "clock.changed"
    state: ClockState = Field(description="How far the gate trusts its clock now.")
    before: ClockState | None = Field(
        default=None, description="How far the gate trusted its clock before. Null if the gate just started."
    )
    step_s: float | None = Field(
        default=None, description="How far the clock was set, in seconds; forward is positive. Null if it was not set."
    )
    detail: Detail = Field(default="", description="The reason in words.")
    message: DetailMessage = None


class RecordsDeleted(Event):
    """The gate deleted personal data whose time was over."""

    TYPE: ClassVar[str] = "records.deleted"
    kind: Literal["uses", "declarations", "revocations", "watch", "pictures"] = Field(description="The kind of data.")
    count: int = Field(description="The number of entries.")
    cause: str = Field(description="The rule.")


class PersonalDataErased(Event):
    """The gate permanently erased personal values of events. The events keep digests, and the chain stays valid."""

    TYPE: ClassVar[str] = "personal_data.erased"
    rule: Literal["age", "request"] = Field(
        description="Why the values were erased: age (their time was over) or request (a person asked for it)."
    )
    values: int = Field(description="The number of erased values.")
    events: int = Field(description="The number of events that had these values.")
    pictures: int = Field(default=0, description="The number of pictures erased with them.")
    copies: int = Field(default=0, description="The number of earlier copies of the journal erased with them.")
    operator: str | None = Field(default=None, description="Who asked for it. Null if no one did.")
    cause: str = Field(description="The reason that this person gave. If there is none: the rule.")
    request: str | None = Field(default=None, description="The id of the command or request. Null if there was none.")


class EventsDropped(Event):
    """The gate had to give up events. It always reports this."""

    TYPE: ClassVar[str] = "events.dropped"
    first: int = Field(description="The sequence number of the first event.")
    last: int = Field(description="The sequence number of the last event.")
    cause: str = Field(description="Why the gate gave up the events.")
    stream: str | None = Field(
        default=None, description="The stream of the events, if it is not this one. Null if unknown."
    )
