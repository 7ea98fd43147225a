"""The contacts of two lanes under drawn sequences of orders and faults, on a clock of their own:
what may never happen.
"""

import itertools
import random
from math import inf
from types import SimpleNamespace

import pytest

from agent.barrier.outputs import Wiring
from agent.barrier.relay_scheduler import STUCK_S, TIMER_SLACK_S, RelayScheduler
from agent.core.lane.effects import Lamp
from drivers.api import Delivery, DeviceUnavailableError, RelayCapabilities, TooLateError

SEQUENCES = 100
STEPS = 120
PULSE_MS = 500
CALL_S = 0.01
APART = (
    Wiring(1, PULSE_MS, close_channel=2, hold_channel=3, red_channel=7),
    Wiring(4, PULSE_MS, close_channel=5, red_channel=8),
)
ONE_ARM = (Wiring(1, PULSE_MS, close_channel=2, red_channel=7), Wiring(1, PULSE_MS, close_channel=2, red_channel=8))


class DrawnBoard:
    """A board of eight relays that can be read back. Each call takes a moment and may go wrong in every way.

    `line_s`: how long each waits for the line before it is carried to the board.
    """

    def __init__(self, rng, clock, *, hardware_pulse):
        self.capabilities = RelayCapabilities(8, hardware_pulse, 100 if hardware_pulse else 0, read_back=True)
        self.wrong = self.line_s = 0.0
        self.stuck = set()
        self.rises = []
        self._rng, self._clock = rng, clock
        self._on, self._until = set(), {}

    @property
    def on(self):
        """The relays that are energised."""
        for channel, until in list(self._until.items()):
            if until <= self._clock.at:
                del self._until[channel]
                self._switch(channel, on=False)
        return frozenset(self._on)

    def _switch(self, channel, *, on):
        if on and channel not in self._on:
            self.rises.append(channel)
            self._on.add(channel)
        elif not on and channel not in self.stuck:
            self._on.discard(channel)

    def _carry(self, command, deadline=inf):
        """Carry a command to the board; whether its answer comes. Raises when nothing was sent."""
        self._clock.at += self.line_s
        if self._clock.at > deadline:
            raise TooLateError("the line was free too late")
        self._clock.at += CALL_S
        self.on  # noqa: B018 - lets pulses end that are over
        fate = self._rng.choice(("unsent", "lost", "unanswered", "dies")) if self._rng.random() < self.wrong else "well"
        if fate == "unsent":
            raise DeviceUnavailableError("pulled")
        if fate != "lost":
            command()
        return fate in ("well", "lost")

    def _judged(self, answered, holds, otherwise):
        if not answered:
            return Delivery.UNKNOWN
        return Delivery.DELIVERED if holds() else otherwise

    def open(self):
        self._carry(lambda: None)
        return "a drawn board"

    def close(self):
        pass

    def pulse(self, channel, duration_ms, *, deadline):
        def command():
            self._until[channel] = self._clock.at + duration_ms / 1000
            self._switch(channel, on=True)

        return self._judged(self._carry(command, deadline), lambda: channel in self.on, Delivery.UNKNOWN)

    def set(self, channel, *, on, deadline=inf):
        def command():
            self._until.pop(channel, None)
            self._switch(channel, on=on)

        otherwise = Delivery.UNKNOWN if on else Delivery.NOT_DELIVERED
        return self._judged(self._carry(command, deadline), lambda: (channel in self.on) is on, otherwise)

    def all_off(self):
        def command():
            for channel in range(1, 9):
                self._until.pop(channel, None)
                self._switch(channel, on=False)

        return self._judged(self._carry(command), lambda: not self.on, Delivery.NOT_DELIVERED)

    def state(self):
        if not self._carry(lambda: None):
            raise DeviceUnavailableError("no answer")
        return tuple(channel in self.on for channel in range(1, 9))


class Drawn:
    """One sequence: who ordered what, and what the relays did."""

    def __init__(self, seed, clock, wirings, *, hardware_pulse):
        self.rng = random.Random(seed)  # noqa: S311 - to be repeatable
        self.clock = clock
        self.board = DrawnBoard(self.rng, clock, hardware_pulse=hardware_pulse)
        self.scheduler = RelayScheduler(self.board)
        self.lanes = [self.scheduler.lane_outputs(one) for one in wirings]
        self.given = dict.fromkeys(range(1, 9), 0)
        self.ever_held = set()
        self._up = False

    def step(self):
        """Order something, or let time go by; then the duties that are due, as the board's thread does them."""
        self.board.wrong = self.rng.choice((0.0, 0.0, 0.2, 0.6))
        self.board.line_s = self.rng.choice((0.0, 0.0, 0.0, 0.4))
        if self.rng.random() < 0.05:
            self.board.stuck = set(self.rng.sample(range(1, 9), self.rng.choice((0, 0, 1, 2))))
        lane = self.rng.choice(self.lanes)
        match self.rng.choice(("open", "close", "hold", "let go", "lamp", "time", "time", "time")):
            case "open":
                self._pulse(lane, "open")
            case "close":
                self._pulse(lane, "close")
            case "hold":
                self.ever_held.add(lane.hold_channel)
                self.scheduler.hold(lane, on=True)
            case "let go":
                self.scheduler.hold(lane, on=False)
            case "lamp":
                lane.lamp = self.rng.choice(list(Lamp))
                self.scheduler.show(lane)
            case _:
                self.clock.at += self.rng.uniform(0.0, 0.4)
        self.look_after(self.rng.randrange(4))

    def _pulse(self, lane, action):
        if not self._up:
            return
        channel = lane.channel(action)
        before = self.board.rises.count(channel)
        delivery = Delivery.NOT_DELIVERED
        deadline = self.clock.at + 1.0
        try:
            delivery = self.scheduler.pulse(lane, action, deadline)
        except TooLateError:
            raise AssertionError("what only came too late loses no board") from None
        except DeviceUnavailableError:
            self._lose()
        self.check()
        rises = self.board.rises.count(channel) - before
        assert rises <= (delivery is not Delivery.NOT_DELIVERED), (action, delivery)
        self.given[channel] += delivery is not Delivery.NOT_DELIVERED

    def look_after(self, times):
        for _ in range(times):
            try:
                if not self._up:
                    self.scheduler.connect()
                    self._up = True
                elif not self.scheduler.work():
                    self.scheduler.check()
            except DeviceUnavailableError:
                self._lose()
            self.check()

    def _lose(self):
        self.scheduler.close()
        self._up = False

    def check(self):
        """What may never be, whatever goes wrong."""
        for lane in self.lanes:
            opening = {lane.wiring.open_channel, lane.hold_channel} & self.board.on
            closing = {lane.wiring.close_channel} & self.board.on
            assert not (opening and closing), f"open and close of one barrier are energised together: {self.board.on}"

    def come_to_rest(self):
        """Let everybody let go and every fault end: then no relay but the lamps' may stay energised."""
        self.board.wrong, self.board.line_s, self.board.stuck = 0.0, 0.0, set()
        for lane in self.lanes:
            self.scheduler.hold(lane, on=False)
        ends_at = self.clock.at + PULSE_MS / 1000 + TIMER_SLACK_S + STUCK_S
        while self.clock.at < ends_at:
            self.look_after(3)
            self.clock.at += 0.02
        lit = {channel for lane in self.lanes for channel, on in lane.lamps() if on}
        assert self.board.on == lit
        assert [self.scheduler.trouble(lane) for lane in self.lanes] == ["", ""]


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(at=1000.0)
    monkeypatch.setattr("agent.barrier.relay_scheduler.time.monotonic", lambda: clock.at)
    return clock


@pytest.mark.parametrize("wirings", [APART, ONE_ARM], ids=["two arms", "one arm"])
@pytest.mark.parametrize("hardware_pulse", [True, False], ids=["timed by the board", "timed by the agent"])
def test_whatever_goes_wrong_no_barrier_is_opened_and_closed_at_once_and_none_without_an_order(
    clock, wirings, hardware_pulse
):
    for seed in range(SEQUENCES):
        drawn = Drawn(seed, clock, wirings, hardware_pulse=hardware_pulse)
        for _ in range(STEPS):
            drawn.step()
        drawn.come_to_rest()
        for channel, lane in itertools.product((1, 2, 4, 5), drawn.lanes):
            if channel in lane.moving() and channel not in drawn.ever_held:
                assert drawn.board.rises.count(channel) <= drawn.given[channel], f"seed {seed}, relay {channel}"


# ------------------------------------------------------------------------------------------------- single cases


def connected(clock, wiring=APART[0], *, hardware_pulse=True):
    """The contacts of one lane on a good board."""
    board = DrawnBoard(random.Random(0), clock, hardware_pulse=hardware_pulse)  # noqa: S311 - to be repeatable
    scheduler = RelayScheduler(board)
    lane = scheduler.lane_outputs(wiring)
    scheduler.connect()
    while scheduler.due_in_s() == 0.0:
        scheduler.work()
    return board, scheduler, lane


def test_a_pulse_that_the_agent_times_is_due_to_end_when_it_is_over_and_ends_then(clock):
    board, scheduler, lane = connected(clock, hardware_pulse=False)
    assert scheduler.pulse(lane, "open", clock.at + 1) is Delivery.DELIVERED
    assert scheduler.due_in_s() == pytest.approx(PULSE_MS / 1000)
    assert 1 in board.on
    clock.at += scheduler.due_in_s()
    assert scheduler.work()
    assert 1 not in board.on
    assert scheduler.due_in_s() is None


def test_a_pulse_without_an_answer_is_ended_by_the_agent_too(clock):
    board, scheduler, lane = connected(clock)
    board.pulse, pulse = (lambda channel, ms, **when: (pulse(channel, ms, **when), Delivery.UNKNOWN)[1]), board.pulse
    assert scheduler.pulse(lane, "open", clock.at + 1) is Delivery.UNKNOWN
    assert scheduler.due_in_s() == pytest.approx(PULSE_MS / 1000 + TIMER_SLACK_S)


def test_a_closing_relay_whose_pulse_the_board_did_not_end_is_found_before_the_barrier_opens(clock):
    board, scheduler, lane = connected(clock)
    assert scheduler.pulse(lane, "close", clock.at + 1) is Delivery.DELIVERED
    board.stuck = {2}
    clock.at += PULSE_MS / 1000 + TIMER_SLACK_S + 0.1
    assert scheduler.pulse(lane, "open", clock.at + 1) is Delivery.NOT_DELIVERED
    assert 1 not in board.on
    board.stuck = set()
    assert scheduler.pulse(lane, "open", clock.at + 1) is Delivery.DELIVERED
    assert 2 not in board.on


def test_once_its_pulse_was_seen_to_be_over_a_relay_is_asked_for_no_more(clock):
    _, scheduler, lane = connected(clock)
    scheduler.pulse(lane, "close", clock.at + 1)
    clock.at += PULSE_MS / 1000 + TIMER_SLACK_S + 0.1
    scheduler.check()
    before = clock.at
    assert scheduler.pulse(lane, "open", clock.at + 1) is Delivery.DELIVERED
    assert clock.at == pytest.approx(before + CALL_S), "one call, that of the pulse itself"


@pytest.mark.parametrize("hardware_pulse", [True, False], ids=["timed by the board", "timed by the agent"])
@pytest.mark.parametrize(("action", "held"), [("open", False), ("open", True), ("close", False)])
def test_a_pulse_whose_line_is_free_too_late_is_not_given_and_the_next_one_is(clock, action, held, hardware_pulse):
    board, scheduler, lane = connected(clock, Wiring(1, PULSE_MS, close_channel=2), hardware_pulse=hardware_pulse)
    lane.held = held
    board.line_s = 0.4
    assert scheduler.pulse(lane, action, clock.at + 0.3) is Delivery.NOT_DELIVERED
    assert board.rises == []
    assert scheduler.due_in_s() is None
    board.line_s = 0.0
    assert scheduler.pulse(lane, action, clock.at + 0.3) is Delivery.DELIVERED
    assert board.rises == [lane.channel(action)]


def test_a_release_waits_for_the_line_however_long_that_takes(clock):
    board, scheduler, lane = connected(clock, hardware_pulse=False)
    assert scheduler.pulse(lane, "open", clock.at + 1) is Delivery.DELIVERED
    board.line_s = 3600.0
    clock.at += scheduler.due_in_s()
    assert scheduler.work()
    assert 1 not in board.on
