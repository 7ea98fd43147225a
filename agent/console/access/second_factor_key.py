"""The key under which the secrets of second factors are kept: a file of its own, beside the file of users.

Who has the file of users alone, as from a backup of it, can make no codes.
"""

from __future__ import annotations

import os
import secrets
import stat
import threading
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from agent.console.access.database import AccessStoreError
from agent.store.durable_files import sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "second-factor.key"
MODE: Final = 0o600
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class FactorSealError(Exception):
    """A secret cannot be opened: the key is not the one by which it was sealed. The message says how to fix it."""


class FactorSeal:
    """Seals secrets by ChaCha20-Poly1305 (RFC 8439), each bound to its user. For all threads.

    The key is made when the first secret is sealed. Its file must be the agent's own, and for nobody else to read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._making = threading.Lock()

    def seal(self, user: str, secret: bytes) -> bytes:
        """The secret as the disk may have it. Raises AccessStoreError."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + ChaCha20Poly1305(self._key(make=True)).encrypt(nonce, secret, user.encode())

    def opened(self, user: str, sealed: bytes) -> bytes:
        """The secret of a user. Raises FactorSealError, AccessStoreError."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return ChaCha20Poly1305(self._key(make=False)).decrypt(nonce, rest, user.encode())
        except (FileNotFoundError, InvalidTag):
            raise FactorSealError(
                Text(
                    "the second factor of {user} cannot be checked: {path} is gone, or another one; put it back, or "
                    "run gate-agent console user reset-second-factor {user}",
                    user=user,
                    path=self._path,
                )
            ) from None

    def _key(self, *, make: bool) -> bytes:
        """The key. Raises FileNotFoundError where there is none and none is to be made, AccessStoreError."""
        try:
            with self._making:
                if make and not os.path.lexists(self._path):
                    self._make()
            return self._read()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise AccessStoreError(f"the key of second factors {self._path} cannot be used: {error}") from error

    def _read(self) -> bytes:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise AccessStoreError(
                    f"the key of second factors {self._path} is no file, or others can use it (mode "
                    f"{stat.S_IMODE(status.st_mode):04o}): run chmod 600 {self._path} if nobody can have read it, else "
                    "remove it, and have everybody set up the second factor again"
                )
            key = os.read(descriptor, KEY_BYTES + 1)
        finally:
            os.close(descriptor)
        if len(key) != KEY_BYTES:
            raise AccessStoreError(
                f"the key of second factors {self._path} is damaged: put it back from a copy, or remove it, and have "
                "everybody set up the second factor again"
            )
        return key

    def _make(self) -> None:
        """Write the file whole or not at all, durably."""
        fresh = self._path.with_name(f"{NAME}.new")
        fresh.unlink(missing_ok=True)  # a crash while it was made left it; it was never used
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._path)
        sync_folder(self._path.parent)
