"""The reference consumer between real gates, a real broker and a real database: nothing lost, nothing twice."""

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from agent.broker.tls import TlsFiles
from agent.core.crypto.keys import SigningKey
from agent.core.events.chain import digest_of
from tests.support.consumer.consumer import (
    PROGRAM,
    Worker,
    acknowledged,
    journals,
    query,
    report,
    sent,
    stored,
    uplinks,
)
from tests.support.consumer.postgres import Postgres, needs_postgres
from tests.support.mqtt.linking import local, record
from tests.support.mqtt.mosquitto import Broker, Listener, SampleBroker, needs_mosquitto, publish
from tests.support.mqtt.mosquitto import stored as retained
from tests.support.waiting import PATIENCE_S, eventually, scaled

pytestmark = needs_mosquitto
GATES = tuple(f"khorgos-0{number}" for number in range(1, 6))
GATE = GATES[0]


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


@pytest.fixture
def sqlite(tmp_path):
    return f"sqlite:{tmp_path}/events.db"


def address(broker):
    return f"mqtt://127.0.0.1:{broker.port}"


def assert_whole(database, opened):
    """All that these gates recorded is stored, byte for byte, and proven up to the head."""
    assert stored(database) == sent(opened)
    marks = {(source, stream): (seq, digest) for source, stream, seq, digest in
             query(database, "SELECT source, stream, seq, digest FROM watermarks")}  # fmt: skip
    heads = {}
    for gate, journal in opened.items():
        (last,) = journal.range(journal.head, journal.head)
        heads[f"/gate/{gate}", journal.stream] = (journal.head, digest_of(last.payload))
    assert marks == heads
    assert query(database, "SELECT * FROM conflicts") == []
    assert query(database, "SELECT * FROM rejected") == []


@needs_postgres
@pytest.mark.parametrize(("gates", "each"), [(2, 50), pytest.param(5, 400, marks=pytest.mark.long)])
def test_two_workers_share_the_events_and_none_is_lost_when_one_is_killed(gates, each, broker, postgres, tmp_path):
    database = postgres.new_database()
    with ExitStack() as stack:
        opened = stack.enter_context(journals(tmp_path, *GATES[:gates]))
        workers = [Worker(tmp_path, address(broker), database, "--share", name=f"worker-{n}") for n in (1, 2)]
        for worker in workers:
            stack.enter_context(worker)
        stack.enter_context(uplinks(broker.port, opened))
        for journal in opened.values():
            record(journal, each // 2)
        eventually(lambda: len(stored(database)) > gates * each // 10, what="the first events stored")
        workers[0].kill()
        for journal in opened.values():
            record(journal, each // 2)
        eventually(lambda: len(stored(database)) > gates * each * 6 // 10, what="more stored by the other")
        workers[0].start()
        acknowledged(opened)
        assert_whole(database, opened)
        assert report("gaps", database)[0] == 0


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=[needs_postgres, pytest.mark.long])])
def test_a_worker_that_is_killed_again_and_again_stores_every_event_once(kind, broker, tmp_path, request):
    database = (
        f"sqlite:{tmp_path}/events.db" if kind == "sqlite" else request.getfixturevalue("postgres").new_database()
    )
    with (
        journals(tmp_path, *GATES[:2]) as opened,
        Worker(tmp_path, address(broker), database) as worker,
        uplinks(broker.port, opened),
    ):
        for cycle in range(1, 4):
            for journal in opened.values():
                record(journal, 200)
            least = (cycle - 1) * 400
            eventually(lambda: len(stored(database)) > least, what="something of this cycle stored")  # noqa: B023
            worker.kill()
            worker.start()
        acknowledged(opened)
        assert_whole(database, opened)


def test_what_is_sent_again_is_stored_once_and_acknowledged_again(broker, sqlite, tmp_path):
    with journals(tmp_path, GATE) as opened, Worker(tmp_path, address(broker), sqlite):
        record(opened[GATE], 3)
        with uplinks(broker.port, opened):
            acknowledged(opened)
        (event,) = opened[GATE].range(2, 2)
        with Listener(broker.port, f"gate/v1/{GATE}/ack") as listener:
            eventually(lambda: listener.messages)  # the one that is retained
            publish(broker.port, f"gate/v1/{GATE}/event/{event.type}", event.payload)
            said = eventually(lambda: listener.messages[1:])[0]
        assert (said["retain"], said["qos"]) == (0, 1)
        assert body_of(said) == {"stream": opened[GATE].stream, "seq": 3}
        assert body_of(eventually(lambda: retained(broker.port, f"gate/v1/{GATE}/ack"))) == body_of(said)
        assert_whole(sqlite, opened)


def test_what_the_consumer_signs_is_all_that_the_gates_believe(broker, sqlite, tmp_path):
    key = SigningKey.from_seed(b"k" * 32)
    (tmp_path / "ack.pem").write_bytes(key.to_pem())
    with journals(tmp_path, *GATES[:2]) as opened:
        for journal in opened.values():
            record(journal, 300)
        with (
            Worker(tmp_path, address(broker), sqlite) as worker,
            uplinks(broker.port, opened, ack_keys={"central": key.public}) as links,
        ):
            eventually(lambda: len(stored(sqlite)) == 600, what="all stored")
            eventually(lambda: all(link.uplink.view.acks["unsigned"] for link in links), what="refused")
            assert [journal.watermark for journal in opened.values()] == [0, 0]
            worker.stop()
            with Worker(tmp_path, address(broker), sqlite, "--ack-key", tmp_path / "ack.pem"):
                acknowledged(opened)
        assert_whole(sqlite, opened)


def body_of(message):
    return message["payload"] if isinstance(message["payload"], dict) else json.loads(message["payload"])


def test_a_second_event_under_a_number_is_told_and_changes_nothing(broker, sqlite, tmp_path):
    with journals(tmp_path, GATE) as opened, Worker(tmp_path, address(broker), sqlite) as worker:
        with uplinks(broker.port, opened):
            record(opened[GATE], 3)
            acknowledged(opened)
            (event,) = opened[GATE].range(2, 2)
            forged = event.payload.replace(b"test 1", b"test X")
            assert forged != event.payload
            publish(broker.port, f"gate/v1/{GATE}/event/{event.type}", forged)
            publish(broker.port, f"gate/v1/{GATE}/event/{event.type}", forged)
            eventually(lambda: query(sqlite, "SELECT * FROM conflicts"))
            record(opened[GATE], 2)
            acknowledged(opened)
        told = query(sqlite, "SELECT source, stream, seq, kind, digest, payload FROM conflicts")
        assert told == [(f"/gate/{GATE}", opened[GATE].stream, 2, "other_event", digest_of(forged), forged)]
        assert stored(sqlite) == sent(opened)
        assert worker.said("new in table conflicts") == 1
    status, lines = report("gaps", sqlite)
    assert status == 1
    assert "conflicts 1" in lines[0]


def test_messages_that_are_no_events_are_put_aside_and_block_nothing(broker, sqlite, tmp_path):
    topic = f"gate/v1/{GATE}/event/gate.stopping"
    with journals(tmp_path, GATE) as opened, Worker(tmp_path, address(broker), sqlite) as worker:
        record(opened[GATE], 1)
        (event,) = opened[GATE].range(1, 1)
        bad = {
            b"nothing": topic,
            b"{" * 70_000: topic,
            b"\xff\x00": topic,
            event.payload: f"gate/v1/{GATES[1]}/event/x",
        }
        for payload, where in bad.items():
            publish(broker.port, where, payload)
        with uplinks(broker.port, opened):
            record(opened[GATE], 2)
            acknowledged(opened)
        rows = query(sqlite, "SELECT topic, digest, size, payload FROM rejected")
        assert {(row[0], row[1], row[2], row[3]) for row in rows} == {
            (where, digest_of(payload), len(payload), payload[:4096]) for payload, where in bad.items()
        }
        assert stored(sqlite) == sent(opened)
        worker.kill()
        worker.start()
        publish(broker.port, topic, b"nothing")
        record(opened[GATE], 1)
        with uplinks(broker.port, opened):
            acknowledged(opened)
        assert len(query(sqlite, "SELECT * FROM rejected")) == len(bad)


def test_an_event_without_a_receipt_is_stored_and_ends_no_connection(broker, sqlite, tmp_path):
    """Any gate may publish with QoS 0, where there is nothing to answer: a broker hangs up over an answer."""
    with journals(tmp_path, GATE) as opened, Worker(tmp_path, address(broker), sqlite) as worker:
        record(opened[GATE], 3)
        for event in opened[GATE].range(1, 3):
            publish(broker.port, f"gate/v1/{GATE}/event/{event.type}", event.payload, "-q", "0")
        eventually(lambda: len(stored(sqlite)) == 3)
        with uplinks(broker.port, opened):
            record(opened[GATE], 2)
            acknowledged(opened)
        assert_whole(sqlite, opened)
        assert worker.said("tries again") == 0


@pytest.mark.long
@needs_postgres
def test_while_the_database_is_away_the_events_wait_and_nothing_ends(broker, tmp_path):
    with Postgres() as own:
        database = own.new_database()
        with journals(tmp_path, GATE) as opened, Worker(tmp_path, address(broker), database) as worker:
            with uplinks(broker.port, opened):
                record(opened[GATE], 5)
                acknowledged(opened)
                own.stop()
                record(opened[GATE], 300)
                eventually(lambda: worker.said("tries again") >= 2, what="the worker trying again")
                assert worker.process.poll() is None
                own.start()
                acknowledged(opened)
            assert_whole(database, opened)


def test_a_broker_that_goes_and_comes_is_met_again(broker, sqlite, tmp_path):
    with journals(tmp_path, GATE) as opened, Worker(tmp_path, address(broker), sqlite) as worker:
        with uplinks(broker.port, opened):
            record(opened[GATE], 5)
            acknowledged(opened)
            broker.kill()
            record(opened[GATE], 300)
            eventually(lambda: worker.said("tries again") >= 1, what="the worker trying again")
            broker.start()
            acknowledged(opened)
        assert_whole(sqlite, opened)


def test_a_worker_may_start_before_its_broker_and_take_the_next_one(broker, sqlite, tmp_path):
    dead = f"mqtt://127.0.0.1:{broker.port}"
    broker.stop()
    with Broker(tmp_path) as second, journals(tmp_path, GATE) as opened:
        with Worker(tmp_path, dead, sqlite, "--broker", address(second)), uplinks(second.port, opened):
            record(opened[GATE], 5)
            acknowledged(opened)
        assert_whole(sqlite, opened)


def test_only_the_gates_that_were_asked_for_are_stored(broker, sqlite, tmp_path):
    with journals(tmp_path, *GATES[:3]) as opened:
        for journal in opened.values():
            record(journal, 2)
        wanted = {gate: opened[gate] for gate in GATES[:2]}
        options = [part for gate in wanted for part in ("--gates", gate)]
        with Worker(tmp_path, address(broker), sqlite, *options), uplinks(broker.port, opened):
            acknowledged(wanted)
        assert_whole(sqlite, wanted)
        assert opened[GATES[2]].watermark == 0


@pytest.mark.parametrize("options", [(), ("--share",)])
def test_it_works_with_certificates_at_the_sample_broker_and_its_access_list(options, sqlite, tmp_path):
    with SampleBroker(tmp_path, GATE) as broker, journals(tmp_path, GATE) as opened:
        record(opened[GATE], 5)
        ca, certificate, key = broker.files("central")
        files = ("--ca", ca, "--certificate", certificate, "--key", key)
        place, tls = local(broker.port, tls=True, host="localhost"), TlsFiles(*broker.files(GATE))
        with (
            Worker(tmp_path, f"mqtts://localhost:{broker.central_port}", sqlite, *files, *options),
            uplinks(place, opened, tls=tls),
        ):
            acknowledged(opened)
        assert_whole(sqlite, opened)


STOPPED_WHILE_FREEING = """
import os, signal, sys, time
sys.path.insert(0, sys.argv.pop(1))
import central

class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)

def run(options):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # until it has said that it works on
    Freed()
    print("works on", flush=True)
    central.STOP_S = 600  # the next stop is not dropped: none comes after it, while the interpreter ends
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    time.sleep(600)

central.run, central.STOP_S = run, 1
central.main()
"""


def test_a_stop_that_python_drops_while_it_frees_an_object_comes_again(tmp_path):
    more = [PROGRAM.parent, "run", "--broker", "mqtt://localhost", "--database", "sqlite:none"]
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_FREEING, *more],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert "Exception ignored" in done.stderr
    assert done.stdout == "works on\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    "wrong", ["certificate of another", pytest.param("no certificate", marks=pytest.mark.long), "no such file"]
)
def test_a_broker_that_does_not_let_it_in_is_told_and_asked_again(wrong, sqlite, tmp_path):
    with SampleBroker(tmp_path, GATE) as broker:
        ca, certificate, key = broker.files("central")
        files = {
            "certificate of another": ("--ca", certificate, "--certificate", certificate, "--key", key),
            "no certificate": ("--ca", ca),
            "no such file": ("--ca", tmp_path / "nowhere"),
        }
        worker = Worker(tmp_path, f"mqtts://localhost:{broker.central_port}", sqlite, *files[wrong])
        try:
            worker.start(wait=False)
            eventually(lambda: worker.said("tries again") >= 2, what="the worker trying again")
        finally:
            worker.stop()


def test_a_database_that_is_none_is_told_in_a_line(tmp_path):
    done = subprocess.run(
        [sys.executable, PROGRAM, "gaps", "--database", f"sqlite:{tmp_path}/nowhere/events.db"],
        check=False, capture_output=True, text=True, timeout=scaled(30),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "unable to open database file" in done.stderr
    assert len(done.stderr.splitlines()) == 1
