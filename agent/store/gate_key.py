"""The gate's own key: an Ed25519 key in a file of the state directory.

The file holds the private key (PEM, PKCS #8) and after it the public one, by which a damaged private key is noticed.

Central pins its public half, and nobody who does believes a new key in its place. But a gate that does not start lets
no officer act: a key that cannot be used is put aside at the start, a new one is made, and the trust state says so.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from agent.core.crypto import Algorithm, KeyInvalidError, SigningKey
from agent.store.durable_files import set_aside, set_misfit_aside, sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.core.crypto import PublicKey

log = logging.getLogger(__name__)

NAME: Final = "gate.key"
MODE: Final = 0o600
SEED_BYTES: Final = 32
LONGEST_FILE: Final = 4096
PUBLIC_MARK: Final = b"-----BEGIN PUBLIC KEY-----"
FAULTS_OF_FILE: Final = frozenset({errno.ELOOP, errno.EACCES, errno.EPERM, errno.EIO, errno.ENXIO})
"""What opening or reading it says where the file is at fault, and another one in its place would do."""


class GateKeyError(OSError):
    """The key cannot be used or made; the message says why and how to fix it. Nothing was changed."""


class UnusableGateKeyError(GateKeyError):
    """What lies in the place of the key is none that can be used; `fault` says why, without how to fix it."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            Text(
                "{fault}: put a good key there before the agent starts again. Otherwise the agent moves "
                "this one aside and makes a new key, and central must get its public half",
                fault=fault,
            )
        )
        self.fault = fault


@dataclass(frozen=True, slots=True)
class GateKey:
    """The key to sign with. `replaced`: what was put aside for it and why, in words; "" for nothing."""

    signing: SigningKey
    replaced: str = ""

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return self.signing.public


def key_path(state: Path) -> Path:
    """Where the key of a state directory lies."""
    return state / NAME


def gate_key(state: Path) -> GateKey:
    """The key of this state directory, made if there is none that can be used. Raises GateKeyError."""
    path = key_path(state)
    try:
        with _alone(state):
            replaced = "" if not os.path.lexists(path) else _unusable_aside(path)
            fresh = path.with_name(f"{path.name}.new")
            set_misfit_aside(fresh)
            fresh.unlink(missing_ok=True)  # a crash while it was made left it; it was never used
            if not os.path.lexists(path):
                _make(path, fresh)
    except GateKeyError:
        raise
    except OSError as error:
        raise GateKeyError(
            Text("cannot make the gate's key {path}: {strerror}", path=path, strerror=error.strerror)
        ) from error
    return GateKey(read_gate_key(state), replaced)


def _unusable_aside(path: Path) -> str:
    """Put a key aside that cannot be used; what was done, "" for a good one. Raises OSError."""
    try:
        read_gate_key(path.parent)
    except UnusableGateKeyError as error:
        done = Text(
            "{fault}; it was moved to {target}, and a new key was made", fault=error.fault, target=set_aside(path)
        )
        log.critical("%s", done)
        return done
    return ""


def read_gate_key(state: Path) -> SigningKey:
    """The key of this state directory. Raises FileNotFoundError where there is none, GateKeyError for a bad one."""
    path = key_path(state)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        _check_owner(path, os.fstat(descriptor))
        pem = os.read(descriptor, LONGEST_FILE)
    except OSError as error:
        if isinstance(error, GateKeyError):
            raise
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)
    return _parsed(path, pem)


def public_pem(key: PublicKey) -> bytes:
    """A public Ed25519 key as PEM (SubjectPublicKeyInfo)."""
    return ed25519.Ed25519PublicKey.from_public_bytes(key.raw).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _unreadable(path: Path, error: OSError) -> GateKeyError:
    if error.errno == errno.ELOOP:
        return UnusableGateKeyError(Text("the gate's key {path} is a link", path=path))
    fault = Text("cannot read the gate's key {path}: {strerror}", path=path, strerror=error.strerror)
    return UnusableGateKeyError(fault) if error.errno in FAULTS_OF_FILE else GateKeyError(fault)


def _check_owner(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnusableGateKeyError(Text("the gate's key {path} is not a regular file", path=path))
    if os.geteuid() not in {0, status.st_uid}:
        raise UnusableGateKeyError(
            Text(
                "the gate's key {path} belongs to user {st_uid}, expected {geteuid}",
                path=path,
                st_uid=status.st_uid,
                geteuid=os.geteuid(),
            )
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnusableGateKeyError(
            Text(
                "the gate's key {path} can be used by others: its mode is {s_imode}, expected 0600",
                path=path,
                s_imode=f"{stat.S_IMODE(status.st_mode):04o}",
            )
        )


def _parsed(path: Path, pem: bytes) -> SigningKey:
    try:
        key = SigningKey.from_pem(pem)
    except KeyInvalidError as error:
        raise UnusableGateKeyError(Text("the gate's key {path} is damaged", path=path)) from error
    if key.algorithm is not Algorithm.ED25519:
        raise UnusableGateKeyError(Text("the gate's key {path} is not an Ed25519 key", path=path))
    _, mark, rest = pem.partition(PUBLIC_MARK)
    if mark and mark + rest != public_pem(key.public):
        raise UnusableGateKeyError(Text("the gate's key {path} is damaged (its halves do not match)", path=path))
    return key


def _make(path: Path, fresh: Path) -> None:
    """Write the file whole or not at all, durably, by way of `fresh`. Raises OSError."""
    key = SigningKey.from_seed(secrets.token_bytes(SEED_BYTES))
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.to_pem() + public_pem(key.public))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else makes a key in this folder meanwhile. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
