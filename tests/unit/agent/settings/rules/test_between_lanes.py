"""Rules between lanes: one relay board for several, one arm for two, and lanes that exclude each other."""

from __future__ import annotations

import re

import pytest

from agent.cli import configuration
from agent.settings import SettingsError
from tests.support.gate.config_files import HEAD, loaded, write

LANE = """
[lanes.{name}]
number = {number}
direction = "{direction}"
{more}

[lanes.{name}.barrier]
open_channel = {open}

[lanes.{name}.relay]
kind = "board"
port = "/dev/gate-barrier"
channels = 8

[lanes.{name}.inputs]
kind = "bits"
count = 16
name = "loops"

[lanes.{name}.signals]
presence = {presence}
safety = {safety}
closed = {closed}

[[lanes.{name}.cameras]]
id = "{name}"
kind = "cam"
url = "rtsp://10.0.0.5/{name}"
"""
A = {"name": "a", "number": 1, "direction": "export", "more": "", "open": 1, "presence": 1, "safety": 2, "closed": 3}
B = {"name": "b", "number": 2, "direction": "import", "more": "", "open": 2, "presence": 4, "safety": 5, "closed": 6}
C = {"name": "c", "number": 3, "direction": "import", "more": "", "open": 3, "presence": 7, "safety": 8, "closed": 9}
TWIN = B | {"more": 'shares_arm = "a"', "open": 1, "safety": 2, "closed": 3}


def gate(*lanes):
    return HEAD + "".join(LANE.format(**lane) for lane in lanes)


def problems(folder, text):
    """Every problem by its key; (key, severity) must not come twice."""
    try:
        found = loaded(write(folder, text)).warnings
    except SettingsError as error:
        found = error.problems
    told = {problem.key: problem for problem in found}
    assert len(told) == len(found), [str(problem) for problem in found]
    return told


# ------------------------------------------------------------------------------------------------- what is sound


@pytest.mark.parametrize(
    "lanes",
    [
        (A, B),
        (A, TWIN),
        (A | {"more": 'shares_arm = "b"'}, TWIN),
        (A | {"more": 'interlock = ["b"]'}, B),
        (A | {"more": 'interlock = ["b"]\nmode = "dry_run"'}, B | {"more": 'mode = "dry_run"'}),
        (A | {"more": 'mode = "dry_run"'}, B),
        (A | {"more": 'interlock = ["b", "c"]'}, B, C),
        (A, TWIN, C | {"more": 'interlock = ["a", "b"]'}),
        (A, B | {"safety": 1, "presence": 2}),
    ],
    ids=[
        "one board",
        "one arm",
        "one arm, said twice",
        "sally port",
        "sally port in dry run",
        "one of two in dry run",
        "three lanes",
        "arm and lock",
        "shared inputs",
    ],
)
def test_lanes_that_fit_together_are_taken(tmp_path, lanes):
    assert problems(tmp_path, gate(*lanes)) == {}


# ------------------------------------------------------------------------------------------------- what is not


@pytest.mark.parametrize(
    ("lanes", "key", "words", "hint"),
    [
        (
            (A, B | {"open": 1}),
            "lanes.b.barrier.open_channel",
            (
                "channel 1 of this board is lanes.a.barrier.open_channel already; choose another channel, "
                "or set shares_arm"
            ),
            "",
        ),
        (
            (A, B | {"open": "2\nred_channel = 1"}),
            "lanes.b.barrier.red_channel",
            "channel 1 of this board is lanes.a.barrier.open_channel already",
            "",
        ),
        (
            (A | {"open": "1\nred_channel = 7"}, TWIN | {"open": "1\nred_channel = 7"}),
            "lanes.b.barrier.red_channel",
            "lanes.a.barrier.red_channel already",
            "",
        ),
        (
            (A, B | {"presence": 1}),
            "lanes.b.signals.presence",
            "input 1 of this board is lanes.a.signals.presence already",
            "",
        ),
        (
            (A | {"more": 'interlock = ["bb"]'}, B),
            "lanes.a.interlock[0]",
            "expected the name of a lane; there is b",
            "b",
        ),
        ((A | {"more": 'interlock = ["a"]'}, B), "lanes.a.interlock[0]", "is this lane itself", ""),
        (
            (A | {"more": 'interlock = ["b"]'}, B | {"more": 'mode = "dry_run"'}),
            "lanes.a.interlock[0]",
            "lane b has mode dry_run, this lane live: lanes that wait for one another need the same mode",
            "",
        ),
        (
            (A, TWIN | {"more": 'shares_arm = "a"\nmode = "dry_run"'}),
            "lanes.b.shares_arm",
            "lane a has mode live, this lane dry_run",
            "",
        ),
        ((A | {"more": 'interlock = ["b", "b"]'}, B), "lanes.a.interlock[1]", "lane b is listed twice", ""),
        ((A | {"more": 'shares_arm = "bb"'}, B), "lanes.a.shares_arm", "expected the name of a lane; there is b", "b"),
        ((A | {"more": 'shares_arm = "a"'}, B), "lanes.a.shares_arm", "is this lane itself", ""),
        (
            (A, TWIN | {"direction": "export"}),
            "lanes.b.direction",
            "they must have opposite directions; both have export",
            "",
        ),
        (
            (A, TWIN | {"open": 2}),
            "lanes.b.barrier.open_channel",
            "expected 1, as in lanes.a.barrier.open_channel, for the same arm; got 2",
            "",
        ),
        (
            (A, TWIN | {"open": "1\nhold_channel = 5"}),
            "lanes.b.barrier.hold_channel",
            "expected none, as in lanes.a.barrier.hold_channel",
            "",
        ),
        (
            (A, TWIN | {"safety": 5}),
            "lanes.b.signals.safety",
            "expected 2, as in lanes.a.signals.safety, for the same arm; got 5",
            "",
        ),
        (
            (A, TWIN | {"closed": "3\nopened = 9"}),
            "lanes.b.signals.opened",
            "expected none, as in lanes.a.signals.opened",
            "",
        ),
        (
            (A, TWIN | {"closed": "3\ninverted = [3]"}),
            "lanes.b.signals.inverted",
            "input 3 (closed) is inverted in one of the lanes b and a only",
            "",
        ),
        (
            (A, TWIN, C | {"more": 'shares_arm = "a"', "open": 1, "safety": 2, "closed": 3}),
            "lanes.c.shares_arm",
            "lane a shares its arm with lane b already",
            "",
        ),
    ],
)
def test_lanes_that_do_not_fit_together_are_told_apart(tmp_path, lanes, key, words, hint):
    problem = problems(tmp_path, gate(*lanes))[key]
    assert words in problem.message
    assert (problem.hint, problem.severity) == (hint, "error")
    assert problem.spot.line > 1


@pytest.mark.parametrize(("blind", "key"), [("a", "lanes.a.interlock"), ("b", "lanes.a.interlock[0]")])
def test_lanes_of_a_sally_port_need_to_know_when_they_are_closed(tmp_path, blind, key):
    text = gate(A | {"more": 'interlock = ["b"]'}, B)
    place = text.index("closed =", text.index(f"[lanes.{blind}.signals]"))
    text = text[:place] + "#" + text[place:]
    assert f"needs lanes.{blind}.signals.closed" in problems(tmp_path, text)[key].message


def test_an_interlock_of_lanes_with_one_arm_is_told_to_be_of_no_use(tmp_path):
    found = problems(tmp_path, gate(A | {"more": 'interlock = ["b"]'}, TWIN))
    assert found["lanes.a.interlock[0]"].severity == "warning"


def test_one_relay_board_has_one_table(tmp_path):
    other = LANE.format(**B).replace("channels = 8", 'channels = 8\nmode = "plain"')
    found = problems(tmp_path, gate(A) + other)
    words = 'lanes.a.relay is the same board with mode = "pulsed"; got "plain"'
    assert words in found["lanes.b.relay.mode"].message


def test_lanes_with_one_arm_are_on_one_relay_board_and_one_input_board(tmp_path):
    other = LANE.format(**TWIN).replace("gate-barrier", "other").replace('"loops"', '"others"')
    found = problems(tmp_path, gate(A) + other)
    assert "expected the relay board of lane a (/dev/gate-barrier)" in found["lanes.b.relay"].message
    assert "expected the inputs of lane a (bits loops)" in found["lanes.b.inputs"].message


def test_lanes_with_one_arm_close_it_in_one_way_and_both_or_none_read_its_inputs(tmp_path):
    closing = A | {"more": 'close_mode = "agent"', "open": "1\nclose_channel = 6"}
    found = problems(tmp_path, gate(closing, TWIN))
    assert "expected agent, as in lane a" in found["lanes.b.close_mode"].message
    twin = LANE.format(**TWIN)
    start, end = twin.index("[lanes.b.inputs]"), twin.index("[[lanes.b.cameras]]")
    found = problems(tmp_path, gate(A) + twin[:start] + twin[end:])
    assert (
        "lane a reads the inputs of the arm that both share, but lane b has no inputs"
        in found["lanes.b.shares_arm"].message
    )


def test_a_lane_that_is_wrong_by_itself_is_no_unknown_lane_to_its_neighbours(tmp_path):
    broken = B | {"direction": "up"}
    found = problems(tmp_path, gate(A | {"more": 'interlock = ["b"]\nshares_arm = "b"'}, broken))
    assert set(found) == {"lanes.b.direction"}


# ------------------------------------------------------------------------------------------------- one port


TWO_KINDS = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "{relay}"
port = "/dev/gate-barrier"

[lanes.out.inputs]
kind = "{inputs}"
port = "/dev/gate-barrier"

[lanes.out.signals]
presence = 1
safety = 2
"""


@pytest.mark.parametrize(
    ("relay", "inputs", "shares"),
    [("modbus_rtu", "modbus_rtu", True), ("numato", "numato", True), ("lcus", "modbus_rtu", False)],
)
def test_relays_and_inputs_of_one_kind_may_share_a_port(tmp_path, relay, inputs, shares):
    path = write(tmp_path, HEAD + TWO_KINDS.format(relay=relay, inputs=inputs))
    try:
        found = [problem.key for problem in configuration.load_configuration(path).warnings]
    except SettingsError as error:
        found = [problem.key for problem in error.problems]
        (problem,) = (problem for problem in error.problems if problem.severity == "error")
        assert re.search(
            "a modbus_rtu board of inputs with unit 1 and a lcus relay board cannot share", problem.message
        )
    assert ("lanes.out.inputs.port" in found) is not shares


# ------------------------------------------------------------------------------------------------- signals of one lane


LONE = gate(A)
LOOPS = "presence = 1\nsafety = 2\nclosed = 3"


@pytest.mark.parametrize(
    ("signals", "key", "words"),
    [
        ("presence = 1", "lanes.a.signals.presence", "also needs safety"),
        ("safety = 1", "lanes.a.signals.safety", "also needs presence"),
        ("inverted = []", "lanes.a.signals", "expected presence and safety; or, in a blind lane, at least key or hold"),
        ("key = 1\nclosed = 2", "lanes.a.signals.closed", "also needs presence and safety"),
        ("key = 1\nhold = 1", "lanes.a.signals.hold", "input 1 is key already"),
        (LOOPS + "\nkey = 17", "lanes.a.signals.key", "from 1 to 16"),
        (LOOPS + "\nkey = 2", "lanes.a.signals.key", "input 2 is safety already"),
        (LOOPS + "\ninverted = [9]", "lanes.a.signals.inverted[0]", "no signal is wired to input 9"),
    ],
)
def test_signals_that_do_not_fit_together_are_told(tmp_path, signals, key, words):
    assert words in problems(tmp_path, LONE.replace(LOOPS, signals))[key].message


@pytest.mark.parametrize(
    "signals", ["key = 1", "hold = 2", "key = 1\nhold = 2\ninverted = [2]", LOOPS + "\nkey = 4\nhold = 5"]
)
def test_a_lane_has_both_loops_or_is_blind_with_a_key_or_a_hold_contact(tmp_path, signals):
    assert problems(tmp_path, LONE.replace(LOOPS, signals)) == {}


def test_a_blind_lane_with_a_key_does_not_close_by_the_agent(tmp_path):
    lane = A | {"more": 'close_mode = "agent"', "open": "1\nclose_channel = 2"}
    found = problems(tmp_path, gate(lane).replace(LOOPS, "key = 1"))
    assert "needs inputs and signals that see the vehicle" in found["lanes.a.close_mode"].message


# ------------------------------------------------------------------------------------------------- linked inputs

LINKED = """
[lanes.{name}]
number = {number}
direction = "{direction}"

[lanes.{name}.barrier]
open_channel = {open}

[lanes.{name}.relay]
kind = "modbus_rtu"
port = "/dev/gate-barrier"
unit = {unit}
profile = "{profile}"

[lanes.{name}.inputs]
kind = "modbus_rtu"
port = "/dev/gate-barrier"

[lanes.{name}.signals]
presence = {presence}
safety = {safety}
"""
D = A | {"profile": "waveshare_d", "unit": 1}
E = B | {"profile": "waveshare_d", "unit": 1}


@pytest.mark.parametrize(
    ("lanes", "told"),
    [
        ([D], {"lanes.a.barrier.open_channel": "lanes.a.signals.presence"}),
        ([D | {"open": 8}], {}),
        ([D | {"profile": "waveshare_io"}], {"lanes.a.barrier.open_channel": "lanes.a.signals.presence"}),
        ([D | {"profile": "coils"}], {}),
        ([D | {"unit": 2}], {}),
        ([D | {"open": 4}, E | {"open": 8}], {"lanes.a.barrier.open_channel": "lanes.b.signals.presence"}),
    ],
    ids=[
        "its own input",
        "an input without a wire",
        "another such board",
        "no such board",
        "inputs elsewhere",
        "of both",
    ],
)
def test_a_relay_that_an_input_may_drive_should_not_open(tmp_path, lanes, told):
    path = write(tmp_path, HEAD + "".join(LINKED.format(**lane) for lane in lanes))
    found = {p.key: p.message for p in configuration.load_configuration(path).warnings if p.key.endswith("_channel")}
    assert found.keys() == told.keys()
    assert all(words in found[key] for key, words in told.items())
