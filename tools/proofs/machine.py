"""The machine that a proof ran on."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """In the words of the report."""

    processor: str
    cores: int
    memory: str
    kernel: str
    system: str
    python: str


def this_machine() -> Machine:
    """The machine that this runs on. Raises OSError."""
    return Machine(
        processor=processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")) or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory=memory(Path("/proc/meminfo").read_text(encoding="utf-8")),
        kernel=platform.release(),
        system=system(Path("/etc/os-release").read_text(encoding="utf-8")),
        python=platform.python_version(),
    )


def processor(cpuinfo: str) -> str:
    """The name of the first processor; empty where the kernel gives none."""
    found = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    return found[1].strip() if found else ""


def memory(meminfo: str) -> str:
    """All of it, in GB."""
    found = re.search(r"^MemTotal: +(\d+) kB$", meminfo, re.MULTILINE)
    return f"{int(found[1]) * 1024 / 1e9:.1f} GB" if found else "not known"


def system(os_release: str) -> str:
    """The name of the system with its version."""
    found = re.search(r'^PRETTY_NAME="?(.*?)"?$', os_release, re.MULTILINE)
    return found[1] if found else "not known"
