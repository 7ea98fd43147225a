"""What each signature algorithm does: its names, the bytes of its keys, signing and verifying.

To add an algorithm, such as SM2 with SM3, add a class here, a name in `agent.core.crypto.keys.Algorithm` and a line in
its table. Code that reads or writes signed data asks the key for its algorithm, and the algorithm for everything else.
The signatures of a new algorithm must have 64 bytes, like those of all algorithms here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typing_extensions import override

from drivers.text import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

SIGNATURE_BYTES = 64
SEED_BYTES = 32

_COORDINATE_BYTES = 32
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# The y coordinates of the Ed25519 points of small order, 0 and 1 in both their encodings: as public keys they make
# signatures that anyone can write.
_SMALL_ORDER = frozenset(
    bytes.fromhex(y)
    for y in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)
# Deterministic (RFC 6979): no random number at the issuer that could give the key away.
_ECDSA_SIGN = ec.ECDSA(SHA256(), deterministic_signing=True)
_ECDSA_VERIFY = ec.ECDSA(SHA256())

_Private = TypeVar("_Private")


class UnfitKeyError(ValueError):
    """The bytes are no key of this algorithm; the message says why, and never repeats them."""


class Scheme(ABC, Generic[_Private]):
    """One algorithm. `_Private`: its private keys.

    `cose`: its COSE identifiers (RFC 9053, RFC 9864), `jose`: its JOSE names (RFC 7518, RFC 8037, RFC 9864); the first
    of each is the one that is written.
    """

    cose: ClassVar[tuple[int, ...]]
    jose: ClassVar[tuple[str, ...]]

    @abstractmethod
    def owns(self, private: object) -> bool:
        """Say whether this is a private key of this algorithm."""

    @abstractmethod
    def grown(self, seed: bytes) -> _Private:
        """Return the private key of 32 secret random bytes. Raises UnfitKeyError where they make none."""

    @abstractmethod
    def public(self, private: _Private) -> bytes:
        """Return the bytes of the public half."""

    @abstractmethod
    def raw(self, public: object) -> bytes | None:
        """Return the bytes of a public key that the library has read; None where it is not of this algorithm."""

    @abstractmethod
    def load(self, raw: bytes) -> PublicKeyTypes:
        """Return the public key of checked bytes, as the library knows it."""

    @abstractmethod
    def check(self, raw: bytes) -> None:
        """Say that these bytes are a public key. Raises ValueError, also as UnfitKeyError, where they are none."""

    @abstractmethod
    def sign(self, private: _Private, message: bytes) -> bytes:
        """Return the 64-byte signature; the same one each time."""

    @abstractmethod
    def verify(self, raw: bytes, message: bytes, signature: bytes) -> None:
        """Say that the signature is that of a checked public key. Raises InvalidSignature where it is not."""

    def verifies(self, raw: bytes, message: bytes, signature: bytes) -> bool:
        """Say whether the signature of the message is that of a checked public key."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            self.verify(raw, message, signature)
        except InvalidSignature:
            return False
        return True


class Ed25519(Scheme[ed25519.Ed25519PrivateKey]):
    """RFC 8032. Public keys are 32 bytes."""

    cose = (-19, -8)
    jose = ("EdDSA", "Ed25519")  # the older name is the one that every implementation knows

    @override
    def owns(self, private: object) -> bool:
        return isinstance(private, ed25519.Ed25519PrivateKey)

    @override
    def grown(self, seed: bytes) -> ed25519.Ed25519PrivateKey:
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed)

    @override
    def public(self, private: ed25519.Ed25519PrivateKey) -> bytes:
        return private.public_key().public_bytes_raw()

    @override
    def raw(self, public: object) -> bytes | None:
        return public.public_bytes_raw() if isinstance(public, ed25519.Ed25519PublicKey) else None

    @override
    def load(self, raw: bytes) -> ed25519.Ed25519PublicKey:
        return ed25519.Ed25519PublicKey.from_public_bytes(raw)

    @override
    def check(self, raw: bytes) -> None:
        self.load(raw)
        if raw[:-1] + bytes([raw[-1] & 0x7F]) in _SMALL_ORDER:
            raise UnfitKeyError(Text("an Ed25519 point of small order, for which anyone can make signatures"))

    @override
    def sign(self, private: ed25519.Ed25519PrivateKey, message: bytes) -> bytes:
        return private.sign(message)

    @override
    def verify(self, raw: bytes, message: bytes, signature: bytes) -> None:
        self.load(raw).verify(signature, message)


class Es256(Scheme[ec.EllipticCurvePrivateKey]):
    """ECDSA over P-256 with SHA-256. Public keys are 65 bytes: 0x04, x, y (SEC 1). Signatures are r, s (IEEE P1363)."""

    cose = (-7,)
    jose = ("ES256",)

    @override
    def owns(self, private: object) -> bool:
        return isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1)

    @override
    def grown(self, seed: bytes) -> ec.EllipticCurvePrivateKey:
        scalar = int.from_bytes(seed, "big")
        if not 0 < scalar < _P256_ORDER:
            raise UnfitKeyError("the seed is no P-256 scalar; take another")
        return ec.derive_private_key(scalar, ec.SECP256R1())

    @override
    def public(self, private: ec.EllipticCurvePrivateKey) -> bytes:
        return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @override
    def raw(self, public: object) -> bytes | None:
        if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
            return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return None

    @override
    def load(self, raw: bytes) -> ec.EllipticCurvePublicKey:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)

    @override
    def check(self, raw: bytes) -> None:
        if len(raw) != 1 + 2 * _COORDINATE_BYTES:
            raise UnfitKeyError("an ES256 public key is an uncompressed point of 65 bytes")
        self.load(raw)

    @override
    def sign(self, private: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
        r, s = utils.decode_dss_signature(private.sign(message, _ECDSA_SIGN))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")

    @override
    def verify(self, raw: bytes, message: bytes, signature: bytes) -> None:
        r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
        der = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        self.load(raw).verify(der, message, _ECDSA_VERIFY)


AnyScheme = Scheme[Any]
