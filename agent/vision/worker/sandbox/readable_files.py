"""What of the machine a worker may read, and whether that is still the same: rules are for files, not for names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drivers.api import CameraNeeds

DNS_PORT: Final = 53

_CODE: Final = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_MACHINE: Final = (
    "/dev/null",
    "/dev/urandom",
    "/etc/localtime",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/sys/devices/system/cpu",
    "/usr/share/zoneinfo",
)
_NAMES: Final = (
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/systemd/resolve",
)

_Identity = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class ReadableFiles:
    """What a worker may reach, as it was when the rules were made.

    `listed`: folders whose names it may read. `_seen`: by path, what stood there.
    """

    readable: tuple[Path, ...]
    listed: tuple[Path, ...]
    devices: tuple[Path, ...]
    tcp_ports: tuple[int, ...]
    datagrams: bool
    accepts: bool
    _seen: tuple[tuple[Path, _Identity], ...]

    def moved(self) -> Path | None:
        """The first of the camera's own files and devices that is another by now: it came, went, or was replaced."""
        return next((path for path, identity in self._seen if _identity(path) != identity), None)


def find_readable_files(needs: CameraNeeds) -> ReadableFiles:
    """What a worker with such a camera may reach, as it is now."""
    names = tuple(map(Path, _NAMES)) if needs.names else ()
    own_ports = () if needs.own_port is None else (needs.own_port,)
    own = (*needs.files, *needs.devices, *names)
    code = [Path(place).absolute() for place in (*sys.path, *_CODE) if place]
    return ReadableFiles(
        readable=tuple(dict.fromkeys((*code, *map(Path, _MACHINE), *names, *needs.files))),
        listed=needs.listed,
        devices=needs.devices,
        tcp_ports=tuple(dict.fromkeys((*needs.tcp_ports, *((DNS_PORT,) if needs.names else ()), *own_ports))),
        accepts=bool(own_ports),
        datagrams=needs.datagrams or needs.names,
        _seen=tuple((path, _identity(path)) for path in own),
    )


def _identity(path: Path) -> _Identity:
    try:
        found = os.stat(path)  # noqa: PTH116 - a device is no file to work on
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_rdev
