"""Personal values that come beside events: stored with them, or neither is; read with them, and erased without them."""

import json
from contextlib import closing
from datetime import timedelta

import pytest

from agent.broker import Topics
from agent.core.events import digest_of_value, verify
from agent.mqtt import event_message
from agent.store.journal import ErasureScope
from central.consumer import EventStore, Message
from central.database import (
    CentralScope,
    ErasureOrder,
    ReaderPosition,
    Role,
    all_migrations,
    begin_reader,
    connect,
    ensure_months,
    erase_old_values,
    erase_values,
    migrate,
    next_events,
    rewrite,
    take,
)
from tests.support.central.databases import NOW
from tests.support.consumer.events import GATE
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.personal import officer, open_erasable, plate, vehicle

pytestmark = needs_postgres
ORDER = ErasureOrder("request", "the owner asked for it", "aigul")


@pytest.fixture
def store(database):
    return EventStore(database, lambda: NOW, Role.ACKNOWLEDGE)


@pytest.fixture
def journal(tmp_path):
    with closing(open_erasable(tmp_path)) as opened:
        yield opened


def sent(journal, first=1, last=99):
    """The messages of events, as the gate sends them and the consumer gets them."""
    for event in journal.range(first, last):
        message = event_message(Topics(GATE), event, values=event.disclosures)
        properties = {}
        for name, value in message.user_properties:
            properties.setdefault(name, []).append(value)
        yield Message(message.topic, message.payload, properties=properties)


def put(store, messages):
    answers = store.store(list(messages))
    return [json.loads(answer.payload)["seq"] for answer in answers]


def rows(database, question):
    return database.execute(question).fetchall()


def test_events_and_values_are_stored_as_one_and_the_vehicle_has_its_plate(store, database, journal):
    journal.record(vehicle(3))
    assert put(store, sent(journal)) == [3]
    assert rows(database, "SELECT plate, erased_at FROM vehicles") == [(plate(3), None)]
    assert not any(plate(3).encode() in bytes(payload) for (payload,) in rows(database, "SELECT payload FROM events"))
    begin_reader(database, "customs")
    opened = [one.opened() for one in next_events(database, "customs")]
    assert opened[0]["data"]["permit"]["plate"] == plate(3)
    assert opened[1]["data"]["operator"] == officer(3)
    assert [one.payload for one in next_events(database, "customs")] == [one.payload for one in journal.range(1, 3)]


def test_an_event_without_its_values_is_not_stored_and_not_acknowledged(store, database, journal):
    journal.record(vehicle(3))
    messages = list(sent(journal))
    bare = [Message(one.topic, one.payload) for one in messages]
    assert put(store, [messages[0], bare[1], messages[2]]) == [1]
    ((reason,),) = rows(database, "SELECT reason FROM rejected")
    assert "did not come with it" in reason
    assert put(store, [messages[1]]) == [3]


@pytest.mark.parametrize("told", ["x~y", "W10"])
def test_disclosures_that_are_none_are_refused_with_their_event(store, database, journal, told):
    journal.record(vehicle(3))
    (first, *_others) = sent(journal)
    assert put(store, [Message(first.topic, first.payload, properties={"disclosures": [told]})]) == []
    ((reason,),) = rows(database, "SELECT reason FROM rejected")
    assert reason.startswith("a disclosure: ")


def test_more_beside_an_event_than_any_has_is_refused(store, database, journal):
    journal.record(vehicle(3))
    (first, *_others) = sent(journal)
    beside = {**first.properties, "more": ["x" * 300_000]}
    assert put(store, [Message(first.topic, first.payload, properties=beside)]) == []
    assert "longer than" in rows(database, "SELECT reason FROM rejected")[0][0]


def test_a_hash_that_is_not_known_is_refused_with_advice(store, database, journal):
    journal.record(vehicle(3))
    (first, *_others) = sent(journal)
    other = first.payload.replace(b'"sdalg":"sha-256"', b'"sdalg":"sha-999"')
    assert put(store, [Message(first.topic, other, properties=first.properties)]) == []
    assert "update central" in rows(database, "SELECT reason FROM rejected")[0][0]


def test_what_the_gate_has_erased_comes_with_its_time_and_rule(store, database, journal):
    journal.record(vehicle(3))
    journal.erase(ErasureScope(digest=digest_of_value(plate(3))), "request")
    assert put(store, sent(journal)) == [3]
    assert rows(database, "SELECT plate FROM vehicles") == [(None,)]
    ((left, erased),) = rows(database, "SELECT disclosures, erased FROM disclosures WHERE seq = 2")
    assert (len(left), {one["rule"] for one in erased}) == (1, {"request"})  # the officer's name stays
    assert rows(database, "SELECT disclosures FROM disclosures WHERE seq = 3") == [([],)]


def test_a_replay_does_not_bring_back_what_central_has_erased(store, database, journal):
    journal.record(vehicle(3))
    put(store, sent(journal))
    erase_values(database, CentralScope(gate=GATE), ORDER, NOW)
    assert put(store, sent(journal)) == [3]
    assert rows(database, "SELECT max(cardinality(disclosures)) FROM disclosures") == [(0,)]
    assert rows(database, "SELECT plate FROM vehicles") == [(None,)]


def test_one_vehicle_is_erased_by_the_digest_of_its_plate_and_the_chain_still_proves(store, database, journal):
    for number in range(4):
        journal.record(vehicle(number))
    put(store, sent(journal))
    done = erase_values(database, CentralScope(digest=digest_of_value(plate(2))), ORDER, NOW)
    assert (done.events, done.months) == (3, {"2026_11"})
    assert rows(database, "SELECT plate, erased_at FROM vehicles ORDER BY seq") == [
        (plate(0), None),
        (plate(1), None),
        (None, NOW),
        (plate(3), None),
    ]
    begin_reader(database, "r")
    told = json.dumps([one.opened() for one in next_events(database, "r")])
    assert (plate(2) in told, officer(2) in told, plate(1) in told) == (False, True, True)
    assert verify([bytes(one) for (one,) in rows(database, "SELECT payload FROM events ORDER BY seq")]).flaw is None
    assert rows(database, "SELECT rule, operator, cause, value_count, event_count FROM erasures") == [
        ("request", "aigul", "the owner asked for it", done.values, 3)
    ]


def test_values_of_many_events_are_erased_in_batches(store, database, journal, mocker):
    mocker.patch("central.database.erasure.BATCH", 2)
    for number in range(3):
        journal.record(vehicle(number))
    put(store, sent(journal))
    stream = journal.stream
    assert erase_values(database, CentralScope(GATE, stream, 2, 8), ORDER, NOW).events == 7
    assert erase_values(database, CentralScope(GATE, "another"), ORDER, NOW).events == 0


def test_values_grow_old_by_their_arrival(store, database, journal):
    journal.record(vehicle(1))
    put(store, sent(journal))
    assert erase_old_values(database, NOW + timedelta(days=7), 7).values == 0
    assert erase_old_values(database, NOW + timedelta(days=7, seconds=1), 7).events == 3
    assert erase_old_values(database, NOW + timedelta(days=8), 7).values == 0
    assert rows(database, "SELECT rule, cause FROM erasures") == [("age", "7 days after their arrival")]


def test_tables_are_written_anew_and_nothing_is_lost(store, database, journal):
    journal.record(vehicle(1))
    put(store, sent(journal))
    done = erase_values(database, CentralScope(GATE), ORDER, NOW)
    assert rewrite(database, sorted(done.months)) == ["disclosures_2026_11", "vehicles_2026_11"]
    assert rows(database, "SELECT count(*) FROM disclosures") == [(3,)]


def test_a_reader_goes_on_over_what_was_erased(store, database, journal):
    journal.record(vehicle(1))
    put(store, sent(journal))
    begin_reader(database, "r")
    erase_values(database, CentralScope(GATE), ORDER, NOW)
    found = next_events(database, "r")
    assert [one.disclosures for one in found] == [()] * 3
    assert found[2].opened()["data"]["plate"].startswith("sd:")
    take(database, "r", [ReaderPosition(found[-1].stream_id, 3)])
    assert next_events(database, "r") == []


def test_months_that_were_there_before_get_a_table_for_values(postgres, mocker):
    steps = all_migrations()
    with closing(connect(postgres.new_database())) as database:
        migrate(database, [one for one in steps if one.number < 4])
        mocker.patch("central.database.partitions.PARTITIONED", ("events", "vehicles"))
        ensure_months(database, NOW)
        migrate(database, steps)
        (own, of_events) = rows(
            database,
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname IN "
            "('events_2026_12', 'disclosures_2026_12') ORDER BY relname",
        )
    assert own == of_events
