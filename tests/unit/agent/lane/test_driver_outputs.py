"""The signs and the loudspeaker of a lane together: who is told what, in which language, and who speaks."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Self

import pytest

from agent.core.events import DriverShown
from agent.core.lane import InputState, LaneLockout
from agent.core.model import DriverMessage, DriverReceipt, Instant, Signals
from agent.devices import DeviceStatusTable
from agent.devices import sign as sign_module
from agent.devices import voice_player as voice_module
from agent.i18n import Language
from agent.i18n.driver_texts import spoken
from agent.lane.driver_outputs import DriverOutputs, DriverOutputServices, DriverPorts
from agent.lane.lane_view import LaneView
from agent.recording import Recorder
from agent.settings import Lane
from drivers import registry
from drivers.sign.simulated import forget_panels, panel
from drivers.voice.simulated import forget_speakers, speaker
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import UTC
from tests.support.waiting import PATIENCE_S, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.core.events import Draft

VIEW = LaneView("idle", None, "red", "idle", 0.0, LaneLockout(), InputState(), True, "", "")
CHINESE, KAZAKH = "京A12345", "123ABC02"


def now() -> Instant:
    return Instant(time.monotonic(), UTC)


class Post:
    """A lane with two signs that speak and a loudspeaker, or less."""

    def __init__(self, folder: Path, *, signs: int = 1, speaks: bool = True, hour: int = 12) -> None:
        tables = [
            {
                "id": f"sign-{number}",
                "kind": "simulated",
                "name": f"panel-{number}",
                "lines": 2,
                "languages": ["zh", "ru", "en"],
            }
            for number in range(signs)
        ]
        voice = {"kind": "simulated", "languages": ["zh", "ru"], "quiet_hours": ["22:00-06:00"]}
        settings = Lane.model_validate(
            {"number": 1, "direction": "export", "relay": {"kind": "simulated"}, "signs": tables}
            | ({"voice": voice} if speaks else {})
        )
        self.journal = FlakyJournal(folder / "journal.db")
        self.recorded: list[Draft] = []
        self.journal.hook = lambda drafts, _ledger: self.recorded.extend(drafts)
        self.devices = DeviceStatusTable(Recorder(self.journal, lambda: UTC), lambda: UTC)
        self.outputs = DriverOutputs(
            "exit",
            settings,
            DriverPorts(
                {one.id: registry.sign(one.kind, one.table) for one in settings.signs},
                None if settings.voice is None else registry.voice("simulated", {"name": "post"}),
            ),
            DriverOutputServices(self.devices, now, local_time=lambda: time_of_day(hour)),
        )
        self.panels = [panel(f"panel-{number}") for number in range(signs)]
        self.speaker = speaker("post")

    def __enter__(self) -> Self:
        self.devices.start()
        self.outputs.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.outputs.stop()
        assert self.devices.stop()
        self.journal.close()

    def sees(self, text: str, number: int = 0) -> None:
        def is_shown() -> bool:
            page = self.panels[number].page
            return page is not None and text in [line.text for line in page.lines]

        eventually(is_shown, what=f"{text} on the sign; it has {self.panels[number].page}")

    def hears(self, name: str) -> None:
        def is_said() -> bool:
            said = [one.recording for one in self.speaker.played]  # it may have come to its end meanwhile
            playing = self.speaker.playing
            return any(one.match(f"{name}.wav") for one in (*said, *((playing,) if playing else ())))

        eventually(is_said, what=f"{name}; it says {self.speaker.playing}")

    @property
    def shown(self) -> list[DriverShown]:
        return [draft.event for draft in self.recorded if isinstance(draft.event, DriverShown)]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sign_module, "SILENT_S", 600.0)
    monkeypatch.setattr(sign_module, "SPOKEN_S", 600.0)
    monkeypatch.setattr(voice_module, "LATEST_S", 600.0)
    for module in (sign_module, voice_module):
        monkeypatch.setattr(module, "STOP_TIMEOUT_S", PATIENCE_S)
    yield
    forget_panels()
    forget_speakers()


def with_vehicle(message: str, plate: str = "") -> LaneView:
    return replace(VIEW, state="deciding", message=message, transaction="t1", plate=plate)


def test_the_sign_shows_and_the_loudspeaker_says_what_the_lane_says(tmp_path: Path) -> None:
    with Post(tmp_path) as post:
        post.outputs.observe(with_vehicle("deciding", CHINESE))
        post.sees("核验中")
        post.hears("zh/checking")
        post.outputs.observe(with_vehicle("OK", CHINESE))
        post.sees("道闸开启中")
        post.hears("zh/barrier_opens")
        assert panel("panel-0").spoken == ()  # a post has one voice


def test_the_language_of_the_plates_country_comes_first(tmp_path: Path) -> None:
    with Post(tmp_path) as post:
        post.outputs.observe(with_vehicle("OK", KAZAKH))
        eventually(lambda: post.outputs.latest.keys() == {"exit/sign-0", "exit/voice"})
        eventually(lambda: post.outputs.latest["exit/sign-0"].languages == ("ru", "zh", "en"))
        post.hears("ru/barrier_opens")


def test_to_nobody_nothing_is_said_but_the_sign_stays(tmp_path: Path) -> None:
    with Post(tmp_path) as post:
        post.outputs.observe(VIEW)
        post.sees("欢迎光临")
        post.outputs.observe(replace(VIEW, input_state=InputState(signals=Signals(0.0, presence=True))))
        post.hears("zh/welcome")


def test_of_several_signs_that_speak_one_does_where_there_is_no_loudspeaker(tmp_path: Path) -> None:
    with Post(tmp_path, signs=2, speaks=False) as post:
        post.outputs.observe(with_vehicle("deciding"))
        post.sees("核验中", 0)
        post.sees("核验中", 1)
        eventually(lambda: post.panels[0].spoken == (spoken(DriverMessage.CHECKING, Language.ZH),))
        assert post.panels[1].spoken == ()


def test_another_order_of_languages_is_not_said_again_by_the_sign(tmp_path: Path) -> None:
    with Post(tmp_path, speaks=False) as post:
        post.outputs.observe(with_vehicle("deciding"))
        eventually(lambda: len(post.panels[0].spoken) == 1)
        post.outputs.observe(with_vehicle("deciding", KAZAKH))
        eventually(lambda: post.outputs.latest["exit/sign-0"].languages[0] == "ru")
        assert len(post.panels[0].spoken) == 1


def test_what_became_of_each_message_is_recorded_with_its_vehicle(tmp_path: Path) -> None:
    with Post(tmp_path) as post:
        post.outputs.observe(with_vehicle("deciding"))
        eventually(lambda: len(post.outputs.latest) == 2)
        post.panels[0].unplugged = True
        post.outputs.observe(with_vehicle("OK"))
        eventually(lambda: post.outputs.latest["exit/sign-0"].receipt is DriverReceipt.LOST)
        post.hears("zh/barrier_opens")
    (event,) = post.shown
    assert [(one.device, one.message, one.languages, one.receipt) for one in event.outputs] == [
        ("exit/sign-0", "checking", ("zh", "ru", "en"), "confirmed"),
        ("exit/voice", "checking", ("zh",), "sent"),
        ("exit/sign-0", "barrier_opens", (), "lost"),
        ("exit/voice", "barrier_opens", ("zh",), "sent"),
    ]


def test_what_one_is_told_who_was_refused_belongs_to_the_record_though_the_transaction_is_closed(
    tmp_path: Path,
) -> None:
    refused = replace(VIEW, state="denied", message="EXPIRED")
    with Post(tmp_path, speaks=False) as post:
        post.outputs.observe(with_vehicle("deciding"))
        post.sees("核验中")
        post.outputs.observe(refused)
        eventually(lambda: post.outputs.latest["exit/sign-0"].message is DriverMessage.CODE_EXPIRED)
        post.outputs.observe(replace(refused, texts=(("zh", "请到3号窗口"),)))
        post.sees("请到3号窗口")
        eventually(lambda: post.outputs.latest["exit/sign-0"].message is DriverMessage.FROM_CENTRAL)
        post.outputs.observe(VIEW)
        post.sees("欢迎光临")
        eventually(lambda: post.outputs.latest["exit/sign-0"].message is DriverMessage.WELCOME)
    (event,) = post.shown
    assert [one.message for one in event.outputs] == ["checking", "code_expired", "from_central", "welcome"]


def test_a_loudspeaker_that_is_away_is_recorded_as_lost(tmp_path: Path) -> None:
    with Post(tmp_path, signs=0) as post:
        eventually(lambda: post.devices.states == {"exit/voice": "up"})
        post.speaker.unplug()
        post.outputs.observe(with_vehicle("deciding"))
        eventually(lambda: post.devices.states == {"exit/voice": "lost"})
        post.outputs.observe(with_vehicle("OK"))
        assert post.outputs.latest["exit/voice"].receipt is DriverReceipt.LOST
    (event,) = post.shown
    assert [(one.message, one.languages, one.receipt) for one in event.outputs] == [
        ("checking", (), "lost"),
        ("barrier_opens", (), "lost"),
    ]


def test_what_central_says_is_shown_and_not_said(tmp_path: Path) -> None:
    with Post(tmp_path) as post:
        post.outputs.observe(with_vehicle("manual"))
        post.hears("zh/wait_for_officer")
        post.outputs.observe(replace(with_vehicle("manual"), texts=(("en", "Window 3"), ("zh", "请到3号窗口"))))
        post.sees("请到3号窗口")
        eventually(lambda: post.speaker.playing is None)


def test_in_quiet_hours_the_sign_goes_on(tmp_path: Path) -> None:
    with Post(tmp_path, hour=23) as post:
        post.outputs.observe(with_vehicle("deciding"))
        post.sees("核验中")
        assert post.speaker.playing is None
        assert "exit/voice" not in post.outputs.latest


def test_loss_and_return_are_states_of_devices(tmp_path: Path) -> None:
    with Post(tmp_path) as post:
        eventually(lambda: post.devices.states == {"exit/sign-0": "up", "exit/voice": "up"})
        assert {known.family for known in post.devices.known.values()} == {"sign", "voice"}
        post.panels[0].unplugged = True
        post.outputs.observe(with_vehicle("OK"))
        eventually(lambda: post.devices.states["exit/sign-0"] == "lost")
        post.panels[0].unplugged = False
        eventually(lambda: post.devices.states["exit/sign-0"] == "up")
        post.sees("道闸开启中")


def test_a_lane_without_signs_and_loudspeaker_has_no_threads_and_records_nothing(tmp_path: Path) -> None:
    with Post(tmp_path, signs=0, speaks=False) as post:
        post.outputs.observe(with_vehicle("OK"))
        assert post.outputs.workers == ()
        assert dict(post.outputs.latest) == {}
    assert post.shown == []
