"""Whom the gate takes for its EST server: one whose certificate leads to an authority that was named beforehand.

RFC 7030, 4.1.1: where only a fingerprint is known, the authority's certificates are fetched from a server of which
nothing is known yet, and the one with this fingerprint counts. Nothing else is asked, and no token shown, before the
server has proved itself by it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DIGITS: Final = 64


class ServerTrustError(Exception):
    """Nobody can be taken for the server; the message says why."""


@dataclass(frozen=True, slots=True)
class ServerTrust:
    """The authorities of which one must have signed for the server, as PEM; empty: those of the system."""

    authorities: bytes

    @classmethod
    def of_file(cls, path: Path | None) -> ServerTrust:
        """The certificates of a file; None: those of the system. Raises ServerTrustError."""
        if path is None:
            return cls(b"")
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except OSError as error:
            raise ServerTrustError(Text("{path} cannot be read: {why}", path=path, why=reason(error))) from error
        except ValueError as error:
            message = Text("{path}: expected certificates as PEM: {error}", path=path, error=error)
            raise ServerTrustError(message) from error
        return cls(pem(found))

    @classmethod
    def of_fingerprint(cls, wanted: bytes, offered: Iterable[x509.Certificate]) -> ServerTrust:
        """The one certificate with this SHA-256. Raises ServerTrustError where it is not offered."""
        seen = []
        for one in offered:
            digest = digest_of(one)
            if hmac.compare_digest(digest, wanted):
                return cls(pem([one]))
            seen.append(digest.hex())
        shown = ", ".join(seen) or "-"
        raise ServerTrustError(
            Text(
                "no authority of the server has the SHA-256 {wanted}; it offers {seen}. Compare with the "
                "person who gave you the fingerprint, and do not continue until both agree",
                wanted=wanted.hex(),
                seen=shown,
            )
        )

    def context(self, own: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """TLS from 1.2 on with a server that proves itself. Raises OSError (SSLError).

        `own`: the files of the certificate and the key that the gate shows.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.authorities:
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata=self.authorities.decode("ascii"))
        else:
            context.load_default_certs()
        if own is not None:
            context.load_cert_chain(*own, password=lambda: b"")
        return context


def digest_of(certificate: x509.Certificate) -> bytes:
    """The SHA-256 of a certificate, by which people compare it."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def blind_context() -> ssl.SSLContext:
    """TLS with any server: for the authority's certificates alone, which are then compared with a fingerprint."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fingerprint(text: str) -> bytes:
    """The SHA-256 that a person gives: 64 hexadecimal digits, with or without colons and spaces. Raises ValueError."""
    digits = re.sub(r"[\s:]", "", text)
    if len(digits) != _DIGITS or re.fullmatch(r"[0-9A-Fa-f]+", digits) is None:
        raise ValueError(
            Text("a fingerprint is the SHA-256 of a certificate, 64 hexadecimal digits; found {text!r}", text=text)
        )
    return bytes.fromhex(digits)


def pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Certificates as PEM, one after the other."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
