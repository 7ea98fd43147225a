"""An alarm when events do not get through for long."""

import pytest

from agent.core.events import Alarm, AlarmRaised
from agent.link.flow import FlowSettings
from agent.link.stall import Stall
from tests.central import Central
from tests.linking import GATE, journal_at, linked, quick, record
from tests.mosquitto import Broker, needs_mosquitto
from tests.waiting import eventually


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
    stall = Stall(10.0)
    assert [(at, words) for at, trouble in course if (words := stall.watch(trouble, at))] == told


@needs_mosquitto
def test_a_central_that_never_acknowledges_becomes_an_alarm_once(tmp_path):
    noted = []
    with (
        Broker(tmp_path) as broker,
        journal_at(tmp_path / "journal.sqlite") as journal,
        Central(broker.port, GATE, ack=False),
        linked(journal, quick(broker.port), FlowSettings(resend_s=0.2, stall_s=0.5), note=noted.append),
    ):
        record(journal, 3)
        (alarm,) = eventually(lambda: [event for event in noted if isinstance(event, AlarmRaised)])
        assert alarm == AlarmRaised(alarm=Alarm.DELIVERY_STALLED, detail="central acknowledges nothing beyond event 0")
