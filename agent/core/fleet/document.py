"""A fleet document, signed by a key of central as a compact JWS (RFC 7515) of the type `gate-fleet+jwt`.

Its text is TOML, a layer of the configuration. So the agent reports an error in it by line and column.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.core.crypto import Algorithm, JwsError, JwsType, jws, strict_json
from agent.core.fleet.audience import Audience, Stage
from agent.core.fleet.document_kinds import DocumentKind
from agent.core.fleet.refusals import DocumentFault, DocumentRefusedError
from agent.core.model import SEQ_MAX
from agent.core.model.printable import printable
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto import PublicKey, SigningKey

LONGEST_TEXT: Final = 48 * 1024
"""Characters of the TOML of a document."""
LONGEST_SIGNED: Final = 128 * 1024
"""Characters of a signed document."""
LONGEST_LIFE_S: Final = 400 * 86_400
SHORTEST_TRIAL_S: Final = 5
LONGEST_TRIAL_S: Final = 3_600
LONGEST_STEADY_S: Final = 600
FUTURE_SLACK_S: Final = 600
"""So much later than now a document may have been issued: clocks differ."""


def _one_line(value: str) -> str:
    if value != printable(value):
        raise ValueError(Text("expected one line of text, without characters that are not shown"))
    return value


def _audience(value: str) -> str:
    return Audience.parse(value).text


_Unix = Annotated[int, Field(ge=0, le=253_402_300_799)]


class FleetDocument(BaseModel):
    """What central wants of gates. `for_whom`: "all", "group:NAME" or "gate:ID"; `for` on the wire.

    `version`: only goes up, for its kind and audience. `iat`, `exp`: Unix seconds; from `exp` on it is not taken in any
    more. `text`: TOML. `trial_s`: within that time the gate must be whole and connected, and stay so for `steady_s`.
    `again`: a gate tries it although it has undone the same text before. `stage`: who of the audience has it already;
    None: all of it.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    kind: Annotated[DocumentKind, Field(strict=False)]
    for_whom: Annotated[str, AfterValidator(_audience)] = Field(alias="for")
    version: int = Field(ge=1, le=SEQ_MAX)
    iat: _Unix
    exp: _Unix
    cause: Annotated[str, AfterValidator(_one_line)] = Field(min_length=1, max_length=200)
    text: str = Field(max_length=LONGEST_TEXT)
    trial_s: int = Field(default=300, ge=SHORTEST_TRIAL_S, le=LONGEST_TRIAL_S)
    steady_s: int = Field(default=10, ge=0, le=LONGEST_STEADY_S)
    again: bool = False
    stage: Stage | None = None

    @property
    def audience(self) -> Audience:
        """For whom it is."""
        return Audience.parse(self.for_whom)

    @property
    def place(self) -> str:
        """Its kind and audience: a gate holds one document in each place."""
        return f"{self.kind}/{self.for_whom}"

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what it wants: kind, audience and text. The same in every stage of a roll-out."""
        return sha256(f"{self.kind}\n{self.for_whom}\n{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document with the text that was signed. `key`: the id of the key that it names."""

    signed: str
    key: str
    document: FleetDocument

    @property
    def identity(self) -> str:
        """SHA-256, in hex, of the signed text: two documents of one version are told apart by it."""
        return sha256(self.signed.encode()).hexdigest()


def document_bytes(document: FleetDocument) -> bytes:
    """The document as it is signed: JSON in UTF-8."""
    return document.model_dump_json(by_alias=True, exclude_none=True).encode()


def sign_fleet_document(document: FleetDocument, key: SigningKey, key_id: str) -> str:
    """The signed document. Raises ValueError for a key that is not Ed25519, and for times that no gate takes."""
    if key.algorithm is not Algorithm.ED25519:
        raise ValueError(Text("expected an Ed25519 key, not {algorithm}", algorithm=key.algorithm))
    _check_life(document)
    signed = jws.write(document_bytes(document), key, key_id, JwsType.FLEET)
    if len(signed) > LONGEST_SIGNED:
        raise ValueError(Text("it has more than {limit} characters", limit=LONGEST_SIGNED))
    return signed


def read_signed(text: str) -> tuple[SignedDocument, jws.Jws]:
    """A signed document taken apart: NOTHING IS VERIFIED. Raises DocumentRefusedError."""
    opened, key = _taken_apart(text)
    return SignedDocument(text, key, _content(opened.payload)), opened


def open_signed(text: str, key: PublicKey) -> SignedDocument:
    """The document, once this key has signed it. Raises DocumentRefusedError."""
    opened, key_id = _taken_apart(text)
    if not opened.holds(key):
        raise DocumentRefusedError(
            DocumentFault.SIGNATURE_INVALID, Text("the signature of key {key_id} is not valid", key_id=key_id)
        )
    return SignedDocument(text, key_id, _content(opened.payload))


def key_of(text: str) -> str:
    """The id of the key that a signed document names; nothing is proven yet. Raises DocumentRefusedError."""
    return _taken_apart(text)[1]


def _taken_apart(text: str) -> tuple[jws.Jws, str]:
    if len(text) > LONGEST_SIGNED:
        raise DocumentRefusedError(
            DocumentFault.TOO_LARGE, Text("it has more than {limit} characters", limit=LONGEST_SIGNED)
        )
    try:
        opened = jws.read(text, JwsType.FLEET)
    except JwsError as error:
        raise DocumentRefusedError(
            DocumentFault.NOT_A_DOCUMENT, Text("not a signed document: {why}", why=Text.of(str(error)))
        ) from None
    key = opened.header.get("kid")
    if not isinstance(key, str) or opened.header["alg"] not in Algorithm.ED25519.names:
        raise DocumentRefusedError(
            DocumentFault.NOT_A_DOCUMENT,
            Text("its header does not name a key of central, or names another algorithm than Ed25519"),
        )
    return opened, printable(key)[:64]


def _content(payload: bytes) -> FleetDocument:
    try:
        strict_json.decode(payload)
        document = FleetDocument.model_validate_json(payload)
        _check_life(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = printable(".".join(str(part)[:40] for part in first["loc"]))
        why = Text("{place}: {what}", place=place, what=Text.of(str(first.get("ctx", {}).get("error", first["msg"]))))
        raise DocumentRefusedError(DocumentFault.CONTENT_INVALID, why) from None
    except ValueError as error:
        raise DocumentRefusedError(DocumentFault.CONTENT_INVALID, Text.of(str(error))) from None
    return document


def _check_life(document: FleetDocument) -> None:
    if not 0 < document.exp - document.iat <= LONGEST_LIFE_S:
        raise ValueError(
            Text("expected an end after its begin, and at most {days} days later", days=LONGEST_LIFE_S // 86_400)
        )
    if document.steady_s > document.trial_s:
        raise ValueError(Text("expected steady_s of at most trial_s"))
