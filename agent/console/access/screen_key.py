"""The key from which the tokens of drivers' screens are made: one file beside the file of users.

A token stands in the address of a screen, so it is made of the key and the lane, and never the key itself.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import hmac
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "driver-page.key"
MODE: Final = 0o600
KEY_BYTES: Final = 32


class ScreenKey:
    """The key in the folder of the gate's state. Its file is the agent's own, and for nobody else to read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def token(self, lane: str) -> str:
        """The token of a lane's screens: 43 letters and digits (base64url). Raises OSError, FileNotFoundError too."""
        made = hmac.digest(self._read(), b"driver page " + lane.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def ensure(self) -> None:
        """Make the key where there is none. Raises OSError."""
        if not os.path.lexists(self.path):
            self.renew()

    def renew(self) -> None:
        """Make a new key: all tokens before it are void. Whole or not at all, durably. Raises OSError."""
        fresh = self.path.with_name(f"{NAME}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(descriptor)
            fresh.rename(self.path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        sync_folder(self.path.parent)

    def _read(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                said = Text("It is not a file, or other users can read it: run gate-agent console screen LANE --renew")
                raise OSError(errno.EPERM, said, str(self.path))
            key = os.read(descriptor, KEY_BYTES + 1)
        finally:
            os.close(descriptor)
        if len(key) != KEY_BYTES:
            said = Text("It is damaged: run gate-agent console screen LANE --renew")
            raise OSError(errno.EINVAL, said, str(self.path))
        return key
