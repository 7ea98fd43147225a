"""The thread that follows the journal: what it sends, what it keeps over a restart, and what it bears."""

import json
import os
import threading
from datetime import time

import pytest

from agent.core.events import Alarm, AlarmRaised, DeviceChanged, Draft
from agent.core.model import Instant, QuietHours
from agent.core.notices import ChannelRules, Notice, NoticeKind, WatchRules
from agent.i18n import Language
from agent.notifications import (
    DeliveryError,
    NotificationDependencies,
    NotificationService,
    NotificationSettings,
)
from agent.notifications import service as following
from agent.notifications.page_notices import KEPT, NoticeBoard
from drivers.text import Text
from tests.support.store.journals import UTC, open_journal
from tests.support.waiting import eventually

HELD = ChannelRules(hold_s=0)
AT_ONCE = WatchRules(device_s=0)


class Recording:
    """A channel that keeps what it is given. `fails`: what it raises first, one after the other."""

    name = "mail"
    place = "mail.example:587"

    def __init__(self):
        self.messages = []
        self.attempts = []
        self.fails = []

    def send(self, message, _utc):
        self.attempts.append(message.id)
        if self.fails:
            raise self.fails.pop(0)
        self.messages.append(message)


class World:
    """A journal and the service that follows it; `utc` is the clock of both."""

    def __init__(self, folder):
        self.folder = folder
        self.journal = open_journal(folder / "journal.db")
        self.channel = Recording()
        self.utc = UTC
        self.expiries = []
        self.local = None
        self.service = None

    def started(self, *, rules=HELD, watch=AT_ONCE, most_an_hour=3600, begin=0, channels=None):
        given = (self.channel,) if channels is None else channels
        settings = NotificationSettings(
            "khorgos-01",
            Language.EN,
            watch,
            given,
            {"mail": rules, "webhook": rules},
            most_an_hour,
            frozenset(NoticeKind),
        )
        self.service = NotificationService(
            settings,
            NotificationDependencies(
                state=self.folder,
                head=lambda: self.journal.head,
                begin=begin,
                now=lambda: Instant(self.utc, self.utc),
                local=lambda: self.local,
                expiries=lambda: self.expiries,
                look_s=0.01,
            ),
        )
        self.service.start()
        return self.service

    def raise_alarm(self, alarm=Alarm.WRONG_WAY, lane="north"):
        self.journal.record([Draft(AlarmRaised(alarm=alarm, detail="seen by the loop"), lane, None, self.utc)])

    def device(self, state):
        event = DeviceChanged(device="north/cam", family="camera", state=state, detail="no answer")
        self.journal.record([Draft(event, "north", None, self.utc)])

    def caught_up(self):
        eventually(lambda: self.kept()["seq"] == self.journal.head)

    def kept(self):
        try:
            return json.loads((self.folder / "notifications.json").read_text())
        except FileNotFoundError:
            return {"seq": -1}


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    if made.service is not None:
        assert made.service.stop()
    made.journal.close()


def test_an_alarm_of_the_journal_is_sent_with_its_words(world):
    world.started()
    world.raise_alarm()
    eventually(lambda: world.channel.messages)
    (message,) = world.channel.messages
    assert message.subject == "[khorgos-01] Lane north: A vehicle drove in the wrong direction."
    assert "(seen by the loop)" in message.text
    (notice,) = message.data["data"]["notices"]
    assert (notice["code"], notice["lane"], notice["state"]) == ("wrong_way", "north", "raised")
    assert [one.notice.code for one in world.service.board.after(0)] == ["wrong_way"]


def test_what_was_recorded_before_the_first_start_is_no_news(world):
    world.raise_alarm()
    world.started(begin=world.journal.head)
    world.raise_alarm(Alarm.BLOCKED)
    eventually(lambda: world.channel.messages)
    assert [one["code"] for one in world.channel.messages[0].data["data"]["notices"]] == ["blocked"]


def test_what_was_not_delivered_is_sent_after_a_restart_as_the_same_message(world):
    world.channel.fails = [DeliveryError(Text("the mail server ended the connection"))]
    service = world.started()
    world.raise_alarm()
    eventually(lambda: world.channel.attempts)
    eventually(lambda: service.views[0].trouble)
    assert service.views[0].waiting == 1
    assert service.stop()
    world.raise_alarm(Alarm.BLOCKED)  # While nobody follows.
    world.utc += 10
    world.started()
    eventually(lambda: len(world.channel.messages) == 2)
    first, second, third = world.channel.attempts
    assert (first, first) == (second, world.channel.messages[0].id)
    assert third != first
    assert [one.data["data"]["notices"][0]["code"] for one in world.channel.messages] == ["wrong_way", "blocked"]
    assert world.service.views[0].trouble == ""


def test_a_restart_says_nothing_twice(world):
    service = world.started()
    world.raise_alarm()
    eventually(lambda: world.channel.messages)
    world.caught_up()
    assert service.stop()
    service = world.started()
    world.raise_alarm(Alarm.BLOCKED)
    eventually(lambda: len(world.channel.messages) == 2)
    assert len(world.channel.attempts) == 2


def test_what_is_too_old_after_a_long_stop_is_dropped_and_that_is_said(world):
    world.channel.fails = [DeliveryError(Text("no"))]
    service = world.started()
    world.raise_alarm()
    eventually(lambda: service.views[0].trouble)
    assert service.stop()
    world.utc += 100_000
    world.raise_alarm(Alarm.BLOCKED)
    world.started()
    eventually(lambda: world.channel.messages)
    (message,) = world.channel.messages
    assert [one["code"] for one in message.data["data"]["notices"]] == ["blocked"]
    assert message.data["data"]["dropped"] == 1
    assert "1 earlier notice could not be delivered" in message.text


def test_a_device_that_flaps_hundreds_of_times_makes_few_messages(world):
    service = world.started(rules=ChannelRules(hold_s=900))
    for _ in range(100):
        world.device("lost")
        world.device("up")
    world.caught_up()
    eventually(lambda: len(world.channel.messages) == 1)
    world.utc += 901
    eventually(lambda: len(world.channel.messages) == 2)
    assert sum(one["count"] for each in world.channel.messages for one in each.data["data"]["notices"]) == 200
    eventually(lambda: service.views[0].results == {"done": 2})


def test_in_quiet_hours_it_waits(world):
    world.local = time(23)
    world.started(rules=ChannelRules(quiet=(QuietHours.parse("22:00-06:00"),)))
    world.raise_alarm()
    world.caught_up()
    assert world.channel.attempts == []
    world.local = time(7)
    eventually(lambda: world.channel.messages)


def test_a_certificate_that_ends_is_told_of(world):
    world.expiries = [("certificate", "mqtt", UTC + 3 * 86_400)]
    world.started()
    eventually(lambda: world.channel.messages)
    assert "mqtt expires on" in world.channel.messages[0].subject


def test_a_file_that_cannot_be_read_costs_what_waited_and_no_more(world):
    (world.folder / "notifications.json").write_text("{")
    world.started()
    world.raise_alarm()
    eventually(lambda: world.channel.messages)


def test_a_folder_that_takes_nothing_is_told_and_then_well_again(world, monkeypatch):
    keep, broken = following.keep, threading.Event()

    def kept(path, state):
        if broken.is_set():
            raise OSError(28, os.strerror(28))
        keep(path, state)

    monkeypatch.setattr(following, "keep", kept)
    service = world.started()
    broken.set()
    world.raise_alarm()
    eventually(lambda: "No space left" in service.trouble)
    assert world.channel.attempts == []  # Nothing leaves whose id is not on the disk.
    broken.clear()
    eventually(lambda: world.channel.messages)
    eventually(lambda: service.trouble == "")
    assert [one.notice.code for one in service.board.after(0)] == ["wrong_way"]  # Shown once, however often it failed.


def test_without_channels_it_only_shows(world):
    service = world.started(channels=())
    world.raise_alarm()
    eventually(lambda: service.board.after(0))
    assert service.views == ()


def test_a_channel_that_hangs_keeps_no_record_waiting(world):
    held, freed = threading.Event(), threading.Event()

    class Hanging(Recording):
        def send(self, message, utc):
            held.set()
            freed.wait()
            super().send(message, utc)

    world.channel = Hanging()
    world.started()
    world.raise_alarm()
    assert held.wait(60)
    for _ in range(50):
        world.raise_alarm()
    assert world.journal.head == 51
    world.caught_up()  # It follows the journal meanwhile.
    assert world.service.stop()  # And holds up no stop.
    freed.set()
    eventually(lambda: world.channel.messages)


def test_a_channel_that_hangs_does_not_hold_up_the_other(world):
    freed = threading.Event()

    class Hanging(Recording):
        name = "webhook"

        def send(self, _message, _utc):
            freed.wait()

    service = world.started(channels=(Hanging(), world.channel))
    world.raise_alarm()
    eventually(lambda: world.channel.messages)
    world.utc += following.LATE_S + 1
    eventually(lambda: service.views[0].trouble)
    eventually(lambda: (service.views[0].waiting, service.views[1].waiting) == (1, 0))
    freed.set()
    eventually(lambda: service.views[0].sent_utc)
    assert service.views[0].trouble == ""


def test_numbers_of_the_board_go_up_and_only_the_last_are_kept():
    board = NoticeBoard("run")
    for number in range(KEPT + 20):
        board.show(Notice(kind=NoticeKind.ALARM, key=str(number), raised=True, code="blocked", since_utc=UTC, utc=UTC))
    shown = board.after(0)
    assert len(shown) == KEPT
    assert shown[-1].number == board.number == KEPT + 20
    assert board.after(KEPT + 20) == []
