"""Recordings for tests: tones in the place of speech."""

from __future__ import annotations

from array import array
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from drivers.wave_file import FULL_SCALE, Wave

if TYPE_CHECKING:
    from pathlib import Path

RATE_HZ = 16_000


@cache
def tone(duration_s: float, pitch_hz: float = 440.0, peak: float = 0.5, rate_hz: int = RATE_HZ) -> Wave:
    """A tone of this length, whose every sample differs from silence but at its zeros."""
    angles = np.arange(round(duration_s * rate_hz)) * (2 * np.pi * pitch_hz / rate_hz)
    return Wave(rate_hz, array("h", np.rint(peak * FULL_SCALE * np.sin(angles)).astype("<i2").tobytes()))


def record(path: Path, wave: Wave) -> Path:
    """Write a recording, with the folders that it needs; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wave.to_bytes())
    return path
