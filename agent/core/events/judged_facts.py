"""The facts of a decision as its event records them: enough to judge the vehicle again by other rules.

They contain no text of a code, no words of an officer, and no plate except the one that was read.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.model import DeclarationStatus, ListKind, Reason, Subject


class _Facts(BaseModel):
    """Base of all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class VoteRecord(_Facts):
    """The plate that the readings pointed to, whether a permit declares one or not."""

    read: str = Field(description="The plate as read.")
    confidence: float = Field(description="Probability of the whole text, 0 to 1.")
    frames: int = Field(description="How many readings the vote holds.")
    agreeing: int = Field(description="How many of them read exactly this text.")
    kind: str = Field(description="What kind it is, by format and colour.")
    colour: str = Field(description="The colour of its ground.")
    contested: bool = Field(description="Another plate in the same frames may as well have been the vehicle's.")


class PermitClaimsRecord(_Facts):
    """What a verified permit says, beside what its record in the event says."""

    not_before: int = Field(description="From when on it is valid, Unix seconds.")
    issued_at: int = Field(description="When it was issued, Unix seconds.")
    site: int = Field(description="The number of its site.")
    lane_mask: int = Field(description="Its lanes: bit 0 is lane 1; 0: any lane.")
    direction: str = Field(description="export or import.")
    max_uses: int = Field(description="How often it may pass.")
    plate_kind: str | None = Field(description="The declared kind, by format and colour; null: none is declared.")


class DeclarationRecord(_Facts):
    """What the declaration behind a permit said."""

    status: DeclarationStatus = Field(description="What customs said of it.")
    max_uses: int = Field(description="How often it may pass.")
    not_before: int = Field(description="From when on it holds, Unix seconds.")
    expires_at: int = Field(description="From when on it holds no more, Unix seconds.")
    lane_mask: int = Field(description="Its lanes, as a permit has them.")
    differs: tuple[str, ...] = Field(description="The fields that it and the permit have, and which are not the same.")


class ListRecord(_Facts):
    """A list as the gate held it."""

    list: ListKind = Field(description="Which list.")
    version: int = Field(description="Its version.")
    issued_at: int = Field(description="When central last said that it was the newest, Unix seconds.")


class UsesRecord(_Facts):
    """What the permit ledger said."""

    used: int = Field(description="Consumed uses, at any gate of the site.")
    reserved_by: str | None = Field(description="The transaction of this gate that held a use; null: none did.")
    in_doubt: bool = Field(description="It is not known whether the vehicle of that transaction passed.")
    passed_s: float | None = Field(
        description="Seconds since the vehicle last passed, where that was the same way; null: it did not."
    )
    used_at: str | None = Field(description="The other gate that consumed the last use; null: it was this one.")


class ExitRecord(_Facts):
    """The vehicle's newest passage the same way under another permit, however long ago."""

    permit: str = Field(description="The other permit's id, in hex.")
    gate: str = Field(description="Where.")
    utc: float = Field(description="When, Unix seconds.")


class FloorRecord(_Facts):
    """A list that must have a version at least."""

    list: str = Field(description="Which list.")
    version: int = Field(description="The least version.")


class HoldRecord(_Facts):
    """What the gate's own state, which was not whole, kept from permits."""

    all_permits: bool = Field(description="None could pass.")
    ledger: bool = Field(description="None could pass that was not issued after the ledger was lost.")
    issued_after: float | None = Field(description="From when on they counted as issued after it, Unix seconds.")
    floors: tuple[FloorRecord, ...] = Field(description="The versions that lists had to have.")


class ClaimRecord(_Facts):
    """The answer of who keeps the uses of the permit: its home gate, or this one."""

    code: Literal[
        "granted", "flagged", "used_at_other_gate", "reserved_elsewhere", "vin_already_exited", "ledger_unreachable"
    ] = Field(description="What it was.")
    gate: str = Field(description="Who used or held it, or could not be asked; empty: no gate.")


class FactsRecord(_Facts):
    """What a decision was made on, so that it can be judged again by other rules (`gate-agent replay`)."""

    utc: float = Field(description="The time by which it was judged, Unix seconds.")
    clock_trusted: bool = Field(description="Whether that time could be trusted.")
    final: bool = Field(description="No more evidence was to come.")
    require: Literal["permit_and_plate", "permit", "plate", "either"] = Field(
        description="What the lane asked for, as in its configuration."
    )
    forms: tuple[str, ...] = Field(description="The forms of permits that the gate took, as in its configuration.")
    tie: Literal["nothing", "plate", "vin", "either", "both", "officer"] = Field(
        description="What had to tie the permit to the vehicle: nothing, its plate, its VIN, one of the two, both, or "
        "an officer's eye."
    )
    assessed: Reason = Field(
        description="The result of the permit itself, before lists and ledger were asked: OK, or why it does not "
        "hold. What the lists and the ledger said is known only where it is OK."
    )
    by_plate: bool = Field(description="No code counted; the plate was to lead to the permit.")
    readings: int = Field(description="How many readings of plates there were.")
    set_aside: int = Field(description="How many more were taken for those of other vehicles.")
    of_same_camera: int = Field(description="How many more did not count: the camera that read the permit read them.")
    permit_by: tuple[str, ...] = Field(description="The cameras and scanners that read the permit.")
    plate_by: tuple[str, ...] = Field(description="The cameras behind `readings`.")
    label_by: tuple[str, ...] = Field(description="The cameras and scanners that read VINs.")
    vins_of_same_camera: int = Field(description="How many readings of VINs did not count, as of_same_camera.")
    vote: VoteRecord | None = Field(description="The plate that was read; null: none was.")
    disputed: bool = Field(
        description="A witness and the gate's own cameras did not say the same of the declared plate."
    )
    permit: PermitClaimsRecord | None = Field(description="What the permit says; null: none was verified.")
    lists: tuple[ListRecord, ...] = Field(description="The lists as they were, but for the trust list.")
    trust_expires_at: int = Field(description="When the trust list ends, Unix seconds.")
    uses: UsesRecord | None = Field(description="What the ledger said; null: there was no permit to ask for.")
    declaration: DeclarationRecord | None = Field(description="The declaration behind the permit; null: none was here.")
    revoked: bool = Field(description="Central had taken the permit back.")
    watched: Subject | None = Field(description="By what an officer wanted to see the vehicle; null: no one did.")
    others: int | None = Field(
        description="How many declared plates of others looked like what was read; null: it was not asked."
    )
    other_exit: ExitRecord | None = Field(
        description="The vehicle's passage under another permit; null: none is known."
    )
    hold: HoldRecord | None = Field(description="What a state that was not whole kept back; null: it was whole.")
    claim: ClaimRecord | None = Field(description="The answer of the keeper of the uses; null: not asked.")
    second: Literal["confirmed", "unclear", "different", "failed"] | None = Field(
        description="What the second reading of the kept pictures came to; null: there was none."
    )
