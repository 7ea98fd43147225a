"""The document that changes trust anchors, and its signatures.

Each participant signs the whole document, as a compact JWS (RFC 7515) of the type `gate-anchors+jwt`. People sign with
keys of their own. Central signs with a command key that the anchors name for it. The key id names the signer:
`person:NAME` or `central:ID`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agent.core.crypto import Algorithm, JwsError, JwsFault, JwsType, jws, strict_json
from agent.core.model import SEQ_MAX
from agent.core.model.printable import printable
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto import PublicKey, SigningKey

SIGNATURES_LIMIT: Final = 4
TEXT_LIMIT: Final = 48 * 1024
"""Longest signed text in characters: most of it are certificates of a broker's authority."""
LONGEST_LIFE_S: Final = 30 * 86_400
PERSON: Final = "person:"
CENTRAL: Final = "central:"


def _one_line(value: str) -> str:
    """What people read before they sign: no line of it stands for one of the gate's."""
    if value != printable(value):
        raise ValueError(Text("expected one line of text, without characters that are not shown"))
    return value


_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Unix = Annotated[int, Field(ge=0, le=253_402_300_799)]


class ChangeDocument(BaseModel):
    """What is to be changed, at which gate, and until when that may be done.

    `number`: that of the anchors after the change. `before`: the digest of the anchors that it was written for; None:
    whatever they are, which central alone may say. `iat`, `exp`: Unix seconds. `changes`: new values by dotted key;
    None: the default.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    gate: str = Field(min_length=1, max_length=64)
    number: int = Field(ge=2, le=SEQ_MAX)
    before: _Digest | None = None
    iat: _Unix
    exp: _Unix
    cause: Annotated[str, AfterValidator(_one_line)] = Field(min_length=1, max_length=200)
    changes: dict[str, JsonValue] = Field(min_length=1, max_length=64)


@dataclass(frozen=True, slots=True)
class SignedText:
    """A signed text taken apart; nothing of it is proved. `signer`: its key id, `person:NAME` or `central:ID`."""

    signer: str
    payload: bytes
    opened: jws.Jws

    @classmethod
    def read(cls, text: str) -> SignedText:
        """Take a compact JWS apart. Raises JwsError where it is none, of another type, or without a key id."""
        if len(text) > TEXT_LIMIT:
            raise JwsError(JwsFault.NOT_A_JWS, Text("it has more than {limit} characters", limit=TEXT_LIMIT))
        opened = jws.read(text, JwsType.ANCHORS)
        kid = opened.header.get("kid")
        if opened.header["alg"] not in Algorithm.ED25519.names:
            raise JwsError(JwsFault.ALG_NOT_ALLOWED, Text("its algorithm is neither Ed25519 nor EdDSA"))
        if not isinstance(kid, str) or not kid.startswith((PERSON, CENTRAL)):
            raise JwsError(JwsFault.NOT_A_JWS, Text("its key id names neither a person nor a key of central"))
        return cls(kid, opened.payload, opened)

    def holds(self, key: PublicKey) -> bool:
        """Whether this key has signed it."""
        return self.opened.holds(key)


def document_bytes(document: ChangeDocument) -> bytes:
    """The document as it is signed: JSON in UTF-8."""
    return document.model_dump_json().encode()


def sign_document(payload: bytes, key: SigningKey, signer: str) -> str:
    """The document signed by somebody: a compact JWS. `signer`: `person:NAME` or `central:ID`. Raises ValueError."""
    if key.algorithm is not Algorithm.ED25519:
        raise ValueError(Text("expected an Ed25519 key, not {algorithm}", algorithm=key.algorithm))
    return jws.write(payload, key, signer, JwsType.ANCHORS)


def parsed_document(payload: bytes) -> ChangeDocument:
    """The document of a payload. Raises ValueError with what is wrong; a name that comes twice is, too."""
    strict_json.decode(payload)
    try:
        return ChangeDocument.model_validate_json(payload)
    except ValidationError as error:
        raise ValueError(told_of(error)) from None


def told_of(error: ValidationError) -> Text:
    """What is wrong with a document, and where in it."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = printable(".".join(str(part)[:40] for part in first["loc"]))
    return Text("{place}: {what}", place=place, what=Text.of(str(first.get("ctx", {}).get("error", first["msg"]))))
