"""What the reference consumer stores, refuses, proves and tells: on SQLite and on PostgreSQL."""

import json
import threading
from base64 import urlsafe_b64encode
from contextlib import closing
from datetime import datetime, timedelta
from io import StringIO
from random import Random
from secrets import token_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_consumer import live_table
from rich.console import Console
from store import SQL, Signer, Store, read_event

from agent.core.crypto.keys import Algorithm, SigningKey
from agent.core.events.acknowledgement import AckPolicy, ReadAck, read_ack
from agent.core.events.chain import Point, beginning, digest_of
from agent.core.events.checkpoint import checkpoint_draft
from agent.core.events.event_types import Draft
from agent.store.journal import ErasureScope
from tests.support.consumer.consumer import report
from tests.support.consumer.events import GATE, SOURCE, chain, devices, message, point, put
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.journals import STREAM, UTC, closed, device
from tests.support.store.personal import open_erasable, vehicle
from tests.support.waiting import scaled


def gaps(store):
    """The lines of the gap report, and whether all is well."""
    rows = store.rows(SQL["report"])
    return [line for line, _ in rows], all(well for _, well in rows)


def mark(store, stream=STREAM):
    """Watermark and what is signed, of one stream."""
    return store.rows("SELECT seq, signed_seq FROM watermarks WHERE stream = $1", stream)


def conflicts(store):
    return store.rows("SELECT source, stream, seq, kind FROM conflicts ORDER BY seq, kind")


# ------------------------------------------------------------------------------------------------------- what is stored


def test_an_event_is_stored_with_its_attributes_beside_its_bytes(store):
    (event,) = chain(closed(transaction="t7"))
    assert put(store, [message(event)]) == [(SOURCE, STREAM, 1)]
    [row] = store.rows("SELECT source, stream, seq, id, type, time, lane, transaction_id, prev, digest FROM events")
    body = json.loads(event.payload)
    names = ("source", "stream", "seq", "id", "type", "time", "lane", "transaction", "prev")
    assert row == (*(body[name] for name in names), digest_of(event.payload))
    assert [bytes(payload) for (payload,) in store.rows("SELECT payload FROM events")] == [event.payload]
    assert store.rows("SELECT COUNT(*) FROM events WHERE stored_at IS NULL") == [(0,)]


def test_events_in_any_order_and_any_number_of_times_are_stored_once_and_the_watermark_waits_for_the_gap(store):
    events = chain(*devices(40))
    arrivals = [message(event) for event in events if event.seq != 20] * 3
    Random(7).shuffle(arrivals)  # noqa: S311
    told = [put(store, arrivals[start : start + 13]) for start in range(0, len(arrivals), 13)]
    assert told[-1] == [(SOURCE, STREAM, 19)]
    marks = [seq for ((_, _, seq),) in told]
    assert marks == sorted(marks)
    assert put(store, [message(events[19])]) == [(SOURCE, STREAM, 40)]
    assert store.rows("SELECT COUNT(*) FROM events") == [(40,)]
    assert conflicts(store) == []


def test_a_watermark_moves_over_more_events_than_are_read_at_once(store):
    events = chain(*devices(1203))
    put(store, [message(event) for event in events[1:]])
    assert mark(store) == [(0, 0)]
    assert put(store, [message(events[0])]) == [(SOURCE, STREAM, 1203)]


def test_streams_and_gates_are_counted_apart_and_all_told(store):
    mine, other = chain(*devices(2)), chain(*devices(3), stream="another")
    theirs = chain(*devices(1), gate="altynkol-1")
    messages = [*map(message, mine), *map(message, other), message(theirs[0], "altynkol-1")]
    assert put(store, messages) == [("/gate/altynkol-1", STREAM, 1), (SOURCE, STREAM, 2), (SOURCE, "another", 3)]


def test_what_was_not_committed_is_not_there(url, store, mocker):
    events = chain(*devices(2))
    put(store, [message(events[0])])
    with closing(Store(url)) as dying:  # by a bug, in the middle of a batch
        mocker.patch.object(dying, "_advance", side_effect=ZeroDivisionError)
        with pytest.raises(ZeroDivisionError):
            put(dying, [message(events[1])])
        assert dying.rows("SELECT seq FROM events ORDER BY seq") == [(1,), (2,)]
    assert store.rows("SELECT seq FROM events") == [(1,)]
    assert put(store, [message(events[1])]) == [(SOURCE, STREAM, 2)]


@needs_postgres
def test_workers_with_the_same_events_in_other_orders_do_not_block_one_another(postgres):
    url = postgres.new_database()
    gates = [f"gate-{number}" for number in range(4)]
    every = [message(event, gate) for gate in gates for event in chain(*devices(60), gate=gate)]
    stores = [Store(url) for _ in range(3)]
    failures = []

    def work(store, seed):
        messages = every.copy()
        Random(seed).shuffle(messages)  # noqa: S311
        try:
            for start in range(0, len(messages), 20):
                put(store, messages[start : start + 20])
        except Exception as error:  # noqa: BLE001 - whatever ends a worker is the finding
            failures.append(error)

    threads = [threading.Thread(target=work, args=(store, seed)) for seed, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(30))
    assert failures == []
    assert stores[0].rows("SELECT COUNT(*) FROM events") == [(240,)]
    assert stores[0].rows("SELECT source, seq FROM watermarks ORDER BY source") == [(f"/gate/{g}", 60) for g in gates]
    for store in stores:
        store.close()


@needs_postgres
def test_a_worker_that_froze_holding_a_gate_loses_its_hold(postgres, mocker):
    idle_ms, lock_ms = round(scaled(500)), round(scaled(20_000))
    options = f"-c idle_in_transaction_session_timeout={idle_ms}ms -c lock_timeout={lock_ms}ms"
    mocker.patch("store.SESSION", options)
    url = postgres.new_database()
    (event,) = chain(*devices(1))
    with closing(Store(url)) as frozen, closing(Store(url)) as other:
        mocker.patch.object(frozen, "_advance", side_effect=lambda *_: frozen.rows("SELECT 1") and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            put(frozen, [message(event)])
        assert put(other, [message(event)]) == [(SOURCE, STREAM, 1)]


# -------------------------------------------------------------------------------------------------- what cannot be true


def test_a_second_event_under_a_number_is_kept_beside_and_the_first_one_stays(store):
    events, forged = chain(*devices(3)), chain(*devices(1), device("forged"))
    put(store, [message(event) for event in events[:2]])
    for _ in range(2):
        assert put(store, [message(forged[1]), message(events[2])]) == [(SOURCE, STREAM, 3)]
    [row] = store.rows("SELECT source, stream, seq, kind, digest, detail, payload FROM conflicts")
    assert row[:5] == (SOURCE, STREAM, 2, "other_event", forged[1].digest)
    assert events[1].digest in row[5]
    assert bytes(row[6]) == forged[1].payload
    assert store.rows("SELECT digest FROM events WHERE seq = 2") == [(events[1].digest,)]


@pytest.mark.parametrize("lanes", [(None, None), (None, "1"), ("1", None), ("1", "2")])
def test_of_two_events_under_one_number_in_one_batch_one_is_stored_and_the_other_told(store, lanes):
    one, other = (chain(Draft(device().event, lane, None, UTC)) for lane in lanes)
    if lanes[0] == lanes[1]:
        other = chain(device("other"))
    assert put(store, [message(one[0]), message(other[0])]) == [(SOURCE, STREAM, 1)]
    queries = [f"SELECT digest FROM {table}" for table in ("events", "conflicts")]  # noqa: S608
    found = {digest for query in queries for (digest,) in store.rows(query)}
    assert found == {one[0].digest, other[0].digest}


def test_a_conflict_alone_is_reason_enough_for_an_alarm_and_so_is_nothing_at_all(store):
    assert gaps(store) == (["rejected messages: 0"], False)
    put(store, [message(event) for event in chain(*devices(2))])
    assert gaps(store)[1]
    put(store, [message(chain(device("forged"))[0])])
    assert not gaps(store)[1]


@pytest.mark.parametrize("bad", [1, 2, 4])
def test_the_watermark_stops_where_an_event_does_not_follow_and_says_where(store, bad):
    """An event that was altered and sealed anew carries the right place, but the next one does not name it."""
    events = chain(*devices(5))
    before = beginning(STREAM) if bad == 1 else point(events[bad - 2])
    events[bad - 1] = chain(device("altered"), after=before)[0]
    assert put(store, [message(event) for event in events]) == [(SOURCE, STREAM, bad)]
    assert conflicts(store) == [(SOURCE, STREAM, bad + 1, "broken_chain")]
    lines, well = gaps(store)
    assert not well
    assert f"watermark {bad}, behind {5 - bad}, chain BROKEN after {bad}," in lines[0]


def test_a_first_event_that_does_not_begin_the_stream_is_not_acknowledged(store):
    foreign = chain(*devices(1), after=Point(STREAM, 0, digest_of(b"another stream")))
    assert put(store, [message(foreign[0])]) == [(SOURCE, STREAM, 0)]
    assert conflicts(store) == [(SOURCE, STREAM, 1, "broken_chain")]


def test_a_database_that_begins_late_goes_on_from_the_place_that_it_is_told(store):
    events = chain(*devices(9))
    late = [message(event) for event in events[5:]]
    assert put(store, late) == [(SOURCE, STREAM, 0)]
    prev = json.loads(events[5].payload)["prev"]
    statement = "UPDATE watermarks SET seq = $1, digest = $2 WHERE source = $3 AND stream = $4 RETURNING seq"
    store.rows(statement, 5, prev, SOURCE, STREAM)
    assert put(store, late[:1]) == [(SOURCE, STREAM, 9)]
    assert gaps(store)[1]


# ------------------------------------------------------------------------------------------------------- what is signed


def signed_chain(key, gate=GATE):
    """Three events and the checkpoint over them."""
    events = chain(*devices(3))
    return [*events, *chain(checkpoint_draft(point(events[-1]), gate, key, UTC), after=point(events[-1]))]


def know(store, key):
    store.rows("INSERT INTO gates VALUES ($1, $2) RETURNING gate", GATE, key.public.raw.hex())


def test_a_checkpoint_by_the_gates_key_proves_the_chain_before_it(store):
    key = SigningKey.from_seed(token_bytes(32))
    know(store, key)
    assert put(store, [message(event) for event in signed_chain(key)]) == [(SOURCE, STREAM, 4)]
    assert mark(store) == [(4, 3)]
    assert conflicts(store) == []


def base64url(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(("header", "proves"), [
    ({"alg": "EdDSA"}, True),
    ({"alg": "Ed25519", "kid": "x"}, True),
    ({"alg": "EdDSA", "typ": "gate-checkpoint+jwt"}, True),
    ({"alg": "EdDSA", "typ": "gate-export+jwt"}, False),
    ({"alg": "EdDSA", "typ": None}, False),
    ({"alg": "none"}, False),
    ({"alg": "HS256"}, False),
    ({}, False),
    ({"alg": "EdDSA", "crit": ["b64"], "b64": False}, False),
])  # fmt: skip
def test_a_signature_counts_by_its_algorithm_and_nothing_that_must_be_understood_is_skipped(store, header, proves):
    key = SigningKey.from_seed(token_bytes(32))
    know(store, key)
    events = chain(*devices(1))
    draft = checkpoint_draft(point(events[0]), GATE, key, UTC)
    body = f"{base64url(json.dumps(header).encode())}.{draft.event.signature.split('.')[1]}"
    signature = f"{body}.{base64url(key.private.sign(body.encode()))}"
    draft = Draft(draft.event.model_copy(update={"signature": signature}), None, None, UTC)
    put(store, [message(event) for event in [*events, *chain(draft, after=point(events[0]))]])
    assert mark(store) == [(2, int(proves))]
    assert len(conflicts(store)) == (not proves)


def test_after_a_change_of_the_gates_key_both_are_good(store):
    keys = [SigningKey.from_seed(token_bytes(32)) for _ in range(2)]
    events = signed_chain(keys[0])
    events += chain(checkpoint_draft(point(events[-1]), GATE, keys[1], UTC), after=point(events[-1]))
    for key in keys:
        know(store, key)
    put(store, [message(event) for event in events])
    assert mark(store) == [(5, 4)]
    assert conflicts(store) == []


def test_without_a_known_key_a_checkpoint_proves_nothing_and_is_no_fault(store):
    put(store, [message(event) for event in signed_chain(SigningKey.from_seed(token_bytes(32)))])
    assert mark(store) == [(4, 0)]
    assert conflicts(store) == []


@pytest.mark.parametrize("case", ["foreign key", "foreign gate", "other point", "no jws", "no ed25519"])
def test_a_checkpoint_that_proves_nothing_is_told_and_holds_up_nothing(store, case):
    key = SigningKey.from_seed(token_bytes(32))
    know(store, key)
    events = chain(*devices(3))
    by = SigningKey.from_seed(token_bytes(32)) if case == "foreign key" else key
    about = point(events[1] if case == "other point" else events[2])
    draft = checkpoint_draft(about, "altynkol-1" if case == "foreign gate" else GATE, by, UTC)
    if case in {"no jws", "no ed25519"}:
        none = {"no jws": "a.b", "no ed25519": "eyJhbGciOiJub25lIn0." + draft.event.signature.split(".", 1)[1]}
        draft = type(draft)(draft.event.model_copy(update={"signature": none[case]}), None, None, UTC)
    events += chain(draft, after=point(events[-1]))
    assert put(store, [message(event) for event in events]) == [(SOURCE, STREAM, 4)]
    assert mark(store) == [(4, 0)]
    assert conflicts(store) == [(SOURCE, STREAM, 4, "bad_checkpoint")]


# ------------------------------------------------------------------------------------------------ what the gate is told


def test_what_the_gate_is_told_is_signed_and_the_gate_believes_it(url, tmp_path):
    key = SigningKey.from_seed(token_bytes(32))
    (tmp_path / "ack.pem").write_bytes(key.to_pem())
    policy = AckPolicy(GATE, {"central": key.public})
    events = chain(*devices(3))
    with closing(Store(url, Signer(str(tmp_path / "ack.pem"), "central"))) as store:
        told = [store.store([(*message(event), 0, {})])[0] for event in (events[2], *events)]
    assert {topic for topic, _ in told} == {f"gate/v1/{GATE}/ack"}
    points = [beginning(STREAM), *map(point, (events[0], events[2], events[2]))]
    assert [read_ack(body, policy) for _, body in told] == [
        ReadAck(STREAM, one.seq, one.digest, "central") for one in points
    ]


@pytest.mark.parametrize("content", [b"", b"x", SigningKey.from_seed(bytes(31) + b"1", Algorithm.ES256).to_pem()])
def test_a_file_without_such_a_key_is_refused(tmp_path, content):
    (tmp_path / "ack.pem").write_bytes(content)
    with pytest.raises(ValueError, match=r"PEM|Ed25519"):
        Signer(str(tmp_path / "ack.pem"), "central")


# ---------------------------------------------------------------------------------------------------- what is no event


def changed(**attributes):
    body = json.loads(chain(*devices(1))[0].payload) | attributes
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


NO_EVENTS = {
    "no utf-8": b"\xff",
    "no json": b"{",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "no object": b"[]",
    "nested": b"[" * 60_000,
    "a huge number": b"1" * 60_000,
    "too long": changed() + b" " * 65_536,
    "no cloudevent": changed(specversion="0.3"),
    "another source": changed(source="/gate/altynkol-1"),
    "a source with a way out": changed(source="/gate/khorgos-03/event"),
    "another type": changed(type="gate.started"),
    "no stream": changed(stream=...),
    "an empty stream": changed(stream=""),
    "a long stream": changed(stream="s" * 129),
    "a NUL": changed(id="a\0b"),
    "half a surrogate pair": changed(id="\ud800"),
    "a lane that is no text": changed(lane=1),
    "no seq": changed(seq=...),
    "seq 0": changed(seq=0),
    "seq -1": changed(seq=-1),
    "seq too high": changed(seq=2**31),
    "seq as text": changed(seq="1"),
    "seq true": changed(seq=True),
    "seq 1.0": changed(seq=1.0),
    "no prev": changed(prev=...),
    "prev in capitals": changed(prev="A" * 64),
    "no time": changed(time="yesterday"),
    "a time without a zone": changed(time="2026-11-24T12:00:00"),
}


def test_what_is_no_event_is_put_aside_once_with_a_reason_and_the_rest_goes_on(store):
    (good,) = chain(*devices(1))
    topic = message(good)[0]
    for payload in NO_EVENTS.values():
        for _ in range(2):
            assert put(store, [(topic, payload), message(good)]) == [(SOURCE, STREAM, 1)]
    rows = store.rows("SELECT topic, digest, size, payload, reason FROM rejected")
    assert {(*row[:3], bytes(row[3])) for row in rows} == {
        (topic, digest_of(payload), len(payload), payload[:4096]) for payload in NO_EVENTS.values()
    }
    assert len(rows) == len(NO_EVENTS)
    assert all(reason for *_, reason in rows)


def test_the_type_in_the_topic_may_be_spelt_as_by_rabbitmq_but_the_gate_may_not(store):
    (event,) = chain(*devices(1), gate="a.event.x")
    assert put(store, [("gate/v1/a/event/x/event/device/changed", event.payload)]) == []
    assert put(store, [("gate/v1/a/event/x.event.device.changed", event.payload)]) == []
    assert put(store, [("gate/v1/a.event.x/event/device/changed", event.payload)]) == [("/gate/a.event.x", STREAM, 1)]


def test_topics_that_only_look_like_a_gates_are_refused(store):
    (event,) = chain(*devices(1))
    for topic in (f"gate/v1/{GATE}/event", f"gate/v2/{GATE}/event/{event.type}", "", f"gate/v1/{GATE}\n/event/x" * 99):
        assert put(store, [(topic, event.payload)]) == []
    assert store.rows("SELECT COUNT(*) FROM events") == [(0,)]
    rows = store.rows("SELECT topic FROM rejected")
    assert len(rows) == 4
    assert all(len(topic) <= 256 and topic.isprintable() for (topic,) in rows)


@given(st.one_of(
    st.binary(max_size=200),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps({"specversion": "1.0", "time": value, "seq": value}).encode()
    ),
    st.dictionaries(
        st.sampled_from(["source", "stream", "seq", "id", "type", "time", "prev"]), st.text() | st.integers()
    ).map(lambda part: changed(**part)),
))  # fmt: skip
def test_no_bytes_do_anything_but_be_an_event_or_be_refused(payload):
    try:
        event = read_event(message(chain(*devices(1))[0])[0], payload)
    except ValueError:
        return
    assert json.loads(payload)["seq"] == event[2]


def test_what_the_gate_may_send_is_read(store):
    """Lanes and details in other letters, no lane, no transaction, no error bound of the clock."""
    drafts = [closed(transaction="т-1"), device("шлагбаум №2 — 门"), device()]
    events = chain(*drafts)
    assert put(store, [message(event) for event in events]) == [(SOURCE, STREAM, 3)]
    assert store.rows("SELECT lane, transaction_id FROM events ORDER BY seq") == [
        ("1", "т-1"),
        (None, None),
        (None, None),
    ]


# --------------------------------------------------------------------------------------------------------- what is told


def test_the_arguments_of_a_replay_are_json_whatever_the_stream_is_called(store):
    stream = 'a "b" \\ c'
    put(store, [message(event) for event in chain(*devices(2), stream=stream)[1:]])
    arguments = gaps(store)[0][1].split("arguments of a replay: ")[1]
    assert json.loads(arguments) == {"stream": stream, "first": 1, "last": 1}


def test_the_gap_report_is_exact_and_names_the_replay(url, store):
    events = chain(*devices(20))
    holes = {1, 5, 6, 7, 15}
    theirs = chain(*devices(3), gate="altynkol-1")
    put(store, [message(event, "altynkol-1") for event in theirs])
    put(store, [message(event) for event in events if event.seq not in holes])
    put(store, [("somewhere", b"nothing")])
    status, lines = report("gaps", url)
    assert status == 1
    assert lines == [
        f"/gate/altynkol-1 {STREAM}: first 1, last 3, watermark 3, behind 0, chain whole, signed to 0, conflicts 0",
        f"{SOURCE} {STREAM}: first 2, last 20, watermark 0, behind 20, chain gap after 0, signed to 0, conflicts 0",
        *(
            (
                f'  missing {first}..{last}; arguments of a replay: {{"stream": "{STREAM}", "first": {first}, "last": '
                f"{last}}}"
            )
            for first, last in ((1, 1), (5, 7), (15, 15))
        ),
        "rejected messages: 1",
    ]
    put(store, [message(event) for event in events if event.seq in holes])
    status, lines = report("gaps", url)
    assert status == 0
    assert "watermark 20, behind 0, chain whole" in lines[1]
    assert len(lines) == 3


def test_the_live_table_shows_every_stream_its_newest_event_outcome_and_trouble(store):
    events = chain(*devices(2), closed(), *devices(2))
    put(store, [message(event) for event in events if event.seq != 4])
    put(store, [message(chain(device("forged"))[0])])
    console = Console(width=140, record=True, file=StringIO())
    console.print(live_table(store, datetime.fromisoformat("2026-11-18T12:00:00Z")))
    text = console.export_text()
    (line,) = [line for line in text.splitlines() if GATE in line]
    cells = [cell.strip() for cell in line.strip("│ ").split("│")]
    assert cells[:-1] == [GATE, STREAM[:8], "3", json.loads(events[-1].payload)["time"], "passed", "1", "1"]
    assert "events/min" in text


def test_the_rate_counts_the_last_minute_only(store):
    put(store, [message(event) for event in chain(*devices(7))])
    [(stored_at,)] = store.rows("SELECT MIN(stored_at) FROM events")
    stored_at = stored_at if isinstance(stored_at, datetime) else datetime.fromisoformat(f"{stored_at}+00:00")

    def rate(later_s):
        console = Console(width=140, record=True, file=StringIO())
        console.print(live_table(store, stored_at + timedelta(seconds=later_s)))
        (line,) = [line for line in console.export_text().splitlines() if GATE in line]
        return line.split("│")[8].strip()

    assert (rate(10), rate(70)) == ("7", "0")


# ------------------------------------------------------------------------------------- personal values beside events


def beside(event):
    return {"disclosures": "~".join(one.text for one in event.disclosures if one.text)}


def test_an_event_is_stored_with_its_personal_values_or_not_at_all_and_a_resend_does_not_bring_them_back(
    store, tmp_path
):
    with closing(open_erasable(tmp_path)) as journal:
        journal.record(vehicle(1))
        events = list(journal.range(1, 3))
    whole = [(*message(one), beside(one)) for one in events]
    assert put(store, [whole[0], message(events[1]), whole[2]]) == [(SOURCE, journal.stream, 1)]
    assert "personal values" in store.rows("SELECT reason FROM rejected")[0][0]
    assert put(store, [whole[1]]) == [(SOURCE, journal.stream, 3)]
    kept = {text for (text,) in store.rows("SELECT disclosure FROM disclosures")}
    assert kept == {one.text for event in events for one in event.disclosures}
    store.rows("DELETE FROM disclosures")
    assert put(store, whole) == [(SOURCE, journal.stream, 3)]
    assert store.rows("SELECT * FROM disclosures") == []


def test_values_that_the_gate_has_erased_need_not_come(store, tmp_path):
    with closing(open_erasable(tmp_path)) as journal:
        journal.record(vehicle(1))
        journal.erase(ErasureScope(), "request")
        (first, *_others) = journal.range(1, 3)
    gone = json.dumps([{"digest": one.digest, "at": None, "rule": "request"} for one in first.disclosures])
    assert put(store, [(*message(first), {"erased": gone})]) == [(SOURCE, journal.stream, 1)]
