"""What the gate signs about its chain: a checkpoint of one event, and the statement of an export.

Both are compact JWS, signed by the gate's own key (agent.core.crypto.jws). The `typ` of the header identifies the kind.
Earlier agents set no `typ`. Their texts are identified by their fields, because each kind has its own set
(agent.core.crypto.jws_type.ISSUED_UNTYPED).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.crypto import JwsError, JwsFault, JwsType, jws
from agent.core.events.chain import time_text
from agent.core.events.event_types import ChainCheckpoint, Draft
from agent.core.model import SEQ_MAX
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto import PublicKey, SigningKey
    from agent.core.events.chain import Point

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Seq = Annotated[int, Field(ge=0, le=SEQ_MAX)]


class Signable(BaseModel):
    """Base of what the gate signs. `time`: when, by the gate's clock, RFC 3339."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    JWS_TYPE: ClassVar[JwsType]
    gate: str = Field(min_length=1)
    stream: str = Field(min_length=1)
    time: str


class Checkpoint(Signable):
    """That the event `seq` of a stream, and with it all before, is the one with this hash.

    `seq` 0: before the first.
    """

    JWS_TYPE: ClassVar[JwsType] = JwsType.CHECKPOINT
    seq: Seq
    digest: Digest


class ExportStatement(Signable):
    """What a file of events holds.

    `first`, `last`: its events; `events`: how many, 0 where first = last + 1. `prev`: the hash of the event before the
    first, `digest`: that of the last, or `prev` where there is none. `sha256`: of the file's bytes.
    """

    JWS_TYPE: ClassVar[JwsType] = JwsType.EXPORT
    first: Seq
    last: Seq
    prev: Digest
    digest: Digest
    events: Seq
    sha256: Digest


S = TypeVar("S", bound=Signable)


def signed(statement: Signable, key: SigningKey) -> str:
    """The statement as a compact JWS."""
    return jws.sign(statement.model_dump_json().encode(), key, jws.kid_of(key.public), statement.JWS_TYPE)


def opened(text: str, key: PublicKey, kind: type[S]) -> S:
    """The statement of this kind that this key has signed.

    Raises JwsError: WRONG_TYPE for a text of another kind, NOT_A_JWS for signed bytes that have not exactly its fields.
    """
    payload = jws.verified(text, key, kind.JWS_TYPE)
    try:
        return kind.model_validate_json(payload)
    except ValidationError as error:
        raise JwsError(
            JwsFault.NOT_A_JWS,
            Text("what is signed is not a {name}: {errors}", name=kind.__name__, errors=error.errors()[0]["msg"]),
        ) from None


def checkpoint_of(point: Point, gate: str, key: SigningKey, utc: float) -> str:
    """The signed checkpoint of a point, as of `utc` (Unix seconds)."""
    when = time_text(round(utc * 1000))
    return signed(Checkpoint(gate=gate, stream=point.stream, time=when, seq=point.seq, digest=point.digest), key)


def checkpoint_draft(before: Point, gate: str, key: SigningKey, utc: float) -> Draft:
    """The event that checkpoints the one `before` it."""
    event = ChainCheckpoint(
        seq=before.seq,
        digest=before.digest,
        key=jws.kid_of(key.public),
        signature=checkpoint_of(before, gate, key, utc),
    )
    return Draft(event, None, None, utc)
