"""The fleet of simulated gates against real brokers."""

import asyncio
import json
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from agent.broker import TlsFilesError, Topics
from agent.broker.addresses import BrokerAddress
from agent.core.events import (
    RANDOM_BYTES,
    ClockReading,
    DeviceChanged,
    Draft,
    Point,
    Writer,
    beginning,
    seal,
)
from agent.core.model import ListKind
from agent.doctor.collectors.remote import CLIENT_SUFFIX
from agent.lists import ListTopics
from agent.mqtt import DeliverySettings, Incoming, Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from sim.fleet.counters import Consumed, FleetCounters, FleetPart, Percentiles
from sim.fleet.counters import report as report_of
from sim.fleet.loop_lag import measure_lag
from sim.fleet.own_messages import OwnMessages
from sim.fleet.passing_vehicle import vehicle_drafts
from sim.fleet.plan import Credentials, FleetPlan, elsewhere
from sim.fleet.processes import ProcessFleet
from sim.fleet.run import Fleet, make_consumer
from tests.support.gate.installed import ROOT
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.mosquitto import Broker, Listener, SampleBroker, free_port, needs_mosquitto
from tests.support.waiting import scaled

FIRST, SECOND = "fleet-0001", "fleet-0002"


def plan_for(*addresses, **changes):
    values = {"gates": 20, "rate": 5.0, "for_s": 2.0, "start_spread_s": 0.2, "settle_s": scaled(30.0), "consume": True}
    return FleetPlan(brokers=addresses, **(values | changes))


def plain(broker):
    return BrokerAddress("127.0.0.1", broker.port, tls=False)


@pytest.mark.broker
@needs_mosquitto
class TestARun:
    def test_accounts_for_every_event(self, tmp_path):
        with Broker(tmp_path) as broker:
            plan = plan_for(plain(broker), rate=5.0 / scaled(1.0), for_s=scaled(2.0))
            report = asyncio.run(Fleet(plan).run())
        assert report.well
        assert report.recorded == report.acknowledged == report.consumed.events
        assert report.recorded == pytest.approx(200, abs=25)
        assert (report.lost, report.consumed.duplicates, report.connections) == (0, 0, 20)
        assert (report.not_acknowledged, report.sends_an_event) == (0, 1.0)
        assert report.stored_s.count == report.recorded

    def test_survives_the_kill_of_a_broker_without_a_loss_and_tells_how_long_it_took(self, tmp_path):
        with Broker(tmp_path) as broker:
            killed = threading.Event()

            def show(progress):
                if progress.phase == "recording" and not killed.is_set():
                    killed.set()
                    broker.kill()
                    broker.start()

            # The first progress of the recording is shown after 5 s.
            for_s = 5.0 + scaled(2.0)
            changes = {"for_s": for_s, "rate": 35.0 / for_s, "first_retry_s": 0.2, "retry_cap_s": 0.5}
            report = asyncio.run(Fleet(plan_for(plain(broker), **changes), show).run())
            assert killed.is_set()
        assert report.well
        assert report.reconnect_s.count == 20
        assert report.reconnect_s.max > 0
        assert report.acknowledged == report.recorded

    def test_shows_each_gates_own_certificate(self, tmp_path):
        with SampleBroker(tmp_path, FIRST, SECOND) as broker:
            ca, _, _ = broker.files(FIRST)
            pattern = str(tmp_path / "{gate}")
            _, central_certificate, central_key = broker.files("central")
            credentials = Credentials(
                ca,
                f"{pattern}.crt",
                f"{pattern}.key",
                central_certificate=str(central_certificate),
                central_key=str(central_key),
            )
            address = BrokerAddress("localhost", broker.port, tls=True)
            central = (BrokerAddress("localhost", broker.central_port, tls=True),)
            plan = plan_for(address, gates=2, credentials=credentials, central_brokers=central)
            report = asyncio.run(Fleet(plan).run())
        assert report.well
        assert report.recorded == report.acknowledged > 0

    def test_says_what_it_does_not_know_where_nobody_acknowledges(self, tmp_path):
        with Broker(tmp_path) as broker:
            report = asyncio.run(Fleet(plan_for(plain(broker), consume=False)).run())
        assert (report.lost, report.not_acknowledged) == (None, None)
        assert report.unheard == report.taken >= report.recorded > 0

    def test_connects_again_where_central_is_silent_for_the_broker_may_have_lost_the_subscription(self, tmp_path):
        with Broker(tmp_path) as broker, Listener(broker.port, "gate/v1/+/event/#"):
            delivery = DeliverySettings(silent_s=0.5)
            changes = {"gates": 1, "for_s": scaled(4.0), "consume": False, "first_retry_s": 0.1, "retry_cap_s": 0.2}
            report = asyncio.run(Fleet(plan_for(plain(broker), delivery=delivery, **changes)).run())
        assert report.connections > 1
        assert any("nothing from central" in cause for cause in report.failures)

    def test_publishes_what_the_contract_says(self, tmp_path):
        with Broker(tmp_path) as broker, Listener(broker.port, "gate/#") as listener:
            asyncio.run(Fleet(plan_for(plain(broker), gates=1, payload_bytes=900)).run())
            events = [message for message in listener.messages if "/event/" in message["topic"]]
        assert events
        for message in events:
            assert_valid(message["topic"], message["payload"])
            assert len(message["payload"]) == pytest.approx(900, abs=5)


@pytest.mark.broker
@needs_mosquitto
class TestWholeGates:
    def test_say_all_that_the_contract_has_a_gate_say(self, tmp_path):
        site = ListTopics(17)
        with (
            Broker(tmp_path) as broker,
            Listener(broker.port, "gate/#") as listener,
            OneShotClient(plain(broker)) as central,
        ):
            central.publish(Outgoing(site.head(ListKind.WATCH), b"signed", retain=True))

            def show(progress):
                if progress.phase == "connecting" and progress.up:
                    central.publish(Outgoing(Topics(FIRST).command("snapshot"), b"no command"))

            changes = {"gates": 1, "rate": 4.0, "for_s": 1.0, "whole": True, "site": 17, "pace": 100.0}
            report = asyncio.run(Fleet(plan_for(plain(broker), **changes), show).run())
        assert report.well
        assert (report.commands, report.list_messages, report.list_bytes) == (1, 1, len(b"signed"))
        assert (report.recorded - 1) % 9 == 0
        assert report.event_bytes / report.recorded == pytest.approx(1_100, rel=0.2)
        kinds = {message["topic"].split("/")[3] for message in listener.messages}
        assert kinds >= {"event", "birth", "status", "health", "res"}
        for message in listener.messages:
            if message["topic"].split("/")[3] not in {"ack", "cmd"}:
                assert_valid(message["topic"], message["payload"])

    def test_over_several_processes_are_accounted_for_by_the_consumer_that_is_asked(self, tmp_path):
        with Broker(tmp_path) as broker:
            changes = {"gates": 3, "processes": 2, "rate": 1.0, "for_s": 2.0, "whole": True, "pace": 100.0}
            shown = []
            report = ProcessFleet(plan_for(plain(broker), **changes), shown.append).run()
        assert report.well
        assert (report.processes, report.connections, report.lost, report.not_acknowledged) == (2, 3, 0, 0)
        assert report.recorded == report.consumed.events > 0


def test_a_simulated_gate_says_how_often_its_status_comes_and_the_status_lives_for_three_of_them():
    own = OwnMessages(Writer(FIRST, "s1", "b1"), Topics(FIRST), 600.0)
    status = own.status("online", 0.0, 7, 5)
    assert (json.loads(status.payload)["status_every_s"], status.expiry_s) == (600, 1800)


def test_a_process_that_cannot_do_its_part_ends_the_run_with_its_reason():
    plan = plan_for(BrokerAddress("127.0.0.1", free_port(), tls=False), gates=2, processes=2, prefix="g" * 40)
    plan = replace(plan, consume=False, for_s=0.1, settle_s=0.1, credentials=Credentials(Path("/nowhere/ca.crt")))
    plan = replace(plan, brokers=(BrokerAddress("127.0.0.1", 1, tls=True),))
    with pytest.raises(TlsFilesError, match=r"/nowhere/ca\.crt"):
        ProcessFleet(plan).run()


def test_the_parts_of_a_plan_have_all_gates_once():
    plan = plan_for(BrokerAddress("127.0.0.1", 1883, tls=False), gates=11, processes=3)
    numbers = [number for part in plan.parts() for number in part.numbers]
    assert numbers == list(range(1, 12))
    assert {part.gate_id(part.numbers[0]) for part in plan.parts()} == {"fleet-0001", "fleet-0004", "fleet-0008"}
    assert not any(part.consume for part in plan.parts())
    assert all(part.acknowledged for part in plan.parts())


def counted(recorded, acknowledged, lags_s=()):
    counters = FleetCounters(recorded=recorded, acknowledged=acknowledged, acks_heard=1, lags_s=list(lags_s))
    return FleetPart(counters, {}, took_s=1.0, cpu_s=0.5, up_at_end=1)


def test_a_consumer_that_is_asked_tells_what_is_missing_from_what_is_lost():
    async def asked():
        plan = plan_for(BrokerAddress("127.0.0.1", 1, tls=False))
        consumer = make_consumer(plan, Random(1), None, lambda _: None)  # noqa: S311
        before = beginning("s")
        for number in range(1, 7):
            draft = Draft(DeviceChanged(device="relay", family="relay", state="up", detail=""), None, None, 1.8e9)
            clock = ClockReading(1.8e9, synced=True, error_ms=None)
            sealed = seal(draft, Writer("fleet-0001", "s", "b"), before, clock, bytes(RANDOM_BYTES))
            before = Point("s", sealed.seq, sealed.digest)
            if number in {1, 2, 4}:
                consumer.arrived(Incoming(Topics(FIRST).event(sealed.type), sealed.payload, 1, retained=False))
        return consumer.counts({"s": (6, 5), "never heard": (2, 0)})

    found = asyncio.run(asked())
    assert (found.events, found.missing, found.lost) == (3, 5, 2)


def test_what_is_late_is_not_acknowledged_and_only_what_the_consumer_lacks_is_lost():
    parts = [counted(50, 40), counted(50, 45)]
    asked = report_of(parts, gates=2, rate=1.0, consumed=Consumed(88, 12, 2, 0, 0, 0))
    assert (asked.not_acknowledged, asked.lost, asked.well) == (15, 2, False)
    alone = report_of(parts, gates=2, rate=1.0, consumed=None)
    assert (alone.not_acknowledged, alone.lost) == (15, None)
    assert "lost           not known" in "\n".join(alone.lines())
    assert report_of([counted(5, 5)], gates=1, rate=1.0, consumed=Consumed(5, 0, 0, 0, 0, 0)).well


def test_a_fleet_that_was_short_of_cpu_says_that_its_times_mean_nothing():
    quick = report_of([counted(1, 1, [0.01] * 99 + [3.0])], gates=1, rate=1.0, consumed=None)
    short = report_of([counted(1, 1, [0.01] * 95 + [0.4] * 5)], gates=1, rate=1.0, consumed=None)
    assert (quick.believable, short.believable) == (True, False)
    assert "DO NOT BELIEVE" in short.lines()[-1]
    assert "DO NOT BELIEVE" not in "".join(quick.lines())
    assert short.as_json()["believable"] is False


def test_a_vehicle_is_the_nine_events_of_the_contract_in_their_order():
    drafts = vehicle_drafts(1.8e9, 7)
    assert [draft.event.TYPE for _, draft in drafts] == [
        "vehicle.present",
        "permit.presented",
        "vehicle.vin",
        "access.decided",
        "access.granted",
        "barrier.pulsed",
        "barrier.moved",
        "vehicle.entering",
        "transaction.closed",
    ]
    assert [after_s for after_s, _ in drafts] == sorted(after_s for after_s, _ in drafts)
    assert len({draft.transaction for _, draft in drafts}) == 1
    assert {draft.event.grant for _, draft in drafts if hasattr(draft.event, "grant")} == {
        f"{drafts[0][1].transaction}-1"
    }


def test_the_loop_that_is_blocked_is_late():
    lags = []

    async def block():
        measuring = asyncio.create_task(measure_lag(lags.append, 0.001))
        await asyncio.sleep(0)
        threading.Event().wait(0.2)
        await asyncio.sleep(0.01)
        measuring.cancel()

    asyncio.run(block())
    assert max(lags) > 0.1


def test_where_no_broker_answers_all_gates_are_told_as_away():
    plan = plan_for(BrokerAddress("127.0.0.1", free_port(), tls=False), gates=3, consume=False, for_s=0.1, settle_s=0.1)
    report = asyncio.run(Fleet(plan, ready_s=scaled(0.5)).run())
    assert (report.up_at_end, report.connections, report.well) == (0, 0, False)
    assert "ConnectionRefusedError" in next(iter(report.failures))


@pytest.mark.parametrize(
    ("host", "away"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("192.0.2.7", True), ("no.such.host.invalid", True)],
)
def test_only_brokers_of_this_machine_are_taken_without_being_asked_twice(host, away):
    address = BrokerAddress(host, 1883, tls=False)
    assert elsewhere((address,)) == ([address.url] if away else [])


def test_spread_of_nothing_is_nothing():
    assert Percentiles.of([]).words == "none"
    assert (Percentiles.of([2.0, 1.0, 4.0]).p50, Percentiles.of([2.0, 1.0, 4.0]).max) == (2.0, 4.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gates": 0}, "at least one gate"),
        ({"rate": 0.0}, "a rate"),
        ({"prefix": "a/b"}, "may not hold '/'"),
        ({"processes": 21}, "no more of them than gates"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(changes, words):
    with pytest.raises(ValueError, match=words):
        plan_for(BrokerAddress("127.0.0.1", 1883, tls=False), **changes)


def test_the_sample_of_definitions_refuses_gates_that_rabbitmq_would_mistake(tmp_path):
    script = ROOT / "config" / "rabbitmq" / "definitions.py"
    made = subprocess.run([sys.executable, script, "gate-1"], capture_output=True, text=True, check=True)
    assert [user["name"] for user in json.loads(made.stdout)["users"]] == ["gate-1", "central"]
    added = subprocess.run([sys.executable, script, "--add", "gate-2"], capture_output=True, text=True, check=True)
    assert [user["name"] for user in json.loads(added.stdout)["users"]] == ["gate-2"]
    for wrong in ("gate.1", "central", "a/b", "#"):
        refused = subprocess.run([sys.executable, script, wrong], capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        assert wrong in refused.stderr


@pytest.mark.parametrize(
    ("user", "queue", "allowed"),
    [
        ("central", "mqtt-subscription-{tool}qos1", True),
        ("central", "mqtt-subscription-guest-1qos1", False),
        ("gate-1", "mqtt-subscription-gate-1qos0", True),
        ("gate-1", "mqtt-subscription-gate-1{doctor}qos1", True),
        ("gate-1", "mqtt-will-gate-1", True),
        ("gate-1", "mqtt-subscription-gate-2qos1", False),
        ("gate-1", "mqtt-subscription-centralqos1", False),
        ("gate-1", "events", False),
    ],
)
def test_the_sample_of_definitions_allows_the_client_ids_that_the_product_chooses(user, queue, allowed):
    tool = OneShotClient(BrokerAddress("127.0.0.1", 1883, tls=False))._options.client_id
    queue = queue.format(tool=tool, doctor=CLIENT_SUFFIX)
    (rules,) = [one for one in defined("gate-1")["permissions"] if one["user"] == user]
    assert [re.search(rules[right], queue) is not None for right in ("configure", "write")] == [allowed] * 2


def test_a_last_will_may_be_put_by_and_only_a_password_opens_amqp_where_the_same_right_reaches_every_queue():
    (rules,) = [one for one in defined("gate-1")["permissions"] if one["user"] == "gate-1"]
    assert re.search(rules["write"], "amq.default")
    assert not re.search(rules["configure"], "amq.default")
    assert not re.search(rules["read"], "amq.default")
    lines = (ROOT / "config" / "rabbitmq" / "rabbitmq.conf").read_text().splitlines()
    assert [line for line in lines if line.startswith("auth_mechanisms")] == ["auth_mechanisms.1 = PLAIN"]
    assert {one["password_hash"] for one in defined("gate-1")["users"]} == {""}


def defined(*gates):
    """What the sample of definitions writes for these gates."""
    script = ROOT / "config" / "rabbitmq" / "definitions.py"
    made = subprocess.run([sys.executable, script, *gates], capture_output=True, text=True, check=True)
    return json.loads(made.stdout)


@pytest.mark.parametrize(
    ("direction", "key", "allowed"),
    [
        ("read", "site.v1.9411.lists.declarations.head", True),
        ("read", "site.v1.9411.lists.declarations.delta.*", True),
        ("read", "site.v1.94110.lists.declarations.head", False),
        ("read", "site.v1.*.lists.declarations.head", False),
        ("read", "gate.v1.gate-1.ack", True),
        ("read", "gate.v1.gate-2.ack", False),
        ("write", "site.v1.9411.lists.watch.want", True),
        ("write", "site.v1.9411.lists.watch.head", False),
        ("write", "gate.v1.gate-1.event.gate.started", True),
    ],
)
def test_a_gate_of_the_sample_reads_the_lists_of_its_site_and_writes_only_what_it_lacks(direction, key, allowed):
    script = ROOT / "config" / "rabbitmq" / "definitions.py"
    made = subprocess.run(
        [sys.executable, script, "--site", "9411", "--add", "gate-1"], capture_output=True, text=True, check=True
    )
    (permission,) = json.loads(made.stdout)["topic_permissions"]
    pattern = permission[direction].replace("{username}", "gate-1")
    assert bool(re.search(pattern, key)) is allowed
