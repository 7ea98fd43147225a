"""Events about what the driver saw and heard."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agent.core.events.event_base import Event
from agent.core.model import DriverMessage, DriverReceipt


class DriverMessageRecord(BaseModel):
    """One message to a driver."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    message: DriverMessage = Field(description="The id of the message. docs/driver.md has its text in each language.")
    after_s: float = Field(description="When the gate gave the message, in seconds after the vehicle's arrival.")


class DriverText(BaseModel):
    """A text for a driver in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    language: str = Field(description="The ISO 639-1 code of the language: en, zh, ru or kk.")
    text: str = Field(description="What the message says, in words.")


class DriverTold(Event):
    """Central sends a message to the driver at a lane. The lane shows it instead of its own messages.

    The message ends after its time, or earlier if the barrier moves or the vehicle leaves. The transaction is that of
    the vehicle, and may already be closed.
    """

    TYPE: ClassVar[str] = "driver.told"
    texts: tuple[DriverText, ...] = Field(description="The message in each language. Empty if the message is removed.")
    seconds: int = Field(description="How long the lane shows the message, in seconds.")
    operator: str = Field(description="Who ordered the message.")
    cause: str = Field(description="Why the message was ordered.")


class DriverOutputRecord(BaseModel):
    """One message to a driver on one device: a sign or the loudspeaker."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    device: str = Field(description="The name of the device: lane and id.")
    message: DriverMessage = Field(description="The id of the message. docs/driver.md has its text in each language.")
    languages: tuple[str, ...] = Field(
        default=(), description="The languages of the message as ISO 639-1 codes, in order. Empty if there was none."
    )
    receipt: DriverReceipt = Field(
        description="confirmed: the device accepted exactly this message. sent: the message left for a device that "
        "does not report what it shows or says. lost: the device was away, or could not show or say the message."
    )
    after_s: float = Field(
        default=0.0, description="When the gate gave the message, in seconds after the vehicle's arrival."
    )


class DriverShown(Event):
    """What the signs and the loudspeaker of a lane did with the messages to the driver of one vehicle.

    It follows the outcome of the transaction. It leaves out a message that a newer one replaced before it was shown.
    Lanes without signs and loudspeaker have no such event.
    """

    TYPE: ClassVar[str] = "driver.shown"
    outputs: tuple[DriverOutputRecord, ...] = Field(
        description="The messages in the order in which the gate gave them. The first 64 at most."
    )
