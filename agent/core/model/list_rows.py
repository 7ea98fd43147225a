"""The rows of the lists, as the gate uses them after verification."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.core.model.trace_context import TraceContext


class DeclarationStatus(StrEnum):
    """The status that customs gives a declaration. Only RELEASED may pass."""

    DECLARED = "declared"
    RELEASED = "released"
    HELD = "held"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Declaration:
    """The central record behind a permit; `permit_id` is its key. Times are Unix seconds.

    The fields that a permit has too mean the same there (agent.core.permit.claims.Permit). `issuer`: who issued the
    permit. `reference`: the first 16 bytes of the SHA-256 of the secret in a `GPR:` code, None where the permit has no
    such form: who steals the list cannot make the code. `exporter`, `model`, `colour`: for the officer; may be empty.
    `trace`: central's trace of this vehicle, without a state; None where there is none. It decides nothing.
    """

    permit_id: bytes
    status: DeclarationStatus
    issuer: str
    not_before: int
    expires_at: int
    declaration: int
    vin: str
    plate: str | None
    plate_kind: str | None
    energy: int | None
    site: int
    lane_mask: int
    direction: str
    max_uses: int
    reference: bytes | None = None
    exporter: str = ""
    model: str = ""
    colour: str = ""
    trace: TraceContext | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """A permit that must not pass any more. `expires_at`: when the permit itself would have ended, Unix seconds."""

    permit_id: bytes
    expires_at: int
    cause: str = ""


class Subject(StrEnum):
    """What an entry of the watch list names."""

    PERMIT = "permit"
    VIN = "vin"
    PLATE = "plate"
    DECLARATION = "declaration"


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody whom an officer wants to see. `value`: permit id in hex, VIN, plate in normal form, 18 digits."""

    subject: Subject
    value: str
    note: str = ""
    expires_at: int | None = None
