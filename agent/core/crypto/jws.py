"""Signed texts: JSON Web Signatures in compact form (RFC 7515). The key determines which signatures are allowed.

Only Ed25519 keys (RFC 8037) sign commands, checkpoints, claims between gates and acknowledgements: `sign` and
`verified`. The writer uses the algorithm name "EdDSA", which every implementation knows. The reader also accepts
"Ed25519", its newer name (RFC 9864). Any algorithm of the table may sign permits: `write` and `read`.

Every text names its kind (`JwsType`), and the reader names the kind that it expects. A text has exactly one spelling.
The reader refuses padding, other letters for unused bits, extra header fields and duplicate header fields.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from joserfc import jws
from joserfc.errors import JoseError

from agent.core.crypto import strict_json
from agent.core.crypto.jws_type import ISSUED_UNTYPED
from agent.core.crypto.keys import Algorithm, SigningKey, key_id
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.crypto.cbor import Value
    from agent.core.crypto.jws_type import JwsType
    from agent.core.crypto.keys import PublicKey

ALGORITHMS: Final = Algorithm.ED25519.names
HEADER_FIELDS: Final = frozenset({"alg", "kid", "typ"})
KEY_ID_BYTES: Final = 8

_PARTS = 3


class JwsFault(StrEnum):
    """What can be wrong with a signed text, in the order of the checks."""

    NOT_A_JWS = "not_a_jws"
    ALG_NOT_ALLOWED = "alg_not_allowed"
    WRONG_TYPE = "wrong_type"
    SIGNATURE_INVALID = "signature_invalid"


class JwsError(ValueError):
    """A signed text is refused; `fault` says why in one word, the message in a sentence."""

    def __init__(self, fault: JwsFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class JwsSpellingError(JwsError):
    """A text is not three parts of base64url without padding; the fault is NOT_A_JWS."""

    def __init__(self) -> None:
        super().__init__(JwsFault.NOT_A_JWS, "it is not spelt as base64url without padding")


@dataclass(frozen=True, slots=True)
class Jws:
    """A signed text taken apart, not verified. `message`: the bytes that were signed."""

    header: Mapping[int | str, Value]
    payload: bytes
    message: bytes
    signature: bytes

    def holds(self, key: PublicKey) -> bool:
        """Say whether the signature is this key's, and the algorithm that the header names one of the key's."""
        return self.header["alg"] in key.algorithm.names and key.verifies(self.message, self.signature)


def kid_of(key: PublicKey) -> str:
    """The id of a gate's key: the first 16 hex digits of the SHA-256 of its public key's bytes."""
    return key_id(key.raw, KEY_ID_BYTES).hex()


def sign(payload: bytes, key: SigningKey, kid: str, kind: JwsType) -> str:
    """The signed text of a payload. Raises ValueError for a key that is not Ed25519."""
    if key.algorithm is not Algorithm.ED25519:
        raise ValueError(f"a signed text takes an Ed25519 key, not {key.algorithm}")
    return write(payload, key, kid, kind)


def write(payload: bytes, key: SigningKey, kid: str, kind: JwsType) -> str:
    """The signed text of a payload by a key of any algorithm, which is the first field of the header.

    Always the same.
    """
    header = {"alg": key.algorithm.names[0], "kid": kid, "typ": kind.value}
    message = _base64(json.dumps(header, separators=(",", ":")).encode()) + b"." + _base64(payload)
    return (message + b"." + _base64(key.sign(message))).decode("ascii")


def is_typed(text: str) -> bool:
    """Whether a signed text names a type, whichever; nothing of it is proven yet. Raises JwsError."""
    return "typ" in _taken_apart(text).header


def key_named_by(text: str, kind: JwsType, *, untyped: bool = False) -> str:
    """The key id that a signed text of this kind names, "" where it names none: nothing of it is proven yet.

    `untyped`: one that names no type at all will do, as of the kinds ISSUED_UNTYPED. Raises JwsError.
    """
    kid = _ed25519(text, kind, untyped=untyped).header.get("kid", "")
    if not isinstance(kid, str):
        raise JwsError(JwsFault.NOT_A_JWS, Text("its key id is not a text"))
    return kid


def verified(text: str, key: PublicKey, kind: JwsType, *, untyped: bool = False) -> bytes:
    """The payload of a text of this kind that this Ed25519 key has signed. `untyped`: as above. Raises JwsError."""
    opened = _ed25519(text, kind, untyped=untyped)
    if not opened.holds(key):
        raise JwsError(JwsFault.SIGNATURE_INVALID, Text("its signature is not of this key"))
    return opened.payload


def read(text: str, kind: JwsType) -> Jws:
    """Take a signed text of any algorithm apart; nothing is verified. Its length is for the caller to bound.

    Raises:
        JwsError: NOT_A_JWS, WRONG_TYPE; the message never repeats the text.
    """
    opened = _taken_apart(text)
    _require_type(opened, kind, untyped=False)
    return opened


def _taken_apart(text: str) -> Jws:
    parts = text.encode(errors="replace").split(b".")
    if len(parts) != _PARTS or not all(map(_is_canonical, parts)):
        raise JwsSpellingError
    try:
        extracted = jws.extract_compact(text.encode())
        header = strict_json.decode(_raw(parts[0]))
    except (JoseError, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise JwsError(JwsFault.NOT_A_JWS, Text("not a compact JWS: {name}", name=type(error).__name__)) from error
    if not isinstance(header, dict) or "alg" not in header:
        raise JwsError(
            JwsFault.NOT_A_JWS, Text("not a compact JWS: its header is not an object that names an algorithm")
        )
    if not header.keys() <= HEADER_FIELDS:
        raise JwsError(
            JwsFault.NOT_A_JWS, Text("its header holds more than {names}", names=", ".join(sorted(HEADER_FIELDS)))
        )
    return Jws(header, extracted.payload, parts[0] + b"." + parts[1], _raw(parts[2]))


def _require_type(opened: Jws, kind: JwsType, *, untyped: bool) -> None:
    """Refuse a text that does not say that it is of this kind.

    Comparing is exact, although media types know no case: issuers are few, and one kind has one name.
    """
    if "typ" not in opened.header and (untyped or kind in ISSUED_UNTYPED):
        return
    if opened.header.get("typ") != kind.value:
        raise JwsError(
            JwsFault.WRONG_TYPE, Text("its header does not say that it is a {jws_type}", jws_type=kind.value)
        )


def _ed25519(text: str, kind: JwsType, *, untyped: bool) -> Jws:
    opened = _taken_apart(text)
    algorithm = opened.header["alg"]
    if algorithm not in ALGORITHMS:
        raise JwsError(
            JwsFault.ALG_NOT_ALLOWED,
            Text("its algorithm is {algorithm}, not Ed25519", algorithm=repr(str(algorithm)[:20])),
        )
    _require_type(opened, kind, untyped=untyped)
    return opened


def _is_canonical(part: bytes) -> bool:
    try:
        return _base64(_raw(part)) == part
    except ValueError:
        return False


def _raw(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
