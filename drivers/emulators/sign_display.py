"""What an emulated sign shows: temporary texts with their time, what is kept in the flash memory, and what it said."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text in a line, and its colour: "red", "green" or "yellow". Without a text the line is dark."""

    text: str = ""
    colour: str = ""


DARK = ShownText()


@dataclass(frozen=True, slots=True)
class _Temporary:
    """`from_at`, `until`: seconds of the display's clock. `part_s`: how long each part stays; 0: it comes as one."""

    text: ShownText
    from_at: float
    until: float
    part_s: float


class SignDisplay:
    """Lines that any thread may write and read. `now`: a clock in seconds, also a virtual one.

    `standing`: what the card keeps and shows where there is no temporary text.
    """

    def __init__(self, lines: int, columns: int, now: Callable[[], float] = time.monotonic) -> None:
        self.columns = columns
        self.now = now
        self.standing: list[ShownText] = [DARK] * lines
        self._temporary: list[_Temporary | None] = [None] * lines
        self._spoken: list[str] = []
        self._changed = threading.Condition()

    @property
    def lines(self) -> tuple[ShownText, ...]:
        """The texts that are shown now, from the top, whole also where a part of one is in sight."""
        with self._changed:
            return tuple(
                one.text if one is not None and self.now() < one.until else kept
                for one, kept in zip(self._temporary, self.standing, strict=True)
            )

    @property
    def in_sight(self) -> tuple[ShownText, ...]:
        """What can be read now: of a text that is longer than its line one part."""
        with self._changed:
            return tuple(self._part(text, one) for text, one in zip(self.lines, self._temporary, strict=True))

    @property
    def spoken(self) -> tuple[str, ...]:
        """All that was said so far."""
        with self._changed:
            return tuple(self._spoken)

    def put(self, line: int, text: ShownText, seconds: float = inf, part_s: float = 0.0) -> None:
        """Show a temporary text in a line, from 0, in place of the one before."""
        with self._changed:
            at = self.now()
            self._temporary[line] = _Temporary(text, at, at + seconds, part_s)
            self._changed.notify_all()

    def drop(self, *lines: int) -> None:
        """Take temporary texts off; all of them where none is named."""
        with self._changed:
            for line in lines or range(len(self._temporary)):
                self._temporary[line] = None
            self._changed.notify_all()

    def say(self, text: str) -> None:
        """Speak."""
        with self._changed:
            self._spoken.append(text)
            self._changed.notify_all()

    def wait_until(self, wanted: Callable[[tuple[ShownText, ...]], bool], timeout_s: float) -> bool:
        """Block until the lines are as wanted; False when they are not within `timeout_s` of real time."""
        with self._changed:
            return self._changed.wait_for(lambda: wanted(self.lines), timeout_s)

    def parts(self, text: str) -> list[str]:
        """The parts of a text, each of as many whole characters as fit into a line; at least one."""
        parts, used = [""], 0
        for character in text:
            width = len(character.encode("gbk", "replace"))
            if used + width > self.columns:
                parts.append("")
                used = 0
            parts[-1] += character
            used += width
        return parts

    def _part(self, shown: ShownText, temporary: _Temporary | None) -> ShownText:
        parts = self.parts(shown.text)
        if temporary is None or temporary.text != shown or not temporary.part_s:
            return ShownText(parts[0], shown.colour)
        number = int((self.now() - temporary.from_at) / temporary.part_s) % len(parts)
        return ShownText(parts[number], shown.colour)
