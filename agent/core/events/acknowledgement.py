"""Central's acknowledgement: the watermark, the hash of the event there, and central's signature over both.

`{"stream": ..., "seq": ..., "signature": ...}`. The signature is a compact JWS of the type ACKNOWLEDGEMENT, by a key of
central that the gate has pinned. Its payload names gate, stream, seq and digest. So no one between central and gate can
make the gate delete events. If central acknowledges a history other than the gate's own, the gate notices it. A gate
without such a key accepts `stream` and `seq` unchecked, and reports this.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.crypto import JwsError, JwsFault, JwsType, key_named_by, sign, verified
from agent.core.events.mqtt_messages import Ack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.crypto import PublicKey, SigningKey
    from agent.core.events.chain import Point

ACK_BYTES_LIMIT: Final = 2_048


class AckFault(StrEnum):
    """Why the gate refuses an acknowledgement, in the order of the checks.

    UNSIGNED: it has no signature, and the gate wants one. FOREIGN_GATE: it is for another gate. WRONG_HEAD: what is
    signed names another event than the gate holds at this place. BEYOND_SENT: the event was never handed to a broker.
    BEHIND: less than was acknowledged before.
    """

    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    KEY_UNKNOWN = "key_unknown"
    RATE_LIMITED = "rate_limited"
    SIGNATURE_INVALID = "signature_invalid"
    FOREIGN_GATE = "foreign_gate"
    FOREIGN_STREAM = "foreign_stream"
    BEYOND_HEAD = "beyond_head"
    WRONG_HEAD = "wrong_head"
    BEYOND_SENT = "beyond_sent"
    BEHIND = "behind"


class AckStatement(BaseModel):
    """What central signs: that it has stored all events of a gate's stream up to `seq`, which has this digest.

    `seq` 0: before the first, where the digest is that of the stream id. Fields of later versions are left alone.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")
    gate: str = Field(min_length=1, max_length=128)
    stream: str = Field(min_length=1, max_length=128)
    seq: int = Field(ge=0, le=2**63 - 1)
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class AckPolicy:
    """Whose acknowledgements a gate takes.

    `keys`: the public keys of central by their ids. `unsigned`: also unsigned ones; without keys always.
    """

    gate: str
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    unsigned: bool = False

    @property
    def signed_only(self) -> bool:
        """Whether nothing is taken that central did not sign."""
        return bool(self.keys) and not self.unsigned


@dataclass(frozen=True, slots=True)
class ReadAck:
    """An acknowledgement that was read. `digest`, `key`: what was signed, and by whose key; None: it is not signed."""

    stream: str
    seq: int
    digest: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedAck:
    """An acknowledgement that the gate refused.

    `stream`, `seq`: as it says, None where it says nothing. `key`: whose signature held, None where none did.
    """

    fault: AckFault
    stream: str | None = None
    seq: int | None = None
    key: str | None = None


_JWS_FAULTS: Final = {
    JwsFault.NOT_A_JWS: AckFault.MALFORMED,
    JwsFault.ALG_NOT_ALLOWED: AckFault.MALFORMED,
    JwsFault.WRONG_TYPE: AckFault.MALFORMED,
    JwsFault.SIGNATURE_INVALID: AckFault.SIGNATURE_INVALID,
}


def read_ack(payload: bytes, policy: AckPolicy, may_verify: Callable[[], bool] = lambda: True) -> ReadAck | RefusedAck:
    """Read an acknowledgement and prove who says it; up to FOREIGN_GATE. Never raises, whatever the bytes.

    `may_verify` is asked just before the costly part; where it says no, it is RATE_LIMITED.
    """
    ack = _parsed(payload)
    if ack is None:
        return RefusedAck(AckFault.MALFORMED)
    if ack.signature is None:
        return (
            RefusedAck(AckFault.UNSIGNED, ack.stream, ack.seq) if policy.signed_only else ReadAck(ack.stream, ack.seq)
        )
    if not policy.keys:
        return ReadAck(ack.stream, ack.seq)
    return _proved(ack, ack.signature, policy, may_verify)


def sign_ack(gate: str, point: Point, key: SigningKey, kid: str) -> bytes:
    """The acknowledgement of a gate's events up to a point, as central publishes it.

    Raises ValueError for a key that is not Ed25519.
    """
    statement = AckStatement(gate=gate, stream=point.stream, seq=point.seq, digest=point.digest)
    signature = sign(statement.model_dump_json().encode(), key, kid, JwsType.ACKNOWLEDGEMENT)
    return json.dumps({"stream": point.stream, "seq": point.seq, "signature": signature}).encode()


def _parsed(payload: bytes) -> Ack | None:
    if len(payload) > ACK_BYTES_LIMIT:
        return None
    try:
        return Ack.model_validate_json(payload)
    except ValidationError:
        return None


def _proved(ack: Ack, text: str, policy: AckPolicy, may_verify: Callable[[], bool]) -> ReadAck | RefusedAck:
    try:
        kid = key_named_by(text, JwsType.ACKNOWLEDGEMENT)
        key = policy.keys.get(kid)
        if key is None:
            return RefusedAck(AckFault.KEY_UNKNOWN, ack.stream, ack.seq)
        if not may_verify():
            return RefusedAck(AckFault.RATE_LIMITED, ack.stream, ack.seq)
        payload = verified(text, key, JwsType.ACKNOWLEDGEMENT)
    except JwsError as error:
        return RefusedAck(_JWS_FAULTS[error.fault], ack.stream, ack.seq)
    said = _statement(payload)
    # Readers that do not verify go by what stands outside: it must not say anything else.
    if said is None or (said.stream, said.seq) != (ack.stream, ack.seq):
        return RefusedAck(AckFault.MALFORMED, ack.stream, ack.seq, kid)
    if said.gate != policy.gate:
        return RefusedAck(AckFault.FOREIGN_GATE, ack.stream, ack.seq, kid)
    return ReadAck(said.stream, said.seq, said.digest, kid)


def _statement(payload: bytes) -> AckStatement | None:
    try:
        return AckStatement.model_validate_json(payload)
    except ValidationError:
        return None
