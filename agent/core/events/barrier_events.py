"""Events of a lane's barrier: what moved it, orders to the lane, and alarms."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.event_base import Event


class Alarm(StrEnum):
    """What an officer should hear of at once."""

    WRONG_WAY = "wrong_way"
    FORCED_OPEN = "forced_open"
    TAILGATING = "tailgating"
    BLOCKED = "blocked"
    OPEN_FAILED = "open_failed"
    CLOSE_FAILED = "close_failed"
    OPEN_TOO_LONG = "open_too_long"
    REOPENED = "reopened"
    INPUTS_LOST = "inputs_lost"
    PULSE_UNKNOWN = "pulse_unknown"
    RELAY_LOST = "relay_lost"
    READERS_LOST = "readers_lost"
    JOURNAL_FAILED = "journal_failed"
    INTERLOCKED = "interlocked"
    INPUTS_FLAPPING = "inputs_flapping"
    DELIVERY_STALLED = "delivery_stalled"
    LISTS_FAILED = "lists_failed"
    PART_FAILED = "part_failed"
    STATE_NOT_WHOLE = "state_not_whole"
    PICTURE_MISMATCH = "picture_mismatch"


class BarrierPulsed(Event):
    """A pulse was sent to the relay, and what is known of it."""

    TYPE: ClassVar[str] = "barrier.pulsed"
    grant: str | None = Field(description="The grant that it spends; null: a pulse to close.")
    action: Literal["open", "close"] = Field(description="What was asked of the barrier.")
    delivery: Literal["delivered", "not_delivered", "unknown"] = Field(
        description="Whether the relay board did it; unknown is never repeated."
    )


class BarrierMoved(Event):
    """A limit switch saw the arm."""

    TYPE: ClassVar[str] = "barrier.moved"
    position: Literal["open", "closed"] = Field(description="Where the arm is now.")


class BarrierHeld(Event):
    """The barrier was put into, or out of, permanent opening."""

    TYPE: ClassVar[str] = "barrier.held"
    held: bool = Field(description="Whether it is held open now.")
    operator: str = Field(description="Who ordered it, or which contact.")
    cause: str = Field(description="Why.")


class BarrierTested(Event):
    """A technician at the gate tries the barrier with one pulse, while no vehicle is there.

    It is recorded before the pulse. One to open has a transaction and a grant of its own, without a vehicle.
    """

    TYPE: ClassVar[str] = "barrier.tested"
    action: Literal["open", "close"] = Field(description="What the pulse asks of the barrier.")
    operator: str = Field(description="The technician.")
    cause: str = Field(description="Why.")


class AlarmRaised(WithDetail, Event):
    """Something an officer should hear of."""

    TYPE: ClassVar[str] = "alarm.raised"
    alarm: Alarm = Field(description="What it is.")
    detail: Detail = Field(default="", description="In words.")
    message: DetailMessage = None


class LaneOrdered(Event):
    """A lane was locked or taken out of service by an order, or given back; it stays so over restarts.

    A locked lane opens only for the hold contact. A lane out of service reads nothing and lets no vehicle pass by
    itself; an officer can still open it.
    """

    TYPE: ClassVar[str] = "lane.ordered"
    order: Literal["locked", "unlocked", "out_of_service", "in_service"] = Field(description="What holds from now on.")
    operator: str = Field(description="Who ordered it.")
    cause: str = Field(description="Why.")
