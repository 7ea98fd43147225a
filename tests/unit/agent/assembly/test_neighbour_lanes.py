"""Two lanes of one gate, with their loops, their board and the journal: sally port, one arm for both ways, fire."""

import threading
from functools import partial

import pytest

from agent.core.lane.step_inputs import CommandKind
from drivers.relay.simulated import BoardFault
from tests.support.gate.neighbours import HOLD, KEY, ONE_ARM, SALLY_PORT, A, B, TwoLanes
from tests.support.gate.simulated_gate import scale_stops
from tests.support.waiting import PATIENCE_S, eventually

CONTESTS = 10


@pytest.fixture
def gate(request, tmp_path, monkeypatch):
    scale_stops(monkeypatch)
    made = []

    def make(lanes):
        made.append(TwoLanes(tmp_path, request.node.name, lanes).__enter__())
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


# ------------------------------------------------------------------------------------------------- one board


def test_two_lanes_on_one_board_open_for_themselves_and_lose_it_together(gate):
    gate = gate((A, B))
    for lane, channel in (("a", 1), ("b", 2)):
        gate.set(lane, "presence", True)
        gate.wait_state(lane, "present")
        gate.order(lane, CommandKind.OPEN)
        gate.wait_event("barrier.pulsed", lane, delivery="delivered")
        assert gate.pulses(channel) == 1
    assert gate.most_open == 2, "lanes that are no neighbours do not wait for one another"
    for lane in "ab":
        gate.drive_through(lane)
    gate.board.fault = BoardFault.UNPLUGGED
    for lane in "ab":
        gate.wait_event("device.changed", lane, device=f"{lane}/relay", state="lost")
    gate.board.fault = None
    for lane in "ab":
        gate.wait_event("device.changed", lane, count=2, device=f"{lane}/relay", state="up")
    assert [gate.pulses(channel) for channel in (1, 2)] == [1, 1]


# ------------------------------------------------------------------------------------------------- sally port


def test_the_second_barrier_of_a_sally_port_opens_only_when_the_first_is_closed_again(gate):
    gate = gate(SALLY_PORT)
    for lane in "ab":
        gate.set(lane, "presence", True)
        gate.wait_state(lane, "present")
    gate.order("a", CommandKind.OPEN)
    gate.wait_event("barrier.pulsed", "a", delivery="delivered")
    gate.order("b", CommandKind.OPEN)
    gate.wait_event("alarm.raised", "b", alarm="interlocked")
    gate.order("b", CommandKind.HOLD)
    gate.wait_event("alarm.raised", "b", count=2, alarm="interlocked")
    assert gate.pulses(2) == 0
    gate.drive_through("a")
    gate.order("b", CommandKind.OPEN)
    gate.wait_event("barrier.pulsed", "b", delivery="delivered")
    gate.drive_through("b")
    assert gate.most_open == 1
    assert [gate.pulses(channel) for channel in (1, 2)] == [1, 1]


def contested(gate, times):
    """Whether each contest so far has a winner and a loser."""
    refused = [data for _, data in gate.events("alarm.raised") if data["alarm"] == "interlocked"]
    return len(gate.events("access.granted")) == len(refused) == times


def test_of_two_lanes_whose_key_is_turned_at_once_exactly_one_opens_each_time(gate):
    gate = gate(SALLY_PORT)
    for contest in range(1, CONTESTS + 1):
        for lane in "ab":
            gate.set(lane, "presence", True)
            gate.wait_state(lane, "present")
        gate.inputs.set(KEY, True)
        eventually(partial(contested, gate, contest))
        (winner, _) = gate.events("access.granted")[-1]
        loser = "b" if winner == "a" else "a"
        gate.inputs.set(KEY, False)
        gate.drive_through(winner)
        gate.set(loser, "presence", False)
        gate.wait_state(loser, "idle")
    assert gate.most_open == 1
    assert gate.pulses(1) + gate.pulses(2) == CONTESTS


def test_a_barrier_that_was_forced_open_keeps_the_other_end_shut(gate):
    gate = gate(SALLY_PORT)
    gate.set("a", "closed", False)
    gate.wait_state("a", "violation")
    gate.order("b", CommandKind.OPEN)
    gate.wait_event("alarm.raised", "b", alarm="interlocked")
    assert gate.pulses(2) == 0


def test_a_fire_opens_both_ends_whichever_lane_has_the_way_and_they_close_when_it_is_over(gate):
    gate = gate(SALLY_PORT)
    gate.set("a", "presence", True)
    gate.wait_state("a", "present")
    gate.order("a", CommandKind.OPEN)
    gate.wait_event("barrier.pulsed", "a", delivery="delivered")
    gate.inputs.set(HOLD, True)
    assert gate.relays.wait_until(lambda states: states[:2] == (True, True), PATIENCE_S)
    for lane in "ab":
        gate.wait_event("barrier.held", lane, held=True, operator="hold contact")
    gate.inputs.set(HOLD, False)
    assert gate.relays.wait_until(lambda states: not any(states), PATIENCE_S)


# ------------------------------------------------------------------------------------------------- one arm


def test_while_one_direction_uses_the_arm_the_other_yields_and_sees_nothing_strange_in_its_moving(gate):
    gate = gate(ONE_ARM)
    for lane, other in (("a", "b"), ("b", "a")):
        gate.set(lane, "presence", True)
        gate.wait_state(lane, "present")
        gate.order(lane, CommandKind.OPEN)
        gate.wait_state(other, "yielding")
        gate.wait_event("barrier.pulsed", lane, delivery="delivered")
        gate.drive_through(lane)
        gate.wait_state(other, "idle")
    assert gate.pulses(1) == 2
    assert gate.events("alarm.raised") == []
    assert [lane for lane, _ in gate.events("transaction.closed")] == ["a", "b"]
    assert {data["outcome"] for _, data in gate.events("transaction.closed")} == {"overridden"}, "an order opened"


def test_an_arm_that_one_direction_holds_open_is_not_used_by_the_other(gate):
    gate = gate(ONE_ARM)
    gate.order("a", CommandKind.HOLD)
    assert gate.relays.wait_until(lambda states: states[0], PATIENCE_S)
    gate.wait_state("b", "yielding")
    gate.order("b", CommandKind.OPEN)
    gate.wait_event("alarm.raised", "b", alarm="interlocked")
    gate.order("a", CommandKind.RELEASE)
    assert gate.relays.wait_until(lambda states: not states[0], PATIENCE_S)
    gate.set("a", "closed", True)
    gate.wait_state("b", "idle")
    assert gate.pulses(1) == 1


# ------------------------------------------------------------------------------------------------- stopping


def test_the_report_of_a_pulse_that_is_under_way_at_the_stop_is_recorded(gate):
    gate = gate((A, B))
    entered, leave = threading.Event(), threading.Event()
    gate.relays.watch(lambda switching: switching.on and (entered.set(), leave.wait(PATIENCE_S)))
    gate.order("a", CommandKind.OPEN)
    assert entered.wait(PATIENCE_S)
    journal, close = gate.app.parts.journal, gate.app.parts.journal.close
    journal.close = lambda: None
    stopper = threading.Thread(target=gate.app.stop, args=("test",))
    stopper.start()
    eventually(lambda: all(lane.loop._winding_down for lane in gate.app.lanes))
    leave.set()
    stopper.join(PATIENCE_S)
    kinds = [kind for kind in ("access.granted", "barrier.pulsed", "gate.stopping") if gate.events(kind)]
    assert kinds == ["access.granted", "barrier.pulsed", "gate.stopping"]
    assert gate.events("barrier.pulsed")[0][1]["delivery"] == "delivered"
    assert not any(gate.relays.states)
    journal.close = close
