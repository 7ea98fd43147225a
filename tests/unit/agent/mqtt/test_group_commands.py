"""Commands to groups of gates, over a real broker: each gate answers for itself, once, and none can be led astray."""

import pytest

from tests.support.mqtt.commanding import UTC, body, group_signed, signed
from tests.support.mqtt.group_sites import GroupSender, gates_of_groups, group_body
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import eventually

pytestmark = needs_mosquitto
DAY_S = 86_400
GROUPS = {"north-1": ("north",), "north-2": ("north", "all-new"), "south-1": ("south",)}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def gates(broker, tmp_path):
    with gates_of_groups(broker.port, tmp_path, GROUPS) as running:
        yield running


@pytest.fixture
def central(broker, gates):
    with GroupSender(broker.port) as sender:
        yield sender


def test_every_gate_of_the_group_obeys_and_answers_once_on_its_own_topic(gates, central):
    fields = group_body("north", UTC, 1)
    answers = central.send("north", group_signed(fields), 2)
    assert {gate: one["result"] for gate, one in answers.items()} == {"north-1": "done", "north-2": "done"}
    assert {gate: one["gate"] for gate, one in answers.items()} == {"north-1": "north-1", "north-2": "north-2"}
    assert len(central.answers) == 2
    for name in answers:
        (accepted,) = gates[name].data("command.accepted")
        assert (accepted["group"], accepted["command"]) == ("north", fields["id"])
        (command,) = gates[name].executors.carried_out
        assert (command.group, command.lane) == ("north", None)
    assert gates["south-1"].journal.types == []


def test_a_repeat_brings_the_stored_answers_and_does_nothing(gates, central):
    payload = group_signed(group_body("north", UTC, 1))
    first, second = central.send("north", payload, 2), central.send("north", payload, 2)
    assert {one["result"] for one in second.values()} == {"done"}
    assert first.keys() == second.keys()
    assert [len(gates[name].executors.carried_out) for name in first] == [1, 1]


def test_it_cannot_be_replayed_at_another_group_or_gate(gates, central):
    payload = group_signed(group_body("north", UTC, 1))
    assert central.send("south", payload, 1)["south-1"]["code"] == "WRONG_GROUP"
    correlation = central.publish("gate/v1/south-1/cmd/rebirth", payload)
    answer = eventually(lambda: central._heard(correlation, 1))["south-1"]
    assert (answer["result"], answer["code"], answer["command"]) == ("refused", "WRONG_TYPE", None)
    to_gate = signed(body("rebirth", gate="south-1", counter=9))
    assert central.send("south", to_gate, 1)["south-1"]["code"] == "WRONG_TYPE"
    assert gates["south-1"].executors.carried_out == []
    refused = eventually(lambda: len(found := gates["south-1"].data("command.refused")) == 3 and found)
    assert [(one["code"], one["group"]) for one in refused] == [
        ("WRONG_GROUP", "south"),
        ("WRONG_TYPE", ""),
        ("WRONG_TYPE", "south"),
    ]


def test_no_barrier_is_ordered_of_a_group(gates, central):
    for counter, name in enumerate(("open", "hold", "close", "unlock", "out_of_service", "snapshot"), 1):
        for fields in ({}, {"lane": "in-1"}):
            payload = group_signed(group_body("south", UTC, counter, name) | fields)
            assert central.send("south", payload, 1, name)["south-1"]["code"] == "BODY_INVALID"
    assert gates["south-1"].executors.carried_out == []


def test_a_used_counter_holds_for_gate_and_group(gates, central):
    central.send("south", group_signed(group_body("south", UTC, 50)), 1)
    used = central.send("south", group_signed(group_body("south", UTC, 50)), 1)
    assert used["south-1"]["code"] == "COUNTER_USED"
    site = gates["south-1"]
    payload = signed(site.body("rebirth", gate="south-1", counter=50))
    correlation = central.publish("gate/v1/south-1/cmd/rebirth", payload)
    assert eventually(lambda: central._heard(correlation, 1))["south-1"]["code"] == "COUNTER_USED"


def test_a_gate_that_was_off_for_a_day_refuses_what_comes_late_with_a_code_and_an_event(broker, tmp_path):
    old = group_signed(group_body("north", UTC - DAY_S, 1))
    with gates_of_groups(broker.port, tmp_path, {"north-9": ("north",)}) as gates, GroupSender(broker.port) as central:
        answer = central.send("north", old, 1)["north-9"]
        assert (answer["result"], answer["code"]) == ("refused", "EXPIRED")
        (event,) = eventually(lambda: gates["north-9"].data("command.refused"))
        assert (event["code"], event["group"], event["key"]) == ("EXPIRED", "north", "duty")


def test_a_gate_whose_clock_is_not_synchronised_takes_none(broker, tmp_path):
    own = {"north-8": ("north",)}
    with gates_of_groups(broker.port, tmp_path, own, synced=False) as gates, GroupSender(broker.port) as central:
        answer = central.send("north", group_signed(group_body("north", UTC, 1)), 1)["north-8"]
        assert answer["code"] == "CLOCK_UNSURE"
        assert gates["north-8"].executors.carried_out == []


def test_one_that_was_kept_by_the_broker_is_not_even_heard(broker, tmp_path):
    payload = group_signed(group_body("kept", UTC, 1))
    with GroupSender(broker.port) as central:
        central.publish("kept", payload, retain=True)
        with gates_of_groups(broker.port, tmp_path, {"kept-1": ("kept",)}) as gates:
            answer = central.send("kept", group_signed(group_body("kept", UTC, 2)), 1)["kept-1"]
            assert answer["result"] == "done"
            assert [one.counter for one in gates["kept-1"].executors.carried_out] == [2]
        central.publish("kept", b"", retain=True)
