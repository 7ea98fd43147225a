"""The console's certificate: a given one, or one of the gate's own making (X.509, RFC 5280)."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.store.durable_files import set_misfit_aside, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agent.settings import Console

log = logging.getLogger(__name__)

CERTIFICATE: Final = "console.pem"
KEY: Final = "console.key"
YEARS: Final = 10
RENEWED_BEFORE: Final = timedelta(days=30)
EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that says less is wrong; a certificate that went by it would have ended before the clock is right."""

LONGEST_COMMON_NAME: Final = 64


class CertificateError(Exception):
    """No certificate can be used; the message says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What browsers are shown. `own`: made here. `fingerprint`: SHA-256 in pairs of hex. `until`: its last moment."""

    chain_file: Path
    key_file: Path
    own: bool
    fingerprint: str
    until: datetime

    def context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS 1.2 or 1.3. Raises CertificateError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.chain_file, self.key_file, password=_no_password)
        except (OSError, ValueError) as error:
            raise CertificateError(f"{self.chain_file} and {self.key_file} cannot be used: {error}") from error
        return context


def certificate(settings: Console, state: Path, names: Iterable[str], utc: float) -> Certificate:
    """The certificate to use. `names`: host names and addresses that the gate's own must hold for.

    A given one that cannot be used is reported in the log, and the gate's own is used, so that somebody can fix it.

    Raises CertificateError.
    """
    if settings.certificate_file is not None and settings.key_file is not None:
        try:
            given = _read(settings.certificate_file, settings.key_file, own=False)
            given.context()
        except CertificateError as error:
            # Expected, no bug: a line tells all.
            log.error("the console's certificate is refused, the gate's own is used: %s", error)  # noqa: TRY400
        else:
            if given.until.timestamp() < utc:
                log.error("the console's certificate %s ended on %s: renew it", given.chain_file, given.until.date())
            return given
    return _own(state, sorted(set(names)), utc)


def _own(state: Path, names: list[str], utc: float) -> Certificate:
    """The gate's own, made again where it is not there, damaged, about to end, or without one of the names."""
    chain, key = state / CERTIFICATE, state / KEY
    now = max(datetime.fromtimestamp(utc, UTC), EARLIEST)
    with contextlib.suppress(OSError):  # told where it is written
        for path in (chain, key):
            set_misfit_aside(path)
    with contextlib.suppress(CertificateError):
        kept = _read(chain, key, own=True)
        kept.context()
        if kept.until - now > RENEWED_BEFORE and set(names) <= _names(chain):
            return kept
    try:
        _make(chain, key, names, now)
    except OSError as error:
        raise CertificateError(f"the console's certificate cannot be written to {state}: {error.strerror}") from error
    made = _read(chain, key, own=True)
    log.info("the console has a new certificate of its own, SHA-256 fingerprint %s", made.fingerprint)
    return made


def _read(chain: Path, key: Path, *, own: bool) -> Certificate:
    try:
        parsed = x509.load_pem_x509_certificate(chain.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"{chain} is no certificate that can be read: {error}") from error
    digits = parsed.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(chain, key, own, digits, parsed.not_valid_after_utc)


def _names(chain: Path) -> set[str]:
    parsed = x509.load_pem_x509_certificate(chain.read_bytes())
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = names.get_values_for_type(x509.IPAddress)
    return {*names.get_values_for_type(x509.DNSName), *map(str, addresses)}


def _make(chain: Path, key_file: Path, names: list[str], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:LONGEST_COMMON_NAME])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(EARLIEST)
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The key first: a certificate without its key would be made again, a key without its certificate too.
    _write(key_file, private)
    _write(chain, made.public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def _no_password() -> str:
    # Without this the library would ask at a terminal, and wait.
    raise ValueError("the private key has a password; give one without")
