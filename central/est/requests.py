"""What gates ask for: certificate requests (PKCS #10, RFC 2986) in the form that EST gives them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

MOST_BYTES: Final = 16_384
"""Of a request in Base64: one with an RSA key of 4096 bits has 2,300."""
RSA_BITS: Final = range(2048, 4097)
CURVES: Final = (ec.SECP256R1, ec.SECP384R1)

_ECDSA_SHA256: Final = bytes.fromhex("06082a8648ce3d040302")  # 1.2.840.10045.4.3.2
_EC_PUBLIC_KEY: Final = bytes.fromhex("06072a8648ce3d0201")  # 1.2.840.10045.2.1
_P256: Final = bytes.fromhex("06082a8648ce3d030107")  # 1.2.840.10045.3.1.7


def _tagged(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


CSR_ATTRIBUTES: Final = _tagged(0x30, _ECDSA_SHA256, _tagged(0x30, _EC_PUBLIC_KEY, _tagged(0x31, _P256)))
"""What the server would like to see in a request (RFC 7030, 4.5.2): a key on P-256, signed by ECDSA with SHA-256."""


class RequestInvalidError(ValueError):
    """A request cannot be granted as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A request whose signature is good. `name`: the CN that it asks for. `key_info`: the public key, DER (SPKI)."""

    name: str
    public_key: CertificatePublicKeyTypes
    key_info: bytes


def read_request(body: bytes) -> CertificateRequest:
    """Read a request in Base64 (RFC 7030, 4.2.1). Raises RequestInvalidError."""
    if len(body) > MOST_BYTES:
        raise RequestInvalidError(f"the request has {len(body)} bytes, more than {MOST_BYTES}")
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise RequestInvalidError(f"expected a PKCS #10 request in Base64: {error}") from None
    try:
        request = x509.load_der_x509_csr(der)
        good, key = request.is_signature_valid, request.public_key()
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RequestInvalidError(f"expected a PKCS #10 request in Base64: {error}") from None
    if not good:
        raise RequestInvalidError("the request is not signed by the key that it names")
    if len(names) != 1:
        raise RequestInvalidError(f"expected one common name in the request's subject, found {len(names)}")
    if (fault := _fault_of(key)) is not None:
        raise RequestInvalidError(fault)
    return CertificateRequest(
        str(names[0].value), key, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def _fault_of(key: CertificatePublicKeyTypes) -> str | None:
    """Why a key is not taken; None for one that is."""
    match key:
        case ec.EllipticCurvePublicKey(curve=curve):
            if isinstance(curve, CURVES):
                return None
            return f"the curve {curve.name} is not taken: use P-256 (secp256r1)"
        case rsa.RSAPublicKey(key_size=bits):
            return None if bits in RSA_BITS else f"an RSA key of {bits} bits is not taken: use P-256, or RSA with 2048"
        case ed25519.Ed25519PublicKey():
            return None
        case _:
            return "keys of this kind are not taken: use P-256 (secp256r1)"
