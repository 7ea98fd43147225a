"""What the computer is: its model, its serial number where that may be read, its system and its time zone."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

from drivers.text import shortened

ROOT: Final = Path("/")
LONGEST: Final = 100
_SYSTEM: Final = Path("sys/class/dmi/id")
_TREE: Final = Path("proc/device-tree")
_ZONES: Final = "zoneinfo/"
_EMPTY: Final = frozenset({"", "none", "default string", "to be filled by o.e.m.", "system serial number", "0"})
"""What makers leave in a field that they did not fill."""


def machine(root: Path = ROOT) -> dict[str, str]:
    """What is known of the computer; empty where nothing is. `root`: where /sys, /proc and /etc are.

    From DMI on PCs and from the device tree on boards. A PC's serial number can be read by root alone, and is empty
    then.
    """
    dmi, tree = root / _SYSTEM, root / _TREE
    return {
        "vendor": _field(dmi / "sys_vendor"),
        "model": _field(dmi / "product_name") or _field(tree / "model"),
        "serial": _field(dmi / "product_serial") or _field(tree / "serial-number"),
        "system": _system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "time_zone": _time_zone(root),
    }


def _field(file: Path) -> str:
    """A field of the firmware: one line of visible characters."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LONGEST * 4)
    except OSError:  # it is not there, or only root may read it
        return ""
    text = "".join(sign for sign in raw.decode("utf-8", "replace") if sign.isprintable()).strip()
    return "" if text.lower() in _EMPTY else shortened(text, LONGEST)


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def _time_zone(root: Path) -> str:
    """The name of the zone, such as Asia/Almaty; empty where only its rules are there."""
    try:
        target = (root / "etc/localtime").readlink().as_posix()
    except OSError:
        return ""
    return target.partition(_ZONES)[2]
