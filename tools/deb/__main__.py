"""Build the Debian packages: python -m tools.deb [TARGET ...]."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tools.deb.bundle import bundle
from tools.deb.environment import python_of
from tools.deb.package_files import Build, build_wheel, lay_out, pack
from tools.deb.project import ROOT, build_time, version
from tools.deb.targets import TARGETS, BuildError, Target
from tools.supply.keyring import KEYS

WORK: Final = ROOT / "build" / "deb"
LEVEL: Final = 12


def main() -> int:
    """Build what is asked for, say what came of it; 1 when something cannot be built."""
    arguments = _arguments()
    try:
        wheel = build_wheel(WORK / "wheel", build_time())
        for target in _targets(arguments.targets):
            _build(target, wheel, arguments)
    except BuildError as error:
        print(f"deb: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the Debian packages.")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the packages go (dist)")
    parser.add_argument("--level", type=int, default=LEVEL, help="of compression, 1 to 19")
    parser.add_argument(
        "--twice", action="store_true", help="build each twice, and fail unless both are the same bytes"
    )
    parser.add_argument(
        "--bundle", action="store_true", help="also a bundle with Debian's packages, for machines without a line"
    )
    parser.add_argument("--keys", type=Path, default=KEYS, help="the public keys of releases, as *.asc")
    return parser.parse_args()


def _targets(names: list[str]) -> list[Target]:
    """Those that are named; without names those for which this machine has an interpreter."""
    if names:
        return [TARGETS[name] for name in names]
    found = []
    for target in TARGETS.values():
        try:
            python_of(target)
        except BuildError as error:
            print(f"deb: left out: {error}", file=sys.stderr)
        else:
            found.append(target)
    if not found:
        raise BuildError("this machine has no interpreter for any package")
    return found


def _build(target: Target, wheel: Path, arguments: argparse.Namespace) -> None:
    began_at = time.monotonic()
    build = Build(target, version(), build_time(), arguments.keys)
    file = arguments.out / build.file
    digest = _packed(build, wheel, file, arguments.level, WORK / "environments")
    if arguments.twice:
        # The second time all from nothing: wheels unpacked and compiled again.
        with tempfile.TemporaryDirectory(dir=WORK) as fresh:
            wheel = build_wheel(Path(fresh, "wheel"), build.time)
            again = _packed(build, wheel, Path(fresh, file.name), arguments.level, Path(fresh, "environments"))
        if again != digest:
            raise BuildError(f"{file.name} came out differently the second time: {digest} and {again}")
    took_s = time.monotonic() - began_at
    print(f"{file.name}  {file.stat().st_size / 1e6:.1f} MB  sha256 {digest}  {took_s:.0f} s", flush=True)
    if arguments.bundle:
        made = bundle(build, file, WORK / "debian")
        print(f"{made.name}  {made.stat().st_size / 1e6:.1f} MB", flush=True)


def _packed(build: Build, wheel: Path, file: Path, level: int, store: Path) -> str:
    with tempfile.TemporaryDirectory(dir=store.parent) as name:
        folder = Path(name, "content")
        lay_out(build, wheel, store, folder)
        pack(folder, file, level)
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
