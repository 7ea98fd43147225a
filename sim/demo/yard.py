"""The demo's yard as its camera sees it: the vehicle that is there, and the sign with what its card shows."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeAlias

from sim.demo.site import SIGN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.demo.site import Site

SignLines: TypeAlias = tuple[tuple[str, str], ...]
"""The lines of the sign from the top, each a text and its colour; a dark line has neither."""

_COLOUR_OF_DARK: Final = "yellow"


class Yard:
    """What is drawn before the camera. For all threads.

    `in_sight`: what can be read on the sign now. `told` gets it when it has changed, on the thread that looked.
    """

    def __init__(self, site: Site, in_sight: Callable[[], SignLines], told: Callable[[SignLines], None]) -> None:
        self._site = site
        self._in_sight = in_sight
        self._told = told
        self._lock = threading.Lock()
        self._scene: dict[str, object] = {}
        self._lines: SignLines = ()

    def show(self, scene: dict[str, object]) -> None:
        """Put a scene before the camera, at once and whole."""
        with self._lock:
            self._scene = scene
            self._draw()

    def look(self) -> None:
        """Look at the sign, and draw it where it has changed. To be called several times a second."""
        lines = self._in_sight()
        if lines == self._lines:
            return
        with self._lock:
            self._lines = lines
            self._draw()
        self._told(lines)

    def _draw(self) -> None:
        drawn = [{"text": text, "colour": colour or _COLOUR_OF_DARK} for text, colour in self._lines]
        sign = {"sign": {"columns": SIGN_COLUMNS, "lines": drawn}} if drawn else {}
        self._site.show(self._scene | sign)
