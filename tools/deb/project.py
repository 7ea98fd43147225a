"""What is packaged: this checkout, its version, and the time that all files of a build get."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path
from typing import Final

from tools.deb.targets import BuildError

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = ROOT / "requirements.lock"


def version() -> str:
    """The version of the product, which stands in pyproject.toml and nowhere else."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def build_time() -> int:
    """Unix seconds: SOURCE_DATE_EPOCH, or else when the commit that is checked out was made. Raises BuildError.

    https://reproducible-builds.org/specs/source-date-epoch/
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        asked = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        given = asked.stdout.strip() if asked.returncode == 0 else ""
    if not given.isdigit():
        message = f"the time of the build is not known ({given!r}): build in a git checkout, or set SOURCE_DATE_EPOCH"
        raise BuildError(message)
    return int(given)


def run(command: list[str | Path], folder: Path = ROOT, **variables: str) -> str:
    """Run a program to its end in a folder and return what it printed.

    Raises BuildError with its words when it fails.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is not installed: {error}") from error
    if done.returncode != 0:
        words = " ".join(map(str, command))
        raise BuildError(f"{words} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout
