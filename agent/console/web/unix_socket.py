"""The Unix socket by which commands on this computer ask the running agent: there also where the pages are off."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

SOCKET_NAME: Final = "console.sock"
MODE: Final = 0o660
BACKLOG: Final = 64


class UnixSocket:
    """A socket in the runtime folder, for the agent's user and group."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / SOCKET_NAME
        self._listener: socket.socket | None = None

    @classmethod
    def from_environment(cls) -> UnixSocket | None:
        """One in the folder that the service manager gives (RUNTIME_DIRECTORY); None where it gives none."""
        folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
        return cls(Path(folder)) if folder else None

    def open(self) -> socket.socket:
        """The socket, open: who connects before there are answers waits for them. Raises OSError.

        Its name is there only when it listens: who finds it is never refused.
        """
        if self._listener is None:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            unnamed = self.path.with_name(f"{SOCKET_NAME}.new")
            try:
                unnamed.unlink(missing_ok=True)
                listener.bind(str(unnamed))
                unnamed.chmod(MODE)
                listener.listen(BACKLOG)
                unnamed.replace(self.path)
            except OSError as error:
                listener.close()
                raise OSError(error.errno, f"{self.path}: {error.strerror}") from error
            self._listener = listener
        return self._listener

    def close(self) -> None:
        """Close the socket and remove its file."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.path.unlink(missing_ok=True)
