"""Check everything that people read against the house style (docs/style.md).

Usage: python -m tools.style [--lower | --all]. Exit code 1, and a line for each finding, where there are more than
the baseline allows. `--lower` writes lower counts into the baseline; `--all` shows what the baseline allows too.
"""

from __future__ import annotations

import argparse
import sys

from tools.style.findings import BASELINE, findings, known, lowered, problems, written
from tools.style.places import passages


def main(arguments: list[str] | None = None) -> int:
    """Run the check. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.style", description="Check all texts against docs/style.md.")
    parser.add_argument("--lower", action="store_true", help="write lower counts into the baseline")
    parser.add_argument("--all", action="store_true", help="show the findings that the baseline allows too")
    options = parser.parse_args(arguments)
    found, allowed = findings(passages()), known()
    if options.lower:
        allowed = lowered(found, allowed)
        BASELINE.write_text(written(allowed), encoding="utf-8")
    lines = [str(one) for one in found] if options.all else list(problems(found, allowed))
    for line in lines:
        print(line)
    if lines:
        print(f"{len(lines)} findings. The rules are in docs/style.md and tools/style/rules.toml.", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
