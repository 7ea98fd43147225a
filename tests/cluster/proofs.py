"""What a real cluster of three RabbitMQ nodes does with gates: run by `make test-cluster`, some minutes."""

import asyncio
import threading
from contextlib import ExitStack

import pytest

from agent.broker.addresses import BrokerAddress
from agent.broker.topics import Topics
from agent.mqtt.messages import Outgoing, Subscription
from agent.mqtt.one_shot_client import OneShotClientError
from sim.fleet.plan import Credentials, FleetPlan
from sim.fleet.run import Fleet
from tests.cluster.conftest import FLEET
from tests.cluster.kills import BACK_S, DRAIN_S, play
from tests.cluster.workers import Found, Worker
from tests.support.consumer.postgres import Postgres
from tests.support.mqtt.contract_check import assert_valid
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(900)
SENDS_LIMIT = 1.2
FLEET_RATE = 0.2
FLEET_S = 45.0
BACK_LIMIT_S = 60.0
tell = print  # what was measured, for those who run it


def test_no_event_is_lost_when_nodes_and_consumers_are_killed_and_all_that_came_is_what_the_contract_says(tmp_path):
    outcome = play(tmp_path, kills=3, say=tell)
    tell(*outcome.lines(), sep="\n")
    assert outcome.well, outcome.lines()
    assert outcome.singles_s, "no gate lost a node: nothing was proven"
    assert outcome.tapped
    for key, payload in outcome.tapped:
        assert_valid("/".join(key.split(".", 4)), payload)


def test_a_gate_that_comes_back_before_its_old_session_is_gone_is_let_in_at_once(gate):
    one = gate("gate-1", first_retry_s=0.01, retry_cap_s=0.01)
    for kick in range(1, 11):
        one.link.client.reconnect("a test")
        eventually(lambda after=kick: one.link.client.view.connections > after and one.up, BACK_S, "back")
    assert one.link.client.view.connections == 11
    assert one.link.client.view.detail == ""


def test_a_gate_writes_below_its_own_name_and_nowhere_else(cluster):
    with cluster.one_shot("gate-1") as own:
        assert not own.publish(Outgoing("gate/v1/gate-1/event/gate.started", b"{}")).refused
    with cluster.one_shot("gate-1") as foreign, pytest.raises(OneShotClientError):
        foreign.publish(Outgoing("gate/v1/gate-2/event/gate.started", b"{}"))
    with cluster.one_shot("gate-1") as forger, pytest.raises(OneShotClientError):
        forger.publish(Outgoing("gate/v1/gate-1/cmd/open", b"{}"))
    cluster.nodes[0].control("purge_queue", "events")


def test_a_gate_reads_its_own_commands_and_nobody_elses(cluster):
    with cluster.one_shot("gate-1") as own:
        own.subscribe("gate/v1/gate-1/cmd/#")
        own.subscribe("gate/v1/gate-1/ack")
    for topic_filter in ("gate/v1/gate-2/cmd/#", "gate/v1/+/cmd/#", "gate/v1/#", "#"):
        with cluster.one_shot("gate-1") as spy, pytest.raises(OneShotClientError):
            spy.subscribe(topic_filter)


def test_central_writes_watermarks_and_commands_and_no_events(cluster):
    with cluster.one_shot("central") as central:
        assert not central.publish(Outgoing("gate/v1/gate-1/ack", b"{}")).refused
        assert not central.publish(Outgoing("gate/v1/gate-1/cmd/open", b"{}", expiry_s=5)).refused
    with cluster.one_shot("central") as forger, pytest.raises(OneShotClientError):
        forger.publish(Outgoing("gate/v1/gate-1/event/gate.started", b"{}"))


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_command_comes_down_from_any_node_with_its_expiry_and_its_correlation(cluster, gate, node):
    came = []
    gate("gate-2", Subscription(Topics("gate-2").commands, came.append, qos=1))
    with cluster.one_shot("central", node) as central:
        sent = Outgoing("gate/v1/gate-2/cmd/open", b"signed", expiry_s=30, correlation=b"c-1")
        assert not central.publish(sent).refused
    (message,) = eventually(lambda: came, what="the command at the gate")
    assert (message.topic, message.payload, message.correlation) == (sent.topic, b"signed", b"c-1")
    assert not message.retained
    assert 0 < message.expiry_s <= 30


def test_a_full_queue_refuses_and_the_gate_keeps_its_events_until_there_is_room(cluster, gate, tmp_path):
    with Postgres() as postgres:
        cluster.nodes[0].control("set_policy", "small", "^events$", '{"max-length": 5}', "--apply-to", "queues")
        one = gate("gate-3")
        for _ in range(50):
            one.record()
        eventually(lambda: one.link.uplink.view.refused > 0, BACK_S, "a refusal")
        assert "0x83" in one.link.uplink.view.trouble
        assert one.journal.watermark < one.journal.head
        cluster.nodes[0].control("clear_policy", "small")
        database = postgres.new_database()
        with Worker("worker-1", tmp_path, cluster, database):
            eventually(lambda: one.settled, DRAIN_S, "every event acknowledged")
        found = Found(database, one.journal, one.name)
    assert (found.lost, found.twice, found.whole) == (0, 0, True)


@pytest.mark.parametrize("gates", [200, 1_000])
def test_gates_of_which_a_third_loses_its_node_are_all_back_in_time(gates, cluster, tmp_path):
    with Postgres() as postgres, ExitStack() as stack:
        database = postgres.new_database()
        for number in (1, 2):
            stack.enter_context(Worker(f"worker-{number}", tmp_path, cluster, database))
        brokers = tuple(BrokerAddress("127.0.0.1", node.mqtt, tls=False) for node in cluster.nodes)
        name, password = FLEET
        plan = FleetPlan(
            gates,
            FLEET_RATE,
            brokers,
            FLEET_S,
            Credentials(user=name, password=password),
            settle_s=DRAIN_S,
            start_spread_s=20.0,
        )
        recording = threading.Event()

        def show(progress):
            tell(progress)
            if progress.phase == "recording":
                recording.set()

        reports = []
        thread = threading.Thread(target=lambda: reports.append(asyncio.run(Fleet(plan, show).run())))
        thread.start()
        try:
            assert recording.wait(120), "the gates do not record"
            cluster.nodes[1].kill()
        finally:
            thread.join(FLEET_S + DRAIN_S + 120)
        cluster.nodes[1].start()
        cluster.settle()
    (report,) = reports
    tell(*report.lines(), sep="\n")
    assert report.well, report.lines()
    assert report.recorded == report.acknowledged
    assert report.sends_an_event <= SENDS_LIMIT
    assert report.reconnect_s.count >= gates // 6, "too few gates lost their node: nothing was proven"
    # A storm would show: gates that are let in and thrown out again, or that have to try again and again.
    assert report.connections == gates + report.reconnect_s.count
    assert report.reconnect_s.max <= BACK_LIMIT_S
