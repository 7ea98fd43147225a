"""Recorded speech through ALSA: each recording is played by `aplay` of alsa-utils, as a child process of its own.

The child is bounded: it is ended when a later recording begins, on close, and when it takes longer than it may. No
shell is in between, and the volume is a matter of the samples: the mixer of the computer is never touched.
"""

from __future__ import annotations

import logging
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.recording_file import LOUDEST_PERCENT, Wave, read_recording, volume_factor
from drivers.text import Text, reason
from drivers.voice.alsa_faults import BEGUN, fault_of, identity_of, is_distorted

log = logging.getLogger(__name__)

PLAYER: Final = "aplay"
PROBE_RATE_HZ: Final = 16_000
PROBE_S: Final = 3.0
BEGIN_S: Final = 2.0
"""How long a device may take until it is open; a USB device that sleeps takes some tenths of a second."""
SPARE_S: Final = 3.0
"""How much longer than the recording itself it may be played; a device that has stopped would hold it for ever."""
END_S: Final = 0.05
"""How long the player may take to end by itself; then it is killed."""
KILL_S: Final = 2.0
"""How long the kernel may take to end a killed one, which it does not while a driver holds on to it."""
NODES: Final = Path("/dev/snd")
_KEPT: Final = ("PATH", "HOME", "XDG_RUNTIME_DIR", "PULSE_SERVER", "ALSA_CONFIG_PATH", "ALSA_CONFIG_DIR", "ALSA_CARD")
"""All that the player learns of the agent's environment, in which secrets may stand."""
_MOST_WORDS: Final = 65_536


def _device_name(value: str) -> str:
    if value.startswith("hw:"):
        raise ValueError(Text('a hw: device plays only its own format: write "plug{value}"', value=value))
    return value


class AlsaVoiceSettings(BaseModel):
    """Configuration of a sound device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str, AfterValidator(_device_name)] = Field(
        default="default",
        pattern=r"^[^-\s][ -~]{0,199}$",
        description='Name of the sound device, as "plughw:CARD=Device,DEV=0"; the command aplay -L shows the names.',
    )
    volume_percent: int = Field(
        default=100,
        ge=1,
        le=LOUDEST_PERCENT,
        description="Volume of speech: 100 as recorded, 70 is 6 dB less, 50 is 12 dB less.",
    )


@dataclass(frozen=True, slots=True)
class _Playback:
    """A child that plays. `deadline`: monotonic s after which it is ended. `said`: its words so far."""

    process: subprocess.Popen[bytes]
    deadline: float
    said: bytearray


class AlsaVoice:
    """Speech on one sound device of ALSA."""

    Settings: ClassVar[type[AlsaVoiceSettings]] = AlsaVoiceSettings

    def __init__(self, settings: AlsaVoiceSettings) -> None:
        self._device = settings.device
        self._factor = volume_factor(settings.volume_percent)
        self._playback: _Playback | None = None
        self._is_open = False

    def open(self) -> str:
        """Have the device opened for a moment without a sample, and return what it is."""
        self.close()
        playback = self._begun(Wave.silence(PROBE_RATE_HZ), PROBE_S)
        said = self._ended(playback, PROBE_S)
        self._is_open = True
        return Text("sound device {device}: {identity}", device=self._device, identity=identity_of(said))

    def close(self) -> None:
        """End what is played and let the device go."""
        self._cut()
        self._is_open = False

    def play(self, recording: Path) -> None:
        """Begin to play a WAV file (PCM, 16 bits, mono); what is played is cut off."""
        if not self._is_open:
            raise DeviceUnavailableError(Text("the sound device {device} is not open", device=self._device))
        self._cut()
        wave = read_recording(recording).scaled(self._factor)
        try:
            self._playback = self._begun(wave, BEGIN_S)
        except DeviceError:
            self._is_open = False
            raise

    def is_playing(self) -> bool:
        """Whether the child still plays."""
        playback = self._playback
        if playback is None:
            return False
        _hear(playback, 0.0)
        if playback.process.poll() is not None:
            self._playback = None
            said = _reaped(playback)
            if playback.process.returncode:
                self._lose(fault_of(said, self._device))
            return False
        if time.monotonic() >= playback.deadline:
            self._lose(self._endless())
        return True

    # ------------------------------------------------------------------------------------------------- the child

    def _begun(self, wave: Wave, within_s: float) -> _Playback:
        """Start the child, and wait until the device has taken the format."""
        process = self._started(wave)
        began_at = time.monotonic()
        playback = _Playback(process, began_at + within_s + wave.duration_s + SPARE_S, bytearray())
        try:
            self._wait_for_begin(playback, began_at + within_s)
        except DeviceError:
            _end(playback)
            raise
        return playback

    def _started(self, wave: Wave) -> subprocess.Popen[bytes]:
        program = shutil.which(PLAYER)
        if program is None:
            raise DeviceMisconfiguredError(
                Text("the program aplay, which plays speech, is missing: apt install alsa-utils")
            )
        form = ("--file-type=raw", "--format=S16_LE", "--channels=1", f"--rate={wave.rate_hz}")
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {"LC_ALL": "C"}
        with os.fdopen(os.memfd_create("recording"), "w+b") as content:
            content.write(wave.to_pcm())
            content.seek(0)
            try:
                return subprocess.Popen(  # noqa: S603 - no shell; the device's name is one argument
                    (program, "-v", *form, f"--device={self._device}"),
                    stdin=content,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=environment,
                )
            except OSError as error:
                raise DeviceUnavailableError(
                    Text("{program} cannot be started: {reason}", program=program, reason=reason(error))
                ) from error

    def _wait_for_begin(self, playback: _Playback, until: float) -> None:
        while BEGUN.encode() not in playback.said:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise DeviceUnavailableError(
                    Text("the sound device {device} does not start playing", device=self._device)
                )
            if not _hear(playback, left_s) and BEGUN.encode() not in playback.said:
                raise self._fault(playback)
        if is_distorted(playback.said.decode(errors="replace")):
            raise self._fault(playback)

    def _ended(self, playback: _Playback, within_s: float) -> str:
        """Wait for the end of a child without samples; all its words."""
        try:
            playback.process.wait(within_s)
        except subprocess.TimeoutExpired:
            _end(playback)
            raise self._endless() from None
        said = _reaped(playback)
        if playback.process.returncode:
            raise fault_of(said, self._device)
        return said

    def _fault(self, playback: _Playback) -> DeviceError:
        """What is wrong with a device that could not begin."""
        fault = fault_of(playback.said.decode(errors="replace"), self._device)
        # Whoever may not open a card does not see it either: ALSA says then that there is none.
        if isinstance(fault, DeviceUnavailableError) and _barred(NODES):
            return fault_of("Permission denied", self._device)
        return fault

    def _endless(self) -> DeviceUnavailableError:
        return DeviceUnavailableError(
            Text("the sound device {device} does not finish a recording", device=self._device)
        )

    def _lose(self, why: DeviceError) -> NoReturn:
        """Give up the device. Raises DeviceUnavailableError, whatever it is now: it did play before."""
        self.close()
        raise DeviceUnavailableError(Text.of(str(why))) from why

    def _cut(self) -> None:
        if self._playback is not None:
            _end(self._playback)
            self._playback = None


def _hear(playback: _Playback, timeout_s: float) -> bool:
    """Read what the child has written by now; False where it writes no more."""
    stream = playback.process.stderr
    if stream is None or stream.closed:
        return False
    while select.select((stream,), (), (), timeout_s)[0]:
        words = os.read(stream.fileno(), _MOST_WORDS)
        playback.said.extend(words[: max(0, _MOST_WORDS - len(playback.said))])
        if not words:
            return False
        timeout_s = 0.0
    return True


def _end(playback: _Playback) -> None:
    """End the child, by force where it does not end at once, and reap it."""
    process = playback.process
    process.terminate()
    for limit_s in (END_S, KILL_S):
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
    if process.returncode is None:
        log.error("pid %d, which plays speech, cannot be killed: the sound device holds it", process.pid)
    _reaped(playback)


def _reaped(playback: _Playback) -> str:
    """Close the pipe of a child that has ended, and return all that it wrote."""
    _hear(playback, 0.0)
    if playback.process.stderr is not None:
        playback.process.stderr.close()
    return playback.said.decode(errors="replace")


def _barred(nodes: Path) -> bool:
    """Whether there are sound cards that this user may not open."""
    return any(not os.access(node, os.R_OK | os.W_OK) for node in nodes.glob("controlC*"))
