"""Keys and their signature algorithms. A key has one algorithm, and a signed text cannot choose another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from agent.core.crypto.schemes import SEED_BYTES, Ed25519, Es256, UnfitKeyError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.crypto.schemes import AnyScheme

KEY_ID_BYTES = 4

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
        return _SCHEMES[self].cose

    @property
    def names(self) -> tuple[str, ...]:
        """The names of JSON Web Signatures that a key of this algorithm accepts; the first is the one it signs with."""
        return _SCHEMES[self].jose


# The table of algorithms: whatever is signed here is signed by one of these.
_SCHEMES: Mapping[Algorithm, AnyScheme] = {Algorithm.ED25519: Ed25519(), Algorithm.ES256: Es256()}


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
            _SCHEMES[self.algorithm].check(self.raw)
        except UnfitKeyError as error:
            raise KeyInvalidError(str(error)) from None
        except ValueError:
            raise KeyInvalidError(
                Text(
                    "{count} bytes that are not an {algorithm} public key",
                    count=len(self.raw),
                    algorithm=self.algorithm,
                )
            ) from None

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Return the key of a public PEM (SubjectPublicKeyInfo).

        Raises:
            KeyInvalidError: no such PEM, or a key of another kind.
        """
        try:
            public = serialization.load_pem_public_key(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
            raise KeyInvalidError(Text("no public key in PEM form")) from None
        for algorithm, scheme in _SCHEMES.items():
            raw = scheme.raw(public)
            if raw is not None:
                return cls(algorithm, raw)
        raise KeyInvalidError(Text("the public key is neither Ed25519 nor P-256"))

    def to_pem(self) -> bytes:
        """Return the public PEM of the key."""
        key = _SCHEMES[self.algorithm].load(self.raw)
        return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of the SHA-256 of the key."""
        return key_id(self.raw)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Say whether the 64-byte signature (r, s for ES256: IEEE P1363) of the message is this key's."""
        return _SCHEMES[self.algorithm].verifies(self.raw, message, signature)


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
        if len(seed) != SEED_BYTES:
            raise KeyInvalidError(f"a seed is {SEED_BYTES} bytes, not {len(seed)}")
        try:
            return cls(_SCHEMES[algorithm].grown(seed))
        except UnfitKeyError as error:
            raise KeyInvalidError(str(error)) from None

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
        if isinstance(private, _PrivateKey) and any(scheme.owns(private) for scheme in _SCHEMES.values()):
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
        return next(algorithm for algorithm, scheme in _SCHEMES.items() if scheme.owns(self.private))

    @property
    def public(self) -> PublicKey:
        """The public half."""
        algorithm = self.algorithm
        return PublicKey(algorithm, _SCHEMES[algorithm].public(self.private))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of the message; the same one each time."""
        return _SCHEMES[self.algorithm].sign(self.private, message)
