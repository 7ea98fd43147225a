"""Events of one vehicle: it arrives, shows its permit, is judged and passes, and its transaction closes."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from agent.core.events.barrier_events import Alarm
from agent.core.events.decision_records import (
    CheckRecord,
    DataRecord,
    PermitRecord,
    PlateRecord,
    VinRecord,
    WitnessRecord,
)
from agent.core.events.driver_events import DriverMessageRecord
from agent.core.events.event_base import Event
from agent.core.events.judged_facts import FactsRecord
from agent.core.model import Outcome, Reason, Verdict, VinSource


class VehiclePresent(Event):
    """A transaction began."""

    TYPE: ClassVar[str] = "vehicle.present"
    seen_by: Literal["inputs", "eye", "operator"] = Field(
        description="What noticed the vehicle: inputs (loops), eye (a camera or scanner), or operator (an officer)."
    )
    direction: str | None = Field(default=None, description="export or import: the direction of the lane.")


class PermitPresented(Event):
    """A camera or scanner read the text of a code. The event never contains the text itself."""

    TYPE: ClassVar[str] = "permit.presented"
    length: int = Field(description="The length of the text in bytes.")
    digest: str = Field(description="The first 8 bytes of the SHA-256 of the text, in hex.")
    engine: str = Field(description="The decoder that found the code.")
    camera: str = Field(description="The camera or scanner that saw the code.")
    picture: str | None = Field(default=None, description="SHA-256 of the picture, in hex. Null if no picture is kept.")


class VehicleVin(Event):
    """The gate read a VIN on or near the vehicle and compared it with the permit. It reports each VIN once."""

    TYPE: ClassVar[str] = "vehicle.vin"
    vin: str = Field(description="The VIN as read. The declared VIN is in access.decided.")
    source: VinSource = Field(description="What the VIN was read from: a kind of code, print, or a scanner.")
    camera: str = Field(description="The camera or scanner that read the VIN.")
    match: Literal["equal", "other"] = Field(
        description="Whether it is the declared VIN. The gate refuses no vehicle for another VIN alone: it may be "
        "on a second label or on a vehicle behind."
    )
    frames: int = Field(description="The number of readings so far.")
    score: float | None = Field(
        default=None,
        description="For print: the log odds, in nats, of the declared VIN against all others together. Null for a "
        "code.",
    )
    check_digit: bool = Field(
        default=True,
        description="False if the VIN must have a check digit and has a wrong one. It may then be misread, but "
        "neither value is proof.",
    )
    picture: str | None = Field(default=None, description="SHA-256 of the picture, in hex. Null if no picture is kept.")


class AccessDecided(Event):
    """The gate made a decision. The event has every check behind it."""

    TYPE: ClassVar[str] = "access.decided"
    verdict: Verdict = Field(description="The decision.")
    reason: Reason = Field(description="The reason of the first check that failed. OK if none failed.")
    checks: tuple[CheckRecord, ...] = Field(description="All checks, in order.")
    permit: PermitRecord | None = Field(default=None, description="The verified permit. Null if there was none.")
    plate: PlateRecord | None = Field(default=None, description="The plate match. Null if there was none.")
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of the pictures behind the decision, in hex.")
    data: DataRecord | None = Field(
        default=None, description="How fresh the lists behind the decision were. Null if the gate used no list."
    )
    vin: VinRecord | None = Field(
        default=None, description="The VIN as read. Null if no VIN was read, or if no permit declares one."
    )
    witness: WitnessRecord | None = Field(
        default=None,
        description="Whether cameras that read plates by themselves agree. Null if they reported nothing, or if the "
        "permit declares no plate.",
    )
    facts: FactsRecord | None = Field(
        default=None,
        description="The facts behind the decision, so that other rules can be tried on it. Null from an earlier "
        "agent, and for a decision without rules, for example while no camera works.",
    )


class AccessCompared(Event):
    """For a lane in dry run: what the gate decided about a vehicle, and what happened to the vehicle.

    In such a lane others move the arm, and the loops show whether the vehicle passed.
    """

    TYPE: ClassVar[str] = "access.compared"
    verdict: Verdict | None = Field(description="What the gate decided. Null if the vehicle left before a decision.")
    reason: Reason | None = Field(description="The reason of the decision. Null if there was none.")
    passed: bool | None = Field(
        description="Whether the vehicle went under the arm and away. Null if no loops could detect that."
    )
    agrees: bool | None = Field(
        description="Whether decision and passage agree: PASS and the vehicle passed, or DENY and it did not. Null "
        "if that is unknown, for example if an officer had to decide."
    )


class AccessGranted(Event):
    """The gate recorded a grant. The grant may raise the barrier once.

    A grant comes from a permit, from an officer, or for safety: an arm that the agent itself was closing opens again.
    """

    TYPE: ClassVar[str] = "access.granted"
    grant: str = Field(description="The id of the grant: the transaction id, a dash and a number.")
    by: Literal["permit", "operator", "safety"] = Field(description="Where the grant comes from.")
    permit: str | None = Field(default=None, description="The permit id, in hex. Null if no permit was verified.")
    operator: str | None = Field(default=None, description="The officer who ordered it. Null if there was none.")
    cause: str | None = Field(
        default=None, description="The reason that the officer gave. Null if there was no officer."
    )
    cause_code: str | None = Field(
        default=None,
        description="The preset reason that the officer chose. Null if there was none, and from an earlier agent.",
    )


class VehicleEntering(Event):
    """The vehicle is under the arm."""

    TYPE: ClassVar[str] = "vehicle.entering"


class TransactionClosed(Event):
    """A transaction ended with its one outcome."""

    TYPE: ClassVar[str] = "transaction.closed"
    outcome: Outcome = Field(description="How the transaction ended.")
    reason: Reason = Field(description="The reason of its last decision.")
    assumed: bool = Field(
        description="Whether the passage was assumed, because no input detected it: the lane has no inputs, or the "
        "next vehicle covered the presence loop the whole time."
    )
    duration_s: float = Field(description="The time since the vehicle's arrival, in seconds.")
    permit: str | None = Field(default=None, description="The permit id, in hex. Null if no permit was verified.")
    plate: str | None = Field(default=None, description="The plate as read. Null if none was read.")
    violations: tuple[Alarm, ...] = Field(default=(), description="The alarms of this passage.")
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of the pictures of the transaction, in hex.")
    direction: str | None = Field(default=None, description="export or import: the direction of the lane.")
    declaration: str | None = Field(
        default=None, description="The declaration that the permit names: 18 digits. Null if no permit was verified."
    )
    vin: str | None = Field(
        default=None,
        description="The vehicle identification number that the permit names. Null if no permit was verified.",
    )
    granted: bool | None = Field(default=None, description="Whether the barrier was told to open. Null if unknown.")
    taken: bool | None = Field(
        default=None,
        description="Whether a vehicle went under the arm, or is assumed to have. Null if unknown, or if it still may.",
    )
    driver_messages: tuple[DriverMessageRecord, ...] = Field(
        default=(),
        description="The messages to the driver, in order: 16 at most. Of more, the first 15 and the last. These "
        "are the messages that the lane gave to signs, loudspeaker and driver page; driver.shown says what signs "
        "and loudspeaker did with them.",
    )
    vin_read: str | None = Field(
        default=None, description="The VIN as read on or near the vehicle. Null if none was read with certainty."
    )
    plate_code: str = Field(
        default="",
        description="The kind of the plate that was read: a GA/T 16.7 code of two digits. 41 if no plate was read "
        "and the permit declares none. Empty if unknown.",
    )
    operator: str | None = Field(
        default=None,
        description="The officer who refused the vehicle. Null if no officer did, and from an earlier agent.",
    )
    cause: str | None = Field(
        default=None, description="The reason that the officer gave. Null if no officer refused the vehicle."
    )
    cause_code: str | None = Field(
        default=None,
        description="The preset reason that the officer chose. Null if there was none, and from an earlier agent.",
    )
