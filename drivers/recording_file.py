"""Recorded speech as WAV files: their samples, read strictly, and their loudness.

Pure functions on bytes, but for `read_recording`. Only what every sound device plays without being converted is taken:
PCM of 16 bits, one channel. Source of the form: the RIFF chunks `fmt ` and `data` of Microsoft's Multimedia Programming
Interface 1.0.
"""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from drivers.api import RecordingUnusableError
from drivers.text import Text, reason

if TYPE_CHECKING:
    from pathlib import Path

RATES_HZ: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""The sampling rates that are taken: those that sound devices know."""
LONGEST_S: Final = 10.0
"""A longer one is no sentence: it would talk on while the lane has long said something else."""
LARGEST_BYTES: Final = 2_000_000
"""More than the longest recording takes at the highest rate, with all that may stand beside the samples in a file."""
FULL_SCALE: Final = 32767
LOUDEST_PERCENT: Final = 100
_SAMPLE_BYTES: Final = 2


class WaveFileError(ValueError):
    """The bytes are no recording that can be played as they are; says what was expected."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One recording. `samples`: 16 bits each, signed, in this computer's order of bytes; one channel."""

    rate_hz: int
    samples: array[int]

    @classmethod
    def silence(cls, rate_hz: int) -> Self:
        """One without samples."""
        return cls(rate_hz, array("h"))

    @property
    def duration_s(self) -> float:
        """How long it is, in seconds."""
        return len(self.samples) / self.rate_hz

    @property
    def peak(self) -> float:
        """Its largest sample as a share of full scale; 0 for silence."""
        return max(map(abs, self.samples), default=0) / FULL_SCALE

    @property
    def level(self) -> float:
        """The root mean square of its samples as a share of full scale; 0 for silence."""
        if not self.samples:
            return 0.0
        return math.sqrt(sum(one * one for one in self.samples) / len(self.samples)) / FULL_SCALE

    def scaled(self, factor: float) -> Wave:
        """The same at another loudness: each sample times `factor`, from 0 to 1."""
        if factor >= 1:
            return self
        return Wave(self.rate_hz, array("h", [int(one * factor) for one in self.samples]))

    def to_pcm(self) -> bytes:
        """The samples alone, little-endian, as ALSA's S16_LE."""
        return _little_endian(self.samples).tobytes()

    def to_bytes(self) -> bytes:
        """The WAV file."""
        stream = io.BytesIO()
        with wave.open(stream, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(_SAMPLE_BYTES)
            file.setframerate(self.rate_hz)
            file.writeframes(self.to_pcm())
        return stream.getvalue()


def parse(content: bytes) -> Wave:
    """The recording in the bytes of a WAV file.

    Raises WaveFileError for what is no WAV file, is cut off, is empty or longer than `LONGEST_S`, or has another form
    than PCM of 16 bits and one channel at one of `RATES_HZ`.
    """
    if len(content) > LARGEST_BYTES:
        raise WaveFileError(Text("it has {size} bytes; expected at most {most}", size=len(content), most=LARGEST_BYTES))
    try:
        with wave.open(io.BytesIO(content), "rb") as file:
            form, count = file.getparams(), file.getnframes()
            _check_form(form.nchannels, form.sampwidth, form.framerate)
            raw = file.readframes(count)
    except (wave.Error, EOFError) as error:
        raise WaveFileError(
            Text("it is not a WAV file with PCM samples ({reason}); export it as WAV, PCM, 16 bits", reason=_why(error))
        ) from error
    if not count or len(raw) != count * _SAMPLE_BYTES:
        raise WaveFileError(
            Text(
                "it is cut off: its header announces {wanted} samples, and it holds {found}",
                wanted=count,
                found=len(raw) // _SAMPLE_BYTES,
            )
        )
    samples = array("h")
    samples.frombytes(raw)
    found = Wave(form.framerate, _little_endian(samples))
    if found.duration_s > LONGEST_S:
        raise WaveFileError(
            Text(
                "it lasts {found} s; expected at most {most} s",
                found=math.ceil(found.duration_s * 10) / 10,
                most=LONGEST_S,
            )
        )
    return found


def read_recording(path: Path) -> Wave:
    """The samples of a WAV file. Raises RecordingUnusableError for one that cannot be read or played as it is."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        return parse(content)
    except OSError as error:
        raise RecordingUnusableError(Text("{path}: {reason}", path=path, reason=reason(error))) from error
    except WaveFileError as error:
        raise RecordingUnusableError(Text("{path}: {error}", path=path, error=error)) from error


def decibels(share: float) -> float:
    """A share of full scale in dB: 0 at full scale, -inf for nothing."""
    return 20 * math.log10(share) if share > 0 else -math.inf


def volume_factor(percent: int) -> float:
    """By what samples are multiplied for a volume of 0 to 100 percent.

    The square, so that the steps are heard as about even: 70 is 6 dB below 100, 50 is 12 dB, 10 is 40 dB.
    """
    return (percent / LOUDEST_PERCENT) ** 2


def _check_form(channels: int, sample_bytes: int, rate_hz: int) -> None:
    if channels != 1:
        raise WaveFileError(Text("it has {found} channels; expected one: mix it down to mono", found=channels))
    if sample_bytes != _SAMPLE_BYTES:
        raise WaveFileError(
            Text("its samples have {found} bits; expected 16: export it as WAV, PCM, 16 bits", found=8 * sample_bytes)
        )
    if rate_hz not in RATES_HZ:
        rates = ", ".join(map(str, RATES_HZ))
        raise WaveFileError(
            Text("its sampling rate is {found} Hz; expected one of {rates}", found=rate_hz, rates=rates)
        )


def _why(error: Exception) -> str:
    return str(error) or "it ends too early"


def _little_endian(samples: array[int]) -> array[int]:
    """The samples with their bytes turned round where this computer is big-endian; turning twice is nothing."""
    if sys.byteorder == "little":
        return samples
    turned = samples[:]
    turned.byteswap()
    return turned
