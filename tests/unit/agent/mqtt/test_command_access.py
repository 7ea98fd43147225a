"""The shipped access list of mosquitto, for commands: central orders, a gate obeys for itself, and
nobody crosses over.
"""

import pytest

from agent.mqtt.messages import Outgoing
from tests.support.mqtt.certified_client import entrance
from tests.support.mqtt.linking import heard_upto
from tests.support.mqtt.mosquitto import SampleBroker, needs_mosquitto

pytestmark = needs_mosquitto
OURS, THEIRS = "gate/v1/khorgos-03", "gate/v1/khorgos-04"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with SampleBroker(tmp_path_factory.mktemp("broker"), "khorgos-03", "khorgos-04", "gate-1") as running:
        yield running


@pytest.fixture
def enter(broker):
    """Connect as a gate or as central, by certificate."""
    with entrance(broker) as entered:
        yield entered


def test_a_command_reaches_its_gate_and_no_other(enter):
    central, ours, theirs = enter("central"), enter("khorgos-03"), enter("khorgos-04")
    ours.subscribe(f"{OURS}/cmd/#")
    for topic in (f"{OURS}/cmd/#", "gate/v1/+/cmd/+", "gate/v1/#", "#"):
        theirs.subscribe(topic)
    assert central.publish(Outgoing(f"{OURS}/cmd/open", b"for ours")).taken
    assert central.publish(Outgoing(f"{OURS}/ack", b"for ours")).taken
    for gate in (OURS, THEIRS):
        assert central.publish(Outgoing(f"{gate}/cmd/last", b"last")).taken
    assert heard_upto(ours, b"last") == [b"for ours"]
    assert heard_upto(theirs, b"last") == []


def test_a_result_reaches_central_and_no_other_gate(enter):
    central, ours, theirs = enter("central"), enter("khorgos-03"), enter("khorgos-04")
    central.subscribe("gate/v1/+/res/+")
    for topic in (f"{OURS}/res/+", f"{THEIRS}/cmd/#"):
        theirs.subscribe(topic)
    assert ours.publish(Outgoing(f"{OURS}/res/open", b"done")).taken
    assert ours.publish(Outgoing(f"{OURS}/res/last", b"last")).taken
    assert central.publish(Outgoing(f"{THEIRS}/cmd/last", b"last")).taken
    assert heard_upto(central, b"last") == [b"done"]
    assert heard_upto(theirs, b"last") == []


@pytest.mark.parametrize(
    "topic",
    [
        f"{OURS}/cmd/open",
        f"{THEIRS}/cmd/open",
        f"{OURS}/ack",
        f"{THEIRS}/ack",
        f"{THEIRS}/res/open",
        f"{THEIRS}/event/x",
    ],
)
def test_no_gate_gives_orders_or_speaks_for_another(enter, topic):
    assert enter("khorgos-03").publish(Outgoing(topic, b"forged")).refused


@pytest.mark.parametrize("leaf", ["event/x", "status", "birth", "health", "res/open", "evidence/x", "cmd/a/b", "cmd"])
def test_central_writes_nothing_but_commands_and_acknowledgements(enter, leaf):
    assert enter("central").publish(Outgoing(f"{OURS}/{leaf}", b"forged")).refused


NORTH, SOUTH = "gate/v1/group/north/cmd", "gate/v1/group/south/cmd"


def test_a_command_to_a_group_reaches_the_gates_that_the_list_names_for_it(enter):
    """The shipped list has `north` as a group of `gate-1`."""
    central, ours, theirs = enter("central"), enter("gate-1"), enter("khorgos-03")
    theirs.subscribe(f"{NORTH}/#")
    theirs.subscribe(f"{OURS}/cmd/#")
    for topic in (f"{NORTH}/#", f"{SOUTH}/#", "gate/v1/group/#"):
        ours.subscribe(topic)
    assert central.publish(Outgoing(f"{NORTH}/rebirth", b"for the north")).taken
    central.publish(Outgoing(f"{SOUTH}/rebirth", b"for the south"))
    assert central.publish(Outgoing(f"{NORTH}/last", b"last")).taken
    assert central.publish(Outgoing(f"{OURS}/cmd/last", b"last")).taken
    assert set(heard_upto(ours, b"last")) == {b"for the north"}
    assert heard_upto(theirs, b"last") == []


@pytest.mark.parametrize("topic", [f"{NORTH}/rebirth", f"{SOUTH}/rebirth", "gate/v1/group/khorgos-03/cmd/rebirth"])
def test_no_gate_gives_orders_to_a_group(enter, topic):
    assert enter("khorgos-03").publish(Outgoing(topic, b"forged")).refused


@pytest.mark.parametrize("leaf", ["north/res/rebirth", "north/cmd/a/b", "north/cmd", "cmd/rebirth/x"])
def test_central_writes_nothing_to_groups_but_commands(enter, leaf):
    assert enter("central").publish(Outgoing(f"gate/v1/group/{leaf}", b"forged")).refused
