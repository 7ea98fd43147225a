"""Who gets a certificate: judges tokens and certificates, has the issuer sign, and notes it before it is given out."""

from __future__ import annotations

import hmac
import logging
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from agent.broker import check_gate_id
from central.est.certificate_database import CertificateRow
from central.est.issuer import Revocation
from central.est.tokens import new_token, token_digest, token_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from central.est.certificate_database import Register, TokenRow
    from central.est.issuer import Issuer
    from central.est.requests import CertificateRequest

log = logging.getLogger(__name__)

HOUR_S: Final = 3600.0


class RefusedError(Exception):
    """A gate gets no certificate: the HTTP status that says so, and why in words."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Registrar:
    """The rules of one site. For all threads. `utc`: the wall clock, Unix seconds. `days`: life of a certificate.

    Everything raises RegisterError where the register cannot be used, and IssuerError where the authority cannot sign.
    """

    site: int
    days: int
    issuer: Issuer
    register: Register
    utc: Callable[[], float]
    signing: threading.Lock

    @classmethod
    def of(cls, site: int, days: int, issuer: Issuer, register: Register, utc: Callable[[], float]) -> Registrar:
        """The registrar of a site, which signs one certificate at a time."""
        return cls(site, days, issuer, register, utc, threading.Lock())

    # ---------------------------------------------------------------------------------------------------- for people

    def make_token(self, gate: str, hours: float) -> str:
        """A new token for one gate of this site. Raises ValueError for what is no gate id."""
        check_gate_id(gate)
        token, now = new_token(self.site), self.utc()
        digest = token_digest(token)
        if digest is None:
            raise RuntimeError(f"a token of site {self.site} cannot be read back")
        self.register.add_token(digest, gate, now, now + hours * HOUR_S)
        return token

    def revocation_list(self, days: int) -> bytes:
        """The signed list of all that was revoked, PEM, with a number of its own."""
        revoked = [Revocation(serial, at) for serial, at in self.register.revoked()]
        return self.issuer.revocation_list(revoked, self.register.next_crl_number(), days, self.utc())

    # ----------------------------------------------------------------------------------------------------- for gates

    def enrol(self, token: str, user: str, request: CertificateRequest) -> x509.Certificate:
        """A certificate for the bearer of a token. `user`: the name beside it, "" for none. Raises RefusedError.

        A token is used up by a key, not by a request: a gate that lost its answer to a power cut asks again with the
        same key, and gets the same certificate.
        """
        with self.signing:
            digest, row = self._token(token)
            if row.key_info is not None and hmac.compare_digest(row.key_info, request.key_info) and row.certificate:
                log.info("gate %s asked again with the key that its token was used for", row.gate)
                return x509.load_der_x509_certificate(row.certificate)
            if row.used_at is not None:
                raise RefusedError(HTTPStatus.FORBIDDEN, "the token has been used: ask for a new one")
            if self.utc() >= row.expires_at:
                raise RefusedError(HTTPStatus.FORBIDDEN, "the token is too old: ask for a new one")
            if user not in {"", row.gate}:
                raise RefusedError(HTTPStatus.FORBIDDEN, f"the token is for another gate than {user}")
            if request.name != row.gate:
                raise RefusedError(
                    HTTPStatus.FORBIDDEN, f"the token is for another gate than {request.name}, which the request names"
                )
            made, noted = self._signed(row.gate, request)
            with self.register.changing():
                self.register.add_certificate(noted)
                self.register.use_token(digest, self.utc(), request.key_info, made.public_bytes(Encoding.DER))
        log.info("gate %s is enrolled; its certificate ends at %s", row.gate, made.not_valid_after_utc)
        return made

    def renew(self, peer: x509.Certificate, request: CertificateRequest) -> x509.Certificate:
        """A new certificate for who has shown `peer`, of which TLS has proved the key and the issuer.

        Raises RefusedError for a certificate that was revoked, for another name, and for the key of before.
        """
        name = _name_of(peer)
        if request.name != name:
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"the certificate is for {name}, the request for {request.name}: both must be one"
            )
        begins_at = peer.not_valid_before_utc.timestamp()
        if self.register.revoked_at(name, peer.serial_number, begins_at) is not None:
            log.warning("gate %s asked for a certificate, and is revoked", name)
            raise RefusedError(HTTPStatus.FORBIDDEN, "the certificate was revoked")
        if request.key_info == peer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "the request has the key of the present certificate: make a new one"
            )
        with self.signing:
            made, noted = self._signed(name, request)
            with self.register.changing():
                self.register.add_certificate(noted)
        log.info("gate %s has a new certificate; it ends at %s", name, made.not_valid_after_utc)
        return made

    def _token(self, token: str) -> tuple[bytes, TokenRow]:
        digest = token_digest(token)
        row = None if digest is None else self.register.token(digest)
        if digest is not None and row is not None:
            return digest, row
        site = token_site(token)
        if site is not None and site != self.site:
            raise RefusedError(HTTPStatus.FORBIDDEN, f"the token is for site {site}, and this is site {self.site}")
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "the token is not known here: check it letter by letter")

    def _signed(self, name: str, request: CertificateRequest) -> tuple[x509.Certificate, CertificateRow]:
        now = self.utc()
        made = self.issuer.issue(name, request.public_key, self.days, now)
        begins_at, ends_at = made.not_valid_before_utc.timestamp(), made.not_valid_after_utc.timestamp()
        return made, CertificateRow(made.serial_number, name, begins_at, ends_at, now, None)


def _name_of(peer: x509.Certificate) -> str:
    names = peer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise RefusedError(HTTPStatus.FORBIDDEN, "the certificate does not have one common name")
    return str(names[0].value)
