"""The figures of the proofs on whole systems: fleet, cluster, database, other tools, bare and virtual machines."""

from __future__ import annotations

import re
from typing import Final

from tools.proofs.proof import Output, Reading
from tools.proofs.readings.text import VERDICT, at_least, at_most, none_may, plain, rows, seconds, told, value

QUERY_S: Final = 1.0
FIRST_EVENT_MIN: Final = 10.0
_QUERY: Final = re.compile(r"^\w+ +\S.*? +(\d+) +(\d+)$", re.MULTILINE)
_TIMED: Final = re.compile(r"^ *[\d.]+ s  (?P<what>.*)$", re.MULTILINE)


def other_tools(output: Output) -> Reading:
    """Of the first half of `make test-generators`; its second half is a run of pytest."""
    errors = [int(count) for count in re.findall(r"^\S.* errors (\d+)$", plain(output.text), re.MULTILINE)]
    return Reading(
        (
            at_least("tools that read the contract", len(errors), 1),
            none_may("errors of tools", sum(errors) if errors else None),
        )
    )


def queried(output: Output) -> Reading:
    """Of `make test-central`."""
    text = plain(output.text)
    _, _, asked = text.partition("slowest of 3, in ms")
    slowest = [max(map(int, times)) / 1000 for times in _QUERY.findall(asked)]
    return Reading(
        (
            at_most("the slowest query of a dashboard", max(slowest, default=None), QUERY_S, "s"),
            told("queries", len(slowest)),
            told("the exporter's series", value(r"^exporter: \d+ series, (\d+) ms", text), "ms"),
            told("gates", value(r" (\d+) gates, \d+ days: ", text)),
            told("events", value(r" days: ([\d,]+) events", text)),
            told("size of the database", value(r", ([\d.]+) GB$", text), "GB"),
        )
    )


def rolled_out(output: Output) -> Reading:
    """Of the three proofs of `make test-fleet`."""
    text = plain(output.text)
    courses = rows(text, "course")
    return Reading(
        (
            none_may("roll-outs: rules broken", value(r'\{"wrong": (\d+)\}', text)),
            none_may("roll-outs: vehicles refused", value(r"^vehicles: .* passed, ([\d,]+) refused", text)),
            none_may("roll-outs: events lost", value(r"^events: .* recorded, ([\d,]+) lost", text)),
            none_may("roll-outs: events altered", value(r"^events: .* lost, ([\d,]+) altered", text)),
            told("roll-outs: vehicles that passed", value(r"^vehicles: ([\d,]+) passed", text)),
            told("roll-outs: events", value(r"^events: ([\d,]+) recorded", text)),
            none_may(
                "certificates: courses that are not as they must be",
                sum(row.get(VERDICT) != "ok" for row in courses) if courses else None,
            ),
            at_most(
                "from an unpacked box to the first event",
                value(r"^\d+ commands, ([\d.]+) minutes on this machine$", text),
                FIRST_EVENT_MIN,
                "min",
            ),
            told("commands for it", value(r"^(\d+) commands, ", text)),
        )
    )


def clustered(output: Output) -> Reading:
    """Of the kills of `make test-cluster`; how many tests passed comes from pytest."""
    text = plain(output.text)
    time = r"([\d.]+) (ms|s|min)\b"
    return Reading(
        (
            none_may("events lost", value(r"^lost +([\d,]+)$", text)),
            none_may("events twice at central", value(r"^duplicates after dedupe +([\d,]+)$", text)),
            none_may("chains not proven", value(r"^chains not proven +(\S+)$", text)),
            told("vehicles decided", value(r"^decided +([\d,]+)$", text)),
            told("back after one node, p99", seconds(rf"^back after one node .*, p99 {time}", text), "s"),
            told("back after all nodes, p99", seconds(rf"^back after all nodes .*, p99 {time}", text), "s"),
        )
    )


def from_nothing(output: Output) -> Reading:
    """Of `make test-bare`."""
    steps = re.findall(r"^ *[\d.]+ s  Debian \d+, \w+: (.*)$", plain(output.text), re.MULTILINE)
    return Reading(
        (
            at_least("steps", len(steps), 1),
            none_may("steps that failed", sum(step.startswith("FAILED") for step in steps) if steps else None),
        )
    )


def on_a_machine(output: Output) -> Reading:
    """Of `make test-vm`."""
    steps = [found["what"] for found in _TIMED.finditer(plain(output.text))]
    cuts = [step for step in steps if step.startswith("power cut ") and "none lost" in step]
    failed = sum(step.startswith("FAILED") for step in steps)
    return Reading(
        (
            none_may("steps that failed", failed if steps else None),
            at_least("power cuts that lost nothing", len(cuts), 20),
            at_least("runs that reached the last step", sum(step.startswith("all steps held") for step in steps), 1),
            told("steps", len(steps)),
        )
    )
