"""Recordings for tests: tones in the place of speech."""

from __future__ import annotations

import math
from array import array
from functools import cache
from typing import TYPE_CHECKING

from drivers.recording_file import FULL_SCALE, Wave

if TYPE_CHECKING:
    from pathlib import Path

RATE_HZ = 16_000


@cache
def tone(duration_s: float, pitch_hz: float = 440.0, peak: float = 0.5, rate_hz: int = RATE_HZ) -> Wave:
    """A tone of this length, whose every sample differs from silence but at its zeros."""
    step, height = 2 * math.pi * pitch_hz / rate_hz, peak * FULL_SCALE
    return Wave(rate_hz, array("h", (round(height * math.sin(step * n)) for n in range(round(duration_s * rate_hz)))))


def record(path: Path, wave: Wave) -> Path:
    """Write a recording, with the folders that it needs; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wave.to_bytes())
    return path
