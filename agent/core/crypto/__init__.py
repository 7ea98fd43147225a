"""Encodings and signatures: strict CBOR and JSON, COSE, JWS, and their keys.

Takes bytes, and returns values or errors. Reads and writes nothing: the caller passes the keys.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.crypto.cbor import Value
    from agent.core.crypto.jws import JwsError, JwsFault, is_typed, key_named_by, kid_of, sign, verified
    from agent.core.crypto.jws_type import ISSUED_UNTYPED, JwsType
    from agent.core.crypto.keys import Algorithm, KeyInvalidError, PublicKey, SigningKey, key_id
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ISSUED_UNTYPED",
    "Algorithm",
    "JwsError",
    "JwsFault",
    "JwsType",
    "KeyInvalidError",
    "PublicKey",
    "SigningKey",
    "Value",
    "is_typed",
    "key_id",
    "key_named_by",
    "kid_of",
    "sign",
    "verified",
]
