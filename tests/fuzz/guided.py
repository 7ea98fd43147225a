"""Let coverage guide the attack on one reader: `python -m tests.fuzz.guided READER [--for S]` (`make fuzz-guided`).

The same judges as `python -m tests.fuzz`, but inputs that reach new code are kept and spoilt further (atheris,
libFuzzer). The corpus stays in build/fuzz/READER. What is found there is written to a file, whose name is printed.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["agent", "central", "drivers", "sim"]):
    from tests.fuzz.targets import TARGETS

BUILD = Path(__file__).parents[2] / "build" / "fuzz"
SEEDS = 300


def main() -> None:
    """Attack until the time is over or something is found; ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("reader", choices=sorted(TARGETS))
    parser.add_argument("--for", type=int, default=300, dest="for_s", metavar="S", help="seconds")
    options = parser.parse_args()
    target = TARGETS[options.reader]
    corpus = BUILD / options.reader.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    dice = random.Random(options.reader)  # noqa: S311 - repeatable on purpose
    for number in range(SEEDS):
        (corpus / f"seed-{number}").write_bytes(target.make(dice))

    def judge(data: bytes) -> None:
        if data and target.accepts(data):
            message = "taken, though nobody issued it"
            raise AssertionError(message)

    limits = [f"-max_total_time={options.for_s}", "-max_len=8192", f"-artifact_prefix={corpus}/found-"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], judge)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
