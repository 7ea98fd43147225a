"""What every voice driver promises.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceUnavailableError, RecordingUnusableError
from drivers.contracts.tones import record, tone
from drivers.contracts.waiting import eventually
from drivers.recording_file import volume_factor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from drivers.api import VoicePort

LONG_S = 9.0
"""Longer than any buffer on the way, so that the recording is not over before the test says so."""


class Rig:
    """A sound device that a test listens to, and the table that configures its driver.

    `heard`: the bytes of all samples played so far, 16 bits each, little-endian. `let_end`: lets what is being played
    come to its end without waiting for real time; only it does so.
    """

    def __init__(
        self,
        table: dict[str, object],
        heard: Callable[[], bytes],
        let_end: Callable[[VoicePort], None],
        unplug: Callable[[], None],
        plug: Callable[[], None],
    ) -> None:
        self.table = table
        self.heard = heard
        self.let_end = let_end
        self.unplug = unplug
        self.plug = plug


@pytest.mark.usefixtures("no_leaks")
class VoiceContract:
    """The contract. A subclass names its kind and makes the rig."""

    kind: ClassVar[str]

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        raise NotImplementedError

    @pytest.fixture
    def voice(self, rig: Rig) -> Iterator[VoicePort]:
        voice = registry.voice(self.kind, rig.table)
        yield voice
        voice.close()

    @pytest.fixture
    def long(self, tmp_path: Path) -> Path:
        return record(tmp_path / "long.wav", tone(LONG_S))

    def test_its_settings_refuse_unknown_keys_and_explain_every_field(self, rig: Rig) -> None:
        model = registry.settings_model(registry.VOICES, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(rig.table | {"no_such_key": 1})

    def test_to_open_it_says_what_it_is_and_makes_no_sound(self, rig: Rig, voice: VoicePort) -> None:
        assert voice.open()
        assert not voice.is_playing()
        assert without_silence(rig.heard()) == b""

    @pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 48_000])
    def test_what_is_played_are_the_samples_of_the_file(
        self, rig: Rig, voice: VoicePort, tmp_path: Path, rate_hz: int
    ) -> None:
        sentence = tone(0.5, rate_hz=rate_hz)
        voice.open()
        voice.play(record(tmp_path / "sentence.wav", sentence))
        rig.let_end(voice)
        assert without_silence(rig.heard()) == without_silence(sentence.to_pcm())

    def test_a_volume_lowers_every_sample_alike(self, rig: Rig, tmp_path: Path) -> None:
        sentence = tone(0.5)
        voice = registry.voice(self.kind, rig.table | {"volume_percent": 50})
        voice.open()
        voice.play(record(tmp_path / "sentence.wav", sentence))
        rig.let_end(voice)
        voice.close()
        assert without_silence(rig.heard()) == without_silence(sentence.scaled(volume_factor(50)).to_pcm())

    def test_it_is_playing_until_the_recording_has_ended(self, rig: Rig, voice: VoicePort, long: Path) -> None:
        voice.open()
        voice.play(long)
        assert voice.is_playing()
        rig.let_end(voice)
        assert not voice.is_playing()
        assert not voice.is_playing()

    def test_a_later_recording_cuts_off_the_one_that_is_played(
        self, rig: Rig, voice: VoicePort, long: Path, tmp_path: Path
    ) -> None:
        stop = tone(0.5, pitch_hz=1000, peak=0.9)
        voice.open()
        voice.play(long)
        voice.play(record(tmp_path / "stop.wav", stop))
        rig.let_end(voice)
        heard, first, second = without_silence(rig.heard()), tone(LONG_S).to_pcm(), without_silence(stop.to_pcm())
        assert heard.endswith(second)
        assert len(heard) < len(first)
        assert without_silence(first).startswith(without_silence(heard.removesuffix(second)))

    def test_to_close_it_ends_what_is_played_and_may_be_done_twice(
        self, rig: Rig, voice: VoicePort, long: Path
    ) -> None:
        voice.open()
        voice.play(long)
        voice.close()
        assert not voice.is_playing()
        voice.close()
        assert len(rig.heard()) < len(tone(LONG_S).to_pcm())

    def test_before_open_and_after_close_nothing_is_played(self, rig: Rig, voice: VoicePort, long: Path) -> None:
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                voice.play(long)
            assert not voice.is_playing()
            voice.open()
            voice.close()
        assert without_silence(rig.heard()) == b""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "No such file"),
            (b"", "not a WAV file"),
            (b"no sound at all", "not a WAV file"),
            (tone(0.5).to_bytes()[:-100], "cut off"),
            (tone(10.5).to_bytes(), "10.5 s; expected at most 10.0 s"),
            (b"RIFF" + bytes(2_000_001), "bytes; expected at most 2000000"),
        ],
        ids=["missing", "empty", "text", "cut off", "too long", "too large"],
    )
    def test_a_recording_that_cannot_be_played_is_told_ends_the_old_one_and_spoils_no_other(
        self, rig: Rig, voice: VoicePort, long: Path, tmp_path: Path, content: bytes | None, words: str
    ) -> None:
        bad = tmp_path / "bad.wav"
        if content is not None:
            bad.write_bytes(content)
        voice.open()
        voice.play(long)
        with pytest.raises(RecordingUnusableError, match=words):
            voice.play(bad)
        assert not voice.is_playing()
        sentence = tone(0.5, pitch_hz=1000, peak=0.9)
        voice.play(record(tmp_path / "good.wav", sentence))
        rig.let_end(voice)
        assert without_silence(rig.heard()).endswith(without_silence(sentence.to_pcm()))

    def test_a_device_that_is_away_is_unavailable_and_comes_back(
        self, rig: Rig, voice: VoicePort, tmp_path: Path
    ) -> None:
        sentence = tone(0.5)
        path = record(tmp_path / "sentence.wav", sentence)
        rig.unplug()
        with pytest.raises(DeviceUnavailableError):
            voice.open()
        with pytest.raises(DeviceUnavailableError):
            voice.play(path)
        rig.plug()
        voice.open()
        voice.play(path)
        rig.let_end(voice)
        assert without_silence(rig.heard()) == without_silence(sentence.to_pcm())

    def test_one_that_is_unplugged_between_two_recordings_is_unavailable(
        self, rig: Rig, voice: VoicePort, long: Path
    ) -> None:
        voice.open()
        rig.unplug()
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                voice.play(long)
        assert not voice.is_playing()

    def test_one_that_is_unplugged_while_it_plays_is_noticed(self, rig: Rig, voice: VoicePort, long: Path) -> None:
        voice.open()
        voice.play(long)
        rig.unplug()
        with pytest.raises(DeviceUnavailableError):
            eventually(lambda: not voice.is_playing())
        assert not voice.is_playing()
        rig.plug()
        voice.open()
        voice.play(long)
        assert voice.is_playing()


def without_silence(pcm: bytes) -> bytes:
    """The samples without the silence before and after: a device fills its last period up with it."""
    even = pcm[: len(pcm) // 2 * 2]
    begin, end = 0, len(even)
    while begin < end and even[begin : begin + 2] == b"\0\0":
        begin += 2
    while end > begin and even[end - 2 : end] == b"\0\0":
        end -= 2
    return even[begin:end]
