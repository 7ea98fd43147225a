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
    reason: Reason = Field(description="The reason that it would give, had it failed.")
    ok: bool = Field(description="Whether it held.")
    detail: Detail = Field(default="", description="What it saw, in words.")
    message: DetailMessage = None


class PermitRecord(BaseModel):
    """What an event says of a verified permit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    permit: str = Field(description="The permit id, in hex.")
    issuer: str = Field(description="Who issued it.")
    key: str = Field(description="The id of the key that signed it, in hex.")
    declaration: str = Field(description="The number of the declaration: 18 digits.")
    vin: str = Field(description="The vehicle identification number.")
    plate: str | None = Field(description="The declared plate; null: the vehicle has none yet.")
    expires_at: int = Field(description="From when on it is not valid any more, Unix seconds.")
    form: Literal["signed", "jws", "reference", "plate"] = Field(
        default="signed",
        description="How it was shown: a signed code, a JWS, a reference to a declaration, or by the plate alone.",
    )
    plate_code: str = Field(
        default="",
        description="The kind of the declared plate by GA/T 16.7, two digits, such as 02; 41: it has no plate; empty: "
        "no code is known for it.",
    )
    traceparent: str | None = Field(
        default=None,
        pattern=TRACEPARENT,
        description="The W3C trace context that its declaration carries, of which the transaction is a span; null: it "
        "carries none.",
    )


class DataRecord(BaseModel):
    """How fresh the lists behind a decision were."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: DataState = Field(description="What their age allowed.")
    age_s: int | None = Field(
        description="Seconds since central's word on the oldest list that the gate needs; null: it needs none, "
        "or lacks one."
    )
    trust: int = Field(description="Version of the trust list; 0: none.")
    declarations: int | None = Field(default=None, description="Version of the declarations; null: none are here.")
    revocations: int | None = Field(default=None, description="Version of the revocations; null: none are here.")
    watch: int | None = Field(default=None, description="Version of the watch list; null: none is here.")


class PlateRecord(BaseModel):
    """What an event says of the plate match."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str = Field(description="MATCH, UNSURE or MISMATCH.")
    declared: str = Field(description="The plate that the permit declares.")
    read: str = Field(description="The plate that the frames voted for; empty: none was read.")
    score: float = Field(
        description="Log odds, in nats, of the declared plate against all other texts together, -99 to 99."
    )
    frames: int = Field(description="How many readings the vote holds.")
    rival: bool = Field(
        default=False, description="Another active declaration explains the picture better than the declared plate."
    )
    kind: str = Field(
        default="",
        description="The kind of what was read, by format and colour, such as trailer; empty: none was read.",
    )
    colour: str = Field(
        default="",
        description="The colour of its ground: blue, yellow, green, yellow_green, white, black, red or not_known, as "
        "at night; empty: none was read.",
    )
    code: str = Field(
        default="",
        description="The kind of what was read by GA/T 16.7, two digits, such as 02 or 22; empty: no code is known for "
        "it.",
    )


class VinRecord(BaseModel):
    """What an event says of the VIN that was read; the declared one is in the permit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: str = Field(description="MATCH: the declared VIN was read; UNSURE: it may be; MISMATCH: another one was.")
    read: str = Field(description="The VIN as read.")
    source: VinSource = Field(description="What it was read from: a kind of code, print, or by a scanner.")
    score: float = Field(
        description="Log odds, in nats, of the declared VIN against all others together, -99 to 99; 99 and -99 for a "
        "code, which has none."
    )
    frames: int = Field(description="How many readings say so.")
    others: int = Field(default=0, description="How many VINs were read that are surely not the declared one.")


class WitnessRecord(BaseModel):
    """What an event says of the witnesses: cameras that read plates by themselves, whose word opens nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    standing: str = Field(
        description="agrees: one was sure of the declared one, and none of another; contradicts: one was sure of "
        "another; unclear: none was sure, or what was said may be a slip of the declared one."
    )
    said: str = Field(description="The plate that it said.")
    witness: str = Field(description="Which witness said so.")
