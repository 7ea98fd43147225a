"""What the gates of a site say to one another: JSON in a signed text, by the key of the gate that says it.

The broker between them is not trusted: it can drop, delay, repeat and reorder, but neither make nor change a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.core.crypto import JwsError, key_named_by, kid_of, sign, verified
from agent.core.model import LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.home_gate import home_gate, site_digest
from agent.core.site.ledger import PeerRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.crypto import PublicKey, SigningKey

LONGEST: Final = 262_144
"""Bytes of the longest text that is looked at."""
ROWS_A_MESSAGE: Final = 300
EVERYBODY: Final = "*"

_Id = Annotated[str, Field(min_length=1, max_length=64)]
_Permit = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
_Text = Annotated[str, Field(max_length=64)]
_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Use = Annotated[int, Field(ge=0, le=1_000_000)]
_Row = tuple[_Count, _Permit, Annotated[_Use, Field(ge=1)], LedgerState, _Id, _Count, _Text, _Text, _Text]


class SiteFault(StrEnum):
    """What can be wrong with a text from another gate, in the order of the checks."""

    TOO_LARGE = "too_large"
    NOT_SIGNED = "not_signed"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    CONTENT_INVALID = "content_invalid"
    WRONG_SITE = "wrong_site"
    WRONG_GATE = "wrong_gate"


class SiteMessageError(ValueError):
    """A text from another gate is refused; `fault` says why in one word, the message in a sentence."""

    def __init__(self, fault: SiteFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class MessageBody(BaseModel):
    """What is said, without who says it to whom."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Claim(MessageBody):
    """A gate wants a use of a permit.

    `id`: of this claim, never used for another, and dead once it was not answered.
    """

    kind: Literal["claim"] = "claim"
    id: _Id
    permit: _Permit
    vehicle: _Text
    direction: _Text
    max_uses: Annotated[int, Field(ge=1, le=1_000_000)]
    already_exited_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ClaimReply(MessageBody):
    """The home gate's answer to the claim of this id."""

    kind: Literal["answer"] = "answer"
    id: _Id
    permit: _Permit
    code: ClaimCode
    use: _Use = 0
    by: _Text = ""
    detail: Annotated[str, Field(max_length=300)] = ""


class Over(MessageBody):
    """The claim of this id is over.

    What became of it stands in the sender's row log, up to the place `seq` of `stream`. Nothing there: it was not used,
    and never will be.
    """

    kind: Literal["over"] = "over"
    id: _Id
    permit: _Permit
    stream: _Id
    seq: _Count


class Query(MessageBody):
    """A home gate asks a gate what became of a claim that it granted; the answer is Over, or Alive."""

    kind: Literal["query"] = "query"
    id: _Id
    permit: _Permit


class Alive(MessageBody):
    """The claim of this id is not over yet: its transaction may still use it."""

    kind: Literal["alive"] = "alive"
    id: _Id
    permit: _Permit


class RowsRequest(MessageBody):
    """A gate asks another for the rows after a place of its row log; `whole`, an id: for all rows of all gates.

    Asking for the whole it has lost what it granted: whatever it has granted the other, that is not used yet, is void.
    """

    kind: Literal["want"] = "want"
    stream: _Text = ""
    after: _Count = 0
    whole: _Text = ""


class Rows(MessageBody):
    """Changes of the ledger of the gate that sends them, which follow on the place `after`.

    Without any: where it stands. `whole`: the id of the Want that they answer: all rows of all gates, in parts that
    count from 1 to the `last`; the sender's row log stood at `after` when it began to read them.
    """

    kind: Literal["rows"] = "rows"
    stream: _Id
    after: _Count
    rows: Annotated[tuple[_Row, ...], Field(max_length=ROWS_A_MESSAGE)] = ()
    whole: _Text = ""
    part: _Count = 0
    last: bool = False


SiteMessage: TypeAlias = Claim | ClaimReply | Over | Query | Alive | RowsRequest | Rows


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    v: Literal[1] = 1
    site: int
    roll: _Text
    gate: _Text
    to: _Text
    said: SiteMessage = Field(discriminator="kind")


_ENVELOPE: Final = TypeAdapter(_Envelope)


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """What a gate of the site said, proven. `same_membership`: it goes by the same list of gates as this one.

    `to_all`: it was sent to EVERYBODY.
    """

    gate: str
    said: SiteMessage
    same_membership: bool
    to_all: bool = False


class Membership:
    """The gates of a site and their keys, as this gate has them. `own`: this gate.

    Raises ValueError where it is missing.
    """

    def __init__(self, site: int, own: str, gates: Mapping[str, PublicKey]) -> None:
        if own not in gates:
            raise ValueError(f"the gates of the site, {', '.join(sorted(gates))}, do not name {own}, which this one is")
        self.site = site
        self.own = own
        self.gates = tuple(sorted(gates))
        self.peers = tuple(gate for gate in self.gates if gate != own)
        self.digest = site_digest((gate, key.raw) for gate, key in gates.items())
        self._keys = dict(gates)
        self._by_kid = {kid_of(key): gate for gate, key in gates.items()}

    def home(self, vehicle: str) -> str:
        """The home gate of a vehicle's permits."""
        return home_gate(vehicle, self.gates)

    def sealed(self, said: SiteMessage, to: str, key: SigningKey) -> bytes:
        """The text with this message for a gate, or for EVERYBODY, signed with this gate's key."""
        envelope = _Envelope(site=self.site, roll=self.digest, gate=self.own, to=to, said=said)
        return sign(envelope.model_dump_json().encode(), key, kid_of(key.public)).encode()

    def opened(self, data: bytes) -> OpenedMessage:
        """What another gate of the site says to this one. Raises SiteMessageError."""
        if len(data) > LONGEST:
            raise SiteMessageError(SiteFault.TOO_LARGE, f"{len(data)} bytes are more than {LONGEST}")
        gate, payload = self._proven(data)
        try:
            envelope = _ENVELOPE.validate_json(payload)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise SiteMessageError(SiteFault.CONTENT_INVALID, f"{gate} says what is not understood: {where}") from None
        if envelope.site != self.site:
            raise SiteMessageError(SiteFault.WRONG_SITE, f"{gate} speaks for site {envelope.site}, not {self.site}")
        if envelope.gate != gate or envelope.to not in {self.own, EVERYBODY}:
            raise SiteMessageError(SiteFault.WRONG_GATE, f"{gate} signed what is from or for another gate")
        return OpenedMessage(gate, envelope.said, envelope.roll == self.digest, envelope.to == EVERYBODY)

    def _proven(self, data: bytes) -> tuple[str, bytes]:
        try:
            text = data.decode("ascii")
            gate = self._by_kid.get(key_named_by(text), "")
        except (UnicodeDecodeError, JwsError) as error:
            raise SiteMessageError(SiteFault.NOT_SIGNED, f"it is no signed text: {error}") from None
        if gate not in self.peers:
            raise SiteMessageError(SiteFault.KEY_UNKNOWN, "its key is of no other gate of the site")
        try:
            return gate, verified(text, self._keys[gate])
        except JwsError as error:
            raise SiteMessageError(SiteFault.SIGNATURE_INVALID, f"not of {gate}: {error}") from None


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
