"""The sound device in memory is held to the same contract as a real one, and keeps what was played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers import registry
from drivers.contracts.tones import record, tone
from drivers.contracts.voice import LONG_S, Rig, VoiceContract
from drivers.voice.simulated import MOST_KEPT, forget_speakers, speaker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _speakers() -> Iterator[None]:
    forget_speakers()
    yield
    forget_speakers()


class TestSimulatedVoice(VoiceContract):
    kind = "simulated"

    @pytest.fixture
    def rig(self) -> Rig:
        there = speaker("here")
        return Rig(
            {"name": "here"},
            lambda: b"".join(one.wave.to_pcm() for one in there.played),
            lambda _voice: there.finish(),
            there.unplug,
            there.plug,
        )


def test_it_keeps_which_recordings_were_played_and_which_were_cut_off(tmp_path: Path) -> None:
    first, second = record(tmp_path / "first.wav", tone(LONG_S)), record(tmp_path / "second.wav", tone(0.5))
    voice = registry.voice("simulated", {"name": "lane"})
    voice.open()
    voice.play(first)
    assert speaker("lane").playing == first
    voice.play(second)
    speaker("lane").finish()
    assert [(one.recording, one.is_whole) for one in speaker("lane").played] == [(first, False), (second, True)]
    assert speaker("lane").playing is None


def test_it_keeps_the_last_ones_alone(tmp_path: Path) -> None:
    path = record(tmp_path / "short.wav", tone(0.1))
    voice = registry.voice("simulated", {})
    voice.open()
    for _ in range(MOST_KEPT + 5):
        voice.play(path)
        speaker("voice").finish()
    assert len(speaker("voice").played) == MOST_KEPT


def test_a_recording_comes_to_its_end_by_itself(tmp_path: Path) -> None:
    voice = registry.voice("simulated", {})
    voice.open()
    voice.play(record(tmp_path / "short.wav", tone(0.1)))
    eventually(lambda: not voice.is_playing())
    assert [one.is_whole for one in speaker("voice").played] == [True]
