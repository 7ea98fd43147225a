"""The voice of a lane: its thread, what a newer message does to an older one, and a device that comes and goes."""

from __future__ import annotations

import logging
import queue
from typing import TYPE_CHECKING

import pytest

from agent.devices import PortState, VoicePlayer
from agent.devices import voice_player as voice_module
from drivers import registry
from drivers.contracts.tones import record, tone
from drivers.voice.simulated import SimulatedSpeaker, forget_speakers, speaker
from tests.support.voice.recorder import DEVICE, Recorder, needs_aplay
from tests.support.waiting import PATIENCE_S, eventually, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG_S = 9.0


@pytest.fixture
def there() -> Iterator[SimulatedSpeaker]:
    forget_speakers()
    yield speaker("lane")
    forget_speakers()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_module, "LATEST_S", scaled(voice_module.LATEST_S))
    monkeypatch.setattr(voice_module, "RETRY_CAP_S", 0.1)


class Watched:
    """A monitor of the simulated speaker, started, and the states that it tells."""

    def __init__(self) -> None:
        self.states: queue.SimpleQueue[tuple[PortState, str]] = queue.SimpleQueue()
        self.monitor = VoicePlayer(
            "lane", registry.voice("simulated", {"name": "lane"}), lambda *state: self.states.put(state)
        )

    def next_state(self) -> tuple[PortState, str]:
        return self.states.get(timeout=PATIENCE_S)


@pytest.fixture
def watched(there: SimulatedSpeaker) -> Iterator[Watched]:
    watched = Watched()
    watched.monitor.start()
    yield watched
    assert watched.monitor.stop()


@pytest.fixture
def sentences(tmp_path: Path) -> tuple[Path, Path, Path]:
    return tuple(record(tmp_path / f"{name}.wav", tone(LONG_S)) for name in ("wait", "drive_on", "stop"))


def heard(there: SimulatedSpeaker) -> list[tuple[str, bool]]:
    return [(one.recording.stem, one.is_whole) for one in there.played]


def is_said(there: SimulatedSpeaker, recording: Path) -> bool:
    return there.playing == recording


def test_a_message_is_said_once_the_device_is_there(watched: Watched, there, sentences) -> None:
    assert watched.next_state() == (PortState.UP, "simulated speaker lane")
    watched.monitor.say(sentences[0])
    eventually(lambda: is_said(there, sentences[0]))
    there.finish()
    assert heard(there) == [("wait", True)]


def test_a_later_message_cuts_off_an_earlier_one_and_what_should_have_followed_it(
    watched: Watched, there, sentences
) -> None:
    wait, drive_on, stop = sentences
    watched.monitor.say(wait, drive_on)
    eventually(lambda: is_said(there, wait))
    watched.monitor.say(stop)
    eventually(lambda: is_said(there, stop))
    there.finish()
    eventually(lambda: not watched.monitor._speaking)
    assert heard(there) == [("wait", False), ("stop", True)]


def test_the_languages_of_a_message_are_said_one_after_the_other(watched: Watched, there, sentences) -> None:
    watched.monitor.say(*sentences)
    for sentence in sentences:
        eventually(lambda sentence=sentence: is_said(there, sentence))
        there.finish()
    assert heard(there) == [("wait", True), ("drive_on", True), ("stop", True)]


def test_of_many_messages_at_once_the_last_is_said(watched: Watched, there, sentences) -> None:
    wait, drive_on, stop = sentences
    for _ in range(1000):
        watched.monitor.say(wait)
        watched.monitor.say(drive_on)
    watched.monitor.say(stop)
    eventually(lambda: is_said(there, stop))


def test_it_can_be_hushed_and_speaks_again(watched: Watched, there, sentences) -> None:
    watched.monitor.say(*sentences)
    eventually(lambda: is_said(there, sentences[0]))
    watched.monitor.hush()
    eventually(lambda: heard(there) == [("wait", False)])
    eventually(lambda: not watched.monitor._speaking)
    watched.monitor.say(sentences[2])
    eventually(lambda: is_said(there, sentences[2]))
    assert heard(there) == [("wait", False)]
    assert watched.next_state()[0] is PortState.UP
    assert watched.states.empty()


def test_to_stop_ends_what_is_said(there, sentences) -> None:
    watched = Watched()
    watched.monitor.start()
    watched.monitor.say(sentences[0])
    eventually(lambda: is_said(there, sentences[0]))
    assert watched.monitor.stop()
    assert heard(there) == [("wait", False)]


def test_a_recording_that_cannot_be_played_is_left_out_and_the_device_stays_up(
    watched: Watched, there, sentences, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched.next_state()
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    with caplog.at_level(logging.ERROR):
        watched.monitor.say(bad, sentences[2])
        eventually(lambda: is_said(there, sentences[2]))
    assert "bad.wav: it is not a WAV file" in caplog.text
    watched.monitor.say(bad)
    eventually(lambda: heard(there) == [("stop", False)])
    assert watched.monitor.state is PortState.UP
    assert watched.states.empty()


def test_a_device_that_is_pulled_while_it_speaks_is_lost_and_comes_back_silent(
    watched: Watched, there, sentences
) -> None:
    watched.next_state()
    watched.monitor.say(*sentences)
    eventually(lambda: is_said(there, sentences[0]))
    there.unplug()
    assert watched.next_state() == (PortState.LOST, "the simulated speaker lane is unplugged")
    there.plug()
    assert watched.next_state()[0] is PortState.UP
    watched.monitor.say(sentences[2])
    eventually(lambda: is_said(there, sentences[2]))
    assert heard(there) == [("wait", False)]


def test_what_was_to_be_said_while_the_device_was_away_is_not_said_late(
    watched: Watched, there, sentences, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    wait, drive_on, stop = sentences
    watched.next_state()
    there.unplug()
    watched.monitor.say(wait)
    assert watched.next_state()[0] is PortState.LOST
    monkeypatch.setattr(voice_module, "LATEST_S", 0.0)
    watched.monitor.say(drive_on)
    there.plug()
    assert watched.next_state()[0] is PortState.UP
    eventually(lambda: "drive_on.wav was not said" in caplog.text)
    monkeypatch.setattr(voice_module, "LATEST_S", scaled(2.0))
    watched.monitor.say(stop)
    eventually(lambda: is_said(there, stop))
    assert heard(there) == []


def test_the_loss_of_a_device_that_says_nothing_is_noticed(watched: Watched, there, monkeypatch) -> None:
    watched.next_state()
    monkeypatch.setattr(voice_module, "CHECK_S", 0.0)
    there.unplug()
    assert watched.next_state()[0] is PortState.LOST
    there.plug()
    assert watched.next_state()[0] is PortState.UP


@needs_aplay
def test_a_real_player_says_it_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(recorder.configuration))
    monitor = VoicePlayer("lane", registry.voice("alsa", {"device": DEVICE}), lambda _state, _detail: None)
    monitor.start()
    try:
        first, second = tone(1.0, pitch_hz=300), tone(1.0, pitch_hz=700)
        monitor.say(record(tmp_path / "first.wav", first), record(tmp_path / "second.wav", second))
        eventually(lambda: second.to_pcm()[2:-2] in recorder.heard())
        assert first.to_pcm()[2:-2] in recorder.heard()
    finally:
        assert monitor.stop()
        recorder.close()
