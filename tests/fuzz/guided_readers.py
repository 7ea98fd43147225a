"""Let coverage guide the attack on every reader, some at once: `python -m tests.fuzz.guided_readers [--for S]`.

`make fuzz-guided` without READER. All readers share the time, each in a process of its own (`tests.fuzz.guided`), whose
words stay in build/fuzz/READER.log. The exit code is 1 where an input broke a rule or a reader did not come to its end.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS

BUILD = Path(__file__).parents[2] / "build" / "fuzz"
CORES = len(os.sched_getaffinity(0))
FOR_S = 3600
START_S = 600.0
"""A reader may take so long beyond its share: it imports its code with counters, and tries the corpus it has."""
HEADINGS = f"{'reader':<28}  {'inputs':>12}  {'found':>5}  {'ended':>5}"


@dataclass(frozen=True, slots=True)
class Attacked:
    """What came of the attack on a reader. `ended`: it came to its end; else it crashed or hung."""

    reader: str
    inputs: int
    found: int
    ended: bool

    @property
    def is_well(self) -> bool:
        """Nothing broke a rule, and nothing was cut short."""
        return self.ended and not self.found

    @property
    def row(self) -> str:
        """Below HEADINGS."""
        return f"{self.reader:<28}  {self.inputs:>12,}  {self.found:>5}  {'yes' if self.ended else 'no':>5}"


def attacked(reader: str, words: str, code: int | None) -> Attacked:
    """What libFuzzer's words say of a reader. `code`: its exit code; None where it hung."""
    done = re.findall(r"^Done (\d+) runs in \d+ second", words, re.MULTILINE)
    found = len(re.findall(r"^.*Test unit written to ", words, re.MULTILINE))
    return Attacked(reader, int(done[-1]) if done else 0, found, ended=code == 0 and bool(done))


def attack(reader: str, for_s: int) -> Attacked:
    """Attack one reader for so long, in its own process."""
    log = BUILD / f"{reader.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", reader, "--for", str(for_s)]
    code: int | None = None
    with log.open("wb") as out, suppress(subprocess.TimeoutExpired):  # `attacked` tells that it did not end
        process = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, timeout=for_s + START_S, check=False)
        code = process.returncode
    return attacked(reader, log.read_text(encoding="utf-8", errors="replace"), code)


def main() -> int:
    """Attack all and print a table, each reader's row when it ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided_readers", description=__doc__)
    parser.add_argument("--for", type=int, default=FOR_S, dest="for_s", metavar="S", help="seconds for all together")
    parser.add_argument("--at-once", type=int, default=CORES, metavar="N", help="so many readers at once")
    options = parser.parse_args()
    share_s = max(1, options.for_s * options.at_once // len(TARGETS))
    _say(f"{len(TARGETS)} readers, {share_s} s each, {options.at_once} at once\n{HEADINGS}")
    begun_at = time.monotonic()
    with ThreadPoolExecutor(options.at_once) as pool:
        results = []
        for future in as_completed([pool.submit(attack, reader, share_s) for reader in sorted(TARGETS)]):
            results.append(future.result())
            _say(results[-1].row)
    took_s = time.monotonic() - begun_at
    inputs = sum(one.inputs for one in results)
    _say(f"\n{inputs:,} inputs in {took_s:.0f} s; the words of each reader are in build/fuzz")
    return 0 if all(one.is_well for one in results) else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
