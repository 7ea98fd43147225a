"""The results of a checkout: a folder with the logs and reports of this machine, and the results that are published."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.proofs.checkout import PUBLISHED
from tools.proofs.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tools.proofs.checkout import Checkout

RESULT = ".json"


class UnreadableResultError(Exception):
    """A file in the place of results is none; the message names it, and what to do."""


class OccupiedError(Exception):
    """Another run of `make prove` is at work in this checkout."""


@contextmanager
def alone(build: Path) -> Iterator[None]:
    """Keep other runs out of this checkout meanwhile. Raises OccupiedError."""
    with (build / "proofs" / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OccupiedError("another run is at work in this checkout") from error
        yield


class Store:
    """The results of one checkout, in a folder of its own below `build/proofs`, and those that are published."""

    def __init__(self, root: Path, checkout: Checkout) -> None:
        self._checkout = checkout
        self._published = root / PUBLISHED
        self.folder = root / "build" / "proofs" / checkout.folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        """Where a proof's output goes."""
        return self.folder / f"{name}.log"

    def results(self) -> dict[str, Result]:
        """By name, the results of exactly this commit; those of this machine come before those of others.

        A changed tree has none: nobody knows what it was then. Raises UnreadableResultError.
        """
        if self._checkout.is_changed:
            return {}
        found = [*_results_in(self._published), *_results_in(self.folder)]
        return {one.name: one for one in found if one.commit == self._checkout.commit and not one.changed}

    def earlier(self) -> dict[str, Result]:
        """By name, the published results of other commits. Raises UnreadableResultError."""
        return {one.name: one for one in _results_in(self._published) if one.commit != self._checkout.commit}

    def publish(self, results: Iterable[Result]) -> None:
        """Write results to where they are committed, each in place of an older one of its proof."""
        self._published.mkdir(parents=True, exist_ok=True)
        for one in results:
            _write(self._published / f"{one.name}{RESULT}", one.as_json())

    def keep(self, result: Result) -> None:
        """Write a result: whole, or not at all."""
        self.write(f"{result.name}{RESULT}", result.as_json())

    def forget(self, name: str) -> None:
        """Remove the result of a proof that begins again."""
        (self.folder / f"{name}{RESULT}").unlink(missing_ok=True)

    def write(self, name: str, text: str) -> Path:
        """Write a file of this folder: whole, or not at all."""
        return _write(self.folder / name, text)


def _write(path: Path, text: str) -> Path:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    return part.replace(path)


def _results_in(folder: Path) -> list[Result]:
    return [_result(path) for path in sorted(folder.glob(f"*{RESULT}"))]


def _result(path: Path) -> Result:
    try:
        return Result.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableResultError(
            f"{path} is not the result of a proof ({error}). Remove it, and run the proof again"
        ) from error
