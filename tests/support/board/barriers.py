"""A barrier with everything that it reported, for tests."""

import contextlib
import threading

from typing_extensions import override

from agent.barrier.outputs import Wiring
from agent.barrier.relay_board import RelayBoard
from agent.devices.port_supervisor import PortState, Retry
from drivers.relay import simulated
from drivers.relay.simulated import SimulatedRelay
from tests.support.waiting import PATIENCE_S, eventually

FOREVER = float("inf")
LONG_PULSE_MS = 60_000


class Reports:
    """Collects what the barrier says and waits for it."""

    def __init__(self):
        self.pulses = []
        self.states = []
        self._news = threading.Condition()

    def pulsed(self, report):
        with self._news:
            self.pulses.append(report)
            self._news.notify_all()

    def changed(self, state, detail):
        with self._news:
            self.states.append((state, detail))
            self._news.notify_all()

    def wait(self, holds, what):
        with self._news:
            assert self._news.wait_for(holds, PATIENCE_S), f"{what}: {self.states}, {self.pulses}"

    def wait_up(self, times=1):
        self.wait(lambda: self.count(PortState.UP) >= times, f"up {times} times")

    def wait_lost(self, times=1):
        """What was said of the loss. The board may have been tried again since, and more have been said."""
        self.wait(lambda: self.count(PortState.LOST) >= times, f"lost {times} times")
        return [detail for state, detail in self.states if state is PortState.LOST][times - 1]

    def wait_pulse(self, times=1):
        self.wait(lambda: len(self.pulses) >= times, f"{times} reports")
        return self.pulses[times - 1]

    def count(self, state):
        return sum(one is state for one, _ in self.states)


class SteadyRelay(SimulatedRelay):
    """A simulated relay of which no pulse is over before it was read back, however late this thread comes to that."""

    @override
    def pulse(self, channel, duration_ms, *, deadline=FOREVER):
        with self._board.relays.lock:
            return super().pulse(channel, duration_ms, deadline=deadline)


class MeddledRelay(SteadyRelay):
    """A simulated relay; `meddle(what, channel)` is called before each command and may raise."""

    meddle = staticmethod(lambda what, channel: None)

    @override
    def open(self):
        self.meddle("open", 0)
        return super().open()

    @override
    def pulse(self, channel, duration_ms, *, deadline=FOREVER):
        self.meddle("pulse", channel)
        return super().pulse(channel, duration_ms, deadline=deadline)

    @override
    def set(self, channel, *, on, deadline=FOREVER):
        self.meddle("on" if on else "off", channel)
        return super().set(channel, on=on, deadline=deadline)

    @override
    def state(self):
        self.meddle("state", 0)
        return super().state()

    @override
    def all_off(self):
        self.meddle("all off", 0)
        return super().all_off()


class Yard:
    """A barrier on a relay; `relays` is the bank that it switches."""

    def __init__(self, relay, relays, wiring):
        self.reports = Reports()
        self.relays = relays
        self.owner = RelayBoard("test", relay)
        self.owner._port._retry = Retry(first_s=0.02, cap_s=0.1)
        self.barrier = self.owner.barrier(wiring, self.reports.pulsed, self.reports.changed)
        self._looked = 0

    def order(self, action="open", grant="g1", deadline=FOREVER):
        self._looked = len(self.relays.history)
        self.barrier.pulse(action, grant, deadline)

    def outcomes(self):
        return [(report.grant, report.action, report.delivery.value) for report in self.reports.pulses]

    def switchings(self, channel=1):
        return [one.on for one in self.relays.history if one.channel == channel]

    def wait_relay(self, on, channel=1):
        """Until the relay is so; or was energised since the last order or wait: a pulse may be over
        before one looks.
        """

        def come(states):
            since = self.relays.history[self._looked :]
            return states[channel - 1] is on or (on and any(one.on and one.channel == channel for one in since))

        assert self.relays.wait_until(come, PATIENCE_S)
        self._looked = len(self.relays.history)

    def wait_released(self):
        assert self.relays.wait_until(lambda states: not any(states), PATIENCE_S)

    def wait_idle(self):
        """Until every order so far was carried out."""
        eventually(self.owner._requests.empty)
        before = len(self.reports.pulses)
        self.order("open", "a sentinel that comes too late", deadline=0.0)
        self.reports.wait_pulse(before + 1)
        del self.reports.pulses[before]


def wiring(**changes):
    return Wiring(**({"open_channel": 1, "pulse_ms": 100} | changes))


class SimulatedYard(Yard):
    """On the simulated board, whose cable and faults are at `board`."""

    def __init__(self, name, *, hardware_pulse=True, read_back=True, make=SteadyRelay, **wires):
        settings = simulated.SimulatedRelaySettings(name=name, hardware_pulse=hardware_pulse, read_back=read_back)
        self.relay = make(settings)
        self.board = simulated.board(name)
        super().__init__(self.relay, self.board.relays, wiring(**wires))

    @contextlib.contextmanager
    def running(self, *, wait=True):
        self.owner.start()
        try:
            if wait:
                self.reports.wait_up()
            yield self
        finally:
            self.owner.stop()
            assert not self.owner.worker.runs
