"""The demo after its vehicles: choices, faults while a vehicle is there, and the end."""

import os
import pty
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from sim.demo import visitor_session
from sim.demo.choices import OF_EACH, VEHICLES, Choice, visitors
from sim.demo.director import DemoError
from sim.demo.keyboard import Keyboard
from sim.demo.screen import Screen
from sim.demo.vehicles import ACTS
from sim.demo.visitor_session import Stage, VisitorSession


@dataclass
class Gate:
    """What the session plays on, as a list of what was asked of it."""

    asked: list = field(default_factory=list)
    said: list = field(default_factory=list)
    events: list = field(default_factory=list)
    pulse: bool = False
    count: int = 0
    fails: bool = False

    def drive_up(self, act):
        self.asked.append(f"come {act.shown}")
        if self.pulse:
            self.count += 1

    def granted(self, _act, _pulses):
        if self.fails:
            raise DemoError("the arm did not open")
        self.asked.append("through")

    def stage(self):
        return Stage(
            drive_up=self.drive_up,
            granted=self.granted,
            refuse=lambda: self.asked.append("back"),
            leave=lambda: self.asked.append("empty"),
            pulses=lambda: self.count,
            heard=lambda _after: self.events,
            last=lambda: 0,
            plug=lambda there: self.asked.append(f"board {there}"),
            line=lambda there: self.asked.append(f"line {there}"),
            say=self.said.append,
            lost=DemoError,
            wait=lambda _s: None,
        )


def play(gate, *turns):
    """Play these choices, one lot at each look, and then the end."""
    lots = iter([*turns, [Choice.END]])
    session = VisitorSession(gate.stage(), visitors(), lambda: next(lots, []))
    session.run()
    return session


CLOSED = {"type": "transaction.closed"}
MANUAL = {"type": "access.decided", "data": {"verdict": "MANUAL"}}


def test_a_vehicle_that_may_pass_passes():
    gate = Gate(pulse=True)
    play(gate, [Choice.VALID])
    assert gate.asked == ["come valid", "through", "empty"]


def test_a_forged_permit_is_sent_back_when_the_gate_has_decided():
    gate = Gate(events=[CLOSED])
    play(gate, [Choice.FORGED])
    assert gate.asked == ["come forged", "back", "empty"]


def test_faults_are_put_in_and_taken_away_by_the_same_key():
    gate = Gate()
    session = play(gate, [Choice.RELAY], [Choice.LINE], [Choice.RELAY])
    assert gate.asked == ["board False", "line False", "board True", "line True"]  # The end mends the line.
    assert session.away == frozenset()


def test_the_relay_can_be_pulled_while_a_vehicle_waits_for_an_officer():
    gate = Gate(events=[MANUAL])
    lots = iter([[Choice.NO_PLATE], [Choice.RELAY]])

    def chosen():
        lot = next(lots, None)
        if lot is None:
            gate.events = [MANUAL, CLOSED]
            return [Choice.END]
        return lot

    VisitorSession(gate.stage(), visitors(), chosen).run()
    assert gate.asked == ["come valid", "board False", "back", "empty", "board True"]
    assert any("an officer is called" in words for words in gate.said)


def test_what_the_key_does_now_is_told():
    session = VisitorSession(Gate().stage(), visitors(), list)
    assert session.words[Choice.LINE] == "cut the line"
    session._switch(Choice.LINE)
    assert session.words[Choice.LINE] == "restore the line"


def test_a_vehicle_that_nobody_hears_of_drives_away(monkeypatch):
    monkeypatch.setattr(visitor_session, "UNHEARD_S", 0.0)
    gate = Gate()
    play(gate, [Choice.VALID])
    assert gate.asked == ["come valid", "back", "empty"]


def test_what_does_not_come_in_time_is_said_and_the_session_goes_on():
    gate = Gate(pulse=True, fails=True)
    play(gate, [Choice.VALID], [], [Choice.FORGED])
    assert gate.asked == ["come valid", "back", "come forged", "back"]
    assert sum("the arm did not open" in words for words in gate.said) == 2


def test_only_some_vehicles_wait_in_the_row():
    gate = Gate(pulse=True)
    play(gate, [Choice.VALID] * 20)
    assert gate.asked.count("come valid") == 1  # The end came while the first was there.


def test_each_vehicle_is_another_one():
    acts = [act for some in visitors().values() for act in some]
    assert len({act.title for act in acts}) == len(acts) == OF_EACH * len(VEHICLES)


def test_keys_are_read_one_at_a_time_and_the_terminal_is_as_before():
    master, slave = pty.openpty()
    try:
        import termios  # noqa: PLC0415

        before = termios.tcgetattr(slave)
        with Keyboard(slave) as keyboard:
            assert keyboard.pressed() == ""
            os.write(master, b"2Q")
            assert keyboard.pressed() == "2q"
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("width", [80, 120])
def test_the_screen_shows_the_link_whole_and_the_keys(width):
    screen = Screen(ACTS)
    screen.console = Console(width=width, record=True)
    link = "http://127.0.0.1:40123/enter?code=" + "x" * 32
    screen.guest(link, "http://127.0.0.1:40123/")
    screen.choices({"1": "valid permit", "q": "end the demo"})
    shown = screen.console.export_text().replace("\n", "")
    assert link in shown
    assert "[1] valid permit" in shown
