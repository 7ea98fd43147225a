"""What central stores, proves, refuses and answers, in a real PostgreSQL."""

import json
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from random import Random

import psycopg
import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.events import AckPolicy, ReadAck, checkpoint_draft, digest_of, read_ack
from central.consumer import AckKey, EventStore, Message, gaps
from central.database import Role, connect
from tests.support.central.databases import NOW, birth, health, status
from tests.support.consumer.events import GATE, chain, devices, message, point
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.journals import STREAM, UTC, closed, device
from tests.support.waiting import scaled

pytestmark = needs_postgres
KEY = SigningKey.from_seed(bytes(range(32)))
GATE_KEY = SigningKey.from_seed(bytes(range(1, 33)))


class Clock:
    """Central's time, which the test moves."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(database, clock):
    return EventStore(database, clock, Role.ACKNOWLEDGE)


def put(store, messages):
    """Store topics with their bytes; what the gates are told: {gate: watermark} of the streams in them."""
    answers = store.store([Message(topic, payload) for topic, payload in messages])
    return {answer.topic.split("/")[2]: json.loads(answer.payload)["seq"] for answer in answers}


def rows(database, question, *values):
    return database.execute(question, values).fetchall()


def marks(database):
    return rows(database, "SELECT watermark, last_seq, signed_seq FROM streams WHERE stream = %s", STREAM)[0]


# ------------------------------------------------------------------------------------------------------ what is stored


def test_events_in_any_order_and_any_number_of_times_are_stored_once_and_the_watermark_waits_for_the_gap(
    store, database
):
    events = chain(*devices(40))
    arrivals = [message(event) for event in events if event.seq != 20] * 3
    Random(7).shuffle(arrivals)  # noqa: S311
    told = [put(store, arrivals[start : start + 13])[GATE] for start in range(0, len(arrivals), 13)]
    assert (told[-1], told) == (19, sorted(told))
    assert put(store, [message(events[19])]) == {GATE: 40}
    payloads = rows(database, "SELECT payload, digest FROM events ORDER BY seq")
    assert [bytes(payload) for payload, _ in payloads] == [event.payload for event in events]
    assert [bytes(digest).hex() for _, digest in payloads] == [digest_of(event.payload) for event in events]
    assert rows(database, "SELECT * FROM conflicts") == []


def test_a_watermark_moves_over_more_events_than_are_read_at_once(store, database):
    events = chain(*devices(1203))
    put(store, [message(event) for event in events[1:]])
    assert marks(database) == (0, 1203, 0)
    assert put(store, [message(events[0])]) == {GATE: 1203}


def test_an_event_that_came_last_month_is_not_stored_again_in_this_one(store, database, clock):
    events = chain(*devices(3))
    put(store, [message(events[0]), message(events[2])])  # the third waits behind a gap
    clock.now = NOW + timedelta(days=10)  # December
    assert put(store, [message(event) for event in events]) == {GATE: 3}
    assert rows(database, "SELECT to_char(stored_at, 'MM'), array_agg(seq ORDER BY seq) FROM events GROUP BY 1") == [
        ("11", [1, 3]),
        ("12", [2]),
    ]


def test_a_month_that_nobody_made_is_made_when_an_event_needs_it(store, clock):
    clock.now = NOW + timedelta(days=400)
    assert put(store, [message(event) for event in chain(*devices(1))]) == {GATE: 1}


def test_a_transaction_that_ended_is_a_vehicle_and_is_counted_and_one_of_a_dry_run_is_not_counted(store, database):
    dry = replace(closed(transaction="t2"), dry_run=True)
    put(store, [message(event) for event in chain(closed(transaction="t1"), dry)])
    assert rows(database, "SELECT gate, seq, transaction_id, outcome, dry_run FROM vehicles ORDER BY seq") == [
        (GATE, 1, "t1", "passed", False),
        (GATE, 2, "t2", "passed", True),
    ]
    assert rows(database, "SELECT gate, outcome, vehicles FROM vehicle_totals") == [(GATE, "passed", 1)]
    assert rows(database, "SELECT hour, vehicles FROM vehicle_hours") == [(NOW.replace(minute=0), 1)]
    assert rows(database, "SELECT day, vehicles FROM vehicle_days") == [(NOW.replace(hour=0, minute=0), 1)]
    assert rows(database, "SELECT outcome, reason, vehicles FROM fleet_hours") == [("passed", "OK", 1)]


def test_the_end_of_a_transaction_in_words_that_are_not_known_is_stored_and_no_vehicle(store, database):
    (event,) = chain(closed())
    body = json.loads(event.payload)
    body["data"]["duration_s"] = "long"
    assert put(store, [(message(event)[0], json.dumps(body).encode())]) == {GATE: 1}
    assert rows(database, "SELECT count(*) FROM vehicles") == [(0,)]


def test_what_was_not_committed_is_not_there(central_url, store, database, mocker):
    events = chain(*devices(2))
    put(store, [message(events[0])])
    with closing(connect(central_url)) as dying:
        broken = EventStore(dying, lambda: NOW, Role.ACKNOWLEDGE)
        mocker.patch.object(broken, "_answer", side_effect=ZeroDivisionError)
        with pytest.raises(ZeroDivisionError):
            put(broken, [message(events[1])])
    assert marks(database) == (1, 1, 0)
    assert put(store, [message(events[1])]) == {GATE: 2}


def test_workers_with_the_same_messages_in_other_orders_do_not_block_one_another(central_url, database):
    gates = [f"gate-{number}" for number in range(4)]
    every = [message(event, gate) for gate in gates for event in chain(*devices(30), gate=gate)]
    every += [status(gate, stream=STREAM, seq_head=30) for gate in gates] * 3
    failures = []

    def work(seed):
        messages = every.copy()
        Random(seed).shuffle(messages)  # noqa: S311
        try:
            with closing(connect(central_url)) as own:
                worker = EventStore(own, lambda: NOW, Role.ACKNOWLEDGE)
                for start in range(0, len(messages), 20):
                    put(worker, messages[start : start + 20])
        except Exception as error:  # noqa: BLE001 - whatever ends a worker is the finding
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(30))
    assert failures == []
    assert rows(database, "SELECT DISTINCT watermark FROM streams") == [(30,)]
    assert rows(database, "SELECT count(*) FROM events") == [(120,)]


# ----------------------------------------------------------------------------------------------------- what is answered


def test_an_acknowledgement_is_signed_over_the_hash_of_the_stored_event(database, clock):
    store = EventStore(database, clock, Role.ACKNOWLEDGE, AckKey(KEY, "central"))
    events = chain(*devices(2))
    (answer,) = store.store([Message(*message(event)) for event in events])
    assert answer.topic == f"gate/v1/{GATE}/ack"
    read = read_ack(answer.payload, AckPolicy(GATE, {"central": KEY.public}))
    assert read == ReadAck(STREAM, 2, digest_of(events[-1].payload), "central")


def test_a_batch_of_duplicates_is_answered_too_and_a_gap_is_answered_with_where_it_begins(store):
    events = chain(*devices(3))
    assert put(store, [message(events[0])]) == {GATE: 1}
    assert put(store, [message(events[0])]) == {GATE: 1}
    assert put(store, [message(events[2])]) == {GATE: 1}


def test_a_listening_central_stores_and_proves_the_same_and_tells_the_gates_nothing(database, clock):
    store = EventStore(database, clock, Role.LISTEN)
    assert put(store, [message(event) for event in chain(*devices(3))]) == {}
    assert marks(database) == (3, 3, 0)


def test_a_central_that_begins_late_begins_where_the_gate_still_has_events(store, database):
    events = chain(*devices(9))
    assert put(store, [message(event) for event in events[6:]]) == {GATE: 0}
    put(store, [birth(stream=STREAM, first_kept=6)])
    assert put(store, [message(events[5])]) == {GATE: 9}
    assert rows(database, "SELECT begun_after FROM streams") == [(5,)]


def test_a_central_does_not_begin_above_what_the_gate_still_has(store):
    events = chain(*devices(9))
    put(store, [birth(stream=STREAM, first_kept=3)])
    assert put(store, [message(event) for event in events[5:]]) == {GATE: 0}


# ----------------------------------------------------------------------------------------------------- what is wrong


def test_another_event_under_a_number_that_is_taken_is_a_conflict_and_the_first_stays(store, database):
    (first,), (second,) = chain(device("one")), chain(device("two"))
    put(store, [message(first)])
    put(store, [message(second)])
    put(store, [message(second)])
    assert rows(database, "SELECT kind, seq FROM conflicts") == [("other_event", 1)]
    assert [bytes(row[0]) for row in rows(database, "SELECT payload FROM events")] == [first.payload]


def test_an_event_that_does_not_follow_stops_the_watermark_and_says_why(store, database):
    events = chain(*devices(2))
    (forged,) = chain(device("forged"), after=replace(point(events[1]), digest="0" * 64))
    assert put(store, [message(event) for event in (*events, forged)]) == {GATE: 2}
    assert rows(database, "SELECT kind, seq FROM conflicts") == [("broken_chain", 3)]
    assert not all(line.well for line in gaps(database))


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        (f"gate/v1/{GATE}/event/device.changed", b"{", "EOF"),
        (f"gate/v1/{GATE}/event/device.changed", b'{"source": 1}', "source"),
        (f"gate/v1/{GATE}/status", b"\xff\xfe", "line 1"),
        (f"gate/v1/{GATE}/status", b'{"seq_head": -1}', "seq_head"),
        (f"gate/v1/{GATE}/evidence/aa", b"jpeg", "no topic"),
        ("elsewhere", b"", "no topic"),
        ("gate/v1/a gate/status", b"{}", "names no gate"),
    ],
)
def test_what_is_no_message_is_kept_counted_and_holds_up_nothing(store, database, topic, payload, why):
    (event,) = chain(*devices(1))
    assert put(store, [(topic, payload), message(event)]) == {GATE: 1}
    put(store, [(topic, payload)])
    [(reason, times)] = rows(database, "SELECT reason, times FROM rejected")
    assert why in reason
    assert times == 2


def test_an_event_of_another_gate_is_no_event_of_this_one(store, database):
    (event,) = chain(*devices(1))
    put(store, [(f"gate/v1/altynkol-1/event/{event.type}", event.payload)])
    assert rows(database, "SELECT gate, reason FROM rejected") == [
        ("altynkol-1", "source or type is not that of the topic")
    ]


def test_a_message_that_the_database_cannot_take_is_rejected_and_the_others_are_stored(store, database, mocker):
    events = chain(*devices(3))
    real = store._events

    def refuses(received, at):
        if any(one.envelope.seq == 2 for one in received):
            raise psycopg.DataError("such a thing it does not store")
        return real(received, at)

    mocker.patch.object(store, "_events", refuses)
    assert put(store, [message(event) for event in events]) == {GATE: 1}
    assert rows(database, "SELECT reason FROM rejected") == [("the database cannot store it",)]


# ----------------------------------------------------------------------------------------------------------- signatures


def signed_chain(key):
    first = chain(*devices(2))
    return [*first, *chain(checkpoint_draft(point(first[-1]), GATE, key, UTC), after=point(first[-1]))]


def note_key(database, key):
    database.execute("INSERT INTO gate_keys VALUES (%s, %s, 'a person')", (GATE, key.public.raw))


def test_a_checkpoint_by_the_gates_noted_key_proves_the_chain_up_to_it(store, database):
    note_key(database, GATE_KEY)
    put(store, [message(event) for event in signed_chain(GATE_KEY)])
    assert marks(database) == (3, 3, 2)


def test_a_checkpoint_behind_a_gap_is_checked_once_the_gap_is_filled(store, database):
    note_key(database, GATE_KEY)
    first, *others = signed_chain(GATE_KEY)
    put(store, [message(event) for event in others])
    put(store, [message(first)])
    assert marks(database) == (3, 3, 2)


def test_a_checkpoint_by_another_key_is_a_conflict_and_proves_nothing(store, database):
    note_key(database, GATE_KEY)
    put(store, [message(event) for event in signed_chain(KEY)])
    assert marks(database) == (3, 3, 0)
    assert rows(database, "SELECT kind, seq FROM conflicts") == [("bad_checkpoint", 3)]


# ------------------------------------------------------------------------------------- what gates say of themselves


def problems(database):
    return rows(database, "SELECT source, code, subject, severity, since FROM open_problems ORDER BY source, code")


def test_a_problem_begins_when_it_is_first_said_and_ends_when_it_is_not_said_any_more(store, database, clock):
    put(store, [health(GATE, ("CAMERA_DARK", "in/front", "warning"), ("DISK_LOW", "", "error"))])
    clock.now += timedelta(minutes=1)
    put(store, [health(GATE, ("CAMERA_DARK", "in/front", "error"))])
    assert problems(database) == [("health", "CAMERA_DARK", "in/front", "error", NOW)]
    assert rows(database, "SELECT code, since, until FROM past_problems") == [("DISK_LOW", NOW, clock.now)]


def test_what_a_status_says_is_wrong_is_a_problem(store, database):
    told = {
        "trust_state": {"journal": {"state": "behind", "cause": "central"}, "lists": {"state": "whole"}},
        "clock_state": "UNTRUSTED",
        "lists": {"state": "TOO_OLD", "trust": 7},
        "trouble": "refused\0",
        "devices": {"in/relay": "lost", "in/front": "streaming"},
        "journal_failing": True,
    }
    put(store, [status(**told)])
    assert [(code, subject) for _, code, subject, *_ in problems(database) if code != "SILENT"] == [
        ("CLOCK_UNTRUSTED", ""),
        ("DEVICE_LOST", "in/relay"),
        ("EVENTS_REFUSED", ""),
        ("JOURNAL_FAILING", ""),
        ("LISTS_TOO_OLD", ""),
        ("TRUST_STATE", "journal"),
    ]
    assert rows(database, "SELECT trust_state FROM gates") == [("behind",)]


def test_a_last_will_changes_the_state_alone_and_says_since_when(store, database, clock):
    put(store, [status(stream=STREAM, seq_head=50, version="0.3.0")])
    clock.now += timedelta(minutes=2)
    put(store, [status(state="lost", seq_head=7, version="0.2.0")])
    assert rows(database, "SELECT state, state_since, head, version, status_at FROM gates") == [
        ("lost", clock.now, 50, "0.3.0", NOW)
    ]
    assert ("central", "LOST", "", "error", clock.now) in problems(database)


def test_a_gate_is_behind_by_what_it_says_it_has_recorded(store, database, clock):
    put(store, [message(event) for event in chain(*devices(3))])
    put(store, [status(GATE, stream=STREAM, seq_head=10)])
    assert rows(database, "SELECT lag, head, watermark FROM fleet") == [(7, 10, 3)]
    [line, _] = gaps(database)
    assert "not here yet 4..10" in line.text
    assert not line.well


def test_the_head_of_a_stream_that_was_left_says_nothing_of_the_next_one(store, database):
    put(store, [status(GATE, stream="before", seq_head=182)])
    put(store, [birth(GATE, stream=STREAM)])
    assert rows(database, "SELECT stream, head FROM gates") == [(STREAM, None)]
    put(store, [status(GATE, stream=STREAM, seq_head=25)])
    put(store, [birth(GATE, stream=STREAM)])
    assert rows(database, "SELECT stream, head FROM gates") == [(STREAM, 25)]


def test_each_version_of_a_gate_is_noted_with_its_beginning(store, database, clock):
    for version in ("0.2.0", "0.2.0", "0.3.0"):
        put(store, [status(version=version)])
        clock.now += timedelta(minutes=1)
    assert rows(database, "SELECT version, since FROM gate_versions ORDER BY since") == [
        ("0.2.0", NOW),
        ("0.3.0", NOW + timedelta(minutes=2)),
    ]


def test_a_gate_that_is_expected_and_never_heard_is_a_problem_and_so_is_a_key_that_nobody_noted(store, database):
    database.execute("INSERT INTO gates (gate, expected) VALUES ('dostyk-1', true)")
    put(store, [birth(key={"kid": "a", "public": GATE_KEY.public.raw.hex()})])
    assert rows(database, "SELECT gate, code FROM open_problems ORDER BY 1, 2") == [
        ("dostyk-1", "NEVER_HEARD"),
        (GATE, "KEY_NOT_NOTED"),
    ]
    note_key(database, KEY)
    assert ("KEY_CHANGED",) in rows(database, "SELECT code FROM open_problems")
