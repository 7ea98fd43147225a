"""The barrier in trouble, again and again: the agent killed in the middle of a pulse, boards unplugged and plugged in.

Each proof measures: how long a relay stayed energised after the kill, how soon a loss was seen, how soon a board that
came back was ready.
"""

import random
import statistics
import sys
import threading
import time
from collections import Counter

import pytest

from agent.barrier.relay_board import RelayBoard
from agent.devices.inputs import InputMonitor, SignalMap
from agent.devices.port_supervisor import PortState
from drivers.api import Delivery
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.inputs.simulated import write_state
from drivers.registry import inputs as make_inputs
from drivers.registry import relay as make_relay
from tests.support.board.barriers import FOREVER, wiring
from tests.support.gate.gate_site import GateSite
from tests.support.waiting import PATIENCE_S, eventually

SEED = 20261124
MANY = 100
FEW = 5
RELEASED_WITHIN_S = 2.0
SEEN_WITHIN_S = 0.3
READY_WITHIN_S = 2.0
AWAY_S = (0.05, 1.0)
KEY_LANE = """
[lanes.exit-1.barrier]
# As long as can be, so that a kill finds the relay energised.
pulse_ms = 1000

[lanes.exit-1.relay]
kind = "lcus"
port = "{port}"

[lanes.exit-1.inputs]
kind = "simulated"
state_file = "{key}"

[lanes.exit-1.signals]
key = 1
"""


@pytest.fixture
def tell(capsys):
    """Write a line to the terminal while the test runs."""

    def tell(line):
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    return tell


def figures(seconds):
    """The least, the middle and the most of so many times."""
    words = (min(seconds), statistics.median(seconds), max(seconds))
    return "min {:.3f} s, median {:.3f} s, max {:.3f} s".format(*words) + f" of {len(seconds)}"


def wait(seconds):
    """Let time go by that belongs to what is tried."""
    threading.Event().wait(seconds)


# ------------------------------------------------------------------------------------------------- killed in mid pulse


class KeyedGate:
    """The installed agent with one lane on a board that leaves the end of a pulse to the agent; a key opens it."""

    def __init__(self, installed, folder, board):
        self._installed = installed
        self._key = folder / "key.json"
        self._board = board
        self._rng = random.Random(SEED)  # noqa: S311 - to be repeatable
        self._switched_at = 0.0
        board.relays.watch(self._switched)
        site = GateSite(folder)
        self.configuration = site.configure(
            KEY_LANE.format(port=board.line.link, key=self._key), mqtt="enabled = false"
        )
        write_state(self._key, [False])
        self.agent = installed.agent(self.configuration)

    def _switched(self, switching):
        self._switched_at = switching.at

    @property
    def energised(self):
        return any(self._board.relays.states)

    def turn_key(self):
        """Turn the key until the agent, which may have just started, gives the pulse."""

        def turned():
            write_state(self._key, [False])
            wait(0.2)
            write_state(self._key, [True])
            return self._board.relays.wait_until(any, 0.5)

        self.agent.until(turned, "the pulse")

    def released_after_kill(self, repair):
        """Kill the agent in the middle of a pulse, call `repair`, and return for how long the relay stayed on."""
        killed_at = self._kill_in_mid_pulse()
        repair()
        assert self._board.relays.wait_until(lambda states: not any(states), PATIENCE_S)
        return self._switched_at - killed_at

    def _kill_in_mid_pulse(self):
        """Kill the agent while the relay is energised.

        Where the pulse was over before the kill came: in another one.
        """
        while True:
            self.turn_key()
            wait(self._rng.uniform(0.0, 0.6))
            killed_at = time.monotonic()
            self.agent.kill()
            if self.energised:
                return killed_at
            self.agent.start()

    def release(self):
        """What systemd runs once the agent has ended."""
        done = self._installed.run("release", "--within-s", "5", self.configuration)
        assert done.returncode == 0, done.stderr


def kill_times(installed, folder, count, *, stop_post, tell):
    """Kill the agent so many times; every relay must be off in time."""
    seconds = []
    with LcusEmulator(folder / "relay-board") as board:
        gate = KeyedGate(installed, folder, board)
        with gate.agent:
            for number in range(1, count + 1):
                seconds.append(gate.released_after_kill(gate.release if stop_post else gate.agent.start))
                if stop_post:
                    gate.agent.start()
                tell(f"killed in mid pulse {number} of {count}: relay off after {seconds[-1]:.3f} s")
            gate.turn_key()
            gate.agent.until(lambda: not gate.energised, "the end of the last pulse")
            gate.agent.stop()
    tell(f"relay off after the kill: {figures(seconds)}")
    return seconds


def test_a_relay_is_released_after_a_kill_in_the_middle_of_a_pulse(installed, tmp_path):
    assert len(kill_times(installed, tmp_path, FEW, stop_post=False, tell=lambda _line: None)) == FEW


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("stop_post", [False, True], ids=["by the restart", "by systemd's ExecStopPost"])
def test_a_relay_is_off_within_two_seconds_of_every_kill_in_the_middle_of_a_pulse(installed, tmp_path, stop_post, tell):
    seconds = kill_times(installed, tmp_path, MANY, stop_post=stop_post, tell=tell)
    assert sum(one <= RELEASED_WITHIN_S for one in seconds) == MANY


# ------------------------------------------------------------------------------------------------- unplugged


class Watcher:
    """Notes when the port of a board was up and lost."""

    def __init__(self):
        self._news = threading.Condition()
        self._times = {PortState.UP: [], PortState.LOST: []}

    def changed(self, state, _detail=""):
        with self._news:
            self._times[state].append(time.monotonic())
            self._news.notify_all()

    def count(self, state):
        with self._news:
            return len(self._times[state])

    def wait_next(self, state, before):
        """The time of the first such change after so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._times[state]) > before, PATIENCE_S), state
            return self._times[state][before]


def unplug_times(board, watcher, count, tell, *, trouble=lambda: None):
    """Pull the cable and put it in again so many times; how soon each was seen, how soon the board was ready."""
    rng = random.Random(SEED)  # noqa: S311 - to be repeatable
    seen, ready = [], []
    for number in range(1, count + 1):
        trouble()
        wait(rng.uniform(0.0, 0.3))
        losses, ups = watcher.count(PortState.LOST), watcher.count(PortState.UP)
        pulled_at = time.monotonic()
        board.unplug()
        seen.append(watcher.wait_next(PortState.LOST, losses) - pulled_at)
        wait(rng.uniform(*AWAY_S))
        board.plug()
        plugged_at = time.monotonic()
        ready.append(watcher.wait_next(PortState.UP, ups) - plugged_at)
        tell(f"unplugged {number} of {count}: seen after {seen[-1]:.3f} s, ready after {ready[-1]:.3f} s")
    tell(f"loss seen: {figures(seen)}\nready after the replug: {figures(ready)}")
    return seen, ready


def unplug_relay_board(folder, count, tell):
    """Between and in the middle of pulses. Every pulse has one report, and no relay stays energised."""
    watcher, reports, ordered = Watcher(), [], []
    with LcusEmulator(folder / "relay-board") as emulator:
        board = RelayBoard("test", make_relay("lcus", {"port": str(emulator.line.link)}))
        barrier = board.barrier(wiring(pulse_ms=500), reports.append, watcher.changed)

        def pulse():
            if len(ordered) % 2 == 0:
                barrier.pulse("open", str(len(ordered)), FOREVER)
            ordered.append(None)

        board.start()
        try:
            watcher.wait_next(PortState.UP, 0)
            times = unplug_times(emulator, watcher, count, tell, trouble=pulse)
            assert emulator.relays.wait_until(lambda states: not any(states), PATIENCE_S)
        finally:
            board.stop()
        assert [one.grant for one in reports] == [str(number) for number in range(0, len(ordered), 2)]
        delivered = Counter(one.delivery for one in reports)
        energised = sum(one.on for one in emulator.relays.history)
        assert delivered[Delivery.DELIVERED] <= energised <= delivered[Delivery.DELIVERED] + delivered[Delivery.UNKNOWN]
    return times


def unplug_input_board(folder, count, tell):
    """Every sample is of a board that is there."""
    watcher, samples = Watcher(), []
    with ModbusEmulator(folder / "input-board") as emulator:
        driver = make_inputs("modbus_rtu", {"port": str(emulator.line.link)})
        watch = InputMonitor("test", driver, SignalMap({"presence": 1, "safety": 2}), samples.append, watcher.changed)
        watch.start()
        try:
            watcher.wait_next(PortState.UP, 0)
            times = unplug_times(emulator, watcher, count, tell)
            before = len(samples)
            eventually(lambda: len(samples) > before)
        finally:
            watch.stop()
    assert all(one.presence is False for one in samples)
    return times


BOARDS = pytest.mark.parametrize("unplug", [unplug_relay_board, unplug_input_board], ids=["relays", "inputs"])


@BOARDS
def test_an_unplugged_board_is_lost_and_ready_again_when_it_is_plugged_in(tmp_path, unplug):
    seen, ready = unplug(tmp_path, FEW, lambda _line: None)
    assert len(seen) == len(ready) == FEW


@pytest.mark.long
@pytest.mark.timeout(900)
@BOARDS
def test_every_unplugged_board_is_seen_within_300_ms_and_ready_within_two_seconds(tmp_path, unplug, tell):
    seen, ready = unplug(tmp_path, MANY, tell)
    assert sum(one <= SEEN_WITHIN_S for one in seen) == MANY
    assert sum(one <= READY_WITHIN_S for one in ready) == MANY
