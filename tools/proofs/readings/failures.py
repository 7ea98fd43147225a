"""The figures of the proofs by failures: the table of losses, the soaks, tests on a busy machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tools.proofs.proof import Output, Reading
from tools.proofs.readings.text import VERDICT, at_least, at_most, none_may, number, plain, rows, told, value

if TYPE_CHECKING:
    from collections.abc import Mapping

WRONG_EVENTS: Final = {"lost": "events lost", "invented": "events invented", "duplicates": "events twice"}
GROWTH_MB_AN_HOUR: Final = 6.0
GROWTH_MB_PER_100_000: Final = 20.0
PICTURES: Final = 100_000


def lost_events(output: Output) -> Reading:
    """Of `make faults`."""
    text = plain(output.text)
    found = rows(text, "case")
    figures = [none_may("cases that are not as they must be", sum(not _is_well(row) for row in found))]
    for row in found:
        if _is_left_out(row):
            continue
        case = row["case"]
        figures.append(told(f"{case}: cycles", number(row["cycles"])))
        figures += [
            none_may(f"{case}: {words}", number(row[column]))
            for column, words in WRONG_EVENTS.items()
            if row[column] != "-"
        ]
    seed = re.search(r"cycles, seed (\d+) \.\.\.$", text, re.MULTILINE)
    return Reading(
        tuple(figures) if found else (none_may("cases that are not as they must be", None),),
        tuple(f"{row['case']}: {row[VERDICT].removeprefix('SKIPPED; ')}" for row in found if _is_left_out(row)),
        seed[1] if seed else "",
    )


def _is_left_out(row: Mapping[str, str]) -> bool:
    return row.get(VERDICT, "").startswith("SKIPPED")


def _is_well(row: Mapping[str, str]) -> bool:
    return row.get(VERDICT, "").partition(";")[0] in {"ok", "SKIPPED"}


def soaked(output: Output) -> Reading:
    """Of `make soak`."""
    text = plain(output.text)
    is_over = re.search(r"^(all is well|WRONG: .*)$", text, re.MULTILINE)
    seed = re.search(r" lanes, seed (\d+) \.\.\.$", text, re.MULTILINE)
    return Reading(
        (
            none_may("rules broken", len(re.findall(r"^WRONG: ", text, re.MULTILINE)) if is_over else None),
            none_may("events lost", value(r"^events .*, lost (\d+),", text)),
            none_may("events twice", value(r"^events .*, twice (\d+),", text)),
            none_may("events invented", value(r"^events .*, invented (\d+);", text)),
            none_may("permits used twice", value(r"permits used twice (\d+),", text)),
            at_most(
                "memory, growth", value(r" ([+-][\d.]+) MB an hour after the warm-up", text), GROWTH_MB_AN_HOUR, "MB/h"
            ),
            told("events", value(r"^events +([\d,]+) recorded", text)),
            told("vehicles", value(r"^vehicles +([\d,]+), ", text)),
            told("times the traffic of truck lanes", value(r"^vehicles .*?, ([\d.]+) times", text)),
            told("faults", _sum_of(r"^troubles +(.*)$", text)),
            told("code to relay, p50", value(r"^code to relay p50 ([\d.]+) s", text), "s"),
            told("code to relay, p99", value(r"^code to relay .* p99 ([\d.]+) s", text), "s"),
        ),
        tuple(re.findall(r"^(?:not as root|faketime is not installed): .*$", text, re.MULTILINE)),
        seed[1] if seed else "",
    )


def lived_through(output: Output) -> Reading:
    """Of `make site`."""
    text = plain(output.text)
    is_over = re.search(r"^(all is well|WRONG: .*)$", text, re.MULTILINE)
    seed = re.search(r" troubles in \d+ s, seed (\d+)$", text, re.MULTILINE)
    waited = "^code to relay +lane-1: "
    return Reading(
        (
            none_may("rules broken", len(re.findall(r"^WRONG: ", text, re.MULTILINE)) if is_over else None),
            none_may("decisions wrong", value(r"^decisions .*, (\d+) wrong$", text)),
            none_may("events lost", value(r"^events .*, lost (\d+),", text)),
            none_may("events altered", value(r"^events .*, altered (\d+)$", text)),
            none_may("pulses without a grant", value(r"^pulses .*, without a grant (\d+)$", text)),
            none_may("permits used twice", value(r"^used twice +(\d+)$", text)),
            none_may("arms moved onto a vehicle", value(r"^unsafe +(\d+)$", text)),
            told("vehicles", value(r"^vehicles +([\d,]+), ", text)),
            told("times the traffic of truck lanes", value(r"^vehicles .*?, ([\d.]+) times", text)),
            told("decisions right", value(r"^decisions +([\d,]+) right", text)),
            told("events", value(r"^events +([\d,]+) recorded", text)),
            told("troubles", _sum_of(r"^troubles +(.*)$", text)),
            told("code to relay with a camera, p50", value(waited + r"p50 ([\d.]+) s", text), "s"),
            told("code to relay with a camera, p99", value(waited + r".* p99 ([\d.]+) s", text), "s"),
        ),
        seed=seed[1] if seed else "",
    )


def _sum_of(pattern: str, text: str) -> float | None:
    """The sum of the counts of a line such as "cable 3, broker killed 2"."""
    line = re.search(pattern, text, re.MULTILINE)
    return float(sum(int(count) for count in re.findall(r" (\d+)(?:,|$)", line[1]))) if line else None


def pictures_read(output: Output) -> Reading:
    """Of `make soak-vision`."""
    text = plain(output.text)
    is_over = re.search(r"^(all is well|WRONG: .*)$", text, re.MULTILINE)
    return Reading(
        (
            none_may("rules broken", len(re.findall(r"^WRONG: ", text, re.MULTILINE)) if is_over else None),
            at_least("pictures read", value(r"^frames read +([\d,]+) ", text), PICTURES),
            at_most(
                "memory, growth",
                value(r"^growth +(-?[\d.]+) +MB per 100,000", text),
                GROWTH_MB_PER_100_000,
                "MB per 100,000 pictures",
            ),
            none_may("texts invented", value(r"^texts invented +([\d,]+)$", text)),
            none_may("restarts", value(r"^restarts +([\d,]+)$", text)),
            told("codes read", value(r"^presentations +([\d,]+) ", text)),
        )
    )


def stressed(output: Output) -> Reading:
    """Of `make stress`: the tests that failed under any kind of stress."""
    lines = plain(output.text).splitlines()
    last = [place for place, line in enumerate(lines) if line.startswith("seconds a run")]
    left_out = tuple(line for line in lines if ": left out, for " in line)
    if not last:
        return Reading((none_may("tests that failed", None),), left_out)
    counts = lines[last[-1] - 1].split()[1:]
    failed = 0
    for line in reversed(lines[: last[-1] - 1]):
        if not re.search(r"  \d+ of \d+$", line):
            break
        failed += 1
    return Reading(
        (none_may("tests that failed", failed), at_least("runs under stress", sum(map(int, counts)), 1)), left_out
    )
