"""The facts of a decision: its checks, the permit, the lists, the plate, the VIN, and readings of witnesses."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.lists import DataState
from agent.core.model import TRACEPARENT, Reason, VinSource


class CheckRecord(WithDetail):
    """One check of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: Reason = Field(description="The reason that the check gives when it fails.")
    ok: bool = Field(description="Whether the vehicle passed the check.")
    detail: Detail = Field(default="", description="What the check found, in words.")
    message: DetailMessage = None


class PermitRecord(BaseModel):
    """The verified permit in an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    permit: str = Field(description="The permit id, in hex.")
    issuer: str = Field(description="Who issued the permit.")
    key: str = Field(description="The id of the key that signed the permit, in hex.")
    declaration: str = Field(description="The number of the declaration: 18 digits.")
    vin: str = Field(description="The vehicle identification number.")
    plate: str | None = Field(description="The declared plate. Null if the vehicle has no plate yet.")
    expires_at: int = Field(description="When the permit expires, in Unix seconds. From then on it is not valid.")
    form: Literal["signed", "jws", "reference", "plate"] = Field(
        default="signed",
        description="How the permit was shown: a signed code, a JWS, a reference to a declaration, or the plate alone.",
    )
    plate_code: str = Field(
        default="",
        description="The kind of the declared plate: a GA/T 16.7 code of two digits, such as 02. 41 if the vehicle "
        "has no plate. Empty if no code is known for the plate.",
    )
    traceparent: str | None = Field(
        default=None,
        pattern=TRACEPARENT,
        description="The W3C trace context of the declaration. The transaction is a span of it. Null if there is none.",
    )


class DataRecord(BaseModel):
    """How fresh the lists behind a decision were."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: DataState = Field(description="What the age of the lists allowed.")
    age_s: int | None = Field(
        description="Seconds since central confirmed the oldest list that the gate needs. Null if the gate needs no "
        "list or lacks one."
    )
    trust: int = Field(description="The version of the trust list. 0 if there is none.")
    declarations: int | None = Field(
        default=None, description="The version of the declarations. Null if the gate has none."
    )
    revocations: int | None = Field(
        default=None, description="The version of the revocations. Null if the gate has none."
    )
    watch: int | None = Field(default=None, description="The version of the watch list. Null if the gate has none.")


class PlateRecord(BaseModel):
    """The plate match in an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str = Field(description="MATCH, UNSURE or MISMATCH.")
    declared: str = Field(description="The plate that the permit declares.")
    read: str = Field(description="The plate that the frames voted for. Empty if no plate was read.")
    score: float = Field(
        description="The log odds, in nats, of the declared plate against all other texts together: -99 to 99."
    )
    frames: int = Field(description="The number of readings in the vote.")
    rival: bool = Field(
        default=False,
        description="Whether another active declaration explains the picture better than the declared plate.",
    )
    kind: str = Field(
        default="",
        description="The kind of what was read, by format and colour, such as trailer. Empty if nothing was read.",
    )
    colour: str = Field(
        default="",
        description="The background colour of what was read: blue, yellow, green, yellow_green, white, black, red, "
        "or not_known, for example at night. Empty if nothing was read.",
    )
    code: str = Field(
        default="",
        description="The kind of what was read: a GA/T 16.7 code of two digits, such as 02 or 22. Empty if no code "
        "is known for it.",
    )
    country: str = Field(
        default="",
        description="The country of what was read, in two letters (ISO 3166-1), such as KZ: the most probable one, by "
        "format, shape and colour. Empty if nothing was read, or if the gate does not know the plates of that country.",
    )
    country_probability: float = Field(default=0.0, description="How probable that country is: 0 to 1.")


class VinRecord(BaseModel):
    """The VIN that was read. The declared VIN is in `permit`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str = Field(
        description="MATCH: the declared VIN was read. UNSURE: it may be the declared VIN. MISMATCH: another VIN "
        "was read."
    )
    read: str = Field(description="The VIN as read.")
    source: VinSource = Field(description="What the VIN was read from: a kind of code, print, or a scanner.")
    score: float = Field(
        description="The log odds, in nats, of the declared VIN against all others together: -99 to 99. A code has "
        "no odds: its score is 99 or -99."
    )
    frames: int = Field(description="The number of readings that gave this result.")
    others: int = Field(
        default=0, description="The number of VINs that were read and are certainly not the declared one."
    )


class WitnessRecord(BaseModel):
    """The result of the witnesses: cameras that read plates by themselves. Their reports never open the barrier."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    standing: str = Field(
        description="agrees: a witness was sure of the declared text, and none was sure of another. contradicts: a "
        "witness was sure of another text. unclear: none was sure, or the reading may be a misread of the "
        "declared text."
    )
    said: str = Field(description="The plate that the witness reported.")
    witness: str = Field(description="The witness that reported it.")
