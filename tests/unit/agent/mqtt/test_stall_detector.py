"""An alarm when events do not get through for long."""

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.silence_detector import SilenceDetector
from agent.mqtt.stall_detector import StallDetector
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("course", "told"),
    [
        ([(0, "a"), (9, "a"), (10, "a"), (11, "a"), (99, "a")], [(10, "a")]),
        ([(0, "a"), (5, "b"), (10, "b")], [(10, "b")]),
        ([(0, "a"), (9, ""), (10, "a"), (19, "a"), (20, "a")], [(20, "a")]),
        ([(0, "a"), (10, "a"), (11, ""), (12, "b"), (22, "b")], [(10, "a"), (22, "b")]),
        ([(0, ""), (99, "")], []),
    ],
)
def test_a_trouble_is_told_once_when_it_has_lasted(course, told):
    stall_detector = StallDetector(10.0)
    assert [(at, words) for at, trouble in course if (words := stall_detector.watch(trouble, at))] == told


@needs_mosquitto
def test_a_central_that_never_acknowledges_becomes_an_alarm_once(tmp_path):
    noted = []
    with (
        Broker(tmp_path) as broker,
        journal_at(tmp_path / "journal.sqlite") as journal,
        Central(broker.port, GATE, ack=False),
        linked(journal, quick(broker.port), DeliverySettings(resend_s=0.2, stall_s=0.5), note=noted.append),
    ):
        record(journal, 3)
        (alarm,) = eventually(lambda: [event for event in noted if isinstance(event, AlarmRaised)])
        assert alarm == AlarmRaised(
            alarm=Alarm.DELIVERY_STALLED, detail="central has acknowledged nothing beyond event 0"
        )


def test_who_hears_nothing_connects_anew_ever_more_rarely_until_something_is_heard():
    silence_detector = SilenceDetector(10.0, cap_s=30.0)
    assert [silence_detector.watch(silent_s) for silent_s in (9, 10, 10, 19, 20, 29, 30, 29, 30)] == [
        False, True, False, False, True, False, True, False, True
    ]  # fmt: skip
    silence_detector.note_message()
    assert silence_detector.watch(10)


@needs_mosquitto
def test_a_gate_that_hears_no_word_of_central_looks_for_another_connection(tmp_path):
    with (
        Broker(tmp_path) as broker,
        journal_at(tmp_path / "journal.sqlite") as journal,
        Central(broker.port, GATE, ack=False),
        linked(journal, quick(broker.port), DeliverySettings(resend_s=60, settle_s=60, silent_s=0.4)) as link,
    ):
        record(journal, 3)
        eventually(lambda: link.client.view.connections >= 3)
