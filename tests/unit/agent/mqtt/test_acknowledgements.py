"""Acknowledgements: which ones are taken, what is counted, and which refusals become an event."""

import json

import pytest

from agent.core.events.event_types import AcknowledgementRefused
from agent.mqtt.acknowledgements import BEHIND_S, EVENT_EVERY_S, AckFault, Acknowledgements, Sending, read_ack
from agent.mqtt.delivery_window import DeliverySettings
from agent.mqtt.messages import Incoming
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, publish
from tests.support.waiting import eventually

ROOT = f"gate/v1/{GATE}"
STREAM = "s1"
NOW = Sending(STREAM, head=20, handed=15, watermark=10, sent_now=True, silent=False)


def ack(seq, stream=STREAM, *, retained=True):
    body = json.dumps({"stream": stream, "seq": seq}).encode()
    return Incoming(topic=f"{ROOT}/ack", payload=body, qos=0, retained=retained)


def junk():
    return Incoming(topic=f"{ROOT}/ack", payload=b"{", qos=0, retained=False)


@pytest.mark.parametrize(
    ("seq", "answer"),
    [
        (10, 10),
        (11, 11),
        (15, 15),
        (16, AckFault.BEYOND_SENT),
        (20, AckFault.BEYOND_SENT),
        (21, AckFault.BEYOND_HEAD),
        (9, AckFault.BEHIND),
        (0, AckFault.BEHIND),
    ],
)
def test_only_what_was_sent_and_not_less_than_before_is_taken(seq, answer):
    assert read_ack(ack(seq).payload, stream=STREAM, head=20, handed=15, watermark=10) == answer


def events(acks, at):
    return [(event.code, event.stream, event.seq, event.count) for event in acks.due(at)]


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (junk(), ("malformed", None, None, 1)),
        (ack(21), ("beyond_head", STREAM, 21, 1)),
        (ack(16), ("beyond_sent", STREAM, 16, 1)),
    ],
)
def test_what_cannot_be_is_told_at_once_and_then_once_in_ten_minutes_with_its_number(message, event):
    acks = Acknowledgements()
    assert acks.accept(message, NOW, 100.0) is None
    assert events(acks, 100.0) == [event]
    for second in range(50):
        acks.accept(message, NOW, 101.0 + second)
    assert events(acks, 100.0 + EVENT_EVERY_S - 1) == []
    assert events(acks, 100.0 + EVENT_EVERY_S) == [(*event[:3], 50)]
    assert events(acks, 100.0 + 3 * EVENT_EVERY_S) == []
    assert acks.counts[event[0]] == 51


def test_codes_do_not_hold_one_another_back():
    acks = Acknowledgements()
    acks.accept(junk(), NOW, 0.0)
    assert len(acks.due(0.0)) == 1
    acks.accept(ack(21), NOW, 1.0)
    assert events(acks, 1.0) == [("beyond_head", STREAM, 21, 1)]


def test_a_stored_acknowledgement_of_the_stream_before_is_no_event():
    acks = Acknowledgements()
    acks.connected()
    acks.accept(ack(9000, "before"), NOW, 0.0)
    assert events(acks, 0.0) == []
    assert acks.counts["foreign_stream"] == 1


@pytest.mark.parametrize("silent", [False, True])
def test_a_foreign_stream_is_an_event_once_central_knew_better_or_is_silent(silent):
    acks = Acknowledgements()
    sending = Sending(STREAM, 20, 15, 10, sent_now=True, silent=silent)
    if not silent:
        assert acks.accept(ack(10), sending, 0.0) == 10
    acks.accept(ack(7, "another"), sending, 1.0)
    assert events(acks, 1.0) == [("foreign_stream", "another", 7, 1)]


def test_less_than_before_is_an_event_only_when_nothing_better_comes():
    acks = Acknowledgements()
    acks.accept(ack(5), NOW, 0.0)
    acks.accept(ack(12), NOW, 1.0)
    acks.accept(ack(5), NOW, BEHIND_S)
    assert (events(acks, BEHIND_S), acks.trouble) == ([], "")
    acks.accept(ack(6), NOW, 2 * BEHIND_S)
    assert events(acks, 2 * BEHIND_S) == [("behind", STREAM, 6, 1)]
    assert "only up to 6" in acks.trouble
    acks.accept(ack(12), NOW, 3 * BEHIND_S)
    assert acks.trouble == ""
    assert acks.counts == {
        "taken": 2, "malformed": 0, "foreign_stream": 0, "beyond_head": 0, "beyond_sent": 0, "behind": 3,
    }  # fmt: skip


def test_an_old_one_that_brokers_have_stored_is_no_event_however_often_it_comes():
    acks = Acknowledgements()
    idle = Sending(STREAM, 20, 20, 20, sent_now=False, silent=False)
    for hour in range(5):
        acks.connected()
        acks.accept(ack(5), idle, hour * 3600.0)
        assert events(acks, hour * 3600.0) == []
    for second in (0.0, BEHIND_S):
        acks.accept(ack(5, retained=False), idle, second)
    assert len(acks.due(BEHIND_S)) == 1


# ------------------------------------------------------------------------------------------------------ the real thing


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


@needs_mosquitto
def test_a_restored_central_is_told_of_and_has_the_rest_replayed(tmp_path, broker, mocker):
    mocker.patch("agent.mqtt.acknowledgements.BEHIND_S", 0.0)
    told = []
    with journal_at(tmp_path / "journal.sqlite") as journal:
        record(journal, 50)
        with linked(journal, quick(broker.port), note=told.append) as link:
            with Central(broker.port, GATE):
                eventually(lambda: journal.watermark == 50)
            publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 20}))
            eventually(lambda: told == [AcknowledgementRefused(code="behind", stream=journal.stream, seq=20)])
            eventually(lambda: "restored from a backup" in link.uplink.view.trouble)
            assert journal.watermark == 50
            with Central(broker.port, GATE) as restored:
                restored.events.update({event.seq: event.payload for event in journal.range(1, 20)})
                link.uplink.replay(journal.stream, 21, 50)
                eventually(lambda: restored.watermark == 50)
                eventually(lambda: link.uplink.view.trouble == "")
                assert restored.events == {event.seq: event.payload for event in journal.range(1, 50)}


@needs_mosquitto
def test_an_acknowledgement_of_what_was_never_sent_is_not_taken_and_told(tmp_path, broker):
    told = []
    with journal_at(tmp_path / "journal.sqlite") as journal:
        with linked(journal, quick(broker.port), DeliverySettings(ahead_limit=10), note=told.append) as link:
            record(journal, 30)
            eventually(lambda: link.uplink.view.sent == 10)
            publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 25}))
            eventually(lambda: told == [AcknowledgementRefused(code="beyond_sent", stream=journal.stream, seq=25)])
            assert link.uplink.view.acks["beyond_sent"] == 1
        assert journal.watermark == 0


@needs_mosquitto
def test_after_a_restart_what_the_last_run_sent_is_taken(tmp_path, broker):
    with journal_at(tmp_path / "journal.sqlite") as journal:
        record(journal, 30)
        publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 25}), "-r")
        with linked(journal, quick(broker.port)):
            eventually(lambda: journal.watermark == 25)
