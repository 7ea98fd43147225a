"""Three gates of one site, each the installed agent: a permit passes once among them, whatever
becomes of their broker.
"""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import pytest

from agent.core.site.home_gate import home_gate
from agent.store.gate_key import gate_key
from tests.support.gate.gate_site import GateSite
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.waiting import eventually, scaled
from tests.system.posts import PASSED, Gate, denied, held

pytestmark = needs_mosquitto

GATES = ("gate-1", "gate-2", "gate-3")
SITE = """
[mqtt]
brokers = ["mqtt://127.0.0.1:{central}"]
ack_mode = "puback"
start_spread_s = 0
heartbeat_s = 5

[site]
brokers = ["mqtt://127.0.0.1:{broker}"]
partition_policy = "{policy}"
claim_timeout_s = {claim_timeout_s}
"""
PEER = """
[[site.gates]]
id = "{gate}"
public_key = "{key}"
"""
OWN_USES = "SELECT permit, use, iif(gate = '', ?, gate), state, txn FROM ledger WHERE state <> 'RELEASED'"


class Site:
    """The gates and their broker. `consumer` hears what they tell central at this port."""

    def __init__(self, installed, folder, broker, consumer, central):
        self.broker, self.consumer, self.central = broker, consumer, central
        self.keys = GateSite(folder)
        self._vehicles = 0
        self.gates = []
        for name in GATES:
            (folder / name / "state").mkdir(parents=True)
            self.gates.append(Gate(installed, folder / name, name))

    def configure(self, policy):
        peers = "".join(PEER.format(gate=gate.name, key=gate_key(gate.state).public.raw.hex()) for gate in self.gates)
        claim_timeout_s = min(10.0, scaled(1.0))
        more = SITE.format(
            central=self.central, broker=self.broker.port, policy=policy, claim_timeout_s=claim_timeout_s
        )
        more += peers
        for gate in self.gates:
            gate.configure(self.keys.root_key, permits=f'trust_list = "{self.keys.folder / "trust.gtl"}"', more=more)

    def start(self):
        for gate in self.gates:
            gate.start()
        for gate in self.gates:
            gate.ready()
            gate.agent.until(lambda gate=gate: "the ledger of this gate is complete" in gate.agent.log, "the ledgers")

    def stop(self):
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda gate: gate.agent.stop(), self.gates))

    def permit(self, home):
        """A permit of a vehicle whose home gate is this one."""
        while True:
            self._vehicles += 1
            vin = f"1M8GDM9AXKP{self._vehicles:06d}"
            if home_gate(vin, GATES) == home.name:
                return self.keys.permit(None, vin=vin)

    @contextmanager
    def without_broker(self):
        """The broker is killed, and all gates know; afterwards it is back, and all gates are."""
        lines = {gate: gate.agent.log.count("not connected: ") for gate in self.gates}
        self.broker.kill()
        for gate in self.gates:
            gate.agent.until(
                lambda gate=gate: gate.agent.log.count("not connected: ") > lines[gate], "the loss of the broker"
            )
        back = f"connected to mqtt://127.0.0.1:{self.broker.port}"
        lines = {gate: gate.agent.log.count(back) for gate in self.gates}
        try:
            yield
        finally:
            self.broker.start()
        for gate in self.gates:
            gate.agent.until(lambda gate=gate: gate.agent.log.count(back) > lines[gate], "the broker")

    def wait_alike(self):
        """Wait until every gate knows of the same uses; the uses."""
        eventually(lambda: len({frozenset(ledger_of(gate)) for gate in self.gates}) == 1, what="ledgers alike")
        return ledger_of(self.gates[0])


def ledger_of(gate):
    """What a gate knows of uses: permit, use, gate, state, transaction."""
    with closing(sqlite3.connect(f"file:{gate.state / 'journal.db'}?mode=ro", uri=True)) as journal:
        return set(journal.execute(OWN_USES, (gate.name,)))


@contextmanager
def running(installed, folder, policy):
    with ExitStack() as stack:
        broker, central = (stack.enter_context(Broker(folder)) for _ in range(2))
        consumer = stack.enter_context(Listener(central.port, "gate/v1/#"))
        site = Site(installed, folder, broker, consumer, central.port)
        for gate in site.gates:
            stack.enter_context(gate)
        site.configure(policy)
        site.start()
        yield site
        site.stop()


@pytest.fixture(scope="module")
def site(installed, tmp_path_factory):
    with running(installed, tmp_path_factory.mktemp("site"), "home_gate") as site:
        yield site


def test_a_permit_that_passed_passes_at_no_other_gate(site):
    one, two, three = site.gates
    for home in site.gates:
        permit = site.permit(home)
        assert one.visit(permit).words == PASSED
        refused = two.visit(permit)
        assert refused.words == denied("USED_AT_OTHER_GATE")
    assert "gate-1" in refused.decided["data"]["checks"][-1]["detail"]
    assert three.visit(permit).words == denied("USED_AT_OTHER_GATE")


@pytest.mark.parametrize("home", range(3), ids=GATES)
def test_of_two_gates_that_see_a_permit_at_once_one_lets_it_pass(site, home):
    one, two, _ = site.gates
    permit = site.permit(site.gates[home])
    for gate in (one, two):
        gate.arrive()
    for gate in (one, two):
        gate.scanner.scan(permit)
    answers = [gate.leave() for gate in (one, two)]
    assert [answer.words for answer in answers].count(PASSED) == 1
    refused = next(answer for answer in answers if answer.words != PASSED)
    assert refused.words in {held("RESERVED_ELSEWHERE"), denied("USED_AT_OTHER_GATE")}
    uses = [use for use in site.wait_alike() if use[4] in {answer.decided["transaction"] for answer in answers}]
    assert len(uses) == 1


def test_without_their_broker_a_permit_passes_at_its_home_gate_only(site):
    one, two, three = site.gates
    at_home, elsewhere = site.permit(one), site.permit(three)
    with site.without_broker():
        assert one.visit(at_home).words == PASSED
        assert two.visit(at_home).words == held("LEDGER_UNREACHABLE")
        assert two.visit(elsewhere).words == held("LEDGER_UNREACHABLE")
    assert one.visit(elsewhere).words == PASSED
    assert two.visit(at_home).words == denied("USED_AT_OTHER_GATE")
    passed = {(use[2], use[3]) for use in site.wait_alike()}
    assert ("gate-1", "CONSUMED") in passed
    said = partial(one.hearing.all, "device.changed", device="site broker")
    eventually(lambda: [event["data"]["state"] for event in said()][-2:] == ["lost", "up"], what="its way to them back")
    assert not any(gate.hearing.all("ledger.conflict") for gate in site.gates)


def test_each_gate_says_whom_it_heard_and_that_it_lacks_nothing(site):
    def said(gate):
        """What the gate last said of the site; {} before its first word."""
        topic = f"gate/v1/{gate}/status"
        heard = site.consumer.on(topic)
        return assert_valid(topic, heard[-1]["payload"])["site"] if heard else {}

    def lacks_nothing(gate):
        """The status of now: earlier ones, of a moment in which peers' rows were still on their way, are no answer."""
        found = said(gate)
        behind = [peer["behind"] for peer in found.get("peers", {}).values()]
        return found.get("connected") and not found["missing"] and not any(behind)

    eventually(lambda: all(lacks_nothing(gate) for gate in GATES), what="a status of each gate that lacks nothing")
    for gate in GATES:
        found = said(gate)
        assert found["policy"] == "home_gate"
        assert found["refused"].keys() <= {"no_session", "replayed"}  # said before two gates had met: docs/site.md
        assert found["peers"].keys() == set(GATES) - {gate}
        for peer in found["peers"].values():
            assert peer["heard_s"] >= 0
            assert peer["trouble"] == ""


def test_a_permit_that_passes_twice_where_that_is_allowed_is_told_of_once_by_each_gate(installed, tmp_path):
    with running(installed, tmp_path, "allow_and_flag") as site:
        one, two, three = site.gates
        permit = site.permit(three)
        with site.without_broker():
            answers = [gate.visit(permit) for gate in (one, two)]
            assert [answer.words for answer in answers] == [PASSED, PASSED]
        told = [gate.hearing.wait("ledger.conflict")["data"] for gate in site.gates]
        transactions = tuple(answer.decided["transaction"] for answer in answers)
        for data in told:
            assert (data["gates"], data["transactions"]) == (["gate-1", "gate-2"], [*transactions])
        site.wait_alike()
        assert three.visit(permit).words == denied("USED_AT_OTHER_GATE")
        wanted = {f"gate/v1/{gate}/event/ledger.conflict" for gate in GATES}
        eventually(lambda: wanted <= {message["topic"] for message in list(site.consumer.messages)}, what="all told")
    for gate in site.gates:
        assert [json.loads(event)["type"] for event in gate.payloads().values()].count("ledger.conflict") == 1
    told = [message for message in site.consumer.messages if "/event/" in message["topic"]]
    for message in told:
        assert_valid(message["topic"], message["payload"])


def test_where_it_is_denied_nobody_opens_without_the_broker(installed, tmp_path):
    with running(installed, tmp_path, "deny") as site:
        one, two, three = site.gates
        permit = site.permit(two)
        with site.without_broker():
            for gate in site.gates:
                assert gate.visit(permit).words == held("LEDGER_UNREACHABLE")
        assert three.visit(permit).words == PASSED
        assert two.visit(permit).words == denied("USED_AT_OTHER_GATE")
        assert one.visit(permit).words == denied("USED_AT_OTHER_GATE")
