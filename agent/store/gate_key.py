"""The gate's own key: an Ed25519 key in a file of the state directory, made once and never replaced by the agent.

The file holds the private key (PEM, PKCS #8) and after it the public one, by which a damaged private key is noticed.

Central pins its public half. A new key in its place would make every later signature worthless to central, so whatever
is wrong with the file is an error that an administrator must fix.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from agent.core.crypto import Algorithm, KeyInvalidError, SigningKey
from agent.store.files import sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.core.crypto import PublicKey

NAME: Final = "gate.key"
MODE: Final = 0o600
SEED_BYTES: Final = 32
LONGEST_FILE: Final = 4096
PUBLIC_MARK: Final = b"-----BEGIN PUBLIC KEY-----"
NEW_KEY: Final = Text("or move it away: the next start makes a new key, and central must then be told its public half")


class GateKeyError(OSError):
    """The key cannot be used or made; the message says why and how to fix it. Nothing was changed."""


def key_path(state: Path) -> Path:
    """Where the key of a state directory lies."""
    return state / NAME


def gate_key(state: Path) -> SigningKey:
    """The key of this state directory, made if there is none. Raises GateKeyError."""
    path = key_path(state)
    try:
        with _alone(state):
            fresh = path.with_name(f"{path.name}.new")
            fresh.unlink(missing_ok=True)  # a crash while it was made left it; it was never used
            if not os.path.lexists(path):
                _make(path, fresh)
    except OSError as error:
        raise GateKeyError(
            Text("cannot make the gate's key {path}: {strerror}", path=path, strerror=error.strerror)
        ) from error
    return read_gate_key(state)


def read_gate_key(state: Path) -> SigningKey:
    """The key of this state directory. Raises FileNotFoundError where there is none, GateKeyError for a bad one."""
    path = key_path(state)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise GateKeyError(
                Text(
                    "the gate's key {path} is a link: put the file itself there, {new_key}", path=path, new_key=NEW_KEY
                )
            ) from error
        raise GateKeyError(
            Text(
                "cannot read the gate's key {path}: {strerror}; it must belong to the agent",
                path=path,
                strerror=error.strerror,
            )
        ) from error
    try:
        _check_owner(path, os.fstat(descriptor))
        pem = os.read(descriptor, LONGEST_FILE)
    except OSError as error:
        if isinstance(error, GateKeyError):
            raise
        raise GateKeyError(
            Text("cannot read the gate's key {path}: {strerror}", path=path, strerror=error.strerror)
        ) from error
    finally:
        os.close(descriptor)
    return _parsed(path, pem)


def public_pem(key: PublicKey) -> bytes:
    """A public Ed25519 key as PEM (SubjectPublicKeyInfo)."""
    return ed25519.Ed25519PublicKey.from_public_bytes(key.raw).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _check_owner(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise GateKeyError(
            Text("the gate's key {path} is no file: put the key there, {new_key}", path=path, new_key=NEW_KEY)
        )
    if os.geteuid() not in {0, status.st_uid}:
        raise GateKeyError(
            Text(
                "the gate's key {path} belongs to user {st_uid}, not {geteuid}: run `chown -h {geteuid} {path}` if "
                "you trust it, {new_key}",
                path=path,
                st_uid=status.st_uid,
                geteuid=os.geteuid(),
                new_key=NEW_KEY,
            )
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise GateKeyError(
            Text(
                "the gate's key {path} can be used by others (mode {s_imode}): run `chmod 600 {path}` if nobody can "
                "have read it, {new_key}",
                path=path,
                s_imode=f"{stat.S_IMODE(status.st_mode):04o}",
                new_key=NEW_KEY,
            )
        )


def _parsed(path: Path, pem: bytes) -> SigningKey:
    try:
        key = SigningKey.from_pem(pem)
    except KeyInvalidError as error:
        raise GateKeyError(
            Text(
                "the gate's key {path} is damaged ({error}): restore it from a copy, {new_key}",
                path=path,
                error=error,
                new_key=NEW_KEY,
            )
        ) from error
    if key.algorithm is not Algorithm.ED25519:
        raise GateKeyError(
            Text(
                "the gate's key {path} is not an Ed25519 key: restore the right one, {new_key}",
                path=path,
                new_key=NEW_KEY,
            )
        )
    _, mark, rest = pem.partition(PUBLIC_MARK)
    if mark and mark + rest != public_pem(key.public):
        raise GateKeyError(
            Text(
                "the gate's key {path} is damaged (its halves do not fit): restore it from a copy, {new_key}",
                path=path,
                new_key=NEW_KEY,
            )
        )
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
