"""What the kernel says of processes: their children, memory and CPU time (/proc)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


_NAMES = {"agent.vision.worker.main": "worker", "agent.vision.worker.second_reader": "second reader"}


def family(pid: int) -> dict[int, str]:
    """The process and all below it, by process id: "main", what the agent starts by its name, and others as "other"."""
    return {pid: "main"} | {child: _name(child) for child in _below(pid)}


def _below(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _below(child)


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    return next((name for module, name in _NAMES.items() if module in words), "other")


def proportional_mb(pid: int) -> float:
    """Resident memory in MB (10^6 bytes), pages shared with others counted in parts (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    message = f"the kernel tells no proportional set size of {pid}"
    raise RuntimeError(message)


def cpu_s(pid: int) -> float:
    """CPU time of all threads since its start, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def thread_cpu_s(pid: int) -> dict[int, float]:
    """CPU time of each of its threads since its start, by thread id."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return found
