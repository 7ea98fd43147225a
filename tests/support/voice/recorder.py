"""A sound device that keeps what is played on it: ALSA's own file plugin, which writes into a pipe.

Nobody has to wait for real time, and a recording plays for as long as the test does not listen.
"""

from __future__ import annotations

import fcntl
import os
from shutil import which
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DEVICE = "recorder"
PIPE_BYTES = 65_536
"""Enough for the silence that a device is filled up with, and less than a recording of some seconds."""
needs_aplay = pytest.mark.skipif(which("aplay") is None, reason="alsa-utils is not installed")

_PLUGGED = """
pcm.recorder { type file  slave.pcm { type null }  file "PIPE"  format raw }
pcm.silent { type null }
"""
_UNPLUGGED = """
pcm.recorder { type hw  card Nowhere }
"""


class Recorder:
    """The device, and the end of the pipe at which the test listens. `configuration`: for ALSA_CONFIG_PATH."""

    def __init__(self, folder: Path) -> None:
        self.configuration = folder / "asound.conf"
        self._pipe = folder / "heard"
        os.mkfifo(self._pipe)
        self._ear = -1
        self._heard = bytearray()
        self.plug()

    def plug(self) -> None:
        """Have the device there, and listen from now on."""
        self.configuration.write_text(_PLUGGED.replace("PIPE", str(self._pipe)), encoding="utf-8")
        self._ear = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._ear, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def unplug(self) -> None:
        """Take the device away, also from who plays on it."""
        self.configuration.write_text(_UNPLUGGED, encoding="utf-8")
        self.close()

    def heard(self) -> bytes:
        """Listen on: all that was played so far. Whoever plays can go on after that by what was listened to."""
        while self._ear >= 0:
            try:
                piece = os.read(self._ear, 65_536)
            except BlockingIOError:
                break
            if not piece:
                break
            self._heard += piece
        return bytes(self._heard)

    def close(self) -> None:
        """Stop listening."""
        if self._ear >= 0:
            os.close(self._ear)
        self._ear = -1
