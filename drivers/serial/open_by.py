"""The programs that have a device open, as far as this user may see them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class OpenBy:
    """A program that has the device open. `name` is what the kernel calls it, at most 15 characters."""

    pid: int
    name: str


def holders(device: str, proc: Path = PROC) -> tuple[OpenBy, ...]:
    """The programs that have `device`, the real path without symbolic links, open; in the order of their ids.

    What another user's program has open is hidden from everybody but root.
    """
    return tuple(OpenBy(pid, _name(proc / str(pid))) for pid in sorted(_pids(proc)) if _holds(proc / str(pid), device))


def _pids(proc: Path) -> Iterator[int]:
    return (int(entry.name) for entry in proc.iterdir() if entry.name.isdigit())


def _holds(program: Path, device: str) -> bool:
    try:
        with os.scandir(program / "fd") as entries:
            return any(_target(entry) == device and _is(entry, device) for entry in entries)
    except OSError:  # it ended meanwhile, or belongs to another user
        return False


def _target(entry: os.DirEntry[str]) -> str | None:
    try:
        return os.readlink(entry)  # noqa: PTH115 - a machine has thousands, and a path object costs more than the call
    except OSError:  # closed meanwhile
        return None


def _is(entry: os.DirEntry[str], device: str) -> bool:
    """Whether it is this machine's: a container has terminals of the same names. True where that cannot be told."""
    try:
        there, here = entry.stat(), Path(device).stat()
    except OSError:
        return True
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _name(program: Path) -> str:
    try:
        return (program / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
