"""The programs that are using a device: that have it open, as far as this user may see them."""

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


class OpenFiles:
    """Which program has which file open, as far as this user may see, at the moment when this was made.

    What another user's program has open is hidden from everybody but root. /proc is read once, however many devices are
    asked for: a machine has thousands of open files.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._entries: dict[str, list[tuple[int, os.DirEntry[str]]]] = {}
        for pid in sorted(_pids(proc)):
            for target, entry in _open_files(proc / str(pid)):
                self._entries.setdefault(target, []).append((pid, entry))

    def holders(self, device: str) -> tuple[OpenBy, ...]:
        """The programs that have `device`, the real path without symbolic links, open; in the order of their ids."""
        pids = dict.fromkeys(pid for pid, entry in self._entries.get(device, ()) if _is(entry, device))
        return tuple(OpenBy(pid, _name(self._proc / str(pid))) for pid in pids)


def holders(device: str) -> tuple[OpenBy, ...]:
    """The programs that have `device`, the real path without symbolic links, open now."""
    return OpenFiles().holders(device)


def _pids(proc: Path) -> list[int]:
    try:
        return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    except FileNotFoundError:  # a file tree without /proc shows nobody's programs
        return []


def _open_files(program: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What the program has open, by its path. Sockets and pipes have none."""
    try:
        with os.scandir(program / "fd") as entries:
            for entry in entries:
                target = _target(entry)
                if target is not None and target.startswith("/"):
                    yield target, entry
    except OSError:  # it ended meanwhile, or belongs to another user
        return


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
