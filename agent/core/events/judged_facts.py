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
    """The plate that the readings voted for, whether or not a permit declares one."""

    read: str = Field(description="The plate as read.")
    confidence: float = Field(description="The probability of the whole text, 0 to 1.")
    frames: int = Field(description="The number of readings in the vote.")
    agreeing: int = Field(description="The number of those readings that have exactly this text.")
    kind: str = Field(description="The kind of what was read, by format and colour.")
    colour: str = Field(description="The background colour of what was read.")
    contested: bool = Field(
        description="Whether another plate in the same frames is nearly as likely to be the vehicle's."
    )


class PermitClaimsRecord(_Facts):
    """The values of a verified permit that PermitRecord does not have."""

    not_before: int = Field(description="When the permit becomes valid, in Unix seconds.")
    issued_at: int = Field(description="When the permit was issued, in Unix seconds.")
    site: int = Field(description="The number of the site.")
    lane_mask: int = Field(description="The lanes of the permit: bit 0 is lane 1. 0 means any lane.")
    direction: str = Field(description="export or import.")
    max_uses: int = Field(description="How often the permit may be used.")
    plate_kind: str | None = Field(description="The declared kind, by format and colour. Null if none is declared.")


class DeclarationRecord(_Facts):
    """The values of the declaration behind a permit."""

    status: DeclarationStatus = Field(description="The status that customs gave the declaration.")
    max_uses: int = Field(description="How often the vehicle may pass.")
    not_before: int = Field(description="When the declaration becomes valid, in Unix seconds.")
    expires_at: int = Field(description="When the declaration expires, in Unix seconds. From then on it is not valid.")
    lane_mask: int = Field(description="The lanes of the declaration: bit 0 is lane 1. 0 means any lane.")
    differs: tuple[str, ...] = Field(description="The fields in which the declaration and the permit differ.")


class ListRecord(_Facts):
    """A list that the gate had."""

    list: ListKind = Field(description="Which list it is.")
    version: int = Field(description="The version of the list.")
    issued_at: int = Field(description="When central last confirmed that this version is the newest, in Unix seconds.")


class UsesRecord(_Facts):
    """The uses of the permit in the permit ledger."""

    used: int = Field(description="The number of consumed uses at all gates of the site.")
    reserved_by: str | None = Field(
        description="The transaction of this gate that reserved a use. Null if there is none."
    )
    in_doubt: bool = Field(description="Whether it is unknown if the vehicle of that transaction passed.")
    passed_s: float | None = Field(
        description="Seconds since the vehicle last passed, if that was in the same direction. Null otherwise."
    )
    used_at: str | None = Field(description="The other gate that consumed the last use. Null if it was this gate.")


class ExitRecord(_Facts):
    """The newest passage of the vehicle in the same direction under another permit, however long ago."""

    permit: str = Field(description="The id of the other permit, in hex.")
    gate: str = Field(description="The gate where the vehicle passed.")
    utc: float = Field(description="When the vehicle passed, in Unix seconds.")


class FloorRecord(_Facts):
    """The lowest version that the gate accepts of a list."""

    list: str = Field(description="Which list it is.")
    version: int = Field(description="The lowest version.")


class HoldRecord(_Facts):
    """The limits on permits while the gate's own state is not whole."""

    all_permits: bool = Field(description="Whether no permit may pass.")
    ledger: bool = Field(description="Whether only permits that were issued after the loss of the ledger may pass.")
    issued_after: float | None = Field(
        description="From when on a permit counts as issued after that loss, in Unix seconds. Null if no such time "
        "is known."
    )
    floors: tuple[FloorRecord, ...] = Field(description="The lowest version that each list must have.")


class ClaimRecord(_Facts):
    """The answer of the gate that keeps the uses of the permit: the home gate of the permit, or this gate."""

    code: Literal[
        "granted", "flagged", "used_at_other_gate", "reserved_elsewhere", "vin_already_exited", "ledger_unreachable"
    ] = Field(description="The answer. With granted and flagged the vehicle may pass.")
    gate: str = Field(
        description="The gate that used or reserved the permit, or that did not answer. Empty if there is none."
    )


class FactsRecord(_Facts):
    """The facts behind a decision. They are enough to judge it again by other rules (`gate-agent replay`)."""

    utc: float = Field(description="The time of the decision, in Unix seconds.")
    clock_trusted: bool = Field(description="Whether the gate trusted its clock.")
    final: bool = Field(description="Whether the gate expected no more evidence.")
    require: Literal["permit_and_plate", "permit", "plate", "either"] = Field(
        description="What the lane required, as in its configuration."
    )
    forms: tuple[str, ...] = Field(description="The forms of permits that the gate accepted, as in its configuration.")
    tie: Literal["nothing", "plate", "vin", "either", "both", "officer"] = Field(
        description="What had to tie the permit to the vehicle: nothing, its plate, its VIN, one of the two, both, "
        "or an officer who looks."
    )
    assessed: Reason = Field(
        description="The result of the permit itself, before the gate asked the lists and the ledger: OK, or why it "
        "is not valid. What the lists and the ledger say is known only for OK."
    )
    by_plate: bool = Field(description="Whether no code counted, so that the plate had to lead to the permit.")
    readings: int = Field(description="The number of plate readings that counted.")
    set_aside: int = Field(
        description="The number of further plate readings that the gate ignored as those of other vehicles."
    )
    of_same_camera: int = Field(
        description="The number of further plate readings that did not count, because the camera that read the "
        "permit made them."
    )
    permit_by: tuple[str, ...] = Field(description="The cameras and scanners that read the permit.")
    plate_by: tuple[str, ...] = Field(description="The cameras that made the `readings`.")
    label_by: tuple[str, ...] = Field(description="The cameras and scanners that read VINs.")
    vins_of_same_camera: int = Field(
        description="The number of VIN readings that did not count, for the same reason as in `of_same_camera`."
    )
    vote: VoteRecord | None = Field(description="The plate that was read. Null if none was.")
    disputed: bool = Field(
        description="Whether a witness and the gate's own cameras disagree about the declared plate."
    )
    permit: PermitClaimsRecord | None = Field(description="The values of the permit. Null if no permit was verified.")
    lists: tuple[ListRecord, ...] = Field(description="The lists that the gate had, without the trust list.")
    trust_expires_at: int = Field(description="When the trust list expires, in Unix seconds.")
    uses: UsesRecord | None = Field(description="The answer of the ledger. Null if there was no permit.")
    declaration: DeclarationRecord | None = Field(
        description="The declaration behind the permit. Null if the gate had none."
    )
    revoked: bool = Field(description="Whether central had revoked the permit.")
    watched: Subject | None = Field(
        description="The kind of watch list entry that the vehicle matched. Null if there was none."
    )
    others: int | None = Field(
        description="The number of declared plates of other vehicles that look like the plate that was read. Null "
        "if the gate did not check."
    )
    other_exit: ExitRecord | None = Field(
        description="The passage of the vehicle under another permit. Null if none is known."
    )
    hold: HoldRecord | None = Field(
        description="The limits because the gate's state was not whole. Null if it was whole."
    )
    claim: ClaimRecord | None = Field(
        description="The answer of the gate that keeps the uses. Null if it was not asked."
    )
    second: Literal["confirmed", "unclear", "different", "failed"] | None = Field(
        description="The result of the second reading of the kept pictures. Null if there was none."
    )
