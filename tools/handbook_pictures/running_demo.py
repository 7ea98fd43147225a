"""`gate-agent demo` in a terminal of its own, from its link to the key that ends it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

LINK: Final = re.compile(rb"http://127\.0\.0\.1:\d+/enter\?code=[\w-]{32}")
ROWS, COLUMNS = 60, 240
"""A terminal that is wide enough for the link in one line."""

START_S: Final = 120.0
END_S: Final = 120.0


class DemoFailedError(Exception):
    """The demo ended before its pictures were taken, or not as it should."""


class RunningDemo:
    """The demo from its start to its end. `link`: what lets a browser in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = bytearray()
        self._has_link = threading.Event()

    @property
    def link(self) -> str:
        """The link, which works once."""
        found = LINK.search(self._said)
        if found is None:
            raise DemoFailedError(self._last_words())
        return found[0].decode()

    @property
    def state(self) -> Path:
        """The state directory of the gate."""
        return self.folder / "state"

    @property
    def scene_file(self) -> Path:
        """What stands before the simulated camera."""
        return self.folder / "yard" / "scene.json"

    def __enter__(self) -> Self:
        """Start it and wait for the link. Raises DemoFailedError."""
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        command = [str(Path(sys.executable).with_name("gate-agent")), "demo", "--out", str(self.folder)]
        self._process = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, start_new_session=True)
        os.close(inside)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        self._has_link.wait(START_S)
        if LINK.search(self._said) is None:
            self._process.send_signal(signal.SIGINT)  # as Ctrl-C: it ends its own processes first
            self._process.wait()
            raise DemoFailedError(self._last_words())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it by its key. Raises DemoFailedError where a vehicle did not end as it should."""
        if self._process.poll() is None:
            os.write(self._terminal, b"q")
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGINT)  # as Ctrl-C: it ends its own processes first
            code = self._process.wait()
        self._reader.join()
        os.close(self._terminal)
        if code != 0 and error is None:
            raise DemoFailedError(self._last_words())

    def assert_runs(self) -> None:
        """Raises DemoFailedError where it has ended, with its last words."""
        if self._process.poll() is not None:
            raise DemoFailedError(self._last_words())

    def _listen(self) -> None:
        while True:
            try:
                said = os.read(self._terminal, 65536)
            except OSError:  # a terminal that the last program has left
                said = b""
            if not said:
                break
            self._said += said
            if LINK.search(self._said):
                self._has_link.set()
        self._has_link.set()

    def _last_words(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._said.decode("utf-8", "replace"))[-6000:]
