"""Events about what the driver saw and heard."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent.core.events.event_base import Event
from agent.core.model import DriverMessage, DriverReceipt


class DriverMessageRecord(BaseModel):
    """One message to a driver."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    message: DriverMessage = Field(description="Its id; what it says in each language is in docs/driver.md.")
    after_s: float = Field(description="When it was given, in seconds from the vehicle's arrival.")


class DriverText(BaseModel):
    """A text for a driver in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    language: str = Field(description="Its code by ISO 639-1: en, zh, ru or kk.")
    text: str = Field(description="What is said, in words.")


class DriverTold(Event):
    """Central sends a message to the driver at a lane: it is shown instead of the lane's own words.

    It is over with its time, and sooner where the barrier moves or the vehicle leaves. The transaction is the
    vehicle's, which may be closed already.
    """

    TYPE: ClassVar[str] = "driver.told"
    texts: tuple[DriverText, ...] = Field(description="What is said; empty: what was said before is taken off.")
    seconds: int = Field(description="For how long.")
    operator: str = Field(description="Who ordered it.")
    cause: str = Field(description="Why.")


class DriverOutputRecord(BaseModel):
    """One message to a driver on one device: a sign, or the loudspeaker."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    device: str = Field(description="Its name: lane and id.")
    message: DriverMessage = Field(description="Its id; what it says in each language is in docs/driver.md.")
    languages: tuple[str, ...] = Field(
        default=(), description="In which languages, by ISO 639-1, in their order; empty: in none."
    )
    receipt: DriverReceipt = Field(
        description="confirmed: the device has accepted just that; sent: it left for a device that does not tell what "
        "it shows or says; lost: the device was away, or cannot show or say it."
    )
    after_s: float = Field(default=0.0, description="When it was given, in seconds from the vehicle's arrival.")


class DriverShown(Event):
    """What signs and loudspeaker of the lane made of the messages to the driver of one vehicle.

    It comes after the transaction's outcome. A message that another one overtook before it was shown is left out. Lanes
    without signs and loudspeaker have no such event.
    """

    TYPE: ClassVar[str] = "driver.shown"
    outputs: tuple[DriverOutputRecord, ...] = Field(
        description="In the order in which they were given; at most the first 64."
    )
