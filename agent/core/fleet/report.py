"""What a gate reports to central about its fleet documents: in `birth`, in `health` and in events.

Central reads the report with the same models, and may be older than the gate. It ignores fields that it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.fleet.document import read_signed
from agent.core.fleet.document_kinds import DocumentKind
from agent.core.fleet.held import DocumentProblem, DocumentState, HeldFleet
from agent.core.fleet.refusals import DocumentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.fleet.document import SignedDocument

DRIFT_TOLD: Final = 50
"""Keys that are told; how many there are is told too."""
LONGEST_VALUE: Final = 200


class FleetDifference(BaseModel):
    """A key that the gate sets otherwise than a fleet document."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    key: str = Field(description="Which key, such as lanes.exit-1.timing.read_s.")
    document: str = Field(description="The place of the document: kind and audience, such as configuration/all.")
    wanted: str = Field(description="What the document wants, as TOML, shortened.")
    local: str = Field(description="What the gate says, as TOML, shortened.")
    counts: bool = Field(description="Whether what the gate says counts: a technician may set this key.")
    person: str = Field(
        default="", description="Who set it, as the history of the configuration knows; empty: unknown."
    )


class FleetDocumentReport(WithDetail):
    """The state of the newest document of a place at the gate, and which one is in force there."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    kind: DocumentKind = Field(description="configuration, policy or software.")
    audience: str = Field(description="For whom it is: all, group:NAME or gate:ID.")
    version: int = Field(description="The version of the newest document that was meant for this gate.")
    digest: str = Field(description="SHA-256, in hex, of its kind, audience and text: the same in every stage.")
    state: DocumentState = Field(
        description="refused; waiting (for vehicles to be gone); trial; applied; undone: the gate went back. Of "
        "software also fetching, and installing until it has proved itself."
    )
    code: DocumentFault | None = Field(default=None, description="Why it was refused or undone; null: it was not.")
    detail: Detail = Field(default="", description="The same in words, in English.")
    message: DetailMessage = None
    problems: tuple[DocumentProblem, ...] = Field(default=(), description="What is wrong with it, by line.")
    at: int = Field(default=0, description="Since when, Unix seconds.")
    in_force: int = Field(default=0, description="The version that runs here, also on trial; 0: none.")
    in_force_digest: str = Field(default="", description="Its digest; empty: none.")


class FleetReport(BaseModel):
    """The fleet documents of a gate."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    groups: tuple[str, ...] = Field(default=(), description="The groups that the gate belongs to.")
    documents: tuple[FleetDocumentReport, ...] = Field(default=(), description="One for each kind and audience.")
    drift: tuple[FleetDifference, ...] = Field(
        default=(), description=f"Keys that the gate sets otherwise than its documents, {DRIFT_TOLD} at most."
    )
    drifting: int = Field(default=0, description="How many such keys there are.")


def fleet_report(
    held: HeldFleet, running: Sequence[SignedDocument], groups: Sequence[str], drift: Sequence[FleetDifference]
) -> FleetReport:
    """What a gate tells. `running`: the documents in the configuration with which it runs."""
    installed = [read_signed(one)[0] for one in held.installed]
    in_force = {one.document.place: (one.document.version, one.document.digest) for one in (*running, *installed)}
    documents = [
        FleetDocumentReport(
            kind=one.kind,
            audience=one.audience,
            version=one.version,
            digest=one.digest,
            state=one.state,
            code=one.code,
            detail=one.detail,
            message=one.message,
            problems=one.problems,
            at=round(one.utc),
            in_force=in_force.get(one.place, (0, ""))[0],
            in_force_digest=in_force.get(one.place, (0, ""))[1],
        )
        for one in sorted(held.outcomes, key=lambda one: one.place)
    ]
    return FleetReport(
        groups=tuple(groups), documents=tuple(documents), drift=tuple(drift[:DRIFT_TOLD]), drifting=len(drift)
    )
