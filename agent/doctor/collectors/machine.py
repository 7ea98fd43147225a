"""Reads what the kernel says of the machine. `root`: where the machine's files begin."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.doctor.facts import DiskFacts, MemoryFacts, ProcessorFacts, TimeZoneFacts, WatchdogFacts

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path("/")
KIBIBYTE: Final = 1024
MILLI: Final = 1000.0
_ZONES: Final = "zoneinfo/"
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_PI_THROTTLED: Final = 0xE000E
"""Bits of the Raspberry Pi firmware: capped, throttled or too hot, now and since the start; undervoltage is 0 and
16."""


def time_zone(root: Path = ROOT) -> TimeZoneFacts:
    """The time zone, by the link that timedatectl sets, else by the name that Debian writes."""
    with suppress(OSError):
        target = str((root / "etc/localtime").readlink())
        if _ZONES in target:
            return TimeZoneFacts(target.partition(_ZONES)[2])
    name = _text(root / "etc/timezone")
    return TimeZoneFacts(name or None)


def disk(path: Path, wanted_bytes: int, root: Path = ROOT) -> DiskFacts:
    """The file system under a path, which need not be there yet. Raises OSError."""
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    found = os.statvfs(there)
    file_system, source, options = mount_of(there.resolve(), _text(root / "proc/self/mountinfo"))
    return DiskFacts(
        path=path,
        size_bytes=found.f_blocks * found.f_frsize,
        free_bytes=found.f_bavail * found.f_frsize,
        inodes=found.f_files,
        free_inodes=found.f_favail,
        file_system=file_system,
        source=source,
        options=options,
        wanted_bytes=wanted_bytes,
    )


def mount_of(path: Path, mounts: str) -> tuple[str, str, frozenset[str]]:
    """File system, source and options of the mount that a path is in, by the text of proc(5) mountinfo."""
    best: tuple[int, tuple[str, str, frozenset[str]]] = (-1, ("?", "?", frozenset()))
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if len(fields) < 6 or len(tail) < 3:  # noqa: PLR2004 - the fields that proc(5) promises
            continue
        point = Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4]))
        # The later of two mounts at one place lies over the first.
        if path.is_relative_to(point) and len(point.parts) >= best[0]:
            options = frozenset((*fields[5].split(","), *tail[2].split(",")))
            best = (len(point.parts), (tail[0], tail[1], options))
    return best[1]


def memory(root: Path = ROOT) -> MemoryFacts:
    """The memory. Raises OSError or ValueError where the kernel does not say."""
    rows = dict(line.split(":", 1) for line in _text(root / "proc/meminfo").splitlines() if ":" in line)
    try:
        size, available = (int(rows[name].split()[0]) * KIBIBYTE for name in ("MemTotal", "MemAvailable"))
    except (KeyError, IndexError) as error:
        raise ValueError(f"/proc/meminfo does not say {error}") from error
    return MemoryFacts(size, available)


def processor(root: Path = ROOT) -> ProcessorFacts:
    """Load and heat. Raises OSError where the kernel does not say."""
    return ProcessorFacts(
        cores=len(os.sched_getaffinity(0)),
        load_15=float((root / "proc/loadavg").read_text(encoding="ascii").split()[2]),
        temperature_c=_temperature(root),
        throttled=_throttled(root),
    )


def watchdog(service_s: Callable[[], float | None] | None, root: Path = ROOT) -> WatchdogFacts:
    """The watchdogs. `service_s`: within which the service manager wants a sign of life; None: it cannot be asked."""
    state = _text(root / "sys/class/watchdog/watchdog0/state") or None
    return WatchdogFacts(service_s is not None, None if service_s is None else service_s(), state)


def _temperature(root: Path) -> float | None:
    """The hottest place, in degrees Celsius; None where nothing is measured."""
    zones = (_text(zone / "temp") for zone in (root / "sys/class/thermal").glob("thermal_zone*"))
    return max((int(text) / MILLI for text in zones if text.lstrip("-").isdigit()), default=None)


def _throttled(root: Path) -> bool | None:
    """Whether heat or weak power slowed the machine down since its start; None where it does not say."""
    firmware = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    if firmware:
        return bool(int(firmware, 16) & (_PI_THROTTLED | 0x10001))
    counts = [
        _text(one) for one in (root / "sys/devices/system/cpu").glob("cpu*/thermal_throttle/package_throttle_count")
    ]
    known = [int(text) for text in counts if text.isdigit()]
    return any(known) if known else None


def _text(path: Path) -> str:
    """The text of a small file; "" where there is none or it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
