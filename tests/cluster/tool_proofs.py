"""What ships for central at a real cluster of RabbitMQ nodes.

Its commands, and what a gate's certificate is good for there. Run by `make test-cluster`.
"""

import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pika
import pytest
from typer.testing import CliRunner

from agent.broker.topics import Topics
from agent.cli import exit_codes
from agent.cli.command import app as command_app
from agent.cli.events import app as events_app
from agent.core.commands.check import CommandKey
from agent.core.crypto.keys import SigningKey
from agent.core.model import CommandName
from agent.lists.topics import ListTopics
from tests.cluster.kills import BACK_S
from tests.support.lists.central import ROWS, CentralLists
from tests.support.lists.lists import DECLARATIONS, SITE
from tests.support.mqtt.faultproxy import FaultProxy
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(300)
LOST_S = 15.0
KEEPALIVE_S = 2
ROOT = Path(__file__).parents[2]


def to(cluster, node=0, key_option="--certificate-key"):
    """The options with which central's commands find a node and show central's certificate."""
    ca, certificate, key = cluster.files("central")
    broker = f"mqtts://localhost:{cluster.nodes[node].mqtts}"
    return ["--broker", broker, "--ca", str(ca), "--certificate", str(certificate), key_option, str(key)]


# ------------------------------------------------------------------------------------------- the commands of central


def test_lists_publish_brings_a_sites_lists_to_its_gates(cluster, tmp_path):
    central_lists, topics = CentralLists(tmp_path), ListTopics(SITE)
    with cluster.one_shot("gate-1", 1) as gate:
        gate.subscribe(f"{topics.root}/#")
        central_lists.run("publish", "--declarations", central_lists.declarations, *to(cluster))
        came = {message.topic for message in gate.messages(2.0)}
        assert {topics.trust, topics.head(DECLARATIONS), topics.chunk(DECLARATIONS, 1, 0)} <= came
        central_lists.declare(ROWS[1:])
        central_lists.run("publish", "--declarations", central_lists.declarations, *to(cluster, 2))
        assert topics.delta(DECLARATIONS, 2) in {message.topic for message in gate.messages(2.0)}


def test_command_send_orders_a_gate_and_tells_its_answer(cluster, gate, tmp_path):
    key = tmp_path / "duty.pem"
    runner = CliRunner()
    assert runner.invoke(command_app, ["keygen", str(key)]).exit_code == exit_codes.OK
    public = SigningKey.from_pem(key.read_bytes()).public
    ordered = gate("gate-2", ordered_by={"duty": CommandKey("duty", public, frozenset(CommandName))})
    words = ["--key", str(key), "--kid", "duty", "--gate", "gate-2", "--lane", "in-1", "--operator", "A. Serik"]
    done = runner.invoke(command_app, ["send", "open", *words, "--cause", "a test", *to(cluster)])
    assert (done.exit_code, ordered.orders) == (exit_codes.OK, [CommandName.OPEN]), done.output
    assert "gate-2: open: done" in done.output


def test_events_verify_proves_what_a_gate_sends(cluster, gate):
    sending = gate("gate-3")
    over = threading.Event()
    verdicts = []
    words = ["verify", "--gate", "gate-3", "--for", "60", "--count", "5", *to(cluster, key_option="--key")]
    listening = threading.Thread(target=lambda: (verdicts.append(CliRunner().invoke(events_app, words)), over.set()))
    listening.start()
    while not over.wait(0.2):
        sending.record()
    listening.join()
    (verdict,) = verdicts
    assert verdict.exit_code == exit_codes.OK, verdict.output
    assert "whole, events" in verdict.output
    cluster.nodes[0].control("purge_queue", "events")


# ----------------------------------------------------------------------------------------------------- the last will


@contextmanager
def lone_gate(cluster, folder, port):
    """A gate in a process of its own."""
    files = [str(path) for path in cluster.files("gate-4")]
    command = [sys.executable, "-m", "tests.cluster.lone_gate", "gate-4", str(folder), str(port), *files]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


class States:
    """The states that central hears of a gate, in order."""

    def __init__(self, one_shot, name):
        self._client = one_shot
        self._heard = []
        one_shot.subscribe(Topics(name).status)

    def within(self, for_s):
        """All that were heard, after so many seconds more."""
        until = time.monotonic() + for_s
        while (left_s := until - time.monotonic()) > 0:
            self._heard += [json.loads(message.payload)["state"] for message in self._client.messages(left_s)]
        return self._heard

    def until(self, state, within_s):
        def heard():
            self._heard += [json.loads(message.payload)["state"] for message in self._client.messages(0.1)]
            return state in self._heard

        eventually(heard, within_s, f"the state {state!r} after {self._heard}")


def test_a_gate_that_is_killed_is_lost_within_fifteen_seconds(cluster, tmp_path):
    with cluster.one_shot("central", 1) as central, lone_gate(cluster, tmp_path, cluster.nodes[0].mqtts) as gate:
        states = States(central, "gate-4")
        states.until("online", BACK_S)
        gate.send_signal(signal.SIGKILL)
        states.until("lost", LOST_S)


def test_a_gate_that_only_connects_again_is_not_lost(cluster, gate):
    with cluster.one_shot("central", 1) as central:
        states = States(central, "gate-4")
        one = gate("gate-4", first_retry_s=0.01, retry_cap_s=0.01)
        states.until("online", BACK_S)
        one.link.client.reconnect("a test")
        eventually(lambda: one.link.client.view.connections == 2 and one.up, BACK_S, "back")
        assert "lost" not in states.within(one.link.client._settings.will_delay_s + 3)


def test_a_gate_whose_line_is_cut_is_lost_within_fifteen_seconds_of_its_keepalive(cluster, gate):
    with cluster.one_shot("central", 1) as central, FaultProxy(cluster.nodes[0].mqtts) as line:
        states = States(central, "gate-4")
        gate("gate-4", port=line.port, keepalive_s=KEEPALIVE_S)
        states.until("online", BACK_S)
        line.mode = "blackhole"
        states.until("lost", 1.5 * KEEPALIVE_S + LOST_S)
        line.mode = "rst"


# ------------------------------------------------------------------------------------------------- a gate and AMQP


@pytest.mark.parametrize(
    "credentials",
    [
        pika.credentials.ExternalCredentials(),
        pika.PlainCredentials("gate-1", ""),
        pika.PlainCredentials("gate-1", "gate-1"),
        pika.PlainCredentials("central", ""),
        pika.PlainCredentials("guest", "guest"),
    ],
    ids=["certificate", "no-password", "a-password", "central", "guest"],
)
def test_a_gates_certificate_opens_no_way_by_amqp_into_a_queue(cluster, credentials):
    ca, certificate, key = cluster.files("gate-1")
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(str(certificate), str(key))
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        publish_into_the_queue(
            pika.ConnectionParameters(
                "localhost",
                cluster.nodes[0].amqps,
                credentials=credentials,
                ssl_options=pika.SSLOptions(context, "localhost"),
            )
        )


def publish_into_the_queue(parameters):
    """As somebody would who wants to invent an event: beside the topics, and so beside who may write to which."""
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish("", "events", b"{}")
    finally:
        if connection.is_open:
            connection.close()
