"""The figures of runs of pytest: how many tests passed, failed, and were left out for which reason."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from tools.proofs.proof import Output, Reading
from tools.proofs.readings.text import at_least, none_may, plain, told

_COUNT: Final = re.compile(r"(\d+) (passed|failed|skipped|error|errors)\b")
_SUMMARY: Final = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s\b", re.MULTILINE)
_SEED: Final = re.compile(r"^seed (\d+); ", re.MULTILINE)
_SKIPPED: Final = re.compile(r"^SKIPPED \[(\d+)\] \S+?(?::\d+)?: (.*)$", re.MULTILINE)


def pytest_runs(output: Output) -> Reading:
    """The sums over all runs in an output, and the seed of the last one where its examples are random."""
    text = plain(output.text)
    counts: Counter[str] = Counter()
    summaries = _SUMMARY.findall(text)
    for summary in summaries:
        for count, kind in _COUNT.findall(summary):
            counts[kind.removesuffix("s")] += int(count)
    passed, failed = (counts["passed"], counts["failed"] + counts["error"]) if summaries else (None, None)
    return Reading(
        (
            at_least("tests passed", passed, 1),
            none_may("tests failed", failed),
            *([told("tests left out", counts["skipped"])] if counts["skipped"] else []),
        ),
        tuple(f"{why} ({_tests(count)})" for why, count in _reasons(text).items()),
        seed=seeds[-1] if (seeds := _SEED.findall(text)) else "",
    )


def _reasons(text: str) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for count, why in _SKIPPED.findall(text):
        reasons[why.strip()] += int(count)
    return reasons


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"
