"""Looks at the files below /dev that the configuration names, without opening any."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.doctor.facts import PortFacts
from drivers.serial.device_group import group_of
from drivers.serial.serial_ports import ROOT, adapters, advice
from drivers.serial.using_programs import OpenFiles
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.doctor.collectors.user import SystemUser
    from agent.settings import Lane, Settings
    from drivers.serial.serial_ports import Adapter

VIDEO_FOLDERS: Final = ("dev/v4l/by-id", "dev/v4l/by-path")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine whose file tree begins at `root`: its serial ports, and what its programs have open."""

    root: Path
    adapters: tuple[Adapter, ...]
    opened: OpenFiles


def ports(settings: Settings, user: SystemUser, ours: frozenset[int], root: Path = ROOT) -> tuple[PortFacts, ...]:
    """Every one. `ours`: process ids of the agent and its vision workers, which may hold a port."""
    used: dict[str, list[str]] = {}
    for name, lane in settings.lanes.items():
        for device, path in _paths(name, lane):
            used.setdefault(path, []).append(device)
    opened = OpenFiles(root / "proc")
    machine = Machine(root, adapters(root, opened), opened)
    return tuple(_port(path, tuple(devices), user, ours, machine) for path, devices in used.items())


def _paths(name: str, lane: Lane) -> Iterator[tuple[str, str]]:
    """The devices of a lane that name a file below /dev, each with that path."""
    named = [] if lane.dry_run else [(f"{name}/relay", lane.relay.table.get("port"))]
    if lane.inputs is not None:
        named.append((f"{name}/inputs", lane.inputs.table.get("port")))
    named += [(f"{name}/{scanner.id}", scanner.table.get("port")) for scanner in lane.scanners]
    named += [(f"{name}/{sign.id}", sign.table.get("port")) for sign in lane.signs_in_use]
    named += [(f"{name}/{camera.id}", camera.table.get("url")) for camera in lane.cameras]
    for device, path in named:
        if isinstance(path, str) and path.startswith("/dev/"):
            yield device, path


def _port(path: str, devices: tuple[str, ...], user: SystemUser, ours: frozenset[int], machine: Machine) -> PortFacts:
    root = machine.root
    file = root / path.removeprefix("/")
    if not file.exists():
        return PortFacts(path, devices, exists=False)
    real = file.resolve()
    device = f"/{real.relative_to(root.resolve())}" if root != Path("/") else str(real)
    better, why = _better(path, device, machine)
    wanted = os.R_OK | os.W_OK
    permitted = user.may(real, wanted)
    return PortFacts(
        path,
        devices,
        exists=True,
        permitted=permitted,
        user=user.name,
        group=group_of(real),
        barred=_kind(real, root) if not permitted and user.is_barred(real, wanted) else "",
        holders=tuple(
            Text("{name} (pid {pid})", name=one.name, pid=one.pid)
            for one in machine.opened.holders(device)
            if one.pid not in ours
        ),
        better=better,
        why=why,
    )


def _better(path: str, device: str, machine: Machine) -> tuple[str, str]:
    """The name that should be written down, and why; ("", "") where the one that is will do."""
    root, adapter = machine.root, next((one for one in machine.adapters if one.device == device), None)
    if adapter is not None:
        best = advice(adapter, machine.adapters)
        return (best.name, best.why) if best.lasting and path != best.name and path == adapter.device else ("", "")
    if path != device or not device.startswith("/dev/video"):
        return "", ""
    for folder in VIDEO_FOLDERS:
        for link in sorted((root / folder).glob("*")):
            if link.resolve() == (root / device.removeprefix("/")).resolve():
                return f"/{link.relative_to(root)}", Text(
                    "the number of a camera changes with the order of plugging in"
                )
    return "", ""


def _kind(path: Path, root: Path) -> str:
    """The driver of a character device by the name that systemd's DeviceAllow= takes, such as "ttyUSB".

    See proc_devices(5).
    """
    status = path.stat()
    major = str(os.major(status.st_rdev)) if stat.S_ISCHR(status.st_mode) else ""
    for line in (root / "proc/devices").read_text(encoding="utf-8").splitlines():
        number, _, name = line.strip().partition(" ")
        if number == major:
            return name
        if line.startswith("Block"):
            break
    return path.name
