"""Judges the clock, the disk, the memory and the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.clock import ClockState
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import milliseconds, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.doctor.facts import ClockFacts, DiskFacts, MemoryFacts, ProcessorFacts, TimeZoneFacts, WatchdogFacts

MEGABYTE: Final = 1 << 20
INEXACT_S: Final = 1.0
"""A permit's times are in whole seconds, and a trace over several machines needs less."""
FULL_BYTES: Final = 64 * MEGABYTE
LOW_BYTES: Final = 512 * MEGABYTE
LOW_SHARE: Final = 0.05
LOW_MEMORY_BYTES: Final = 200 * MEGABYTE
LOW_MEMORY_SHARE: Final = 0.08
HIGH_LOAD: Final = 1.5
"""Waiting tasks a core, over 15 minutes."""
HOT_C: Final = 80.0
"""Boards of this class slow down at 80 to 85 degrees."""
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
FLASH_CARD: Final = "/dev/mmcblk"
FEW_WRITES: Final = frozenset({"noatime", "ro"})


def clock(facts: ClockFacts) -> Iterator[Finding]:
    """What the clock is worth."""
    check = DiagnosticCheck.CLOCK
    if facts.state is ClockState.UNTRUSTED and facts.required:
        yield Finding(check, code=FindingCode.CLOCK_UNTRUSTED, values={"why": facts.why})
    elif facts.state is not ClockState.SYNCED:
        yield Finding(check, code=FindingCode.CLOCK_UNSYNCHRONISED, values={"why": facts.why})
    elif facts.error_s is not None and facts.error_s > INEXACT_S:
        yield Finding(check, code=FindingCode.CLOCK_INEXACT, values={"error": milliseconds(facts.error_s)})
    else:
        measured = "" if facts.error_s is None else f"± {milliseconds(facts.error_s)}"
        yield Finding(check, measured=measured)


def watchdog(facts: WatchdogFacts) -> Iterator[Finding]:
    """Whether anybody notices that the agent, or the whole machine, hangs."""
    check = DiagnosticCheck.WATCHDOG
    off = facts.asked and not facts.service_s
    if off:
        yield Finding(check, code=FindingCode.WATCHDOG_OFF)
    if facts.hardware == "inactive":
        yield Finding(check, code=FindingCode.HARDWARE_WATCHDOG_OFF)
    elif not off:
        service_s = f"{facts.service_s:g} s" if facts.service_s else "?"
        yield Finding(check, measured=f"systemd {service_s}; /dev/watchdog {facts.hardware or '-'}")


def time_zone(facts: TimeZoneFacts) -> Iterator[Finding]:
    """Whether the machine knows in which zone it stands."""
    if facts.name is None:
        yield Finding(DiagnosticCheck.TIME_ZONE, code=FindingCode.TIME_ZONE_UNKNOWN)
    else:
        yield Finding(DiagnosticCheck.TIME_ZONE, measured=facts.name)


def disk(facts: DiskFacts) -> Iterator[Finding]:
    """Whether there is room, for how long, and whether the disk is one to rely on."""
    check, path = DiagnosticCheck.DISK, str(facts.path)
    free = {"free": size(facts.free_bytes)}
    told = []
    if facts.file_system in IN_MEMORY:
        told.append(Finding(check, path, FindingCode.DISK_IN_MEMORY, values={"file_system": facts.file_system}))
    if "ro" in facts.options:
        told.append(Finding(check, path, FindingCode.DISK_READ_ONLY))
    if facts.free_bytes < FULL_BYTES:
        told.append(Finding(check, path, FindingCode.DISK_FULL, values=free))
    elif facts.free_bytes < min(LOW_BYTES, LOW_SHARE * facts.size_bytes):
        told.append(Finding(check, path, FindingCode.DISK_LOW, values=free))
    elif facts.free_bytes < facts.wanted_bytes:
        values = {"wanted": size(facts.wanted_bytes), **free}
        told.append(Finding(check, path, FindingCode.DISK_TOO_SMALL, values=values))
    if facts.inodes and facts.free_inodes < LOW_SHARE * facts.inodes:
        told.append(Finding(check, path, FindingCode.INODES_LOW, values={"free": str(facts.free_inodes)}))
    if facts.source.startswith(FLASH_CARD) and not FEW_WRITES & facts.options:
        told.append(Finding(check, path, FindingCode.DISK_WEARS, values={"device": facts.source}))
    yield from told or [
        Finding(check, path, measured=f"{size(facts.free_bytes)} / {size(facts.size_bytes)}, {facts.file_system}")
    ]


def memory(facts: MemoryFacts) -> Iterator[Finding]:
    """Whether there is memory left."""
    measured = f"{size(facts.available_bytes)} / {size(facts.size_bytes)}"
    if facts.available_bytes < max(LOW_MEMORY_BYTES, LOW_MEMORY_SHARE * facts.size_bytes):
        yield Finding(DiagnosticCheck.MEMORY, code=FindingCode.MEMORY_LOW, values={"free": measured})
    else:
        yield Finding(DiagnosticCheck.MEMORY, measured=measured)


def processor(facts: ProcessorFacts) -> Iterator[Finding]:
    """Whether the machine keeps up and keeps cool."""
    check = DiagnosticCheck.PROCESSOR
    told = []
    temperature = None if facts.temperature_c is None else f"{facts.temperature_c:.0f} °C"
    if facts.load_15 > HIGH_LOAD * facts.cores:
        values = {"load": f"{facts.load_15:.1f}", "cores": str(facts.cores)}
        told.append(Finding(check, code=FindingCode.LOAD_HIGH, values=values))
    if facts.temperature_c is not None and facts.temperature_c >= HOT_C:
        told.append(Finding(check, code=FindingCode.TEMPERATURE_HIGH, values={"temperature": str(temperature)}))
    if facts.throttled:
        told.append(Finding(check, code=FindingCode.THROTTLED))
    measured = f"{facts.load_15:.1f} / {facts.cores}" + (f", {temperature}" if temperature else "")
    yield from told or [Finding(check, measured=measured)]
