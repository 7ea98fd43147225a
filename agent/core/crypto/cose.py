"""COSE_Sign1 (RFC 9052 section 4.2), only in the form that permits and lists use.

The tag is 18. The protected header is exactly {1: algorithm, 4: key id}, and the unprotected header is empty. The
payload is included, and the signature has 64 bytes. The parser reads only the outer array and the protected header. The
payload stays bytes until its signature is verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.crypto import cbor
from agent.core.crypto.schemes import SIGNATURE_BYTES
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto.keys import PublicKey, SigningKey

_TAG_SIGN1 = b"\xd2"
_CONTEXT = "Signature1"
_HEADER_ALGORITHM = 1
_HEADER_KEY_ID = 4
_PARTS = 4
_KEY_ID_SIZES = range(4, 9)
_OUTER_LIMITS = cbor.CborLimits(depth=2, items=8)
_HEADER_LIMITS = cbor.CborLimits(depth=1, items=8)


class CoseError(ValueError):
    """The bytes are not a COSE_Sign1 of the accepted shape. The message never repeats the content."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A parsed message, not verified. `algorithm`: the COSE identifier it claims. `key_id`: 4 to 8 bytes."""

    protected: bytes
    algorithm: int | str
    key_id: bytes
    payload: bytes
    signature: bytes

    def holds(self, key: PublicKey, context: bytes = b"") -> bool:
        """Say whether the signature is this key's, and the algorithm one of the key's. `context`: external_aad."""
        if self.algorithm not in key.algorithm.identifiers:
            return False
        return key.verifies(_to_be_signed(self.protected, self.payload, context), self.signature)


def parse(data: bytes) -> Signed:
    """Return the parts of a message; nothing is verified.

    Raises:
        CoseError: another tag, shape, header or signature length, or CBOR that is not deterministic.
    """
    if not data.startswith(_TAG_SIGN1):
        raise CoseError(Text("not tagged as COSE_Sign1"))
    try:
        parts = cbor.decode(data[len(_TAG_SIGN1) :], _OUTER_LIMITS)
        if not isinstance(parts, list) or len(parts) != _PARTS:
            raise CoseError(Text("not an array of four"))
        protected, unprotected, payload, signature = parts
        if not isinstance(protected, bytes) or not isinstance(payload, bytes) or not isinstance(signature, bytes):
            raise CoseError(Text("a part that is not a byte string"))
        if unprotected != {}:
            raise CoseError(Text("the unprotected header is not empty"))
        if len(signature) != SIGNATURE_BYTES:
            raise CoseError(Text("a signature of {count} bytes", count=len(signature)))
        algorithm, key_id = _header(cbor.decode(protected, _HEADER_LIMITS))
    except cbor.CborError as error:
        raise CoseError(str(error)) from None
    return Signed(protected, algorithm, key_id, payload, signature)


def sign(payload: bytes, key: SigningKey, context: bytes = b"", key_id: bytes | None = None) -> bytes:
    """Return the signed message; the same bytes each time.

    `context`: external_aad, which the reader must know. `key_id`: what the header says instead of the key's own id.
    """
    name = key_id or key.public.key_id
    header: cbor.Value = {_HEADER_ALGORITHM: key.algorithm.identifiers[0], _HEADER_KEY_ID: name}
    protected = cbor.encode(header)
    signature = key.sign(_to_be_signed(protected, payload, context))
    return _TAG_SIGN1 + cbor.encode([protected, {}, payload, signature])


def _header(header: cbor.Value) -> tuple[int | str, bytes]:
    if not isinstance(header, dict) or set(header) != {_HEADER_ALGORITHM, _HEADER_KEY_ID}:
        raise CoseError(Text("the protected header does not consist of the algorithm and the key id"))
    algorithm, key_id = header[_HEADER_ALGORITHM], header[_HEADER_KEY_ID]
    if isinstance(algorithm, bool) or not isinstance(algorithm, int | str):
        raise CoseError(Text("an algorithm that is neither an integer nor a text"))
    if not isinstance(key_id, bytes) or len(key_id) not in _KEY_ID_SIZES:
        raise CoseError(Text("a key id that is not 4 to 8 bytes"))
    return algorithm, key_id


def _to_be_signed(protected: bytes, payload: bytes, context: bytes) -> bytes:
    return cbor.encode([_CONTEXT, protected, context, payload])
