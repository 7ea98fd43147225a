"""Acknowledgements: which ones are taken, what is counted, and which refusals become an event."""

import json

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.events.acknowledgement import AckFault, AckPolicy, ReadAck, sign_ack
from agent.core.events.chain import Point
from agent.core.events.event_types import AcknowledgementRefused
from agent.mqtt.acknowledgements import (
    BEHIND_S,
    EVENT_EVERY_S,
    VERIFY_BURST,
    Acknowledgements,
    Sending,
    judge_ack,
)
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.messages import Incoming
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, publish
from tests.support.waiting import eventually

ROOT = f"gate/v1/{GATE}"
STREAM = "s1"
NOW = Sending(STREAM, head=20, handed=15, watermark=10, sent_now=True, silent=False)
KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(32))
POLICY = AckPolicy(GATE, {"central": KEY.public})


class Kept:
    """Events 5 to 20 of a gate, each with a hash of its own."""

    def digest_at(self, seq):
        return digest(seq) if 5 <= seq <= 20 else None


class Witness:
    """Keeps what it was told."""

    def __init__(self):
        self.heard = []

    def on_head_witnessed(self, stream, seq, *, hash_matches):
        self.heard.append((stream, seq, hash_matches))


def digest(seq):
    return f"{seq:064x}"


def signed_ack(seq, stream=STREAM, *, gate=GATE, said=None, key=KEY, kid="central"):
    body = sign_ack(gate, Point(stream, seq, said or digest(seq)), key, kid)
    return Incoming(topic=f"{ROOT}/ack", payload=body, qos=0, retained=True)


def taking(policy=None, witness=None):
    return Acknowledgements(AckPolicy(GATE) if policy is None else policy, Kept(), witness)


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
    assert judge_ack(ReadAck(STREAM, seq), NOW) == (answer if isinstance(answer, AckFault) else None)
    assert taking().accept(ack(seq), NOW, 0.0) == (None if isinstance(answer, AckFault) else answer)


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
    acks = taking()
    assert acks.accept(message, NOW, 100.0) is None
    assert events(acks, 100.0) == [event]
    for second in range(50):
        acks.accept(message, NOW, 101.0 + second)
    assert events(acks, 100.0 + EVENT_EVERY_S - 1) == []
    assert events(acks, 100.0 + EVENT_EVERY_S) == [(*event[:3], 50)]
    assert events(acks, 100.0 + 3 * EVENT_EVERY_S) == []
    assert acks.counts[event[0]] == 51


def test_codes_do_not_hold_one_another_back():
    acks = taking()
    acks.accept(junk(), NOW, 0.0)
    assert len(acks.due(0.0)) == 1
    acks.accept(ack(21), NOW, 1.0)
    assert events(acks, 1.0) == [("beyond_head", STREAM, 21, 1)]


def test_a_stored_acknowledgement_of_the_stream_before_is_no_event():
    acks = taking()
    acks.connected()
    acks.accept(ack(9000, "before"), NOW, 0.0)
    assert events(acks, 0.0) == []
    assert acks.counts["foreign_stream"] == 1


@pytest.mark.parametrize("silent", [False, True])
def test_a_foreign_stream_is_an_event_once_central_knew_better_or_is_silent(silent):
    acks = taking()
    sending = Sending(STREAM, 20, 15, 10, sent_now=True, silent=silent)
    if not silent:
        assert acks.accept(ack(10), sending, 0.0) == 10
    acks.accept(ack(7, "another"), sending, 1.0)
    assert events(acks, 1.0) == [("foreign_stream", "another", 7, 1)]


def test_less_than_before_is_an_event_only_when_nothing_better_comes():
    acks = taking()
    acks.accept(ack(5), NOW, 0.0)
    acks.accept(ack(12), NOW, 1.0)
    acks.accept(ack(5), NOW, BEHIND_S)
    assert (events(acks, BEHIND_S), acks.trouble) == ([], "")
    acks.accept(ack(6), NOW, 2 * BEHIND_S)
    assert events(acks, 2 * BEHIND_S) == [("behind", STREAM, 6, 1)]
    assert "only up to event 6" in acks.trouble
    acks.accept(ack(12), NOW, 3 * BEHIND_S)
    assert acks.trouble == ""
    assert acks.counts == dict.fromkeys(AckFault, 0) | {"taken": 2, "behind": 3}


def test_an_old_one_that_brokers_have_stored_is_no_event_however_often_it_comes():
    acks = taking()
    idle = Sending(STREAM, 20, 20, 20, sent_now=False, silent=False)
    for hour in range(5):
        acks.connected()
        acks.accept(ack(5), idle, hour * 3600.0)
        assert events(acks, hour * 3600.0) == []
    for second in (0.0, BEHIND_S):
        acks.accept(ack(5, retained=False), idle, second)
    assert len(acks.due(BEHIND_S)) == 1


# ---------------------------------------------------------------------------------------------------- signed by central


@pytest.mark.parametrize("seq", [10, 11, 15])
def test_what_central_signed_is_taken_where_its_event_is_the_gates_own(seq):
    witness = Witness()
    assert taking(POLICY, witness).accept(signed_ack(seq), NOW, 0.0) == seq
    assert witness.heard == [(STREAM, seq, True)]


@pytest.mark.parametrize(
    ("message", "code", "key"),
    [
        (ack(12), "unsigned", None),
        (signed_ack(12, kid="nobody"), "key_unknown", None),
        (signed_ack(12, key=OTHER), "signature_invalid", None),
        (signed_ack(12, gate="khorgos-04"), "foreign_gate", "central"),
        (signed_ack(21), "beyond_head", "central"),
        (signed_ack(12, said=digest(13)), "wrong_head", "central"),
        (signed_ack(16, said=digest(13)), "wrong_head", "central"),
        (signed_ack(7, said=digest(13)), "wrong_head", "central"),
        (signed_ack(16), "beyond_sent", "central"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_central_did_not_sign_for_this_gate_and_this_history_is_told(message, code, key):
    acks = taking(POLICY)
    assert acks.accept(message, NOW, 0.0) is None
    assert acks.counts[code] == 1
    (event,) = acks.due(0.0)
    assert (event.code, event.key, event.stream) == (code, key, STREAM)


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        (signed_ack(12), [(STREAM, 12, True)]),
        (signed_ack(12, said=digest(13)), [(STREAM, 12, False)]),
        (signed_ack(7), [(STREAM, 7, True)]),  # replayed: harmless, and still true
        (signed_ack(3), [(STREAM, 3, None)]),  # not kept any more
        (signed_ack(4_711), [(STREAM, 4_711, None)]),  # the gate's journal is an older copy
        (signed_ack(12, "another"), [("another", 12, None)]),
        (signed_ack(12, gate="khorgos-04"), []),
        (signed_ack(12, key=OTHER), []),
        (signed_ack(12, kid="nobody"), []),
        (ack(12), []),
    ],
)
def test_only_what_central_signed_of_this_gate_is_told_to_the_witness(message, heard):
    witness = Witness()
    taking(POLICY, witness).accept(message, NOW, 0.0)
    assert witness.heard == heard


def test_a_watermark_whose_event_the_gate_cannot_show_is_not_believed():
    sending = Sending(STREAM, head=20, handed=20, watermark=2, sent_now=True, silent=False)
    acks = taking(POLICY)
    assert acks.accept(signed_ack(2), sending, 0.0) == 2  # nothing is forgotten by it
    assert acks.accept(signed_ack(3), sending, 0.0) is None
    assert acks.counts["wrong_head"] == 1


@pytest.mark.parametrize("policy", [AckPolicy(GATE), AckPolicy(GATE, POLICY.keys, unsigned=True)])
def test_unsigned_ones_are_taken_where_there_is_no_key_or_the_configuration_says_so(policy):
    assert not policy.signed_only
    acks = taking(policy)
    assert acks.accept(ack(11), NOW, 0.0) == 11
    assert acks.accept(signed_ack(12), NOW, 0.0) == 12
    assert acks.accept(signed_ack(13, key=OTHER), NOW, 0.0) == (13 if not policy.keys else None)


def test_signatures_are_not_checked_without_end():
    acks = taking(POLICY)
    for _ in range(VERIFY_BURST + 50):
        acks.accept(signed_ack(12, key=OTHER), NOW, 0.0)
    assert (acks.counts["signature_invalid"], acks.counts["rate_limited"]) == (VERIFY_BURST, 50)
    assert acks.accept(signed_ack(12), NOW, 1.0) == 12


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (ack(12), "not signed"),
        (signed_ack(12, kid="nobody"), "a key that the gate does not know"),
        (signed_ack(12, key=OTHER), "are invalid"),
        (signed_ack(12, said=digest(13)), "another event 12 than the gate has"),
    ],
)
def test_a_central_none_of_whose_acknowledgements_can_be_taken_is_a_trouble_until_one_can(message, words):
    acks = taking(POLICY)
    acks.accept(message, NOW, 0.0)
    assert acks.trouble == ""
    acks.accept(message, NOW, BEHIND_S)
    assert words in acks.trouble
    acks.accept(signed_ack(12), NOW, BEHIND_S)
    assert acks.trouble == ""


def test_strangers_who_write_to_a_gate_that_waits_for_nothing_are_no_trouble_of_delivery():
    acks = taking(POLICY)
    idle = Sending(STREAM, head=20, handed=20, watermark=20, sent_now=True, silent=False)
    for second in (0.0, BEHIND_S, 2 * BEHIND_S):
        acks.accept(signed_ack(20, key=OTHER), idle, second)
    assert acks.trouble == ""
    assert [event.code for event in acks.due(0.0)] == ["signature_invalid"]


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
            eventually(lambda: link.uplink.view.acks["beyond_sent"] == 1)
        assert journal.watermark == 0


@needs_mosquitto
def test_after_a_restart_what_the_last_run_sent_is_taken(tmp_path, broker):
    with journal_at(tmp_path / "journal.sqlite") as journal:
        record(journal, 30)
        publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": journal.stream, "seq": 25}), "-r")
        with linked(journal, quick(broker.port)):
            eventually(lambda: journal.watermark == 25)
