"""Checkpoints: of the event just before, when there is something to sign, and at start and stop."""

import json
import threading

import pytest

from agent.core.crypto import JwsType, jws
from agent.core.crypto.jws import JwsError, JwsFault
from agent.core.crypto.keys import SigningKey
from agent.core.events.chain import Point, beginning
from agent.core.events.checkpoint import Checkpoint, checkpoint_of, opened
from agent.recording.checkpoints import Checkpointer
from agent.store.errors import JournalFullError
from tests.support.store.journals import GATE, STREAM, UTC, device, open_journal
from tests.support.waiting import eventually, scaled

KEY = SigningKey.from_seed(bytes(range(32)))


@pytest.fixture
def journal(tmp_path):
    journal = open_journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def make(journal):
    made = []

    def maker(every_s=3600.0):
        made.append(Checkpointer(journal, KEY, GATE, lambda: UTC, every_s))
        return made[-1]

    yield maker
    for one in made:
        one.stop()


def events(journal):
    return [json.loads(one.payload) for one in journal.range(1, journal.head)]


def types(journal):
    return [event["type"] for event in events(journal)]


def test_a_checkpoint_signs_the_event_before_it(journal, make):
    (before,) = journal.record([device()])
    make().start()
    event = events(journal)[-1]
    assert event["type"] == "chain.checkpoint"
    data = event["data"]
    assert (data["seq"], data["digest"], data["key"]) == (1, before.hash, jws.kid_of(KEY.public))
    assert event["prev"] == before.hash
    assert opened(data["signature"], KEY.public, Checkpoint) == Checkpoint(
        gate=GATE, stream=journal.stream, seq=1, digest=before.hash, time="2026-11-18T11:06:40.000Z"
    )


def test_one_comes_at_start_and_at_stop_and_none_over_nothing(journal, make):
    checkpointer = make()
    checkpointer.stop()
    assert types(journal) == []
    journal.record([device()])
    checkpointer = make()
    checkpointer.start()
    assert types(journal) == ["device.changed", "chain.checkpoint"]
    checkpointer.stop()
    assert journal.head == 2
    journal.record([device()])
    checkpointer.stop()
    assert types(journal)[2:] == ["device.changed", "chain.checkpoint"]


def test_they_come_from_time_to_time_while_something_is_recorded(journal, make):
    journal.record([device()])
    checkpointer = make(every_s=0.02)
    checkpointer.start()
    for _ in range(3):
        head = journal.head
        journal.record([device()])
        eventually(lambda head=head: journal.head == head + 2, what="a checkpoint")
    assert types(journal)[-6:] == ["device.changed", "chain.checkpoint"] * 3
    idle = journal.head
    assert not journal.wait_for_news(idle, 0.2)


def test_each_signs_the_event_before_it_also_while_others_record(journal, make):
    journal.record([device()])
    checkpointer = make(every_s=0.001)
    checkpointer.start()
    done = threading.Event()

    def record():
        while journal.head < 150 or types(journal).count("chain.checkpoint") <= 3:  # however late the other thread is
            journal.record([device()])
        done.set()

    threading.Thread(target=record).start()
    assert done.wait(scaled(30))
    checkpointer.stop()
    all_events = events(journal)
    checkpoints = [event for event in all_events if event["type"] == "chain.checkpoint"]
    assert len(checkpoints) > 3
    for event in checkpoints:
        said = opened(event["data"]["signature"], KEY.public, Checkpoint)
        assert (said.seq, said.digest) == (event["seq"] - 1, event["prev"])


def test_a_journal_that_cannot_be_written_is_tried_again(journal, make, caplog, mocker):
    checkpointer = make(every_s=0.02)
    journal.record([device()])
    record, refusals = journal.record, []

    def refuse(drafts, ledger=()):
        refusals.append(drafts)
        if len(refusals) < 4:
            raise journal_error()
        return record(drafts, ledger)

    mocker.patch.object(journal, "record", refuse)
    checkpointer.start()
    eventually(lambda: journal.head == 2, what="a checkpoint after all")
    assert caplog.text.count("a checkpoint cannot be signed") == 1


def journal_error():
    return JournalFullError("no room")


def test_the_head_of_now_is_signed_anew_only_when_it_moved(journal, make):
    checkpointer = make()
    first = checkpointer.head_checkpoint()
    assert opened(first, KEY.public, Checkpoint).digest == beginning(journal.stream).digest
    assert checkpointer.head_checkpoint() is first
    (one,) = journal.record([device()])
    second = checkpointer.head_checkpoint()
    assert (opened(second, KEY.public, Checkpoint).seq, opened(second, KEY.public, Checkpoint).digest) == (1, one.hash)
    assert checkpointer.head_checkpoint() is second
    assert checkpointer.public_key == {"kid": jws.kid_of(KEY.public), "public": KEY.public.raw.hex()}


def test_a_journal_that_cannot_be_read_has_no_signed_head(tmp_path):
    journal = open_journal(tmp_path / "other.db")
    journal.close()
    assert Checkpointer(journal, KEY, GATE, lambda: UTC, 60).head_checkpoint() is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"gate":"g","stream":"s","seq":1,"digest":"00","time":"t"}',
        b'{"gate":"g","stream":"s","seq":"1","digest":"%s","time":"t"}' % (b"0" * 64),
        b'{"gate":"g","stream":"s","seq":1,"digest":"%s","time":"t","more":1}' % (b"0" * 64),
        b'{"gate":"","stream":"s","seq":1,"digest":"%s","time":"t"}' % (b"0" * 64),
    ],
    ids=str,
)
def test_a_signature_over_something_else_is_no_checkpoint(payload):
    with pytest.raises(JwsError) as caught:
        opened(jws.sign(payload, KEY, "k", JwsType.CHECKPOINT), KEY.public, Checkpoint)
    assert caught.value.fault is JwsFault.NOT_A_JWS


def test_the_checkpoint_of_another_key_is_refused():
    text = checkpoint_of(Point(STREAM, 1, "0" * 64), GATE, SigningKey.from_seed(bytes(32)), UTC)
    with pytest.raises(JwsError) as caught:
        opened(text, KEY.public, Checkpoint)
    assert caught.value.fault is JwsFault.SIGNATURE_INVALID
