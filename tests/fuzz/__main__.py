"""Hostile bytes by the million: `python -m tests.fuzz [--cases N] [--seed S]` (`make fuzz`).

Prints what became of them for each reader. A breach is told with the seed and the input that repeat it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time

from tests.fuzz.judge import WORST_MS, Tally, play
from tests.fuzz.targets import TARGETS

CASES = 1_000_000
_JOB = 2_500
_HEAD = f"{'reader':<24}{'inputs':>10}{'accepted':>10}{'escaped':>9}{'mean us':>9}{'worst ms':>10}"


def jobs(cases: int, seed: str) -> list[tuple[str, int, str]]:
    """Split the cases among the readers, and each reader's into jobs: reader, cases, seed."""
    wanted = {name: round(cases * target.share) for name, target in TARGETS.items()}
    return [
        (name, min(_JOB, count - start), f"{seed}/{name}/{start}")
        for name, count in wanted.items()
        for start in range(0, count, _JOB)
    ]


def run(job: tuple[str, int, str]) -> tuple[str, Tally]:
    """Play one job."""
    name, cases, seed = job
    return name, play(TARGETS[name], cases, seed)


def main() -> int:
    """Play all, in two processes, and print the table. The exit code is 1 when anything happened that must not."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    work = jobs(options.cases, options.seed)
    total = sum(cases for _, cases, _ in work)
    tallies = {name: Tally() for name in TARGETS}
    begin = time.monotonic()
    with multiprocessing.Pool(options.processes) as pool:
        for name, tally in pool.imap_unordered(run, work):
            tallies[name].add(tally)
            done = sum(each.cases for each in tallies.values())
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{done:>12,} of {total:,}")
                sys.stderr.flush()
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    return _report(tallies, time.monotonic() - begin, options.seed)


def _report(tallies: dict[str, Tally], took_s: float, seed: str) -> int:
    whole = Tally()
    lines = [_HEAD]
    for name, tally in tallies.items():
        lines.append(_line(name + ("" if TARGETS[name].bound else " *"), tally))
        whole.add(tally)
    lines.append(_line("all", whole))
    lines.append(f"seed {seed}, {took_s:.0f} s; * signed by an issuer's key, good ones too; bound {WORST_MS:.0f} ms")
    broken = [name for name, tally in tallies.items() if tally.breaches(bound=TARGETS[name].bound)]
    for name in broken:
        lines += [f"BREACH in {name}:", *(f"  {example}" for example in tallies[name].examples)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if broken else 0


def _line(name: str, tally: Tally) -> str:
    mean_us = 1000 * tally.spent_ms / max(1, tally.cases)
    return f"{name:<24}{tally.cases:>10,}{tally.accepted:>10}{tally.escaped:>9}{mean_us:>9.0f}{tally.worst_ms:>10.2f}"


if __name__ == "__main__":
    sys.exit(main())
