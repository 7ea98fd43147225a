"""The inputs of a board as they change: debounced, counted, and unknown where they flap."""

from __future__ import annotations

import io
import itertools

from rich.console import Console

from agent.cli.relay.input_changes import InputTracker, TrackedInput
from agent.cli.relay.inputs import screen_table
from agent.settings import SignalWiring
from drivers.api import InputSample

WIRING = SignalWiring(presence=1, safety=2, photocell=2, inverted=(2,), debounce_ms=40)


def sample(at: float, *bits: bool | None) -> InputSample:
    return InputSample(bits, at)


def told(contacts) -> list[tuple[int, bool | None]]:
    return [(one.number, one.value) for one in contacts]


def test_the_first_sample_tells_of_every_input_and_counts_no_change():
    terminals = InputTracker(WIRING)
    assert told(terminals.add_sample(sample(0.0, False, False, True))) == [(1, False), (2, True), (3, True)]
    assert [(one.signal, one.changes) for one in terminals.all] == [("presence", 0), ("safety, photocell", 0), ("", 0)]


def test_a_change_counts_when_it_has_stood_for_the_debounce():
    terminals = InputTracker(WIRING)
    list(terminals.add_sample(sample(0.0, False, False)))
    assert told(terminals.add_sample(sample(0.02, True, False))) == []
    assert terminals.all[0].raw is True
    assert told(terminals.add_sample(sample(0.03, False, False))) == []
    assert told(terminals.add_sample(sample(0.10, True, False))) == []
    assert told(terminals.add_sample(sample(0.15, True, False))) == [(1, True)]
    assert (terminals.all[0].changes, terminals.all[0].changed_at) == (1, 0.15)


def test_an_input_that_flaps_is_told_as_unknown_and_as_flapping():
    terminals = InputTracker(WIRING)
    list(terminals.add_sample(sample(0.0, False, False)))
    flips = itertools.cycle([True, False])
    changed = [one for step in range(1, 70) for one in terminals.add_sample(sample(step * 0.02, next(flips), False))]
    assert [(one.number, one.debounced.flapping) for one in changed] == [(1, True)]
    assert changed[0].as_json(0.0)["value"] is None


def test_a_wired_input_that_the_board_does_not_have_is_shown_as_unknown():
    terminals = InputTracker(SignalWiring(presence=1, safety=4))
    list(terminals.add_sample(sample(0.0, True, True)))
    assert [(one.number, one.signal, one.value) for one in terminals.all] == [
        (1, "presence", True),
        (2, "", True),
        (3, "", None),
        (4, "safety", None),
    ]


def test_the_screen_marks_what_has_just_changed():
    fresh = TrackedInput(1, "presence", raw=True, changes=3, changed_at=9.5)
    old = TrackedInput(2, "safety", inverted=True, changes=1, changed_at=1.0)
    out = io.StringIO()
    Console(file=out, width=100).print(screen_table([fresh, old], "Modbus RTU board", now=10.0))
    first, second = (line for line in out.getvalue().splitlines() if "presence" in line or "safety" in line)
    assert first.split() == ["*", "1", "presence", "ON", "unknown", "3", "0.5", "s"]
    assert second.split() == ["2", "safety", "(inverted)", "unknown", "unknown", "1", "9.0", "s"]
    assert "Modbus RTU board" in out.getvalue()
