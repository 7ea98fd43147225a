"""The messages between the gates of a site: JSON in a text that the sending gate signs with its key.

The gates do not trust the broker between them. It can drop, delay, repeat and reorder messages, but it cannot create or
change one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from agent.core.model import LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.permit_uses import PeerRow

if TYPE_CHECKING:
    from collections.abc import Sequence


VERSION: Final = 2
"""Of the messages. 1 had no sessions, and is refused: what was said in it can be said again by whoever has heard it."""
LONGEST: Final = 262_144
"""Bytes of the longest text that is looked at."""
ROWS_A_MESSAGE: Final = 300
HEADS_A_MESSAGE: Final = 16
EVERYBODY: Final = "*"

_Id = Annotated[str, Field(min_length=1, max_length=64)]
Nonce = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Permit = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
ShortText = Annotated[str, Field(max_length=64)]
_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
_Use = Annotated[int, Field(ge=0, le=1_000_000)]
_Row = tuple[_Count, _Permit, Annotated[_Use, Field(ge=1)], LedgerState, _Id, _Count, ShortText, ShortText, ShortText]


class SiteFault(StrEnum):
    """What can be wrong with a text from another gate, in the order of the checks."""

    TOO_LARGE = "too_large"
    NOT_SIGNED = "not_signed"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    OTHER_VERSION = "other_version"
    CONTENT_INVALID = "content_invalid"
    WRONG_SITE = "wrong_site"
    WRONG_GATE = "wrong_gate"
    NO_SESSION = "no_session"
    REPLAYED = "replayed"


class SiteMessageError(ValueError):
    """A text from another gate is refused; `fault` says why in one word, the message in a sentence.

    `gate`: whose key has signed it; empty while that is not proven. `version`: of the messages that it speaks, where
    that is not this gate's.
    """

    def __init__(self, fault: SiteFault, message: str, *, gate: str = "", version: int = 0) -> None:
        super().__init__(message)
        self.fault = fault
        self.gate = gate
        self.version = version


class MessageBody(BaseModel):
    """What is said, without who says it to whom."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Hello(MessageBody):
    """Gates meet. `challenge`: a nonce that the other must answer; `answer`: the one that it challenged with; or none.

    `rows_number`: the number of what the sender told EVERYBODY last in this session.
    """

    kind: Literal["hello"] = "hello"
    challenge: Nonce | Literal[""] = ""
    answer: Nonce | Literal[""] = ""
    rows_number: _Count = 0


class Claim(MessageBody):
    """A gate wants a use of a permit.

    `id`: of this claim, never used for another, and dead once it was not answered.
    """

    kind: Literal["claim"] = "claim"
    id: _Id
    permit: _Permit
    vehicle: ShortText
    direction: ShortText
    max_uses: Annotated[int, Field(ge=1, le=1_000_000)]
    already_exited_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ClaimReply(MessageBody):
    """The home gate's answer to the claim of this id."""

    kind: Literal["answer"] = "answer"
    id: _Id
    permit: _Permit
    code: ClaimCode
    use: _Use = 0
    by: ShortText = ""
    detail: Annotated[str, Field(max_length=300)] = ""


class ClaimEnded(MessageBody):
    """The claim of this id is over.

    What became of it stands in the sender's row log, up to the place `seq` of `stream`. Nothing there: it was not used,
    and never will be.
    """

    kind: Literal["over"] = "over"
    id: _Id
    permit: _Permit
    stream: _Id
    seq: _Count


class ClaimQuery(MessageBody):
    """A home gate asks a gate what became of a claim that it granted; the answer is Over, or Alive."""

    kind: Literal["query"] = "query"
    id: _Id
    permit: _Permit


class ClaimActive(MessageBody):
    """The claim of this id is not over yet: its transaction may still use it."""

    kind: Literal["alive"] = "alive"
    id: _Id
    permit: _Permit


SignedHead: TypeAlias = Annotated[str, Field(max_length=2048)]
"""A gate's own signed record of where its chain of events stands (agent.core.trust_state.head_record); "" for none."""


class RowsRequest(MessageBody):
    """A gate asks another for the rows after a place of its row log; `whole`, an id: for all rows of all gates.

    Asking for the whole it has lost what it granted: whatever it has granted the other, that is not used yet, is void.
    `heads`: where the chain of the gate that is asked stood, in that gate's own words, as the asking one has heard of
    late.
    """

    kind: Literal["want"] = "want"
    stream: ShortText = ""
    after: _Count = 0
    whole: ShortText = ""
    heads: Annotated[tuple[SignedHead, ...], Field(max_length=HEADS_A_MESSAGE)] = ()


class Rows(MessageBody):
    """Changes of the ledger of the gate that sends them, which follow on the place `after`.

    Without any: where it stands. `whole`: the id of the Want that they answer: all rows of all gates, in parts that
    count from 1 to the `last`; the sender's row log stood at `after` when it began to read them. `head`: the end of the
    sender's chain of events. `known`, in the last part of a whole: how far the sender knew row logs of the gate that
    asked, by their streams.
    """

    kind: Literal["rows"] = "rows"
    stream: _Id
    after: _Count
    rows: Annotated[tuple[_Row, ...], Field(max_length=ROWS_A_MESSAGE)] = ()
    whole: ShortText = ""
    part: _Count = 0
    last: bool = False
    head: SignedHead = ""
    known: Annotated[tuple[tuple[_Id, _Count], ...], Field(max_length=4)] = ()


SiteMessage: TypeAlias = Hello | Claim | ClaimReply | ClaimEnded | ClaimQuery | ClaimActive | RowsRequest | Rows


def rows_to_message(rows: Sequence[PeerRow]) -> tuple[_Row, ...]:
    """The rows of a ledger as they stand in a message."""
    return tuple(
        (
            row.seq,
            row.permit_id.hex(),
            row.use,
            row.state,
            row.transaction,
            row.utc_ms,
            row.vehicle,
            row.direction,
            row.gate,
        )
        for row in rows
    )


def rows_from_message(rows: Sequence[_Row]) -> tuple[PeerRow, ...]:
    """The rows of a message as a ledger takes them."""
    return tuple(PeerRow(row[0], bytes.fromhex(row[1]), *row[2:]) for row in rows)
