"""What goes beside an event in its packet: its personal values, and what was erased of them."""

import json
from contextlib import closing

import pytest

from agent.broker import Topics
from agent.core.events import digest_of_disclosure
from agent.mqtt import event_message
from agent.store.journal import ErasureScope
from tests.support.store.journals import FakeClock, device
from tests.support.store.personal import open_erasable, vehicle


@pytest.fixture
def journal(tmp_path):
    with closing(open_erasable(tmp_path, clock=FakeClock())) as opened:
        yield opened


def properties(event, **how):
    return dict(event_message(Topics("g1"), event, values=event.disclosures, **how).user_properties)


def test_the_bytes_are_those_that_are_chained_and_the_values_go_beside_them(journal):
    journal.record(vehicle(1))
    for event in journal.range(1, 3):
        message = event_message(Topics("g1"), event, values=event.disclosures)
        assert message.payload == event.payload
        told = properties(event)
        assert told["disclosures"].split("~") == [one.text for one in event.disclosures]
        assert "erased" not in told
        assert properties(event, replay=True)["disclosures"] == told["disclosures"]


def test_what_was_erased_is_told_with_its_time_and_rule(journal):
    journal.record(vehicle(1))
    journal.erase(ErasureScope(2, 2), "request")
    first, second, _ = journal.range(1, 3)
    assert "erased" not in properties(first)
    told = properties(second)
    assert "disclosures" not in told
    assert json.loads(told["erased"]) == [
        {"digest": one.digest, "at": "2026-11-18T11:06:40.000Z", "rule": "request"} for one in second.disclosures
    ]


def test_an_event_that_hides_nothing_has_nothing_beside_it(journal):
    (event,) = journal.record([device("fine")])
    assert properties(event).keys() == {"id", "seq", "boot", "stream"}


def test_what_is_longer_than_a_property_may_be_is_told_in_several(journal, mocker):
    mocker.patch("agent.mqtt.event_messages._LONGEST", 300)
    journal.record(vehicle(1))
    (event, *_others) = journal.range(1, 3)
    message = event_message(Topics("g1"), event, values=event.disclosures)
    parts = [value for name, value in message.user_properties if name == "disclosures"]
    assert len(parts) > 1
    texts = "~".join(parts).split("~")
    assert [digest_of_disclosure(text) for text in texts] == [one.digest for one in event.disclosures]
