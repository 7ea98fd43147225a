"""A sound device in memory, for demonstrations, training and tests. It keeps what was played.

Speakers are shared by name within the process: `speaker("lane-1")` is what the driver with `name = "lane-1"` plays on,
so that a demonstration can show what is said and a test can listen.
"""

from __future__ import annotations

import threading
import time
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import DeviceUnavailableError
from drivers.recording_file import LOUDEST_PERCENT, Wave, read_recording, volume_factor
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Played:
    """One recording as it was heard.

    `wave`: of one that was cut off only the part before that. `is_whole`: it came to its end.
    """

    recording: Path
    wave: Wave
    is_whole: bool


class SimulatedSpeaker:
    """The speaker itself. Any thread may use it. `is_plugged`: a test or a demonstration may pull its cable."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._plugged = True
        self._played: list[Played] = []
        self._current: tuple[Played, float] | None = None

    @property
    def played(self) -> list[Played]:
        """What was played and has ended, the last `MOST_KEPT`, oldest first."""
        with self._lock:
            self._settle(time.monotonic())
            return list(self._played)

    @property
    def playing(self) -> Path | None:
        """What is being played."""
        with self._lock:
            self._settle(time.monotonic())
            return self._current[0].recording if self._current else None

    @property
    def is_plugged(self) -> bool:
        """Whether its cable is in."""
        return self._plugged

    def unplug(self) -> None:
        """Pull the cable: what is being played breaks off."""
        with self._lock:
            self._cut(time.monotonic())
            self._plugged = False

    def plug(self) -> None:
        """Put the cable back."""
        self._plugged = True

    def begin(self, recording: Path, wave: Wave) -> None:
        """Play this; what is being played is cut off. Raises DeviceUnavailableError while it is unplugged."""
        with self._lock:
            now = time.monotonic()
            self._cut(now)
            self.require()
            self._current = Played(recording, wave, is_whole=True), now

    def end(self) -> None:
        """Cut off what is being played."""
        with self._lock:
            self._cut(time.monotonic())

    def finish(self) -> None:
        """Have what is being played come to its end at once, for who does not want to wait."""
        with self._lock:
            self._settle(float("inf"))

    def require(self) -> None:
        """Raise DeviceUnavailableError while it is unplugged."""
        if not self._plugged:
            raise DeviceUnavailableError(Text("the simulated speaker {name} is unplugged", name=self.name))

    def _settle(self, now: float) -> None:
        if self._current is not None:
            played, began_at = self._current
            if now >= began_at + played.wave.duration_s:
                self._keep(played)

    def _cut(self, now: float) -> None:
        self._settle(now)
        if self._current is not None:
            played, began_at = self._current
            heard = played.wave.samples[: int((now - began_at) * played.wave.rate_hz)]
            self._keep(replace(played, wave=Wave(played.wave.rate_hz, array("h", heard)), is_whole=False))

    def _keep(self, played: Played) -> None:
        self._current = None
        self._played = [*self._played, played][-MOST_KEPT:]


_speakers: dict[str, SimulatedSpeaker] = {}
_speakers_lock = threading.Lock()


def speaker(name: str) -> SimulatedSpeaker:
    """The speaker of this name, made when it is asked for first."""
    with _speakers_lock:
        return _speakers.setdefault(name, SimulatedSpeaker(name))


def forget_speakers() -> None:
    """Forget all speakers."""
    with _speakers_lock:
        _speakers.clear()


class SimulatedVoiceSettings(BaseModel):
    """Configuration of a simulated sound device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="voice", min_length=1, description="Name of the speaker within the process.")
    volume_percent: int = Field(
        default=100,
        ge=1,
        le=LOUDEST_PERCENT,
        description="Volume of speech: 100 as recorded, 70 is 6 dB less, 50 is 12 dB less.",
    )


class SimulatedVoice:
    """The driver of a simulated speaker."""

    Settings: ClassVar[type[SimulatedVoiceSettings]] = SimulatedVoiceSettings

    def __init__(self, settings: SimulatedVoiceSettings) -> None:
        self._speaker = speaker(settings.name)
        self._factor = volume_factor(settings.volume_percent)
        self._is_open = False
        self._began = False

    def open(self) -> str:
        """Look whether the speaker is plugged in."""
        self.close()
        self._speaker.require()
        self._is_open = True
        return Text("simulated speaker {name}", name=self._speaker.name)

    def close(self) -> None:
        """End what is played."""
        if self._is_open:
            self._speaker.end()
        self._is_open = self._began = False

    def play(self, recording: Path) -> None:
        """Begin to play a WAV file; what is played is cut off."""
        if not self._is_open:
            raise DeviceUnavailableError(Text("the simulated speaker {name} is not open", name=self._speaker.name))
        self._speaker.end()
        self._began = False
        wave = read_recording(recording)
        try:
            self._speaker.begin(recording, wave.scaled(self._factor))
        except DeviceUnavailableError:
            self._is_open = False
            raise
        self._began = True

    def is_playing(self) -> bool:
        """Whether the recording is not at its end yet."""
        if not self._began:
            return False
        if not self._speaker.is_plugged:
            self.close()
            self._speaker.require()
        self._began = self._speaker.playing is not None
        return self._began
