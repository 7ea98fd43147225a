"""A certificate and its private key on the disk, and how the next pair takes their place at any moment of a power cut.

Beside each file lies, for a while, the next one: `FILE.next`. The next key is on the disk before anybody is asked for
its certificate, so a gate that lost the answer asks again with the same key. Once the next certificate is there, the
pair is whole, and two renames put it in place; `recover` finishes them after a power cut between the two. The pair of
before stays as `FILE.previous`.

A pair that has taken the place of another is on trial until a broker has taken it: `FILE.unproven` names it, and it is
written before the renames. `go_back` puts the previous pair in its place again, in the same way.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.enrolment.server_trust import pem
from agent.store.durable_files import open_regular, sync_folder
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

log = logging.getLogger(__name__)

KEY_MODE: Final = 0o600
CERTIFICATE_MODE: Final = 0o644
LARGEST: Final = 262_144


class PairError(Exception):
    """A file of a pair cannot be read or written; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """The two files, PEM. For one thread of one process at a time."""

    certificate_file: Path
    key_file: Path

    def certificate(self) -> x509.Certificate | None:
        """The present certificate; None without a file. Raises PairError."""
        return _certificate(self.certificate_file)

    def usable(self) -> bool:
        """Whether both files are there and belong together."""
        try:
            certificate, key = self.certificate(), _key(self.key_file)
        except PairError:
            return False
        return certificate is not None and key is not None and _belong(certificate, key)

    def next_key(self) -> ec.EllipticCurvePrivateKey:
        """The key of the next pair, on P-256: one that waits for its certificate, else a new one. Raises PairError."""
        if self.certificate_file == self.key_file:
            message = Text("{path}: certificate and key must be two files to be renewed", path=self.certificate_file)
            raise PairError(message)
        path = _next(self.key_file)
        try:
            found = _key(path)
        except PairError as error:
            log.warning("%s; making another key", error)
            found = None
        if isinstance(found, ec.EllipticCurvePrivateKey):
            return found
        made = ec.generate_private_key(ec.SECP256R1())
        put_file(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), KEY_MODE)
        return made

    def put(self, chain: Sequence[x509.Certificate]) -> None:
        """Have the next key and this certificate, with those above it, take the place of the pair. Raises PairError."""
        if self.usable():
            put_file(self._unproven_file, _fingerprint(chain[0]), CERTIFICATE_MODE)
        put_file(_next(self.certificate_file), pem(chain), CERTIFICATE_MODE)
        self.recover()

    def on_trial(self, utc: float) -> bool:
        """Whether no broker has taken the present pair yet, and there is a previous one that holds at `utc`.

        Unix seconds. Raises PairError.
        """
        present, previous = self.certificate(), self._previous
        if present is None or _content(self._unproven_file) != _fingerprint(present) or not previous.usable():
            return False
        before = previous.certificate()
        return before is not None and utc < before.not_valid_after_utc.timestamp()

    def prove(self) -> None:
        """A broker has taken the present pair. Raises PairError."""
        try:
            if _content(_next(self.key_file)) == _content(self._previous.key_file):
                _next(self.key_file).unlink(missing_ok=True)  # of a way back that a power cut has ended
            self._unproven_file.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(error, self._unproven_file) from error

    def go_back(self) -> None:
        """Have the previous pair take the place of the present one, which becomes the previous one. Raises PairError.

        What a power cut leaves is put right by `recover`, or is on trial still.
        """
        before = self._previous
        for source, place, mode in (
            (before.key_file, _next(self.key_file), KEY_MODE),
            (before.certificate_file, _next(self.certificate_file), CERTIFICATE_MODE),
        ):
            content = _content(source)
            if content is None:
                raise PairError(Text("{path} is missing: there is no pair to go back to", path=source))
            put_file(place, content, mode)
        self.recover()

    @property
    def _previous(self) -> CertificatePair:
        return CertificatePair(_beside(self.certificate_file, "previous"), _beside(self.key_file, "previous"))

    @property
    def _unproven_file(self) -> Path:
        return _beside(self.certificate_file, "unproven")

    def recover(self) -> bool:
        """Finish what a power cut left half done; whether there was anything. Raises PairError."""
        waiting_file, key_file = _next(self.certificate_file), _next(self.key_file)
        if not os.path.lexists(waiting_file):
            return False
        try:
            certificate = _certificate(waiting_file)
            waiting_key = _key(key_file)
        except PairError as error:
            log.warning("%s; it is deleted, and the current pair stays", error)
            certificate = waiting_key = None
        try:
            if certificate is None:
                waiting_file.unlink(missing_ok=True)
                return False
            if waiting_key is not None and _belong(certificate, waiting_key):
                self._keep_present()
                key_file.replace(self.key_file)
                # On two filesystems the later rename could outlive the earlier one, and nothing finishes that.
                sync_folder(self.key_file.parent)
            elif (present := _key(self.key_file)) is None or not _belong(certificate, present):
                log.warning("%s belongs to no key and is deleted; the current pair stays", waiting_file)
                waiting_file.unlink()
                return False
            waiting_file.replace(self.certificate_file)
            sync_folder(self.certificate_file.parent)
        except OSError as error:
            raise _unwritable(error, self.certificate_file) from error
        return True

    def _keep_present(self) -> None:
        """Copy the present pair beside itself, where it is whole. Raises PairError."""
        if not self.usable():
            return
        for path, mode in ((self.key_file, KEY_MODE), (self.certificate_file, CERTIFICATE_MODE)):
            content = _content(path)
            if content is not None:
                put_file(_beside(path, "previous"), content, mode)


def put_file(path: Path, content: bytes, mode: int) -> None:
    """Put a file in place as a whole, durably, with this mode. Makes its folder. Raises PairError."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(error, path) from error


def _next(path: Path) -> Path:
    return _beside(path, "next")


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256()).hex().encode()


def _content(path: Path) -> bytes | None:
    """What a file holds; None where there is none. Raises PairError."""
    try:
        with open_regular(path) as file:
            return file.read(LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PairError(Text("{path} cannot be read: {why}", path=path, why=reason(error))) from error


def _certificate(path: Path) -> x509.Certificate | None:
    content = _content(path)
    if content is None:
        return None
    try:
        return x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise PairError(Text("{path} contains no PEM certificate: {error}", path=path, error=error)) from error


def _key(path: Path) -> PrivateKeyTypes | None:
    content = _content(path)
    if content is None:
        return None
    try:
        return load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PairError(Text("{path} contains no unencrypted PEM private key", path=path)) from error


def _belong(certificate: x509.Certificate, key: PrivateKeyTypes) -> bool:
    info = PublicFormat.SubjectPublicKeyInfo
    own = key.public_key().public_bytes(Encoding.DER, info)
    return certificate.public_key().public_bytes(Encoding.DER, info) == own


def _unwritable(error: OSError, path: Path) -> PairError:
    return PairError(Text("{path} cannot be written: {why}", path=error.filename or path, why=reason(error)))
