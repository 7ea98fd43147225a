"""The barrier's three rules, and every way in which a relay board can fail it."""

import contextlib
import logging
import threading
import time
from collections import Counter

import pytest
from typing_extensions import override

from agent.core.lane.effects import Lamp
from agent.devices.port_supervisor import PortState
from drivers.api import Delivery, DeviceUnavailableError
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.registry import relay as make_relay
from drivers.relay import simulated
from drivers.relay.simulated import BoardFault, SimulatedRelay
from tests.support.board.barriers import LONG_PULSE_MS, MeddledRelay, SimulatedYard, Yard, wiring
from tests.support.waiting import PATIENCE_S, scaled, scaled_ms

DELIVERED, NOT_DELIVERED, UNKNOWN = Delivery.DELIVERED, Delivery.NOT_DELIVERED, Delivery.UNKNOWN
KINDS = pytest.mark.parametrize("hardware_pulse", [True, False], ids=["timed by the board", "timed by the agent"])


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    """Look after the board more often than on a gate, so that no test waits for it."""
    monkeypatch.setattr("agent.barrier.relay_board.HEALTH_PERIOD_S", 0.05)
    monkeypatch.setattr("agent.barrier.relay_scheduler.STUCK_S", 0.3)
    monkeypatch.setattr("agent.barrier.relay_board.STOP_TIMEOUT_S", PATIENCE_S)


@pytest.fixture
def never_given_up(monkeypatch):
    """A relay that does not let go is tried on, however long this machine stands still between two tries."""
    monkeypatch.setattr("agent.barrier.relay_scheduler.STUCK_S", PATIENCE_S)


@pytest.fixture
def yards(request):
    """Make yards on boards of their own; their barriers stop at the end."""
    with contextlib.ExitStack() as stack:
        stack.callback(simulated.forget_boards)

        def make(*, wait=True, before=None, **options):
            yard = SimulatedYard(request.node.name, **options)
            if before is not None:
                before(yard)
            return stack.enter_context(yard.running(wait=wait))

        yield make


# ------------------------------------------------------------------------------------------------- one pulse


@KINDS
def test_a_pulse_switches_the_relay_once_on_and_once_off_and_is_reported_once(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse)
    yard.order()
    yard.reports.wait_pulse()
    yard.wait_relay(False)
    yard.wait_idle()
    assert yard.switchings() == [True, False]
    assert yard.outcomes() == [("g1", "open", "delivered")]


@KINDS
def test_a_pulse_lasts_at_least_as_long_as_ordered(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse)
    yard.order()
    yard.wait_relay(True)
    yard.wait_relay(False)
    on, off = (one.at for one in yard.relays.history)
    assert off - on >= 0.1


@KINDS
def test_a_pulse_does_not_start_after_its_deadline(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse)
    yard.order(deadline=time.monotonic() - 0.001)
    assert yard.reports.wait_pulse().delivery is NOT_DELIVERED
    assert yard.switchings() == []


@KINDS
def test_a_pulse_does_not_start_when_clearing_the_way_took_until_after_its_deadline(yards, hardware_pulse):
    deadline = []

    def meddle(what, channel):
        if what == "off" and channel == 2:
            while time.monotonic() <= deadline[0]:
                threading.Event().wait(0.005)

    yard = yards(
        hardware_pulse=hardware_pulse,
        make=MeddledRelay,
        close_channel=2,
        pulse_ms=LONG_PULSE_MS,
        before=lambda yard: setattr(yard.relay, "meddle", meddle),
    )
    yard.order("close", None)
    yard.reports.wait_pulse()
    deadline.append(time.monotonic() + 0.2)
    yard.order("open", "g1", deadline[0])
    assert yard.reports.wait_pulse(2).delivery is NOT_DELIVERED
    assert yard.switchings(1) == []


def test_pulses_are_given_in_their_order_each_reported_once(yards):
    yard = yards()
    for number in range(20):
        yard.order("open", f"g{number}")
    yard.reports.wait_pulse(20)
    assert yard.outcomes() == [(f"g{number}", "open", "delivered") for number in range(20)]


def test_a_pulse_without_a_channel_is_not_delivered(yards):
    yard = yards()
    yard.order("close", None)
    assert yard.reports.wait_pulse().delivery is NOT_DELIVERED
    assert yard.relays.history == ()


# ------------------------------------------------------------------------------------------------- delivery and faults


@KINDS
def test_a_command_that_is_lost_is_never_sent_again(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse)
    yard.board.fault = BoardFault.COMMAND_LOST
    yard.order()
    assert yard.reports.wait_pulse().delivery is UNKNOWN
    yard.board.fault = None
    yard.wait_idle()
    assert yard.switchings() == []
    assert len(yard.reports.pulses) == 1


@KINDS
def test_a_pulse_without_an_answer_is_unknown_and_its_relay_is_released_without_a_second_pulse(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, make=MeddledRelay)

    def lose(what, _channel):
        if what in ("pulse", "on"):  # not before: the board would be lost at the next look after it
            yard.board.fault = BoardFault.REPLY_LOST

    yard.relay.meddle = lose
    yard.order()
    assert yard.reports.wait_pulse().delivery is UNKNOWN
    yard.wait_released()
    yard.board.fault = None
    yard.reports.wait_up(1 + yard.reports.count(PortState.LOST))
    assert yard.switchings() == [True, False]
    assert len(yard.reports.pulses) == 1


def _stick_once_on(yard):
    yard.relays.watch(lambda switching: switching.on and yard.relays.stuck.add(switching.channel))


def test_an_off_that_is_lost_is_repeated_until_the_relay_reads_back_as_released(yards, never_given_up):
    yard = yards(hardware_pulse=False)
    _stick_once_on(yard)
    yard.order()
    yard.reports.wait_pulse()
    offs = threading.Event()
    original, count = yard.relays.set, Counter()

    def counted(channel, *, on):
        original(channel, on=on)
        count[on] += 1
        if count[False] == 3:
            yard.relays.stuck.discard(1)
            offs.set()

    yard.relays.set = counted
    assert offs.wait(PATIENCE_S)
    yard.wait_relay(False)
    yard.wait_idle()
    assert yard.switchings() == [True, False]
    assert yard.barrier.state is PortState.UP
    assert count[True] == 0


def test_a_relay_that_does_not_let_go_takes_the_board_down_and_all_off_is_tried_until_it_does(yards, caplog):
    yard = yards(hardware_pulse=False)
    _stick_once_on(yard)
    yard.order()
    assert "relay 1 does not release" in yard.reports.wait_lost()
    assert sum("not known to be released" in record.message for record in caplog.records) == 1, "told once, not flooded"
    yard.order("open", "g2")
    assert yard.reports.wait_pulse(2).delivery is NOT_DELIVERED
    yard.relays.stuck.clear()
    yard.reports.wait_up(2)
    assert yard.switchings() == [True, False]


@KINDS
def test_a_cable_pulled_in_the_middle_of_a_pulse_brings_no_second_one(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, pulse_ms=LONG_PULSE_MS)
    yard.order()
    assert yard.reports.wait_pulse().delivery is DELIVERED
    yard.board.fault = BoardFault.UNPLUGGED
    if not hardware_pulse:
        yard.barrier.hold(on=False)
    yard.reports.wait_lost()
    yard.order("open", "while away")
    assert yard.reports.wait_pulse(2).delivery is NOT_DELIVERED
    assert yard.relays.states[0], "the board without its cable goes on by itself"
    yard.board.fault = None
    yard.reports.wait_up(2)
    assert yard.switchings() == [True, False], "all off at the replug, and nothing else"
    yard.order("open", "after")
    assert yard.reports.wait_pulse(3).delivery is DELIVERED
    assert yard.switchings() == [True, False, True]
    assert len(yard.reports.pulses) == 3


@KINDS
def test_a_board_that_dies_in_the_command_leaves_the_delivery_unknown(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse)
    yard.board.fault = BoardFault.DIES_IN_COMMAND
    yard.order()
    assert yard.reports.wait_pulse().delivery is UNKNOWN
    yard.reports.wait_lost()
    yard.board.fault = None
    yard.reports.wait_up(2)
    yard.wait_idle()
    assert yard.switchings() == [True, False]
    assert len(yard.reports.pulses) == 1


@KINDS
def test_a_board_that_is_away_when_the_pulse_comes_is_lost_and_the_pulse_not_delivered(yards, hardware_pulse):
    seen = threading.Event()

    def meddle(what, _channel):
        if what in ("pulse", "on"):
            seen.set()
            raise DeviceUnavailableError("pulled just now")

    yard = yards(hardware_pulse=hardware_pulse, make=MeddledRelay)
    yard.relay.meddle = meddle
    yard.order()
    assert yard.reports.wait_pulse().delivery is NOT_DELIVERED
    assert seen.is_set()
    assert yard.reports.wait_lost() == "pulled just now"
    yard.reports.wait_up(2)
    assert yard.switchings() == []
    assert len(yard.reports.pulses) == 1


@KINDS
def test_a_fault_of_the_driver_itself_leaves_the_delivery_unknown_and_releases_everything(
    yards, hardware_pulse, caplog
):
    def meddle(what, channel):
        if what in ("pulse", "on") and channel == 1:
            raise TypeError("a bug")

    yard = yards(hardware_pulse=hardware_pulse, make=MeddledRelay)
    yard.relay.meddle = meddle
    yard.relays.set(1, on=True)
    yard.order()
    assert yard.reports.wait_pulse().delivery is UNKNOWN
    yard.reports.wait_lost()
    assert "TypeError" in yard.reports.states[1][1]
    assert "an error in the thread of the relay board test" in caplog.text
    yard.relay.meddle = MeddledRelay.meddle
    yard.reports.wait_up(2)
    assert not any(yard.relays.states)
    assert len(yard.reports.pulses) == 1


def test_a_board_that_tells_nothing_is_believed_when_it_was_written_to(yards):
    yard = yards(hardware_pulse=False, read_back=False)
    yard.order()
    assert yard.reports.wait_pulse().delivery is DELIVERED
    yard.wait_relay(False)
    assert yard.switchings() == [True, False]


# ------------------------------------------------------------------------------------------------- connecting


def test_connecting_releases_every_relay_and_energises_none(yards):
    def energise_all(yard):
        for channel in range(1, 9):
            yard.relays.set(channel, on=True)

    yard = yards(before=energise_all)
    assert not any(yard.relays.states)
    assert Counter(one.on for one in yard.relays.history) == {True: 8, False: 8}
    assert yard.reports.states == [(PortState.UP, f"simulated board {yard.board.name}, 8 relays")]


def test_a_board_that_does_not_take_the_all_off_is_not_up(yards):
    def stick(yard):
        yard.relays.set(1, on=True)
        yard.relays.stuck.add(1)

    yard = yards(before=stick, wait=False)
    yard.reports.wait_lost()
    assert "release all relays" in yard.reports.states[0][1]
    yard.order()
    assert yard.reports.wait_pulse().delivery is NOT_DELIVERED
    yard.relays.stuck.clear()
    yard.reports.wait_up()
    assert not any(yard.relays.states)


def test_a_board_whose_all_off_is_not_proved_is_switched_off_channel_by_channel(yards):
    def energise(yard):
        for channel in (1, 2, 3):
            yard.relays.set(channel, on=True)
        yard.board.fault = BoardFault.COMMAND_LOST

        def meddle(what, _channel):
            yard.board.fault = BoardFault.COMMAND_LOST if what == "all off" else None

        yard.relay.meddle = meddle

    yard = yards(
        before=energise,
        hardware_pulse=False,
        read_back=False,
        make=MeddledRelay,
        close_channel=2,
        hold_channel=3,
    )
    yard.wait_released()
    assert yard.reports.states[0][0] is PortState.UP


def test_a_board_with_too_few_relays_is_refused_by_name(yards):
    yard = yards(wait=False, green_channel=9)
    yard.reports.wait_lost()
    assert yard.reports.states == [(PortState.LOST, "there is no relay 9; the board has 8")]


def test_a_board_that_is_away_for_long_is_told_of_once_and_tried_for_ever(yards):
    tries = threading.Semaphore(0)

    def unplug(yard):
        yard.board.fault = BoardFault.UNPLUGGED
        yard.relay.meddle = lambda what, _channel: tries.release() if what == "open" else None

    yard = yards(before=unplug, make=MeddledRelay, wait=False)
    for _ in range(4):
        assert tries.acquire(timeout=PATIENCE_S)
    assert [state for state, _ in yard.reports.states] == [PortState.LOST]
    yard.board.fault = None
    yard.reports.wait_up()
    assert yard.barrier.state is PortState.UP


def test_orders_while_the_board_is_away_are_kept_as_levels_but_never_as_pulses(yards):
    yard = yards(
        before=lambda yard: setattr(yard.board, "fault", BoardFault.UNPLUGGED),
        wait=False,
        red_channel=7,
        green_channel=8,
    )
    yard.reports.wait_lost()
    yard.order()
    yard.barrier.hold(on=True)
    yard.barrier.show(Lamp.GREEN)
    yard.barrier.hold(on=False)
    assert yard.reports.wait_pulse().delivery is NOT_DELIVERED
    yard.wait_idle()
    yard.board.fault = None
    yard.reports.wait_up()
    yard.wait_relay(True, 8)
    assert yard.switchings(1) == []
    assert len(yard.reports.pulses) == 1


# ------------------------------------------------------------------------------------------------- open and close


@KINDS
def test_an_opening_ends_a_closing_pulse_before_it_begins(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, close_channel=2, pulse_ms=LONG_PULSE_MS)
    yard.order("close", None)
    yard.reports.wait_pulse()
    yard.order("open")
    assert yard.reports.wait_pulse(2).delivery is DELIVERED
    assert [(one.channel, one.on) for one in yard.relays.history] == [(2, True), (2, False), (1, True)]


@KINDS
def test_an_opening_waits_for_no_closing_relay_that_does_not_let_go(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, close_channel=2, pulse_ms=LONG_PULSE_MS)
    yard.order("close", None)
    yard.reports.wait_pulse()
    yard.relays.stuck.add(2)
    yard.order("open")
    assert yard.reports.wait_pulse(2).delivery is NOT_DELIVERED
    assert yard.switchings(1) == []
    yard.relays.stuck.clear()


@KINDS
def test_a_closing_never_ends_an_opening_pulse(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, close_channel=2, pulse_ms=LONG_PULSE_MS)
    yard.order("open")
    yard.reports.wait_pulse()
    yard.order("close", None)
    assert yard.reports.wait_pulse(2).delivery is NOT_DELIVERED
    assert [(one.channel, one.on) for one in yard.relays.history] == [(1, True)]


def test_a_closing_is_given_once_the_opening_pulse_is_over(yards):
    yard = yards(hardware_pulse=False, close_channel=2)
    yard.order("open")
    yard.wait_relay(True)
    yard.wait_relay(False)
    yard.wait_idle()
    yard.order("close", None)
    assert yard.reports.wait_pulse(2).delivery is DELIVERED


@pytest.mark.parametrize("hold_channel", [None, 3])
def test_a_closing_is_not_given_while_the_barrier_is_held_open(yards, hold_channel):
    yard = yards(close_channel=2, hold_channel=hold_channel)
    yard.barrier.hold(on=True)
    yard.order("close", None)
    assert yard.reports.wait_pulse().delivery is NOT_DELIVERED
    assert yard.switchings(2) == []
    yard.barrier.hold(on=False)
    yard.order("close", None)
    assert yard.reports.wait_pulse(2).delivery is DELIVERED


@KINDS
def test_a_hold_ends_a_closing_pulse_before_it_begins(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, close_channel=2, pulse_ms=LONG_PULSE_MS)
    yard.order("close", None)
    yard.reports.wait_pulse()
    yard.barrier.hold(on=True)
    yard.wait_relay(True)
    assert [(one.channel, one.on) for one in yard.relays.history] == [(2, True), (2, False), (1, True)]


def test_a_hold_waits_for_a_closing_relay_that_does_not_let_go(yards):
    yard = yards(close_channel=2, pulse_ms=LONG_PULSE_MS)
    yard.order("close", None)
    yard.reports.wait_pulse()
    yard.relays.stuck.add(2)
    yard.barrier.hold(on=True)
    yard.wait_idle()
    assert yard.switchings(1) == []
    yard.relays.stuck.clear()
    yard.wait_relay(True)
    assert [(one.channel, one.on) for one in yard.relays.history] == [(2, True), (2, False), (1, True)]


# ------------------------------------------------------------------------------------------------- hold


@pytest.mark.parametrize("hold_channel", [None, 3])
def test_a_hold_stands_over_a_lost_link_and_is_let_go_when_ordered(yards, hold_channel):
    channel = hold_channel or 1
    yard = yards(hold_channel=hold_channel)
    yard.barrier.hold(on=True)
    yard.wait_relay(True, channel)
    yard.board.fault = BoardFault.UNPLUGGED
    yard.reports.wait_lost()
    yard.board.power_cycle()
    yard.board.fault = None
    yard.reports.wait_up(2)
    yard.wait_relay(True, channel)
    yard.barrier.hold(on=False)
    yard.wait_relay(False, channel)
    yard.wait_idle()
    assert yard.switchings(channel) == [True, False, True, False]


def test_a_hold_let_go_while_the_board_was_away_stays_let_go(yards):
    yard = yards()
    yard.barrier.hold(on=True)
    yard.wait_relay(True)
    yard.board.fault = BoardFault.UNPLUGGED
    yard.reports.wait_lost()
    yard.barrier.hold(on=False)
    yard.wait_idle()
    yard.board.fault = None
    yard.reports.wait_up(2)
    yard.wait_idle()
    assert yard.switchings() == [True, False]


@KINDS
def test_a_pulse_on_the_channel_of_a_standing_hold_does_not_end_it(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse)
    yard.barrier.hold(on=True)
    yard.wait_relay(True)
    yard.order()
    assert yard.reports.wait_pulse().delivery is DELIVERED
    _let_a_pulse_pass(yard)
    assert yard.switchings() == [True]


@KINDS
def test_a_hold_that_comes_into_a_running_pulse_outlasts_it(yards, hardware_pulse):
    # The agent ends no pulse into which a hold came; the board would, so that its own must last until the hold is set.
    yard = yards(hardware_pulse=hardware_pulse, pulse_ms=100 * round(scaled(5)) if hardware_pulse else 100)
    yard.relays.watch(lambda switching: switching.on and yard.barrier.hold(on=True))
    yard.order()
    yard.reports.wait_pulse()
    yard.wait_idle()
    _let_a_pulse_pass(yard)
    assert yard.relays.states[0]
    assert yard.switchings() == [True]


def test_a_hold_that_the_end_of_a_timed_pulse_took_away_is_restored(yards):
    yard = yards()
    yard.barrier.hold(on=True)
    yard.wait_relay(True)
    yard.relays.set(1, on=False)
    yard.wait_relay(True)


def test_a_hold_that_did_not_arrive_is_tried_again(yards, caplog):
    yard = yards(read_back=False, make=MeddledRelay)

    def lose(what, _channel):
        yard.board.fault = BoardFault.COMMAND_LOST if what == "on" and not lost.is_set() else None
        if what == "on":
            lost.set()

    lost = threading.Event()
    yard.relay.meddle = lose
    yard.barrier.hold(on=True)
    yard.wait_relay(True)
    assert sum("not known to have switched" in record.message for record in caplog.records) == 1


def test_letting_go_is_repeated_until_the_relay_is_released(yards):
    yard = yards()
    yard.barrier.hold(on=True)
    yard.wait_relay(True)
    yard.relays.stuck.add(1)
    yard.barrier.hold(on=False)
    yard.wait_idle()
    yard.relays.stuck.clear()
    yard.wait_relay(False)


def _let_a_pulse_pass(yard):
    """Wait for a whole pulse on another board of the same kind, begun now: the one under test is over by then."""
    witness = simulated.board(f"{yard.board.name}, witness")
    witness.relays.pulse(1, yard.barrier.lane_outputs.wiring.pulse_ms / 1000 + 0.3)
    assert witness.relays.wait_until(lambda states: not states[0], PATIENCE_S)
    yard.wait_idle()


# ------------------------------------------------------------------------------------------------- health


@pytest.mark.parametrize("channel", [1, 2, 3])
def test_a_relay_that_nobody_asked_for_is_released(yards, caplog, channel):
    yard = yards(close_channel=2, hold_channel=3)
    yard.relays.set(channel, on=True)
    yard.wait_relay(False, channel)
    assert f"relay {channel} is on, although the agent did not switch it on" in caplog.text


def test_a_relay_that_is_not_the_barriers_is_left_alone_after_connecting(yards):
    yard = yards()
    yard.relays.set(8, on=True)
    yard.relays.set(1, on=True)
    yard.wait_relay(False)
    assert yard.relays.states[7]


def test_the_health_check_never_cuts_a_running_pulse_short(yards):
    checks = threading.Semaphore(0)

    class WatchedRelay(SimulatedRelay):
        @override
        def state(self):
            found = super().state()
            checks.release()
            return found

    yard = yards(make=WatchedRelay, pulse_ms=500)
    yard.order()
    yard.reports.wait_pulse()
    for _ in range(3):
        assert checks.acquire(timeout=PATIENCE_S)
    yard.wait_relay(False)
    on, off = (one.at for one in yard.relays.history)
    assert off - on >= 0.5


def test_a_board_that_does_not_answer_the_health_check_is_lost(yards):
    yard = yards()
    yard.board.fault = BoardFault.UNPLUGGED
    yard.reports.wait_lost()
    assert "does not answer" in yard.reports.states[1][1]


def test_a_pulse_on_a_relay_whose_release_is_not_known_is_not_cut_short(yards, never_given_up):
    begun = []
    yard = yards(pulse_ms=400, make=MeddledRelay)
    yard.relay.meddle = lambda what, _channel: begun.append(time.monotonic()) if what == "pulse" else None
    with yard.relays.lock:  # nobody releases it in between
        yard.relays.set(1, on=True)
        yard.relays.stuck.add(1)
    yard.barrier.hold(on=False)
    yard.wait_idle()
    yard.order()
    yard.relays.stuck.clear()
    yard.reports.wait_pulse()
    yard.wait_relay(False)
    assert len(begun) == 1
    assert yard.relays.history[-1].at - begun[0] >= 0.39


# ------------------------------------------------------------------------------------------------- lamp


def test_the_lamp_is_red_from_the_start_and_shows_what_is_ordered(yards):
    yard = yards(red_channel=7, green_channel=8)
    yard.wait_relay(True, 7)
    yard.barrier.show(Lamp.GREEN)
    assert yard.relays.wait_until(lambda states: states[6:] == (False, True), PATIENCE_S)
    yard.barrier.show(Lamp.RED)
    assert yard.relays.wait_until(lambda states: states[6:] == (True, False), PATIENCE_S)


def test_a_lamp_that_went_out_is_lit_again(yards):
    yard = yards(red_channel=7)
    yard.wait_relay(True, 7)
    yard.board.power_cycle()
    yard.wait_relay(True, 7)
    assert yard.barrier.state is PortState.UP


def test_a_board_that_fails_at_the_lamp_is_lost_and_the_lamp_shown_when_it_is_back(yards):
    yard = yards(red_channel=7, green_channel=8)
    yard.board.fault = BoardFault.UNPLUGGED
    yard.barrier.show(Lamp.GREEN)
    yard.reports.wait_lost()
    yard.board.fault = None
    yard.reports.wait_up(2)
    yard.wait_relay(True, 8)
    assert yard.relays.states[6:] == (False, True)


# ------------------------------------------------------------------------------------------------- stopping


@KINDS
def test_stopping_releases_every_relay(yards, hardware_pulse):
    yard = yards(hardware_pulse=hardware_pulse, pulse_ms=LONG_PULSE_MS, hold_channel=3, red_channel=7)
    yard.order()
    yard.barrier.hold(on=True)
    expected = (True, False, True, False, False, False, True)
    assert yard.relays.wait_until(lambda states: states[:7] == expected, PATIENCE_S)
    yard.owner.stop()
    assert not any(yard.relays.states)
    yard.board.connect(object())


def test_a_pulse_after_the_stop_is_reported_as_not_delivered(yards):
    yard = yards()
    yard.owner.stop()
    yard.order()
    assert yard.outcomes() == [("g1", "open", "not_delivered")]


def test_pulses_that_wait_when_the_stop_comes_are_reported_and_not_given(yards):
    entered, leave = threading.Event(), threading.Event()

    def meddle(what, _channel):
        if what == "pulse":
            entered.set()
            leave.wait(PATIENCE_S)

    yard = yards(make=MeddledRelay, before=lambda yard: setattr(yard.relay, "meddle", meddle))
    yard.order("open", "in hand")
    assert entered.wait(PATIENCE_S)
    yard.order("open", "waits")
    yard.barrier.hold(on=True)
    stopper = threading.Thread(target=yard.owner.stop)
    stopper.start()
    while not yard.barrier._closed:
        entered.wait(0.001)
    yard.order("open", "late")
    leave.set()
    stopper.join(PATIENCE_S)
    assert Counter(yard.outcomes()) == {
        ("in hand", "open", "delivered"): 1,
        ("waits", "open", "not_delivered"): 1,
        ("late", "open", "not_delivered"): 1,
    }
    assert yard.switchings() == [True, False]


@pytest.mark.parametrize(
    ("fault", "words"), [(None, "not known to be released at the stop"), (BoardFault.UNPLUGGED, "is unplugged")]
)
def test_relays_that_cannot_be_released_at_the_stop_are_told_of(yards, caplog, fault, words):
    yard = yards(make=MeddledRelay, pulse_ms=LONG_PULSE_MS)
    yard.order()
    yard.reports.wait_pulse()
    yard.relays.stuck.add(1)
    yard.relay.meddle = lambda what, _channel: setattr(yard.board, "fault", fault) if what == "all off" else None
    yard.owner.stop()
    assert words in caplog.text
    assert yard.relays.states[0]


def test_a_board_that_is_away_at_the_stop_holds_nothing_up(yards):
    yard = yards(before=lambda yard: setattr(yard.board, "fault", BoardFault.UNPLUGGED), wait=False)
    yard.reports.wait_lost()
    yard.owner.stop()
    assert not yard.owner.worker.runs


def test_a_board_that_hangs_at_the_stop_is_left_behind_with_a_word(yards, caplog, monkeypatch):
    entered, leave = threading.Event(), threading.Event()

    def meddle(what, _channel):
        if what == "pulse":
            entered.set()
            leave.wait(PATIENCE_S)

    monkeypatch.setattr("agent.barrier.relay_board.STOP_TIMEOUT_S", 0.05)
    yard = yards(make=MeddledRelay)
    yard.relay.meddle = meddle
    yard.order()
    assert entered.wait(PATIENCE_S)
    yard.owner.stop()
    assert "the agent stops without its thread" in caplog.text
    leave.set()
    yard.owner.worker.join(PATIENCE_S)


# ------------------------------------------------------------------------------------------------- real protocols


@pytest.fixture(params=["modbus_rtu", "modbus_rtu coils", "lcus ascii", "lcus none"])
def serial_yard(request, tmp_path):
    """A yard on an emulated board behind a serial port."""
    kind, _, variant = request.param.partition(" ")
    if kind == "modbus_rtu":
        board = ModbusEmulator(tmp_path / "port")
        table = {"port": str(tmp_path / "port"), "timeout_ms": scaled_ms(100)} | (
            {"profile": variant} if variant else {}
        )
    else:
        board = LcusEmulator(tmp_path / "port", 2, variant)
        table = {"port": str(tmp_path / "port"), "readback": variant, "timeout_ms": scaled_ms(100)}
    with board:
        yard = Yard(make_relay(kind, table), board.relays, wiring(pulse_ms=100 * round(scaled(1))))
        yard.serial = board
        yard.owner.start()
        yield yard
        yard.owner.stop()


def test_every_board_gives_one_pulse_and_stands_a_pulled_cable(serial_yard):
    yard = serial_yard
    yard.reports.wait_up()
    yard.order()
    yard.wait_relay(True)
    yard.wait_relay(False)
    yard.order("open", "cut")
    yard.wait_relay(True)
    yard.reports.wait_pulse(2)
    yard.serial.unplug()
    yard.reports.wait_lost()
    yard.order("open", "away")
    assert yard.reports.wait_pulse(3).delivery is NOT_DELIVERED
    yard.serial.plug()
    yard.reports.wait_up(2)
    yard.order("open", "again")
    yard.wait_relay(True)
    yard.wait_relay(False)
    yard.wait_idle()
    assert yard.switchings() == [True, False] * 3
    assert yard.outcomes() == [
        ("g1", "open", "delivered"),
        ("cut", "open", "delivered"),
        ("away", "open", "not_delivered"),
        ("again", "open", "delivered"),
    ]


def test_every_board_is_released_at_the_stop(serial_yard):
    serial_yard.reports.wait_up()
    serial_yard.barrier.hold(on=True)
    serial_yard.wait_relay(True)
    serial_yard.owner.stop()
    serial_yard.wait_released()


def test_nothing_is_logged_on_a_good_day(yards, caplog, monkeypatch):
    # The board's own timer may be late here.
    monkeypatch.setattr("agent.barrier.relay_scheduler.TIMER_SLACK_S", PATIENCE_S)
    yard = yards(red_channel=7, green_channel=8)
    yard.order()
    yard.wait_relay(True)
    yard.wait_relay(False)
    yard.wait_idle()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
