"""The keys of a visitor at the terminal, one at a time and without Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Keyboard:
    """Reads single keys of a terminal while it is entered; the terminal is then as it was before."""

    def __init__(self, descriptor: int | None = None) -> None:
        """`descriptor`: of the terminal; None: standard input."""
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def pressed(self) -> str:
        """The keys that were pressed since the last call, in small letters; returns at once."""
        ready, _, _ = select.select([self._descriptor], [], [], 0)
        return os.read(self._descriptor, 64).decode("utf-8", "replace").lower() if ready else ""
