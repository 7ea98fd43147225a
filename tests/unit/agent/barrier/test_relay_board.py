"""Several lanes on one relay board: each hears of its own pulses, and none stops another."""

import threading
import time
from dataclasses import replace

import pytest

from agent.barrier.relay_board import RelayBoard
from agent.core.lane.effects import Lamp
from agent.devices.port_supervisor import PortState, Retry
from agent.service.parallel import Job
from drivers.api import Delivery
from drivers.contracts.busy_line import ORDER_S, busy
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.registry import relay as make_relay
from drivers.relay import simulated
from drivers.relay.simulated import BoardFault
from tests.support.board.barriers import FOREVER, LONG_PULSE_MS, MeddledRelay, Reports, wiring
from tests.support.waiting import PATIENCE_S, REPLY_MS, eventually, scaled_ms

DELIVERED, NOT_DELIVERED = Delivery.DELIVERED, Delivery.NOT_DELIVERED
ENTRY = wiring(open_channel=1, close_channel=2, hold_channel=3, red_channel=7)
EXIT = wiring(open_channel=4, close_channel=5, red_channel=8)
KINDS = pytest.mark.parametrize("hardware_pulse", [True, False], ids=["timed by the board", "timed by the agent"])


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    monkeypatch.setattr("agent.barrier.relay_board.HEALTH_PERIOD_S", 0.05)
    monkeypatch.setattr("agent.barrier.relay_scheduler.STUCK_S", 0.3)
    monkeypatch.setattr("agent.barrier.relay_scheduler.LEVEL_RETRY_S", 0.05)
    monkeypatch.setattr("agent.barrier.relay_board.STOP_TIMEOUT_S", PATIENCE_S)


class Site:
    """A board with the lanes whose wirings are given; the reports of each are at its place in `reports`."""

    def __init__(self, relay, relays, *wirings):
        self.relay, self.relays = relay, relays
        self.owner = RelayBoard("test", relay)
        self.owner._port._retry = Retry(first_s=0.02, cap_s=0.1)
        self.reports = [Reports() for _ in wirings]
        self.lanes = [
            self.owner.barrier(one, reports.pulsed, reports.changed)
            for one, reports in zip(wirings, self.reports, strict=True)
        ]

    def __enter__(self):
        self.owner.start()
        return self

    def __exit__(self, *_):
        self.owner.stop()
        assert not self.owner.worker.runs

    def wait_up(self, times=1):
        for reports in self.reports:
            reports.wait_up(times)

    def pulse(self, lane, grant="g1", action="open", deadline=FOREVER):
        """Order a pulse and return what became of it."""
        before = len(self.reports[lane].pulses)
        self.lanes[lane].pulse(action, grant, deadline)
        return self.reports[lane].wait_pulse(before + 1).delivery

    def wait_relays(self, **wanted):
        """Wait until relays, named such as r1, are as wanted."""
        numbers = {int(name[1:]): on for name, on in wanted.items()}
        assert self.relays.wait_until(lambda states: all(states[n - 1] is on for n, on in numbers.items()), PATIENCE_S)

    def switchings(self, *channels):
        return [(one.channel, one.on) for one in self.relays.history if one.channel in channels]


@pytest.fixture
def site(request):
    """Make a site on a simulated board; `before` prepares the board."""
    made = []

    def make(*wirings, before=None, **options):
        settings = simulated.SimulatedRelaySettings(name=request.node.name, **options)
        board = simulated.board(request.node.name)
        if before is not None:
            before(board)
        site = Site(MeddledRelay(settings), board.relays, *(wirings or (ENTRY, EXIT)))
        site.board = board
        made.append(site.__enter__())
        return site

    yield make
    for one in made:
        one.board.relays.stuck.clear()
        one.__exit__()
    simulated.forget_boards()


# ------------------------------------------------------------------------------------- a release that is under way


@pytest.mark.parametrize("fails", [False, True], ids=["released", "failed"])
def test_a_board_that_is_being_released_is_connected_once_that_has_ended(fails):
    may_end = threading.Event()

    def release():
        assert may_end.wait(PATIENCE_S)
        if fails:
            raise RuntimeError("the driver has a fault")

    board = simulated.board("under-way")
    relay = MeddledRelay(simulated.SimulatedRelaySettings(name="under-way"))
    site = Site(relay, board.relays, ENTRY)
    opened_early = []
    relay.meddle = lambda _what, _channel: opened_early.append(not may_end.is_set())
    job = Job("release under-way", release)
    site.owner.connect_after(job)
    with site:
        assert site.pulse(0, "before") is NOT_DELIVERED
        may_end.set()
        site.wait_up()
        assert site.pulse(0, "after") is DELIVERED
    assert opened_early
    assert not any(opened_early)
    simulated.forget_boards()


def test_a_board_whose_release_hangs_shows_no_progress_and_can_be_stopped():
    may_end = threading.Event()
    relay = MeddledRelay(simulated.SimulatedRelaySettings(name="hangs"))
    site = Site(relay, simulated.board("hangs").relays, ENTRY)
    site.owner.connect_after(Job("release hangs", lambda: may_end.wait(PATIENCE_S)))
    with site:
        eventually(lambda: time.monotonic() - site.owner.worker.progress_at() > scaled_ms(50) / 1000)
        assert site.owner.state is PortState.CONNECTING
    may_end.set()
    simulated.forget_boards()


# ------------------------------------------------------------------------------------------------- who hears what


def test_every_lane_knows_which_relays_are_energised_while_the_board_is_there(site):
    site = site(hardware_pulse=True)
    site.wait_up()
    site.lanes[0].hold(on=True)
    eventually(lambda: all(one.energised is not None and one.energised[2] for one in site.lanes))
    site.board.fault = BoardFault.UNPLUGGED
    eventually(lambda: all(one.energised is None for one in site.lanes))
    site.board.fault = None
    site.lanes[0].hold(on=False)
    eventually(lambda: all(one.energised is not None and not any(one.energised[:6]) for one in site.lanes))


@KINDS
def test_each_lane_hears_of_its_own_pulses_and_all_hear_of_the_board(site, hardware_pulse):
    site = site(hardware_pulse=hardware_pulse)
    site.wait_up()
    assert site.pulse(0, "entry 1") is DELIVERED
    assert site.pulse(1, "exit 1") is DELIVERED
    site.wait_relays(r1=False, r4=False)
    assert [(one.grant, one.action) for one in site.reports[0].pulses] == [("entry 1", "open")]
    assert [(one.grant, one.action) for one in site.reports[1].pulses] == [("exit 1", "open")]
    assert sorted(site.switchings(1, 4)) == [(1, False), (1, True), (4, False), (4, True)]
    site.board.fault = BoardFault.UNPLUGGED
    for reports in site.reports:
        reports.wait_lost()
    assert [site.pulse(lane, "while away") for lane in (0, 1)] == [NOT_DELIVERED] * 2
    site.board.fault = None
    site.wait_up(2)
    assert [lane.state for lane in site.lanes] == [PortState.UP] * 2


def test_connecting_releases_the_board_once_and_then_restores_what_every_lane_holds_and_shows(site):
    offs = []

    def note(what, _channel):
        if what == "all off":
            offs.append(len(offs))

    def energise(board):
        for channel in range(1, 7):
            board.relays.set(channel, on=True)

    site = site(before=energise)
    site.wait_up()
    site.lanes[0].hold(on=True)
    site.lanes[1].hold(on=True)
    site.lanes[1].show(Lamp.GREEN)
    site.wait_relays(r1=False, r2=False, r3=True, r4=True, r5=False, r6=False, r7=True, r8=False)
    site.board.fault = BoardFault.UNPLUGGED
    for reports in site.reports:
        reports.wait_lost()
    site.board.power_cycle()
    site.relay.meddle = note
    site.board.fault = None
    site.wait_up(2)
    site.wait_relays(r1=False, r2=False, r3=True, r4=True, r5=False, r6=False, r7=True, r8=False)
    assert offs == [0]


@KINDS
def test_a_pulse_waits_for_no_more_than_the_call_that_is_under_way(site, hardware_pulse):
    entered, leave, calls = threading.Event(), threading.Event(), []

    def meddle(what, channel):
        calls.append((what, channel))
        if what == "on" and channel == 3:
            entered.set()
            leave.wait(PATIENCE_S)

    site = site(hardware_pulse=hardware_pulse)
    site.wait_up()
    site.wait_relays(r7=True, r8=True)
    site.relay.meddle = meddle
    site.lanes[0].hold(on=True)
    assert entered.wait(PATIENCE_S)
    under_way = len(calls)
    site.lanes[0].show(Lamp.GREEN)
    site.lanes[1].show(Lamp.GREEN)
    site.lanes[0].hold(on=False)
    site.lanes[0].pulse("open", "entry", FOREVER)
    site.lanes[1].pulse("open", "exit", FOREVER)
    leave.set()
    for reports in site.reports:
        reports.wait_pulse()
    kind = "pulse" if hardware_pulse else "on"
    assert calls[under_way : under_way + 2] == [(kind, 1), (kind, 4)]


# ------------------------------------------------------------------------------------------------- one lane's trouble


def test_a_hold_or_a_lamp_that_does_not_take_stops_no_other_lane(site):
    site = site()
    site.wait_up()
    site.wait_relays(r7=True)
    site.relays.stuck.update({3, 7})
    site.lanes[0].hold(on=True)
    site.lanes[0].show(Lamp.GREEN)
    for number in range(5):
        assert site.pulse(1, f"g{number}") is DELIVERED
    assert site.pulse(0, "own") is DELIVERED
    assert [reports.count(PortState.LOST) for reports in site.reports] == [0, 0]
    site.relays.stuck.clear()
    site.wait_relays(r3=True, r7=False)


def test_a_relay_that_does_not_let_go_is_the_loss_of_its_own_lane_only(site):
    site = site()
    site.wait_up()
    site.lanes[0].hold(on=True)
    site.wait_relays(r3=True)
    site.relays.stuck.add(3)
    site.lanes[0].hold(on=False)
    assert site.reports[0].wait_lost() == "relay 3 does not release"
    assert site.pulse(0) is NOT_DELIVERED
    assert site.pulse(1) is DELIVERED
    assert site.reports[1].count(PortState.LOST) == 0
    site.relays.stuck.clear()
    site.reports[0].wait_up(2)
    assert site.pulse(0) is DELIVERED
    assert not site.relays.states[2]


def test_a_relay_that_is_stuck_from_the_start_is_the_loss_of_its_own_lane_only(site):
    def stick(board):
        board.relays.set(2, on=True)
        board.relays.stuck.add(2)

    site = site(before=stick)
    site.reports[0].wait_lost()
    site.reports[1].wait_up()
    assert site.reports[0].states == [(PortState.LOST, "relay 2 does not release")]
    assert site.pulse(1) is DELIVERED
    site.relays.stuck.clear()
    site.reports[0].wait_up()
    site.wait_relays(r2=False)


def test_a_board_of_which_no_lane_can_work_is_lost_and_connected_anew(site):
    def stick(board):
        for channel in (1, 4):
            board.relays.set(channel, on=True)
            board.relays.stuck.add(channel)

    site = site(before=stick)
    for reports in site.reports:
        reports.wait_lost()
        assert "the board did not accept the command to release all relays" in reports.states[0][1]
    site.relays.stuck.clear()
    site.wait_up()


def test_a_lamp_that_is_stuck_from_the_start_stops_no_lane(site):
    def stick(board):
        board.relays.set(7, on=True)
        board.relays.stuck.add(7)

    site = site(before=stick)
    site.wait_up()
    assert [site.pulse(lane) for lane in (0, 1)] == [DELIVERED] * 2


# ------------------------------------------------------------------------------------------------- one arm


SHARED = wiring(open_channel=1, close_channel=2, red_channel=7), wiring(open_channel=1, close_channel=2, red_channel=8)


def test_an_arm_that_either_lane_holds_is_held_and_let_go_when_neither_does(site):
    site = site(*SHARED)
    site.wait_up()
    site.lanes[0].hold(on=True)
    site.wait_relays(r1=True)
    site.lanes[1].hold(on=True)
    site.lanes[0].hold(on=False)
    assert site.pulse(0) is DELIVERED
    eventually(site.owner._requests.empty)
    assert site.relays.states[0]
    assert site.switchings(1) == [(1, True)]
    site.lanes[1].hold(on=False)
    site.wait_relays(r1=False)
    assert site.switchings(1) == [(1, True), (1, False)]


@KINDS
def test_no_lane_closes_an_arm_that_the_other_holds_or_opens(site, hardware_pulse):
    site = site(*(replace(one, pulse_ms=LONG_PULSE_MS) for one in SHARED), hardware_pulse=hardware_pulse)
    site.wait_up()
    site.lanes[0].hold(on=True)
    site.wait_relays(r1=True)
    assert site.pulse(1, None, "close") is NOT_DELIVERED
    site.lanes[0].hold(on=False)
    site.wait_relays(r1=False)
    assert site.pulse(0) is DELIVERED
    assert site.pulse(1, None, "close") is NOT_DELIVERED
    assert site.switchings(2) == []


@KINDS
def test_an_opening_by_one_lane_ends_a_closing_pulse_of_the_other_first(site, hardware_pulse):
    pair = [wiring(open_channel=1, close_channel=2, pulse_ms=LONG_PULSE_MS) for _ in range(2)]
    site = site(*pair, hardware_pulse=hardware_pulse)
    site.wait_up()
    assert site.pulse(0, None, "close") is DELIVERED
    assert site.pulse(1) is DELIVERED
    assert site.switchings(1, 2) == [(2, True), (2, False), (1, True)]


def test_a_relay_of_the_arm_that_does_not_let_go_is_the_loss_of_both_lanes(site):
    site = site(*SHARED)
    site.wait_up()
    site.lanes[0].hold(on=True)
    site.wait_relays(r1=True)
    site.relays.stuck.add(1)
    site.lanes[0].hold(on=False)
    for reports in site.reports:
        reports.wait_lost()
    site.relays.stuck.clear()
    site.wait_up(2)
    assert not site.relays.states[0]


# ------------------------------------------------------------------------------------------------- the end, the wire


def test_stopping_releases_every_lane_and_reports_every_pulse(site):
    entered, leave = threading.Event(), threading.Event()

    def meddle(what, _channel):
        if what == "pulse":
            entered.set()
            leave.wait(PATIENCE_S)

    site = site()
    site.wait_up()
    site.lanes[0].hold(on=True)
    site.wait_relays(r3=True)
    site.relay.meddle = meddle
    site.lanes[0].pulse("open", "in hand", FOREVER)
    assert entered.wait(PATIENCE_S)
    site.lanes[1].pulse("open", "waits", FOREVER)
    stopper = threading.Thread(target=site.owner.stop)
    stopper.start()
    eventually(lambda: site.lanes[1]._closed)
    site.lanes[1].pulse("open", "late", FOREVER)
    leave.set()
    stopper.join(PATIENCE_S)
    assert [one.delivery for one in site.reports[0].pulses] == [DELIVERED]
    assert sorted((one.grant, one.delivery) for one in site.reports[1].pulses) == [
        ("late", NOT_DELIVERED),
        ("waits", NOT_DELIVERED),
    ]
    assert not any(site.relays.states)


def test_two_lanes_on_a_real_board_stand_a_pulled_cable(tmp_path):
    with LcusEmulator(tmp_path / "port", 8) as board:
        relay = make_relay("lcus", {"port": str(tmp_path / "port"), "channels": 8, "timeout_ms": scaled_ms(100)})
        with Site(relay, board.relays, wiring(open_channel=1), wiring(open_channel=2)) as site:
            site.wait_up()
            assert [site.pulse(lane, "first") for lane in (0, 1)] == [DELIVERED] * 2
            site.wait_relays(r1=False, r2=False)
            board.unplug()
            for reports in site.reports:
                reports.wait_lost()
            board.plug()
            site.wait_up(2)
            assert [site.pulse(lane, "again") for lane in (0, 1)] == [DELIVERED] * 2
            site.wait_relays(r1=False, r2=False)
        assert sorted(site.switchings(1, 2)) == sorted([(1, True), (1, False), (2, True), (2, False)] * 2)


@pytest.mark.parametrize("action", ["open", "close"])
@pytest.mark.parametrize("profile", ["waveshare_d", "coils"], ids=["timed by the board", "timed by the agent"])
def test_a_pulse_that_waited_too_long_for_units_that_do_not_answer_is_not_given_and_loses_no_board(
    monkeypatch, tmp_path, profile, action
):
    monkeypatch.setattr("agent.barrier.relay_board.HEALTH_PERIOD_S", PATIENCE_S)
    port = str(tmp_path / "port")
    with ModbusEmulator(tmp_path / "port") as board:
        relay = make_relay("modbus_rtu", {"port": port, "profile": profile, "timeout_ms": REPLY_MS})
        # So long that it is not over before it is read back.
        with Site(relay, board.relays, wiring(open_channel=1, close_channel=2, pulse_ms=LONG_PULSE_MS)) as site:
            site.wait_up()
            # From here on the board's thread has nothing to do but what it is ordered.
            eventually(lambda: site.owner.answer_s is not None)
            with busy(port) as line:
                deadline = time.monotonic() + ORDER_S
                site.lanes[0].pulse(action, "too late", deadline)
                line.wait_asked()
                eventually(lambda: time.monotonic() > deadline)
            assert site.reports[0].wait_pulse().delivery is NOT_DELIVERED
            assert site.switchings(1, 2) == []
            assert site.pulse(0, "in time", action) is DELIVERED
            assert [state for state, _ in site.reports[0].states] == [PortState.UP]
