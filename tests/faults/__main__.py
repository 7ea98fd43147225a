"""The loss table: `python -m tests.faults [ROW...] [--cycles N] [--seed N] [--few]` (`make faults` runs all of it).

The product is built and installed as on a gate, and each row happens to it so many times, with vehicles at four lanes
all the while. At the end every event that the gate recorded must be stored at the reference consumer, once and byte for
byte, and nothing else. Exit code 1 when a row fails. The table stands in build/faults.txt too.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.faults.rows import OTHERS, ROWS, played
from tests.faults.table import FILE, Progress, table
from tests.support.gate.installed import build_wheel, install

SEED = 20261124


def main():
    options = _options()
    # Links that are in this process speak of every connection that was broken on purpose.
    logging.basicConfig(level=logging.CRITICAL)
    results = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        _say("building and installing the product ...")
        installed = install(build_wheel(Path(folder)), Path(folder))
        for place, name in enumerate(options.rows, 1):
            row = (ROWS | OTHERS)[name]
            cycles = options.cycles or (row.few if options.few else row.cycles)
            _say(f"[{place}/{len(options.rows)}] {row.title}, {cycles:,} cycles, seed {options.seed} ...")
            progress = Progress(row.title, cycles)
            results.append(played(row, installed, cycles=cycles, seed=options.seed, progress=progress))
            progress.close()
            _say(table(results)[-1])
            lines = table(results)
            FILE.write_text("\n".join([*lines, ""]), encoding="utf-8")
    _say("", *lines, "", f"{FILE}")
    return 1 if any(result.passed is False for result in results) else 0


def _options():
    names = [*ROWS, *OTHERS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these: {', '.join(names)}")
    parser.add_argument("--cycles", type=int, help="how often each happens, in place of each row's own number")
    parser.add_argument("--few", action="store_true", help="only a few cycles of each")
    parser.add_argument("--seed", type=int, default=SEED, help="for the moments of the faults")
    options = parser.parse_args()
    options.rows = options.rows or names
    unknown = [name for name in options.rows if name not in names]
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(names)}")
    return options


def _say(*lines):
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
