"""Signed texts: JSON Web Signatures in the compact form (RFC 7515), by Ed25519 keys (RFC 8037) and nothing else.

Written with the algorithm name "EdDSA", which every implementation knows; read also with "Ed25519", its newer name
(RFC 9864). A text has one spelling: padding, other letters for unused bits and further header fields are refused.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey
from typing_extensions import override

from agent.core.permit.keys import Algorithm, SigningKey, key_id

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel
    from joserfc.jws import CompactSignature

    from agent.core.permit.keys import PublicKey

ALGORITHMS: Final = ("EdDSA", "Ed25519")
HEADER_FIELDS: Final = frozenset({"alg", "kid", "typ"})
KEY_ID_BYTES: Final = 8


class JwsFault(StrEnum):
    """What can be wrong with a signed text, in the order of the checks."""

    NOT_A_JWS = "not_a_jws"
    ALG_NOT_ALLOWED = "alg_not_allowed"
    SIGNATURE_INVALID = "signature_invalid"


class JwsError(ValueError):
    """A signed text is refused; `fault` says why in one word, the message in a sentence."""

    def __init__(self, fault: JwsFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class _Registry(jws.JWSRegistry):
    """The two names of the one algorithm. The library warns of the older one, which is the one that all others know."""

    @override
    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(f"algorithm {name}")
        return self.algorithms[name]


_REGISTRY: Final = _Registry(algorithms=ALGORITHMS)


def kid_of(key: PublicKey) -> str:
    """The id of a gate's key: the first 16 hex digits of the SHA-256 of its public key's bytes."""
    return key_id(key.raw, KEY_ID_BYTES).hex()


def sign(payload: bytes, key: SigningKey, kid: str) -> str:
    """The signed text of a payload. Raises ValueError for a key that is not Ed25519."""
    if key.algorithm is not Algorithm.ED25519:
        raise ValueError(f"a signed text takes an Ed25519 key, not {key.algorithm}")
    header = {"alg": ALGORITHMS[0], "kid": kid}
    return jws.serialize_compact(header, payload, OKPKey.import_key(key.to_pem()), registry=_REGISTRY)


def key_named_by(text: str) -> str:
    """The key id that a signed text names, "" where it names none: nothing of it is proven yet. Raises JwsError."""
    kid = _read(text).headers().get("kid", "")
    if not isinstance(kid, str):
        raise JwsError(JwsFault.NOT_A_JWS, "its key id is no text")
    return kid


def verified(text: str, key: PublicKey) -> bytes:
    """The payload of a text that this key has signed. Raises JwsError."""
    read = _read(text)
    try:
        held = jws.validate_compact(read, OKPKey.import_key(_jwk(key)), registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise JwsError(JwsFault.SIGNATURE_INVALID, f"its signature cannot be checked: {error}") from error
    if not held:
        raise JwsError(JwsFault.SIGNATURE_INVALID, "its signature is not of this key")
    return read.payload


def _read(text: str) -> CompactSignature:
    try:
        read = jws.extract_compact(text.encode(), registry=_REGISTRY)
        header = read.headers()
        algorithm = header["alg"]
        _REGISTRY.validate_header_size(read.segments["header"])
    except (JoseError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise JwsError(JwsFault.NOT_A_JWS, f"not a compact JWS: {error}") from error
    if not header.keys() <= HEADER_FIELDS:
        raise JwsError(JwsFault.NOT_A_JWS, f"its header names more than {', '.join(sorted(HEADER_FIELDS))}")
    if text.count(".") != 2 or not all(_is_canonical(part) for part in text.encode().split(b".")):  # noqa: PLR2004
        raise JwsError(JwsFault.NOT_A_JWS, "it is not spelt as base64url without padding")
    if algorithm not in ALGORITHMS:
        raise JwsError(JwsFault.ALG_NOT_ALLOWED, f"its algorithm is {str(algorithm)[:20]!r}, not Ed25519")
    return read


def _is_canonical(part: bytes) -> bool:
    try:
        return _base64(urlsafe_b64decode(part + b"=" * (-len(part) % 4))) == part
    except ValueError:
        return False


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _jwk(key: PublicKey) -> dict[str, str | list[str]]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64(key.raw).decode()}
