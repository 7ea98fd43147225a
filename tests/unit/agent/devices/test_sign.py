"""The monitor of a sign: its pages and their turns, what a newer message does, and a card that comes and goes."""

from __future__ import annotations

import logging
import queue
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from agent.core.model import DriverReceipt
from agent.devices import PortState, SignMonitor, SignProgramme, TimedPage
from agent.devices import sign as sign_module
from drivers.api import DeviceUnavailableError, NotSentError, SignCapabilities, SignLine, SignPage, SignProof
from drivers.sign.simulated import SimulatedPanel, SimulatedSign, SimulatedSignSettings, forget_panels, panel
from tests.support.waiting import PATIENCE_S, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_S = 600.0
CONFIRMED, SENT, LOST = DriverReceipt.CONFIRMED, DriverReceipt.SENT, DriverReceipt.LOST


def page(text: str, spoken: str = "") -> SignPage:
    return SignPage((SignLine(text),), 600, spoken)


def programme(*texts: str, hold_s: float = LONG_S, spoken: str = "") -> SignProgramme:
    pages = [TimedPage(page(text), hold_s) for text in texts]
    pages[0] = replace(pages[0], page=replace(pages[0].page, spoken=spoken))
    return SignProgramme(tuple(pages), tuple(texts))


class Troubled(SimulatedSign):
    """A sign whose shows fail as they are told to. `shown`: the pages of all its shows, failed ones too."""

    proof = SignProof.PAGE

    def __init__(self) -> None:
        super().__init__(SimulatedSignSettings(name="lane"))
        self.troubles: deque[Exception] = deque()
        self.always: Exception | None = None
        self.shown: list[SignPage] = []
        self.opened = 0

    @property
    @override
    def capabilities(self) -> SignCapabilities:
        return replace(super().capabilities, proof=self.proof)

    @override
    def open(self) -> str:
        self.opened += 1
        return super().open()

    @override
    def show(self, page: SignPage) -> None:
        self.shown.append(page)
        if self.always is not None:
            raise self.always
        if self.troubles:
            raise self.troubles.popleft()
        super().show(page)


class Watched:
    """A monitor of the simulated sign, started, and what it tells."""

    def __init__(self) -> None:
        self.states: queue.SimpleQueue[tuple[PortState, str]] = queue.SimpleQueue()
        self.receipts: list[tuple[tuple[str, ...], DriverReceipt]] = []
        self.port = Troubled()
        self.monitor = SignMonitor(
            "lane/sign", self.port, lambda: programme("WAIT"), lambda *state: self.states.put(state)
        )

    def show(self, shown: SignProgramme) -> None:
        self.monitor.show(lambda: shown, lambda *receipt: self.receipts.append(receipt))

    def next_state(self) -> PortState:
        return self.states.get(timeout=PATIENCE_S)[0]


@pytest.fixture
def there() -> Iterator[SimulatedPanel]:
    forget_panels()
    yield panel("lane")
    forget_panels()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_module, "SILENT_S", LONG_S)
    monkeypatch.setattr(sign_module, "SPOKEN_S", LONG_S)
    monkeypatch.setattr(sign_module, "REPEATS_S", (0.01, 0.02))
    monkeypatch.setattr(sign_module, "STOP_TIMEOUT_S", PATIENCE_S)


@pytest.fixture
def watched(there: SimulatedPanel) -> Iterator[Watched]:
    watched = Watched()
    watched.monitor.start()
    yield watched
    assert watched.monitor.stop()


def shows(there: SimulatedPanel, text: str) -> bool:
    return there.page is not None and there.page.lines[0].text == text


def sees(there: SimulatedPanel, *texts: str) -> None:
    for text in texts:
        eventually(lambda text=text: shows(there, text), what=f"the page {text}")


def test_a_message_is_shown_once_the_card_is_there_and_confirmed(watched: Watched, there) -> None:
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    assert watched.next_state() is PortState.UP
    eventually(lambda: watched.receipts == [(("DRIVE ON",), CONFIRMED)])


def test_before_the_lane_has_spoken_nothing_is_shown(watched: Watched, there) -> None:
    assert watched.next_state() is PortState.UP
    assert there.pages == 0


def test_languages_take_turns_in_their_order(watched: Watched, there) -> None:
    watched.show(programme("请通行", "DRIVE ON", "ПРОЕЗД", hold_s=0.05))
    sees(there, "请通行", "DRIVE ON", "ПРОЕЗД", "请通行", "DRIVE ON")
    assert [one.lines[0].text for one in watched.port.shown[:4]] == ["请通行", "DRIVE ON", "ПРОЕЗД", "请通行"]


def test_one_page_is_sent_again_and_again_so_that_it_never_ends_by_itself(watched: Watched, there) -> None:
    watched.show(programme("WELCOME", hold_s=0.01))
    eventually(lambda: there.pages > 5)
    assert shows(there, "WELCOME")
    assert watched.receipts == [(("WELCOME",), CONFIRMED)]


def test_a_newer_message_takes_the_place_of_the_one_before_at_once(watched: Watched, there) -> None:
    watched.show(programme("CHECKING", "核验中"))
    sees(there, "CHECKING")
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    assert [one.lines[0].text for one in watched.port.shown] == ["CHECKING", "DRIVE ON"]


def test_of_many_messages_at_once_the_last_is_shown(watched: Watched, there) -> None:
    for _ in range(500):
        watched.show(programme("CHECKING"))
        watched.show(programme("WAIT"))
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    eventually(lambda: watched.receipts[-1] == (("DRIVE ON",), CONFIRMED))


def test_what_is_said_is_said_once_and_not_again_with_its_page(watched: Watched, there) -> None:
    watched.port.proof = SignProof.NOTHING
    watched.show(programme("STOP", hold_s=0.01, spoken="stop"))
    eventually(lambda: there.pages > 6)
    assert there.spoken == ("stop",)


def test_to_a_card_that_does_not_tell_a_new_page_is_sent_again_soon_and_counts_as_sent(watched: Watched, there) -> None:
    watched.port.proof = SignProof.LINE
    watched.show(programme("STOP"))
    eventually(lambda: there.pages == 3)
    assert watched.receipts == [(("STOP",), SENT)]
    watched.show(programme("DRIVE ON"))
    eventually(lambda: there.pages == 6)


def test_a_pulled_cable_is_a_lost_sign_and_the_newest_message_stands_there_when_it_returns(
    watched: Watched, there
) -> None:
    watched.show(programme("CHECKING", hold_s=0.01))
    sees(there, "CHECKING")
    assert watched.next_state() is PortState.UP
    there.unplugged = True
    assert watched.next_state() is PortState.LOST
    eventually(lambda: watched.receipts[-1] == ((), LOST))
    watched.show(programme("DRIVE ON"))
    eventually(lambda: len(watched.receipts) == 3)
    there.unplugged = False
    assert watched.next_state() is PortState.UP
    sees(there, "DRIVE ON")
    assert watched.receipts == [(("CHECKING",), CONFIRMED), ((), LOST), ((), LOST), (("DRIVE ON",), CONFIRMED)]


def test_what_was_to_be_said_is_not_said_late(watched: Watched, there, monkeypatch) -> None:
    there.unplugged = True
    watched.show(programme("STOP", spoken="stop"))
    eventually(lambda: watched.receipts == [((), LOST)])
    monkeypatch.setattr(sign_module, "SPOKEN_S", -1.0)
    there.unplugged = False
    sees(there, "STOP")
    assert there.spoken == ()


def test_a_lane_that_falls_silent_has_the_sign_say_wait_and_when_it_speaks_again_its_message(
    watched: Watched, there, monkeypatch
) -> None:
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    monkeypatch.setattr(sign_module, "SILENT_S", 0.0)
    watched.show(programme("DRIVE ON"))
    sees(there, "WAIT")
    monkeypatch.setattr(sign_module, "SILENT_S", LONG_S)
    watched.monitor.keep()
    sees(there, "DRIVE ON")


def test_a_stop_leaves_wait_on_the_sign(there) -> None:
    watched = Watched()
    watched.monitor.start()
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    assert watched.monitor.stop()
    assert shows(there, "WAIT")
    assert not watched.port._is_open


def test_a_stop_while_the_sign_is_away_ends_too(there) -> None:
    there.unplugged = True
    watched = Watched()
    watched.monitor.start()
    assert watched.next_state() is PortState.LOST
    assert watched.monitor.stop()


def test_a_page_that_the_card_refuses_is_left_out_and_the_other_languages_are_shown(
    watched: Watched, there, caplog: pytest.LogCaptureFixture
) -> None:
    assert watched.next_state() is PortState.UP
    watched.show(programme("a\nb", "DRIVE ON", hold_s=0.01))
    sees(there, "DRIVE ON")
    eventually(lambda: there.pages > 3)
    assert watched.states.empty()
    assert caplog.text.count("does not show it") == 1


def test_where_the_card_refuses_all_pages_it_is_dark_and_that_is_told(watched: Watched, there) -> None:
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    watched.show(programme("a\nb"))
    eventually(lambda: there.page is None)
    assert watched.receipts == [(("DRIVE ON",), CONFIRMED), ((), LOST)]
    assert watched.monitor.state is PortState.UP


def test_no_pages_make_it_dark(watched: Watched, there) -> None:
    watched.show(programme("DRIVE ON"))
    sees(there, "DRIVE ON")
    watched.show(SignProgramme(()))
    eventually(lambda: there.page is None)


def test_one_answer_that_does_not_come_is_no_loss(watched: Watched, there) -> None:
    assert watched.next_state() is PortState.UP
    watched.port.troubles.append(DeviceUnavailableError("no answer"))
    watched.show(programme("STOP", spoken="stop"))
    sees(there, "STOP")
    assert watched.port.opened == 2
    assert there.spoken == ()  # it may have been said the first time
    assert watched.states.empty()
    eventually(lambda: watched.receipts == [(("STOP",), CONFIRMED)])


def test_what_never_left_the_computer_is_a_loss_at_once(watched: Watched, there) -> None:
    assert watched.next_state() is PortState.UP
    watched.port.troubles.append(NotSentError("gone"))
    watched.show(programme("STOP"))
    assert watched.states.get(timeout=PATIENCE_S) == (PortState.LOST, "gone")
    assert watched.next_state() is PortState.UP
    sees(there, "STOP")


def test_a_card_that_takes_no_page_is_not_up_however_often_it_can_be_opened(there) -> None:
    watched = Watched()
    watched.port.always = DeviceUnavailableError("mute")
    watched.show(programme("STOP"))
    watched.monitor.start()
    assert watched.states.get(timeout=PATIENCE_S) == (PortState.LOST, "mute")
    eventually(lambda: watched.port.opened > 3)
    assert watched.states.empty()
    watched.port.always = None
    assert watched.next_state() is PortState.UP
    sees(there, "STOP")
    assert watched.monitor.stop()


def test_a_fault_of_the_driver_is_a_loss_and_the_thread_goes_on(
    watched: Watched, there, caplog: pytest.LogCaptureFixture
) -> None:
    assert watched.next_state() is PortState.UP
    watched.port.troubles.append(ZeroDivisionError("a bug"))
    with caplog.at_level(logging.CRITICAL):
        watched.show(programme("STOP"))
        assert watched.next_state() is PortState.LOST
    sees(there, "STOP")
    assert watched.monitor.worker.failures == 0
