"""What exploring has found in the product, as replays: each of these broke a rule before it was mended."""

import pytest

from tests.model.counterexample import replay
from tests.model.machines import machine

SET_BY_HAND = "somebody sets it by +15 s, the battery-backed one too"
STEPPED = "a time server, right to 15 s, steps it to +15 s"
SLEWED = "a time server, right to 15 s, slews it to +15 s"
RESTARTED = "the computer restarts, its clock read +0 s off"
SAVED = "the computer restarts, its clock saved and read +0 s off"
GREETED = ("wait 16", "brings the greetings among them")
ALL = "brings all of the newest sessions"
FOUND = {
    "what a gate tells all was good for as long as a broker kept it back, but let the answers through": (
        "sessions: kept back",
        ("two gates that have met", "tells", *GREETED * 4, ALL),
    ),
    "so it was where it kept back the answers too for a while": (
        "sessions: kept back",
        ("two gates that have met", "tells", *["wait 16"] * 4, *GREETED, ALL),
    ),
    "a battery-backed clock was believed to 2 s although it was set by 15 s": (
        "clock: battery-backed",
        ("kept for twenty minutes", SET_BY_HAND, RESTARTED),
    ),
    "so it was after a step of a time server that is not right to a second": (
        "clock: battery-backed",
        ("kept for twenty minutes", STEPPED, SAVED),
    ),
    "so it was where a time server moves the clock without a step": (
        "clock: battery-backed",
        ("kept for twenty minutes", SLEWED, SAVED),
    ),
    "an agent that was killed within a minute forgot that the clock had become worse": (
        "clock: holdover",
        ("kept for twenty minutes", SLEWED, "somebody sets it by +1.9 s", "the agent is killed and starts"),
    ),
    "a time server that is too far off moved a clock that was held over": (
        "clock: battery-backed, tight",
        ("kept for twenty minutes", SLEWED),
    ),
    "two directions waited for each other to lower their arm: it stayed open without an alarm": (
        "lanes: shared arm, hold, agent",
        (
            "both at rest",
            "a tick",
            "a: order open +0",
            "a: its record is written",
            "b: sample A0 B0 hold1 +0",
            "b: sample A0 B1 hold0 +0",
            "b: permit X +0",
        ),
    ),
    "a permit opened for a vehicle that had left: the key was turned at that moment, and the record failed": (
        "lane: all, key, hold, limits, agent",
        (
            "a lane at rest",
            "sample A1 B0 up0 down1 key0 hold0 +0",
            "permit X +0",
            "sample A0 B0 up0 down1 key1 hold0 +0!GATE_FAULT",
            "decision PASS +0",
        ),
    ),
}


@pytest.mark.parametrize(("name", "inputs"), FOUND.values(), ids=FOUND)
def test_what_was_found_and_mended_does_not_come_back(name, inputs):
    replay(machine(name), inputs)
