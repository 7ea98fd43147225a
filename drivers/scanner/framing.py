"""Where a text begins and ends in the bytes of a scanner. Pure: bytes and times in, texts out.

However the bytes are split on their way, the same texts come out. What is too long, unfinished or unmarked is dropped
as a whole and counted; no part of it is ever given out as a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import inf

from drivers.api import ScanLosses

LINE_END = b"\r\n"
"""The suffix that stands for any of CR, LF and CR LF: scanners differ in it, and no permit has one of them inside."""
FORGET_S = 2.0
"""Where only the suffix ends a text, half a text is dropped after this silence, so that it does not spoil the next."""
_NONE = ScanLosses()
_LINE_ENDS = re.compile(rb"[\r\n]")


@dataclass(frozen=True, slots=True)
class FrameRules:
    """The form of a text on the line.

    `prefix`: what comes before each text. `suffix`: what comes after it; empty: nothing does. `silence_s`: after which
    a text counts as complete without its suffix; 0: never. `max_length`: of a text, in bytes, without its frame.
    """

    prefix: bytes = b""
    suffix: bytes = LINE_END
    silence_s: float = 0.0
    max_length: int = 3000

    @property
    def longest(self) -> int:
        """The most bytes before the suffix."""
        return len(self.prefix) + self.max_length


@dataclass(frozen=True, slots=True)
class ScanFrame:
    """A text without its frame. `at`: when its last byte came, in monotonic seconds."""

    text: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes of a text that has not ended yet.

    `skipping`: that text is too long, and `pending` only what may be the beginning of its suffix. `at`: of the last
    byte; 0 where there is none. `losses`: all that was dropped so far.
    """

    rules: FrameRules
    pending: bytes = b""
    skipping: bool = False
    at: float = 0.0
    losses: ScanLosses = _NONE

    @property
    def due_at(self) -> float:
        """When `silent` will have something to say if no byte comes before, in monotonic seconds; `inf`: never."""
        return self.at + self._patience_s()

    def feed(self, data: bytes, at: float) -> tuple[Framing, tuple[ScanFrame, ...]]:
        """Take in bytes that came at one time, in monotonic seconds."""
        *ended, rest = _ending(self.rules.suffix, self.pending + data)
        skipping, losses = self.skipping and not ended, self.losses
        frames = []
        for number, piece in enumerate(ended):
            if number == 0 and self.skipping:
                continue
            text, losses = self._unwrapped(piece, losses)
            if text:
                frames.append(ScanFrame(text, at))
        # The last bytes may belong to the suffix, so they do not make a text too long.
        tail = max(0, len(self.rules.suffix) - 1) if self.rules.suffix != LINE_END else 0
        if not skipping and len(rest) - tail > self.rules.longest:
            skipping, losses = True, replace(losses, overlong=losses.overlong + 1)
        if skipping:
            rest = rest[len(rest) - tail :]
        return Framing(self.rules, rest, skipping, at, losses), tuple(frames)

    def silent(self, now: float) -> tuple[Framing, tuple[ScanFrame, ...]]:
        """Note that no byte has come until now, in monotonic seconds."""
        if now < self.due_at:
            return self, ()
        text, losses = b"", self.losses
        if self.skipping:
            pass
        elif self.rules.silence_s > 0:
            text, losses = self._unwrapped(self.pending, losses)
        else:
            losses = replace(losses, unfinished=losses.unfinished + 1)
        return Framing(self.rules, losses=losses), ((ScanFrame(text, self.at),) if text else ())

    def _patience_s(self) -> float:
        if self.rules.silence_s > 0:
            return self.rules.silence_s if self.pending or self.skipping else inf
        # A text that is too long is skipped up to its suffix, however long its sender pauses.
        return FORGET_S if self.pending and not self.skipping else inf

    def _unwrapped(self, piece: bytes, losses: ScanLosses) -> tuple[bytes, ScanLosses]:
        """The text in a piece, and the losses after it; empty where there is none."""
        if len(piece) > self.rules.longest:
            return b"", replace(losses, overlong=losses.overlong + 1)
        if piece and not piece.startswith(self.rules.prefix):
            return b"", replace(losses, unmarked=losses.unmarked + 1)
        return piece[len(self.rules.prefix) :], losses


def _ending(suffix: bytes, data: bytes) -> list[bytes]:
    """The pieces that a suffix has ended, and what comes after the last suffix."""
    if not suffix:
        return [data]
    return _LINE_ENDS.split(data) if suffix == LINE_END else data.split(suffix)
