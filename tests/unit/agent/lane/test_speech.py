"""What a lane says aloud: what is said when, in which language, and when it keeps silent."""

from __future__ import annotations

import shutil
from datetime import time
from typing import TYPE_CHECKING

import pytest

from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.lane.speech import LaneSpeech
from agent.settings import Voice
from agent.voice import Recordings
from agent.voice.manifest import SHIPPED
from drivers import registry
from drivers.voice.simulated import SimulatedSpeaker, forget_speakers, speaker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EN, ZH, RU, KK = Language
WAIT, DRIVE_ON, STOP = DriverMessage.WAIT, DriverMessage.DRIVE_ON, DriverMessage.STOP_FOR_OFFICER
NOON, NIGHT = time(12), time(3)


class Yard:
    """A lane that speaks on a simulated speaker. `local`: the time there."""

    def __init__(self, there: SimulatedSpeaker, shipped: Path, quiet_hours: tuple[str, ...] = ()) -> None:
        self.there = there
        self.local: time | None = NOON
        settings = Voice(kind="simulated", languages=(ZH, RU), quiet_hours=quiet_hours)
        voice = registry.voice("simulated", {"name": "lane"})
        self.speech = LaneSpeech(
            "lane", settings, voice, Recordings(None, shipped), lambda: self.local, lambda _state, _detail: None
        )
        self.speech.monitor.start()

    def tell(self, message: DriverMessage, *languages: Language, anybody: bool = True) -> None:
        self.speech.tell(message, languages, anybody=anybody)

    def says(self, name: str) -> bool:
        playing = self.there.playing
        return playing is not None and playing.match(f"{name}.wav")

    def heard(self) -> list[tuple[str, bool]]:
        return [(f"{one.recording.parent.name}/{one.recording.stem}", one.is_whole) for one in self.there.played]


@pytest.fixture
def yard() -> Iterator[Yard]:
    forget_speakers()
    yard = Yard(speaker("lane"), SHIPPED, ("22:00-06:00",))
    yield yard
    assert yard.speech.monitor.stop()
    forget_speakers()


def test_a_message_is_said_once_however_often_it_is_told(yard: Yard) -> None:
    yard.tell(WAIT, ZH)
    eventually(lambda: yard.says("zh/wait"))
    yard.there.finish()
    for _ in range(5):
        yard.tell(WAIT, ZH)
    yard.tell(DRIVE_ON, ZH)
    eventually(lambda: yard.says("zh/drive_on"))
    assert yard.heard() == [("zh/wait", True)]


@pytest.mark.parametrize(
    ("languages", "spoken"), [((KK, RU), "ru"), ((RU, ZH), "ru"), ((KK,), "zh"), ((EN, KK), "zh"), ((), "zh")]
)
def test_it_is_the_first_of_the_drivers_languages_that_the_lane_speaks_else_the_lanes_first(
    yard: Yard, languages: tuple[Language, ...], spoken: str
) -> None:
    yard.tell(WAIT, *languages)
    eventually(lambda: yard.says(f"{spoken}/wait"))


def test_the_same_message_is_said_again_in_another_language(yard: Yard) -> None:
    yard.tell(WAIT, ZH)
    eventually(lambda: yard.says("zh/wait"))
    yard.tell(WAIT, RU)
    eventually(lambda: yard.says("ru/wait"))


def test_to_nobody_nothing_is_said_and_the_next_one_hears_it_anew(yard: Yard) -> None:
    yard.tell(DriverMessage.WELCOME, anybody=False)
    yard.tell(WAIT, ZH)
    eventually(lambda: yard.says("zh/wait"))
    yard.tell(WAIT, ZH, anybody=False)
    eventually(lambda: yard.heard() == [("zh/wait", False)])
    yard.tell(WAIT, ZH)
    eventually(lambda: yard.says("zh/wait"))
    assert len(yard.heard()) == 1


def test_a_text_of_central_ends_what_is_said_and_is_not_said_itself(yard: Yard) -> None:
    yard.tell(WAIT, ZH)
    eventually(lambda: yard.says("zh/wait"))
    yard.tell(DriverMessage.FROM_CENTRAL, ZH)
    eventually(lambda: yard.heard() == [("zh/wait", False)])
    yard.tell(STOP, ZH)
    eventually(lambda: yard.says("zh/stop_for_officer"))


def test_in_quiet_hours_nothing_is_said_and_what_was_being_said_ends(yard: Yard) -> None:
    yard.tell(WAIT, ZH)
    eventually(lambda: yard.says("zh/wait"))
    yard.local = NIGHT
    yard.tell(STOP, ZH)
    eventually(lambda: yard.heard() == [("zh/wait", False)])
    yard.local = NOON
    yard.tell(DRIVE_ON, ZH)
    eventually(lambda: yard.says("zh/drive_on"))
    assert len(yard.heard()) == 1


def test_while_the_clock_is_not_trusted_there_are_no_quiet_hours(yard: Yard) -> None:
    yard.local = None
    yard.tell(STOP, ZH)
    eventually(lambda: yard.says("zh/stop_for_officer"))


def test_a_recording_that_is_damaged_is_not_said_and_told_once_and_the_others_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forget_speakers()
    shipped = shutil.copytree(SHIPPED, tmp_path / "shipped")
    (shipped / "zh" / "wait.wav").write_bytes(b"RIFF")
    yard = Yard(speaker("lane"), shipped)
    try:
        for _ in range(2):
            yard.tell(DRIVE_ON, ZH)
            eventually(lambda: yard.says("zh/drive_on"))
            yard.tell(WAIT, ZH)
            eventually(lambda: yard.there.playing is None)
        assert caplog.text.count("checksum differs") == 1
        assert yard.heard() == [("zh/drive_on", False)] * 2
    finally:
        assert yard.speech.monitor.stop()
        forget_speakers()


def test_recordings_that_are_not_there_at_all_are_told_and_keep_no_lane_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forget_speakers()
    yard = Yard(speaker("lane"), tmp_path)
    try:
        yard.tell(WAIT, ZH)
        eventually(lambda: "install the package again" in caplog.text)
    finally:
        assert yard.speech.monitor.stop()
        forget_speakers()
