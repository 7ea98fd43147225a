"""The fleet documents of a gate: documents in force, waiting and on trial, and the result of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.fleet.document_kinds import DocumentKind
from agent.core.fleet.refusals import DocumentFault

UNDONE_KEPT: Final = 64
LONGEST_DETAIL: Final = 1_000
PROBLEMS_KEPT: Final = 20


class DocumentState(StrEnum):
    """The state of the newest document of a place at a gate.

    REFUSED: the gate did not accept it. WAITING: the gate accepted it, and waits until no vehicle is there. TRIAL: it
    runs, and the gate can still undo it. APPLIED: it is in force. UNDONE: it ran or was about to run, and the gate went
    back to what ran before. FETCHING: the gate fetches the package of a software document. INSTALLING: the package is
    installed and must prove itself.
    """

    REFUSED = "refused"
    WAITING = "waiting"
    TRIAL = "trial"
    APPLIED = "applied"
    UNDONE = "undone"
    FETCHING = "fetching"
    INSTALLING = "installing"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DocumentProblem(BaseModel):
    """One error in the text of a document, or in the configuration that results from it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    source: str = Field(
        description="Where the error is: the place of the document, such as configuration/all, or a file."
    )
    line: int | None = Field(default=None, description="The line, from 1. Null if unknown.")
    column: int | None = Field(default=None, description="The column, from 1. Null if unknown.")
    key: str = Field(default="", description="The key with the error.")
    message: Detail = Field(description="What the gate expected, in English.")


class Floor(_Kept):
    """The highest version that came. `identity`: which document it was."""

    version: int
    identity: str


class DocumentOutcome(WithDetail, _Kept):
    """What became of the newest document of a place. `utc`: when, Unix seconds. `told`: an event has told of it.

    `message`: what `detail` was made of, where the outcome was read from the disk; a text has its own.
    """

    kind: DocumentKind
    audience: str
    version: int
    digest: str
    key: str
    state: DocumentState
    code: DocumentFault | None = None
    detail: Detail = ""
    message: DetailMessage = None
    problems: Annotated[tuple[DocumentProblem, ...], Field(max_length=PROBLEMS_KEPT)] = ()
    utc: float = 0.0
    told: bool = False

    @property
    def place(self) -> str:
        """As of the document."""
        return f"{self.kind}/{self.audience}"


class UndoneReason(WithDetail, _Kept):
    """Why the gate went back from a document: what it says when the same text comes again."""

    code: DocumentFault
    detail: Detail = ""
    message: DetailMessage = None


class Trial(_Kept):
    """A document on trial. `texts`: all that are in force with it, signed. `signed`: the one on trial.

    `begun`: the agent has been told to start with it. `process`: which process runs with it, from `began_at` (monotonic
    seconds of that process) on. `was_up`, `was_whole`: the devices that were up before, and whether the gate was whole.
    """

    texts: tuple[str, ...]
    signed: str
    was_up: tuple[str, ...] = ()
    was_whole: bool = True
    begun: bool = False
    process: str = ""
    began_at: float = 0.0


class HeldFleet(_Kept):
    """What is kept. Signed texts are kept as they came; nothing of them counts before it is proven again.

    `in_force`: layers of the configuration; `installed`: software documents in force. `floors` by slot; `undone`:
    digests of what the gate went back from; `reasons`: why, by digest, where the agent that went back kept it; `drift`:
    a digest of the drift that was told.
    """

    in_force: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    trial: Trial | None = None
    floors: dict[str, Floor] = {}
    outcomes: tuple[DocumentOutcome, ...] = ()
    undone: tuple[str, ...] = ()
    reasons: dict[str, UndoneReason] = {}
    drift: str = ""

    def with_undone(self, digest: str, reason: UndoneReason) -> HeldFleet:
        """The same, and the gate went back from this text."""
        known = (*(one for one in self.undone if one != digest), digest)[-UNDONE_KEPT:]
        reasons = {one: why for one, why in {**self.reasons, digest: reason}.items() if one in known}
        return self.model_copy(update={"undone": known, "reasons": reasons})

    def without_undone(self, digest: str) -> HeldFleet:
        """The same, and this text may be tried again: it is in force."""
        known = tuple(one for one in self.undone if one != digest)
        reasons = {one: why for one, why in self.reasons.items() if one != digest}
        return self.model_copy(update={"undone": known, "reasons": reasons})

    @property
    def running(self) -> tuple[str, ...]:
        """The texts that the configuration is made with: those on trial, while there is one."""
        return self.in_force if self.trial is None else self.trial.texts


class HeldFleetError(ValueError):
    """The bytes are not what a gate holds of fleet documents."""


def held_bytes(held: HeldFleet) -> bytes:
    """What is held as bytes: JSON in UTF-8."""
    return held.model_dump_json().encode()


def parsed_held(data: bytes) -> HeldFleet:
    """What was kept. Raises HeldFleetError."""
    try:
        return HeldFleet.model_validate_json(data)
    except ValidationError as error:
        raise HeldFleetError(str(error.errors(include_url=False, include_input=False)[0]["msg"])) from None
