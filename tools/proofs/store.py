"""The folder of a checkout's results: a log and a result for each proof, and the reports."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.proofs.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.proofs.checkout import Checkout

RESULT = ".json"


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
    """The results of one checkout, in a folder of its own below `build/proofs`."""

    def __init__(self, build: Path, checkout: Checkout) -> None:
        self._checkout = checkout
        self.folder = build / "proofs" / checkout.folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        """Where a proof's output goes."""
        return self.folder / f"{name}.log"

    def results(self) -> dict[str, Result]:
        """By name, the results of exactly this commit. A changed tree has none: nobody knows what it was then."""
        if self._checkout.is_changed:
            return {}
        found = [Result.from_json(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob(f"*{RESULT}"))]
        return {one.name: one for one in found if one.commit == self._checkout.commit and not one.changed}

    def keep(self, result: Result) -> None:
        """Write a result: whole, or not at all."""
        self.write(f"{result.name}{RESULT}", result.as_json())

    def forget(self, name: str) -> None:
        """Remove the result of a proof that begins again."""
        (self.folder / f"{name}{RESULT}").unlink(missing_ok=True)

    def write(self, name: str, text: str) -> Path:
        """Write a file of this folder: whole, or not at all."""
        path = self.folder / name
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        return part.replace(path)
