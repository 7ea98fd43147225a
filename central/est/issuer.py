"""The authority of the site: signs certificates of gates, its own server's certificate, and the revocation list."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

BEFORE_S: Final = 3600
"""A certificate begins an hour before it is made: the clock of a gate may be late."""
_CAKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class IssuerError(Exception):
    """The authority cannot sign; the message names the file or the date, and says why."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """A certificate that holds no longer. `at_utc`: since when, Unix seconds."""

    serial: int
    at_utc: float


class Issuer:
    """The authority: its certificate, those above it, and its private key in memory."""

    def __init__(self, chain: Sequence[x509.Certificate], key: _CAKey) -> None:
        """`chain`: the authority's own certificate first."""
        self.chain: Final = tuple(chain)
        self._key = key

    @classmethod
    def of_files(cls, ca_file: Path, key_file: Path, password: bytes | None = None) -> Issuer:
        """Read the authority: PEM, any order. `password`: of an encrypted key. Raises IssuerError."""
        try:
            found = x509.load_pem_x509_certificates(ca_file.read_bytes())
        except (OSError, ValueError) as error:
            raise IssuerError(f"{ca_file}: expected the authority's certificate as PEM: {error}") from error
        try:
            key = load_pem_private_key(key_file.read_bytes(), password)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise IssuerError(f"{key_file}: expected the authority's private key as PEM: {error}") from error
        if not isinstance(key, _CAKey):
            raise IssuerError(f"{key_file}: expected an EC, RSA or Ed25519 key")
        own = next((one for one in found if _key_info(one.public_key()) == _key_info(key.public_key())), None)
        if own is None:
            raise IssuerError(f"{key_file} is not the key of a certificate in {ca_file}")
        return cls([own, *(one for one in found if one is not own)], key)

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        return self.chain[0]

    @property
    def renews(self) -> tuple[x509.Certificate, ...]:
        """The authorities whose gates get their next certificate here: this one, and those that signed before it.

        Those above one of them are not among these: other authorities may be below them too.
        """
        others = (one for one in self.chain[1:] if not any(_is_above(one, below) for below in self.chain))
        return (self.certificate, *others)

    def issue(
        self, name: str, key: CertificatePublicKeyTypes, days: int, utc: float, *, serves: Sequence[str] = ()
    ) -> x509.Certificate:
        """Sign a certificate for a client of this name, or for a server of these host names.

        It ends when the authority does, at the latest. `utc`: now, Unix seconds. Raises IssuerError for an authority
        that has ended.
        """
        now = datetime.fromtimestamp(int(utc), UTC)
        last = self.certificate.not_valid_after_utc
        if now >= last:
            raise IssuerError(f"the certificate of the authority expired on {last:%Y-%m-%d}: renew it first")
        usage = ExtendedKeyUsageOID.SERVER_AUTH if serves else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(now - timedelta(seconds=BEFORE_S), self.certificate.not_valid_before_utc))
            .not_valid_after(min(now + timedelta(days=days), last))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_DIGITAL_SIGNATURE, critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(_authority_key(self.certificate), critical=False)
        )
        if serves:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_host, serves)), critical=False)
        return builder.sign(self._key, self._hash)

    def revocation_list(self, revoked: Iterable[Revocation], number: int, days: int, utc: float) -> bytes:
        """Sign the list of what holds no longer, as PEM. `number`: higher than that of every list before."""
        now = datetime.fromtimestamp(int(utc), UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - timedelta(seconds=BEFORE_S))
            .next_update(now + timedelta(days=days))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(_authority_key(self.certificate), critical=False)
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(datetime.fromtimestamp(int(one.at_utc), UTC)).build()
            )
        return builder.sign(self._key, self._hash).public_bytes(Encoding.PEM)

    @property
    def _hash(self) -> hashes.SHA256 | None:
        return None if isinstance(self._key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def certificates_only(certificates: Sequence[x509.Certificate]) -> bytes:
    """A certs-only PKCS #7 message (RFC 5272, 4.1), DER."""
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)


_DIGITAL_SIGNATURE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _is_above(authority: x509.Certificate, below: x509.Certificate) -> bool:
    """Whether an authority has signed the certificate of another one."""
    if authority == below:
        return False
    try:
        below.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _authority_key(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_info(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
