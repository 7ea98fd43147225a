"""Keys and the signature algorithms they belong to. A key has one algorithm; a signed text cannot choose another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias, assert_never

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256

KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64

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

_PrivateKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class KeyInvalidError(ValueError):
    """The bytes are no key of this algorithm. The message never repeats them."""


class Algorithm(StrEnum):
    """A signature algorithm (RFC 9053, RFC 9864), by its fully specified name."""

    ED25519 = "Ed25519"
    ES256 = "ES256"

    @property
    def identifiers(self) -> tuple[int, ...]:
        """The COSE identifiers that a key of this algorithm accepts; the first is the one it signs with."""
        match self:
            case Algorithm.ED25519:
                return (-19, -8)
            case Algorithm.ES256:
                return (-7,)
            case _:
                assert_never(self)


def key_id(public: bytes, size: int = KEY_ID_BYTES) -> bytes:
    """Return the key id: the first `size` bytes of the SHA-256 of the public key's bytes."""
    return sha256(public).digest()[:size]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. `raw`: 32 bytes for Ed25519 (RFC 8032), 65 for ES256 (0x04, x, y; SEC 1 uncompressed).

    Raises:
        KeyInvalidError: at construction, when the bytes are no key.
    """

    algorithm: Algorithm
    raw: bytes

    def __post_init__(self) -> None:
        try:
            _public(self)
        except ValueError:
            raise KeyInvalidError(f"{len(self.raw)} bytes that are no {self.algorithm} public key") from None
        if self.algorithm is Algorithm.ED25519 and self.raw[:-1] + bytes([self.raw[-1] & 0x7F]) in _SMALL_ORDER:
            raise KeyInvalidError("an Ed25519 point of small order, for which anyone can make signatures")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of the SHA-256 of the key."""
        return key_id(self.raw)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Say whether the 64-byte signature (r, s for ES256: IEEE P1363) of the message is this key's."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        key = _public(self)
        try:
            if isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(signature, message)
            else:
                key.verify(_to_der(signature), message, _ECDSA_VERIFY)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, made from a seed or a PEM file. It never shows itself."""

    private: _PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes, algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
        """Return the key of 32 secret random bytes.

        Raises:
            KeyInvalidError: the seed is not 32 bytes, or (one in 2^32) no P-256 scalar.
        """
        if len(seed) != _COORDINATE_BYTES:
            raise KeyInvalidError(f"a seed is {_COORDINATE_BYTES} bytes, not {len(seed)}")
        match algorithm:
            case Algorithm.ED25519:
                return cls(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
            case Algorithm.ES256:
                scalar = int.from_bytes(seed, "big")
                if not 0 < scalar < _P256_ORDER:
                    raise KeyInvalidError("the seed is no P-256 scalar; take another")
                return cls(ec.derive_private_key(scalar, ec.SECP256R1()))
            case _:
                assert_never(algorithm)

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Return the key of an unencrypted PKCS#8 PEM.

        Raises:
            KeyInvalidError: no such PEM, or a key of another kind.
        """
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
            raise KeyInvalidError("no unencrypted private key in PEM form") from None
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return cls(private)
        if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
            return cls(private)
        raise KeyInvalidError("the private key is neither Ed25519 nor P-256")

    def to_pem(self) -> bytes:
        """Return the unencrypted PKCS#8 PEM of the key."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm of this key."""
        return Algorithm.ED25519 if isinstance(self.private, ed25519.Ed25519PrivateKey) else Algorithm.ES256

    @property
    def public(self) -> PublicKey:
        """The public half."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return PublicKey(Algorithm.ED25519, self.private.public_key().public_bytes_raw())
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return PublicKey(Algorithm.ES256, point)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of the message; the same one each time."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        r, s = utils.decode_dss_signature(self.private.sign(message, _ECDSA_SIGN))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def _public(key: PublicKey) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
    match key.algorithm:
        case Algorithm.ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(key.raw)
        case Algorithm.ES256:
            if len(key.raw) != 1 + 2 * _COORDINATE_BYTES:
                raise ValueError("a compressed point")
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.raw)
        case _:
            assert_never(key.algorithm)


def _to_der(signature: bytes) -> bytes:
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
