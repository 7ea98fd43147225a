"""The keys of the gates of a site: they seal and open the messages between the gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError

from agent.core.crypto import JwsError, JwsType, is_typed, key_named_by, kid_of, sign, verified
from agent.core.site.home_gate import home_gate, site_digest
from agent.core.site.messages import (
    EVERYBODY,
    LONGEST,
    VERSION,
    Nonce,
    Number,
    ShortText,
    SiteFault,
    SiteMessage,
    SiteMessageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.crypto import PublicKey, SigningKey


class _Version(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    v: StrictInt


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    v: Literal[2] = VERSION
    site: int
    roll: ShortText
    gate: ShortText
    to: ShortText
    session: Nonce
    number: Number
    said: SiteMessage = Field(discriminator="kind")


_ENVELOPE: Final = TypeAdapter(_Envelope)
_VERSION: Final = TypeAdapter(_Version)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: the sender's `session`, 32 hex digits, and its number there, from 1.

    What is said to one gate and what is told EVERYBODY is numbered apart.
    """

    session: str
    number: int


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """What a gate of the site said, proven. `same_membership`: it goes by the same list of gates as this one.

    `to_all`: it was sent to EVERYBODY. `place`: which says whether it is new (PeerSession).
    """

    gate: str
    said: SiteMessage
    same_membership: bool
    to_all: bool = False
    place: Place = Place("", 0)


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

    def sealed(self, said: SiteMessage, to: str, place: Place, key: SigningKey) -> bytes:
        """The text with this message for a gate, or for EVERYBODY, signed with this gate's key."""
        envelope = _Envelope(
            site=self.site,
            roll=self.digest,
            gate=self.own,
            to=to,
            session=place.session,
            number=place.number,
            said=said,
        )
        text = sign(envelope.model_dump_json().encode(), key, kid_of(key.public), JwsType.SITE_MESSAGE)
        return text.encode()

    def opened(self, data: bytes) -> OpenedMessage:
        """What another gate of the site says to this one. Raises SiteMessageError."""
        if len(data) > LONGEST:
            raise SiteMessageError(SiteFault.TOO_LARGE, f"{len(data)} bytes are more than {LONGEST}")
        gate, payload = self._proven(data)
        _check_version(gate, payload)
        try:
            envelope = _ENVELOPE.validate_json(payload)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise SiteMessageError(SiteFault.CONTENT_INVALID, f"{gate} says what is not understood: {where}") from None
        if envelope.site != self.site:
            raise SiteMessageError(SiteFault.WRONG_SITE, f"{gate} speaks for site {envelope.site}, not {self.site}")
        if envelope.gate != gate or envelope.to not in {self.own, EVERYBODY}:
            raise SiteMessageError(SiteFault.WRONG_GATE, f"{gate} signed what is from or for another gate")
        return OpenedMessage(
            gate,
            envelope.said,
            envelope.roll == self.digest,
            envelope.to == EVERYBODY,
            Place(envelope.session, envelope.number),
        )

    def _proven(self, data: bytes) -> tuple[str, bytes]:
        try:
            text = data.decode("ascii")
            untyped = not is_typed(text)
            gate = self._by_kid.get(key_named_by(text, JwsType.SITE_MESSAGE, untyped=untyped), "")
        except (UnicodeDecodeError, JwsError) as error:
            raise SiteMessageError(SiteFault.NOT_SIGNED, f"it is no signed text: {error}") from None
        if gate not in self.peers:
            raise SiteMessageError(SiteFault.KEY_UNKNOWN, "its key is of no other gate of the site")
        try:
            payload = verified(text, self._keys[gate], JwsType.SITE_MESSAGE, untyped=untyped)
        except JwsError as error:
            raise SiteMessageError(SiteFault.SIGNATURE_INVALID, f"not of {gate}: {error}") from None
        if untyped:  # as before signed texts had types: good for nothing but to be told
            raise _other_version(gate, VERSION - 1)
        return gate, payload


def _check_version(gate: str, payload: bytes) -> None:
    """Refuse what is said in another version than this gate's. What names none is judged as it is."""
    try:
        version = _VERSION.validate_json(payload).v
    except ValidationError:
        return
    if version != VERSION:
        raise _other_version(gate, version)


def _other_version(gate: str, version: int) -> SiteMessageError:
    return SiteMessageError(
        SiteFault.OTHER_VERSION,
        f"{gate} uses version {version} of the messages between gates, this gate version {VERSION}: install "
        "the same version of gate-agent at all gates of the site; until then they cannot ask one another",
        gate=gate,
        version=version,
    )
