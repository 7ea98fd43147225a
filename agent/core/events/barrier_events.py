"""Events of a lane's barrier: what moved it, orders to the lane, and alarms."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.events.event_base import Event


class Alarm(StrEnum):
    """What an officer must hear of at once."""

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
    """The gate sent a pulse to the relay. `delivery` says whether it arrived."""

    TYPE: ClassVar[str] = "barrier.pulsed"
    grant: str | None = Field(description="The grant that the pulse uses. Null for a pulse to close.")
    action: Literal["open", "close"] = Field(description="What the pulse asks of the barrier.")
    delivery: Literal["delivered", "not_delivered", "unknown"] = Field(
        description="Whether the relay board did it. The gate never repeats a pulse whose delivery is unknown."
    )


class BarrierMoved(Event):
    """A limit switch detected the arm."""

    TYPE: ClassVar[str] = "barrier.moved"
    position: Literal["open", "closed"] = Field(description="Where the arm is now.")


class BarrierHeld(Event):
    """The barrier was set to stay open, or released from that."""

    TYPE: ClassVar[str] = "barrier.held"
    held: bool = Field(description="Whether the barrier is held open now.")
    operator: str = Field(description="Who ordered it, or which contact.")
    cause: str = Field(description="Why it was ordered.")


class BarrierTested(Event):
    """A technician at the gate tests the barrier with one pulse while no vehicle is there.

    The gate records the test before the pulse. A test to open has a transaction and a grant of its own, without a
    vehicle.
    """

    TYPE: ClassVar[str] = "barrier.tested"
    action: Literal["open", "close"] = Field(description="What the pulse asks of the barrier.")
    operator: str = Field(description="The technician.")
    cause: str = Field(description="Why the technician tests the barrier.")


class AlarmRaised(WithDetail, Event):
    """Something happened that an officer must hear of."""

    TYPE: ClassVar[str] = "alarm.raised"
    alarm: Alarm = Field(description="Which alarm it is.")
    detail: Detail = Field(default="", description="What happened, in words.")
    message: DetailMessage = None


class LaneOrdered(Event):
    """An order locked a lane or took it out of service, or ended that. The order stays in force over restarts.

    A locked lane opens only for the hold contact. A lane that is out of service reads nothing and lets no vehicle pass
    by itself. An officer can still open it.
    """

    TYPE: ClassVar[str] = "lane.ordered"
    order: Literal["locked", "unlocked", "out_of_service", "in_service"] = Field(
        description="What applies from now on."
    )
    operator: str = Field(description="Who gave the order.")
    cause: str = Field(description="Why the order was given.")
