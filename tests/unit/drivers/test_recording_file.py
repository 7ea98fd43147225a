"""WAV files as bytes: what is taken, what is refused and with which words, and how loud it is."""

from __future__ import annotations

import io
import math
import wave
from array import array
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contracts.tones import tone
from drivers.recording_file import (
    FULL_SCALE,
    LARGEST_BYTES,
    RATES_HZ,
    Wave,
    WaveFileError,
    decibels,
    parse,
    volume_factor,
)


def written(channels: int = 1, sample_bytes: int = 2, rate_hz: int = 16_000, frames: int = 1600) -> bytes:
    """A file of this form, by the standard library."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(sample_bytes)
        file.setframerate(rate_hz)
        file.writeframes(b"\1" * frames * channels * sample_bytes)
    return stream.getvalue()


def test_the_bytes_of_a_file_are_its_samples_little_endian() -> None:
    found = parse(
        b"RIFF" + (36 + 6).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
        + bytes.fromhex("0100 0100 803E0000 007D0000 0200 1000") + b"data" + (6).to_bytes(4, "little")
        + bytes.fromhex("0100 FFFF 0080")
    )  # fmt: skip
    assert (found.rate_hz, found.samples.tolist()) == (16_000, [1, -1, -32_768])
    assert found.to_pcm() == bytes.fromhex("0100 FFFF 0080")


@given(st.sampled_from(RATES_HZ), st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=500))
def test_what_is_written_is_read_again(rate_hz: int, samples: list[int]) -> None:
    made = Wave(rate_hz, array("h", samples))
    assert parse(made.to_bytes()) == made


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for whole in (content, written(frames=20)[:44] + content, b"RIFF" + content):
        with suppress(WaveFileError):
            assert parse(whole).samples


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a WAV file with PCM samples"),
        (b"OggS and so on", "not a WAV file with PCM samples"),
        (written()[:20], "not a WAV file with PCM samples"),
        (written()[:20] + b"\3" + written()[21:], "not a WAV file with PCM samples"),
        (written(channels=2), "2 channels; expected one: mix it down to mono"),
        (written(sample_bytes=1), "8 bits; expected 16"),
        (written(sample_bytes=3), "24 bits; expected 16"),
        (written(rate_hz=44_000), "44000 Hz; expected one of 8000, 11025"),
        (written()[:-1], "cut off: its header announces 1600 samples, and it holds 1599"),
        (written(frames=0), "cut off"),
        (written(frames=160_001), "lasts 10.1 s; expected at most 10.0 s"),
        (bytes(LARGEST_BYTES + 1), "2000001 bytes; expected at most 2000000"),
    ],
)
def test_what_is_no_recording_is_refused_with_what_was_expected(content: bytes, words: str) -> None:
    with pytest.raises(WaveFileError, match=words):
        parse(content)


def test_the_longest_recording_fits_at_the_highest_rate() -> None:
    assert parse(written(rate_hz=48_000, frames=480_000)).duration_s == 10.0


def test_a_sine_has_its_peak_and_3_db_less_of_level() -> None:
    found = tone(1.0, pitch_hz=400.0, peak=0.5)
    assert decibels(found.peak) == pytest.approx(-6.02, abs=0.01)
    assert decibels(found.level) == pytest.approx(-9.03, abs=0.01)
    assert Wave(8000, array("h", [-32_768])).peak == pytest.approx(1.0, abs=1e-4)


def test_silence_has_no_level_at_all() -> None:
    for nothing in (Wave.silence(8000), Wave(8000, array("h", [0, 0]))):
        assert (nothing.peak, nothing.level, decibels(nothing.level)) == (0.0, 0.0, -math.inf)


@pytest.mark.parametrize(("percent", "quieter_db"), [(100, 0.0), (70, 6.2), (50, 12.0), (10, 40.0)])
def test_a_volume_is_so_many_decibels(percent: int, quieter_db: float) -> None:
    assert decibels(volume_factor(percent)) == pytest.approx(-quieter_db, abs=0.05)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1), st.integers(1, 100))
def test_no_volume_makes_a_sample_larger_or_turns_it_round(samples: list[int], percent: int) -> None:
    scaled = Wave(8000, array("h", samples)).scaled(volume_factor(percent)).samples
    assert len(scaled) == len(samples)
    assert all(abs(after) <= abs(before) and after * before >= 0 for before, after in zip(samples, scaled, strict=True))
    assert max(scaled) <= FULL_SCALE
