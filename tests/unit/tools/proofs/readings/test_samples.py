"""The figures of each proof, read from what it really printed: an excerpt of each is in tests/data/proofs."""

from pathlib import Path

import pytest

from tools.proofs.proof import Output
from tools.proofs.readings.failures import lost_events
from tools.proofs.readings.measurements import measured_table
from tools.proofs.readings.pytest_runs import pytest_runs
from tools.proofs.readings.rules import changed_programs, explored, hostile_inputs, lane_steps, raced
from tools.proofs.readings.systems import clustered, other_tools, queried, rolled_out

SAMPLES = Path(__file__).parents[4] / "data" / "proofs"

PRINTED = [
    ("soak-lane", lane_steps, {"broken rules": 0, "random steps": 14_432_468, "vehicles": 10_821}),
    (
        "mutants",
        changed_programs,
        {
            "changes noticed": 99.7,
            "changes": 361,
            "changes that pass and are not explained": 0,
            "explanations out of date": 0,
        },
    ),
    (
        "model",
        explored,
        {
            "broken rules": 0,
            "machines that are not as they must be": 0,
            "faults put in on purpose and found": 3,
            "faults put in on purpose and not found": 0,
            "machines": 77,
            "machines explored completely": 2,
            "states": 9_299_783,
            "transitions": 48_112_440,
        },
    ),
    (
        "races",
        raced,
        {
            "home_gate: races": 4000,
            "home_gate: vehicles that passed": 3714,
            "home_gate: permits used twice": 0,
            "home_gate: conflicts that nobody was told of": 0,
            "home_gate: lost states that no gate noticed": 0,
            "home_gate: answer, p99": 840.8,
            "deny: permits used twice": 0,
            "allow_and_flag: vehicles that passed": 4123,
            "allow_and_flag: conflicts that nobody was told of": 0,
            "first echo wins: permits used twice, which must be found": 105,
        },
    ),
    (
        "fuzz",
        hostile_inputs,
        {
            "readers that broke a rule": 1,
            "hostile inputs": 1_000_000,
            "exceptions that escaped": 0,
            "the slowest answer": 42.86,
        },
    ),
    (
        "faults",
        lost_events,
        {
            "cases that are not as they must be": 0,
            "agent kill -9: cycles": 2,
            "agent kill -9: events lost": 0,
            "agent and broker kill -9, mosquitto without persistence: events invented": 0,
            "RabbitMQ: nodes kill -9 with a consumer each, then all three: events twice": 0,
            "hostile messages: cycles": 500,
        },
    ),
    (
        "test-central",
        queried,
        {
            "the slowest query of a dashboard": 0.015,
            "queries": 8,
            "the exporter's series": 101,
            "gates": 1000,
            "events": 2_706_000,
            "size of the database": 3.4,
        },
    ),
    (
        "test-cluster",
        clustered,
        {
            "events lost": 0,
            "events twice at central": 0,
            "chains not proven": 0,
            "vehicles decided": 3304,
            "back after one node, p99": 1.6,
            "back after all nodes, p99": 15.6,
        },
    ),
    ("test-cluster", pytest_runs, {"tests passed": 209, "tests failed": 0}),
    ("test-generators", other_tools, {"tools that read the contract": 11, "errors of tools": 0}),
    ("test-generators", pytest_runs, {"tests passed": 1, "tests failed": 0}),
    (
        "test-fleet",
        rolled_out,
        {
            "roll-outs: rules broken": 0,
            "roll-outs: vehicles refused": 0,
            "roll-outs: events lost": 0,
            "roll-outs: events altered": 0,
            "roll-outs: vehicles that passed": 1239,
            "roll-outs: events": 9438,
            "certificates: courses that are not as they must be": 0,
            "from an unpacked box to the first event": 0.3,
            "commands for it": 7,
        },
    ),
    ("test-uploads", pytest_runs, {"tests passed": 6, "tests failed": 0}),
    (
        "test-uploads",
        measured_table,
        {
            "pictures in the store byte for byte": 1000,
            "all of them": 9.63,
            "event to central, uploads under way, p99": 8.96,
        },
    ),
    (
        "preview",
        measured_table,
        {
            "CPU of an open page, nothing moves, 1 viewer, 1080p25": 1.63,
            "frame to relay byte, no page open, p99": 142,
            "what it adds at most, upper end of that interval": 5.27,
        },
    ),
    ("pytest", pytest_runs, {"tests passed": 148, "tests failed": 0}),
    ("pytest-quiet", pytest_runs, {"tests passed": 2, "tests failed": 0}),
    ("pytest-left-out", pytest_runs, {"tests passed": 200, "tests failed": 0, "tests left out": 4}),
]

SPOILT = [
    ("soak-lane", lane_steps, "breaches                 0", "breaches                 3", "broken rules"),
    ("soak-lane", lane_steps, "14,432,468\ntrans", "4,432,468\ntrans", "random steps"),
    ("mutants", changed_programs, "99.7%", "94.9%", "changes noticed"),
    ("mutants", changed_programs, "0 of them not", "2 of them not", "changes that pass and are not explained"),
    ("mutants", changed_programs, "0 explanations", "1 explanations", "explanations out of date"),
    ("model", explored, "0 breaches", "1 breaches", "broken rules"),
    ("model", explored, "0 s  fault found", "0 s  fault NOT FOUND", "faults put in on purpose and not found"),
    ("model", explored, "43 s  complete", "43 s  BROKEN", "machines that are not as they must be"),
    ("races", raced, "6               0        0 ", "6               2        0 ", "home_gate: permits used twice"),
    ("races", raced, "871         871        0 ", "871         871        4 ", "allow_and_flag: conflicts that nobody"),
    ("races", raced, "0               105 ", "0               0   ", "first echo wins: permits used twice"),
    ("faults", lost_events, "97      97     0", "97      96     1", "agent kill -9: events lost"),
    ("faults", lost_events, "8 s  ok", "8 s  FAILED; see build", "cases that are not as they must be"),
    ("test-central", queried, "13\n", "1013\n", "the slowest query of a dashboard"),
    ("test-cluster", clustered, "lost                           0", "lost                           2", "events lost"),
    (
        "test-cluster",
        clustered,
        "chains not proven              none",
        "chains not proven              2",
        "chains not",
    ),
    ("test-cluster", pytest_runs, "209 passed", "3 failed, 205 passed, 1 error", "tests failed"),
    ("test-generators", other_tools, "errors 0\njavac", "errors 5\njavac", "errors of tools"),
    ("test-fleet", rolled_out, "passed, 0 refused", "passed, 1 refused", "roll-outs: vehicles refused"),
    ("test-fleet", rolled_out, "recorded, 0 lost", "recorded, 1 lost", "roll-outs: events lost"),
    ("test-fleet", rolled_out, '{"wrong": 0}', '{"wrong": 2}', "roll-outs: rules broken"),
    ("test-fleet", rolled_out, "0.3 minutes", "10.3 minutes", "from an unpacked box to the first event"),
    ("test-uploads", measured_table, "8.96 ms", "98.6 ms", "event to central, uploads under way, p99"),
    ("pytest", pytest_runs, "148 passed", "148 skipped", "tests passed"),
]


def sample(name):
    return (SAMPLES / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "read", "expected"), PRINTED, ids=lambda one: getattr(one, "__name__", None))
def test_the_figures_are_those_that_were_printed(name, read, expected):
    found = {figure.what: figure.value for figure in read(Output(sample(name))).figures}
    assert {what: found.get(what) for what in expected} == expected


@pytest.mark.parametrize(("name", "read"), [row[:2] for row in PRINTED])
def test_no_figure_is_missed_in_a_sample_that_was_well(name, read):
    well = [one.what for one in read(Output(sample(name))).figures if one.kept is False]
    broken = {"fuzz": ["readers that broke a rule"], "preview": ["what it adds at most, upper end of that interval"]}
    assert well == broken.get(name, [])


@pytest.mark.parametrize(("name", "read", "printed", "instead", "what"), SPOILT)
def test_a_figure_that_misses_its_goal_is_seen(name, read, printed, instead, what):
    text = sample(name)
    assert printed in text
    missed = [one.what for one in read(Output(text.replace(printed, instead, 1))).figures if one.kept is False]
    assert any(one.startswith(what) for one in missed), missed


@pytest.mark.parametrize(("name", "read"), [row[:2] for row in PRINTED if row[0] != "pytest-left-out"])
def test_an_output_that_was_cut_off_has_figures_without_a_value(name, read):
    figures = read(Output("making: something went wrong\n")).figures
    assert [one.what for one in figures if one.value is None]
    assert [one.what for one in figures if one.kept is True] == []


@pytest.mark.parametrize(("name", "read", "seed"), [("faults", lost_events, "20261124"), ("fuzz", hostile_inputs, "1")])
def test_the_seed_is_read_where_it_is_printed(name, read, seed):
    assert read(Output(sample(name))).seed == seed


def test_tests_that_were_left_out_are_named_by_their_reasons():
    assert pytest_runs(Output(sample("pytest-left-out"))).left_out == (
        "torch is not installed: it is for training only (2 tests)",
        "could not import 'torch': No module named 'torch' (1 test)",
        "torch is in the training's own environment (tools/setup_training.sh) (1 test)",
    )


def test_a_row_of_losses_that_was_left_out_is_named_and_has_no_figures():
    text = sample("faults").replace("80 s  ok", "80 s  SKIPPED; RabbitMQ or PostgreSQL is not installed")
    found = lost_events(Output(text))
    assert found.left_out == (
        "RabbitMQ: nodes kill -9 with a consumer each, then all three: RabbitMQ or PostgreSQL is not installed",
    )
    assert not [one.what for one in found.figures if one.what.startswith("RabbitMQ")]
    assert not [one.what for one in found.figures if one.kept is False]


@pytest.mark.parametrize(
    ("reading", "name", "line"),
    [
        (raced, "races", "seed 7; the same permits and faults again, at other moments: make races SEED=7"),
        (pytest_runs, "pytest", "seed 7; the same examples again: make properties SEED=7"),
    ],
)
def test_the_seed_at_the_end_is_read(reading, name, line):
    assert reading(Output(sample(name))).seed == ""
    assert reading(Output(f"{sample(name)}{line}\n")).seed == "7"


def test_races_without_a_split_network_say_that():
    text = f"the network is not split: network namespaces need root and ip\n{sample('races')}"
    assert raced(Output(text)).left_out == ("the network is not split: network namespaces need root and ip",)
