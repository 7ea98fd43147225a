"""Sign what `make release` has built: python -m tools.sign --key FINGERPRINT."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from tools.deb.project import ROOT
from tools.deb.targets import BuildError
from tools.supply.repository import Validity
from tools.supply.signing import sign_release

VALID_DAYS: Final = 365


def main() -> int:
    """Sign, and say which files were made; 1 when something cannot be signed."""
    parser = argparse.ArgumentParser(description="Sign a release.")
    parser.add_argument("dist", nargs="?", type=Path, default=ROOT / "dist", help="the folder of the release (dist)")
    parser.add_argument("--key", required=True, help="the fingerprint of the key, which gpg has")
    parser.add_argument(
        "--valid-days", type=int, default=VALID_DAYS, help=f"how long apt believes its lists ({VALID_DAYS})"
    )
    arguments = parser.parse_args()
    try:
        made = sign_release(arguments.dist, arguments.key, Validity(now(), arguments.valid_days))
    except BuildError as error:
        print(f"sign: {error}", file=sys.stderr)
        return 1
    for path in made:
        print(path.relative_to(arguments.dist))
    return 0


def now() -> int:
    """Unix seconds of the machine that signs."""
    return time.time_ns() // 1_000_000_000


if __name__ == "__main__":
    sys.exit(main())
