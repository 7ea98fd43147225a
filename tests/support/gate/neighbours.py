"""A whole agent with two lanes on one simulated relay board and one board of inputs, and the arms that they move."""

from __future__ import annotations

import json
import threading

from agent.assembly.app import App
from agent.clock.clock import Clock
from agent.core.lane.step_inputs import OfficerCommand
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.gate.config_files import ROOT_KEY
from tests.support.gate.simulated_gate import never_stale
from tests.support.waiting import PATIENCE_S, eventually

HEAD = """
version = 1

[gate]
id = "gate-7"
site = 7

[state]
directory = "{state}"

[permits]
root_keys = ["{key}"]

[mqtt]
enabled = false
"""
LANE = """
[lanes.{name}]
number = {number}
direction = "{direction}"
{more}

[lanes.{name}.timing]
read_s = 600
grant_s = 60
stale_s = 5
clear_s = 0.1
open_s = 60
enter_s = 600
close_s = 60

[lanes.{name}.barrier]
open_channel = {channel}
pulse_ms = 200

[lanes.{name}.relay]
kind = "simulated"
name = "{board}"
hardware_pulse = false

[lanes.{name}.inputs]
kind = "simulated"
name = "{board}"

[lanes.{name}.signals]
presence = {presence}
safety = {safety}
closed = {closed}
key = {key}
hold = {hold}
debounce_ms = 0
poll_hz = 100
"""
A = {"name": "a", "number": 1, "direction": "export", "more": "", "channel": 1, "presence": 1, "safety": 2, "closed": 3}
B = {"name": "b", "number": 2, "direction": "import", "more": "", "channel": 2, "presence": 4, "safety": 5, "closed": 6}
HOLD, KEY = 7, 8
SALLY_PORT = (A | {"more": 'interlock = ["b"]'}, B)
ONE_ARM = (A, B | {"more": 'shares_arm = "a"', "channel": 1, "safety": 2, "closed": 3})


class TwoLanes:
    """The agent, which times its pulses itself: one of the board may be over before it is read back.

    An arm rises when its relay is energised; `drive_through` brings it down again."""

    def __init__(self, folder, name, lanes):
        self.relays = simulated.board(name).relays
        self.board = simulated.board(name)
        self.inputs = simulated_inputs.board(name)
        self.wiring = {lane["name"]: lane for lane in lanes}
        self.most_open = 0
        self._lock = threading.Lock()
        for lane in lanes:
            self.inputs.set(lane["closed"], True)
        self.relays.watch(self._switched)
        text = HEAD.format(state=folder / "state", key=ROOT_KEY)
        text += "".join(LANE.format(**lane, board=name, key=KEY, hold=HOLD) for lane in lanes)
        path = folder / "gate.toml"
        path.write_text(text, encoding="utf-8")
        app = App(load_configuration(path), Clock(), Notifier.from_environment({}), lambda _what: None)
        self.app = never_stale(app)
        self.lanes = {lane.name: lane for lane in self.app.lanes}

    def __enter__(self):
        self.app.start()
        for name in self.lanes:
            self.wait_state(name, "idle")
            eventually(lambda name=name: self.lanes[name].view.relay_up, what=f"the relay board at {name}")
        return self

    def __exit__(self, *_):
        self.app.stop("test")
        simulated.forget_boards()
        simulated_inputs.forget_boards()

    def _switched(self, switching):
        for lane in self.wiring.values():
            if lane["channel"] == switching.channel and switching.on:
                self.inputs.set(lane["closed"], False)
        with self._lock:
            arms = {lane["closed"] for lane in self.wiring.values()}
            self.most_open = max(self.most_open, sum(self.inputs.bits[number - 1] is False for number in arms))

    def set(self, lane, signal, on):
        self.inputs.set(self.wiring[lane][signal], on)

    def state(self, lane):
        view = self.lanes[lane].view
        return "" if view is None else view.state

    def wait_state(self, lane, *states):
        eventually(lambda: self.state(lane) in states, what=f"{lane} {states}, not {self.state(lane)}")

    def order(self, lane, kind):
        self.lanes[lane].loop.commanded(lambda now: OfficerCommand(now, kind, "officer 7", "test"))

    def pulses(self, channel):
        return sum(one.on for one in self.relays.history if one.channel == channel)

    def drive_through(self, lane):
        """The vehicle at the open arm drives under it and away, and the arm comes down once its pulse is over."""
        self.wait_state(lane, "open", "opening")
        eventually(lambda: self.inputs.bits[self.wiring[lane]["closed"] - 1] is False, what="the arm going up")
        assert self.relays.wait_until(lambda states: not states[self.wiring[lane]["channel"] - 1], PATIENCE_S)
        self.set(lane, "safety", True)
        self.wait_state(lane, "passing")
        self.set(lane, "presence", False)
        self.set(lane, "safety", False)
        self.wait_state(lane, "closing", "clearing")
        self.set(lane, "closed", True)
        self.wait_state(lane, "idle")

    def events(self, kind):
        """What was recorded of this kind: (lane, data)."""
        journal = self.app.parts.journal
        lines = [json.loads(one.payload) for one in journal.range(1, journal.head)]
        return [(line.get("lane"), line["data"]) for line in lines if line["type"] == kind]

    def wait_event(self, kind, lane, count=1, **wanted):
        def found():
            told = [data for place, data in self.events(kind) if place == lane]
            return sum(all(data[name] == value for name, value in wanted.items()) for data in told) >= count

        eventually(found, what=f"{kind} of {lane} {wanted}")
