"""The figures of the proofs of rules and readers: random steps, models, changed programs, races, hostile bytes."""

from __future__ import annotations

import re
from typing import Final

from tools.proofs.proof import Output, Reading
from tools.proofs.readings.text import at_least, none_may, plain, rows, told, value

LEAST_CHANGES_NOTICED: Final = 95.0
NAIVE: Final = "first echo wins"
"""The simpler rule of a site, which must show that the races find a permit that is used twice."""
TELLS: Final = "allow_and_flag"
"""The rule under which a permit may pass twice, but never untold."""


def lane_steps(output: Output) -> Reading:
    """Of `make soak-lane`."""
    text = plain(output.text)
    return Reading(
        (
            none_may("broken rules", value(r"^breaches +([\d,]+)$", text)),
            at_least("random steps", value(r"^steps +([\d,]+)$", text), 8_000_000),
            at_least("vehicles", value(r"^vehicles +([\d,]+) ", text), 10_000),
        )
    )


def changed_programs(output: Output) -> Reading:
    """Of `make mutants`."""
    text = plain(output.text)
    return Reading(
        (
            at_least("changes noticed", value(r"killed: ([\d.]+)%", text), LEAST_CHANGES_NOTICED, "%"),
            told("changes", value(r"^in all +[\d,]+ of +([\d,]+) killed", text)),
            none_may("changes that pass and are not explained", value(r"survived, (\d+) of them not explained", text)),
            none_may("explanations out of date", value(r", (\d+) explanations out of date", text)),
        )
    )


def explored(output: Output) -> Reading:
    """Of `make model`."""
    text = plain(output.text)
    end = re.search(r"^\d+ machines, \d+ of them complete: ", text, re.MULTILINE)

    def rows_that_end(words: str) -> int | None:
        return len(re.findall(rf"  {words}$", text, re.MULTILINE)) if end else None

    return Reading(
        (
            none_may("broken rules", value(r" transitions, ([\d,]+) breaches;", text)),
            none_may("machines that are not as they must be", rows_that_end("BROKEN")),
            at_least("faults put in on purpose and found", rows_that_end("fault found"), 1),
            none_may("faults put in on purpose and not found", rows_that_end("fault NOT FOUND")),
            told("machines", value(r"^(\d+) machines, ", text)),
            told("machines explored completely", value(r"^\d+ machines, (\d+) of them complete", text)),
            told("states", value(r" complete: ([\d,]+) states", text)),
            told("transitions", value(r" states, ([\d,]+) transitions", text)),
        )
    )


def raced(output: Output) -> Reading:
    """Of `make races`."""
    text = plain(output.text)
    found = rows(text, "rule")
    figures = []
    for row in found:
        rule = row["rule"]
        count = {heading: value(r"^([\d,.]+)$", cell) for heading, cell in row.items()}
        figures += [told(f"{rule}: races", count["races"]), told(f"{rule}: vehicles that passed", count["passes"])]
        if rule == NAIVE:
            figures.append(at_least(f"{rule}: permits used twice, which must be found", count["doubles"], 1))
            continue
        if rule != TELLS:
            figures.append(none_may(f"{rule}: permits used twice", count["doubles"]))
        figures += [
            none_may(f"{rule}: conflicts that nobody was told of", count["untold"]),
            none_may(f"{rule}: lost states that no gate noticed", count["silent"]),
            told(f"{rule}: answer, p99", count["p99 ms"], "ms"),
        ]
    lacking = re.findall(r"^the network is not split: .*$", text, re.MULTILINE)
    seed = re.search(r"^seed (\d+); ", text, re.MULTILINE)
    return Reading(
        tuple(figures) or (none_may("permits used twice", None),), tuple(lacking), seed=seed[1] if seed else ""
    )


def hostile_inputs(output: Output) -> Reading:
    """Of `make fuzz`."""
    text = plain(output.text)
    last = re.search(r"^seed (\S+), \d+ s;", text, re.MULTILINE)
    broken = len(re.findall(r"^BREACH in ", text, re.MULTILINE)) if last else None
    return Reading(
        (
            none_may("readers that broke a rule", broken),
            at_least("hostile inputs", value(r"^all +([\d,]+) ", text), 1_000_000),
            none_may("exceptions that escaped", value(r"^all +[\d,]+ +\d+ +(\d+) ", text)),
            told("the slowest answer", value(r"^all .* ([\d.]+)$", text), "ms"),
        ),
        seed=last[1] if last else "",
    )


def guided_inputs(output: Output) -> Reading:
    """Of `make fuzz-guided`, of every reader."""
    text = plain(output.text)
    readers = value(r"^(\d+) readers, \d+ s each", text)
    found = rows(text, "reader")
    return Reading(
        (
            at_least("readers attacked to the end", sum(one["ended"] == "yes" for one in found), readers or 1),
            none_may("inputs that broke a rule", sum(int(one["found"]) for one in found) if found else None),
            told("inputs", value(r"^([\d,]+) inputs in ", text)),
        ),
    )
