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
        description="What noticed it: loops, a camera or scanner, an officer."
    )
    direction: str | None = Field(default=None, description="export or import: that of the lane.")


class PermitPresented(Event):
    """A QR text was seen. The text itself is never told."""

    TYPE: ClassVar[str] = "permit.presented"
    length: int = Field(description="Of the text, in bytes.")
    digest: str = Field(description="The first 8 bytes of the text's SHA-256, in hex.")
    engine: str = Field(description="Which reader found it.")
    camera: str = Field(description="Which camera or scanner saw it.")
    picture: str | None = Field(default=None, description="SHA-256 of the picture, in hex, where one is kept.")


class VehicleVin(Event):
    """A VIN was read, on the vehicle or near it. Told once of each, when a permit says which it is to be."""

    TYPE: ClassVar[str] = "vehicle.vin"
    vin: str = Field(description="The VIN as read; the declared one is in access.decided.")
    source: VinSource = Field(description="What it was read from: a kind of code, print, or by a scanner.")
    camera: str = Field(description="Which camera or scanner read it.")
    match: Literal["equal", "other"] = Field(
        description="Whether it is the declared one. Another one alone refuses no vehicle: it may be that of a second "
        "label, or of a vehicle behind."
    )
    frames: int = Field(description="How many readings there were until then.")
    score: float | None = Field(
        default=None,
        description="Of print the log odds, in nats, of the declared VIN against all others together; null: a code.",
    )
    check_digit: bool = Field(
        default=True,
        description="False: it must carry a check digit and carries a wrong one, so it may be misread. No proof either "
        "way.",
    )
    picture: str | None = Field(default=None, description="SHA-256 of the picture, in hex, where one is kept.")


class AccessDecided(Event):
    """A decision, with every check behind it."""

    TYPE: ClassVar[str] = "access.decided"
    verdict: Verdict = Field(description="What was decided.")
    reason: Reason = Field(description="Why: that of the first check that failed, else OK.")
    checks: tuple[CheckRecord, ...] = Field(description="All checks that were made, in order.")
    permit: PermitRecord | None = Field(default=None, description="The verified permit; null: none was.")
    plate: PlateRecord | None = Field(default=None, description="The plate match; null: none was made.")
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of the pictures behind it, in hex.")
    data: DataRecord | None = Field(
        default=None, description="How fresh the lists behind it were; null: no list was asked."
    )
    vin: VinRecord | None = Field(
        default=None, description="The VIN as read; null: none was, or no permit says which it is to be."
    )
    witness: WitnessRecord | None = Field(
        default=None,
        description="Whether cameras that read plates by themselves say the same; null: none said anything, or the "
        "permit declares no plate.",
    )
    facts: FactsRecord | None = Field(
        default=None,
        description="What it was made on, so that other rules can be tried on it; null: an earlier agent, or a "
        "decision that no rule made, such as while no camera worked.",
    )


class AccessCompared(Event):
    """In a lane in dry run: what would have been done with a vehicle, and what happened to it.

    Others move the arm there, and the loops tell whether the vehicle went.
    """

    TYPE: ClassVar[str] = "access.compared"
    verdict: Verdict | None = Field(description="What was decided; null: it went before anything was.")
    reason: Reason | None = Field(description="Why; null: nothing was decided.")
    passed: bool | None = Field(description="It went under the arm and away; null: no loops could tell.")
    agrees: bool | None = Field(
        description="Whether both are the same: PASS, and it went, or DENY, and it did not. Null: that cannot be said, "
        "as where an officer was to decide."
    )


class AccessGranted(Event):
    """A grant was recorded; it may raise the barrier once.

    By a permit, by an officer, or for safety: a closing arm that the agent itself had ordered down goes up again.
    """

    TYPE: ClassVar[str] = "access.granted"
    grant: str = Field(description="The id of the grant: the transaction's, a dash and a number.")
    by: Literal["permit", "operator", "safety"] = Field(description="Who granted it.")
    permit: str | None = Field(default=None, description="The permit id, in hex, where one was verified.")
    operator: str | None = Field(default=None, description="The officer who ordered it.")
    cause: str | None = Field(default=None, description="Why the officer did.")
    cause_code: str | None = Field(
        default=None, description="Which of the preset reasons the officer chose; null: none, or an earlier agent."
    )


class VehicleEntering(Event):
    """The vehicle is under the arm."""

    TYPE: ClassVar[str] = "vehicle.entering"


class TransactionClosed(Event):
    """The one outcome of a transaction."""

    TYPE: ClassVar[str] = "transaction.closed"
    outcome: Outcome = Field(description="How it ended.")
    reason: Reason = Field(description="Why: that of its last decision.")
    assumed: bool = Field(
        description="The passage was not seen by inputs but taken for granted: a lane without them, or one whose next "
        "vehicle covered the presence loop the whole time."
    )
    duration_s: float = Field(description="From the vehicle's arrival, in seconds.")
    permit: str | None = Field(default=None, description="The permit id, in hex, where one was verified.")
    plate: str | None = Field(default=None, description="The plate as read.")
    violations: tuple[Alarm, ...] = Field(default=(), description="The alarms of this passage.")
    pictures: tuple[str, ...] = Field(default=(), description="SHA-256 of its pictures, in hex.")
    direction: str | None = Field(default=None, description="export or import: that of the lane.")
    declaration: str | None = Field(default=None, description="The declaration that the permit names: 18 digits.")
    vin: str | None = Field(default=None, description="The vehicle identification number that the permit names.")
    granted: bool | None = Field(default=None, description="The barrier was told to open; null: not known.")
    taken: bool | None = Field(
        default=None,
        description="A vehicle went under the arm, or is assumed to have; null: not known, or it still may.",
    )
    driver_messages: tuple[DriverMessageRecord, ...] = Field(
        default=(),
        description="What the driver was told, in order, to the message with which it ended; at most 16, of more the "
        "first 15 and the last. It is what the lane gave to signs, voice and driver page; which of them were there, "
        "device.changed tells.",
    )
    vin_read: str | None = Field(
        default=None, description="The VIN as read on the vehicle or near it; null: none was, or not for sure."
    )
    plate_code: str = Field(
        default="",
        description="The kind of the plate as read by GA/T 16.7, two digits; 41: none was read, and the permit "
        "declares none; empty: not known.",
    )
    operator: str | None = Field(
        default=None, description="The officer who refused the vehicle; null: no officer did, or an earlier agent."
    )
    cause: str | None = Field(default=None, description="Why the officer did.")
    cause_code: str | None = Field(
        default=None, description="Which of the preset reasons the officer chose; null: none, or an earlier agent."
    )
