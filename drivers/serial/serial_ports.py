"""The serial ports of this machine: what is plugged in, under which names, and which name to write down.

Read from /sys and /dev alone, so that it needs neither udevadm nor a permission to open anything. Nothing is opened:
opening a port moves its modem lines, and some devices act on that. Why not by pyserial's list_ports:
docs/adr/0027-own-code-beside-a-library.md.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.serial.device_group import group_of
from drivers.serial.using_programs import OpenBy, OpenFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path("/")
BY_ID, BY_PATH = "/dev/serial/by-id", "/dev/serial/by-path"
_CROWDED = frozenset({"block", "char", "disk", "fd", "input", "mapper", "pts", "shm", "snd"})
"""Folders of /dev whose links name everything, or nothing that is a serial port."""
_SAME_SERIALS = frozenset({"0001", "00000001", "123456", "12345678", "123456789", "1234567890", "0123456789"})
"""Serial numbers that makers of clones give to every piece."""
_PARTS_OF_A_PORT = frozenset({"ctrl", "port"})
"""Drivers of the kernel's own making between a built-in port and its hardware."""
_NO_PORT = "0"
"""The `type` of a 8250 port that the kernel made room for, but that is not there."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One serial port. `device` is its kernel name under /dev; what sysfs does not say is an empty text.

    `vendor` and `product`: the four hexadecimal digits of the USB ids. `interface`: which port of an adapter with
    several. `names`: the names that stay, by-id first. `holders`: the programs that have it open, where this user may
    see that; `permitted`: whether this user may open it; `group`: the group that may, where this process can see it.
    """

    device: str
    driver: str = ""
    vendor: str = ""
    product: str = ""
    interface: str = ""
    maker: str = ""
    title: str = ""
    serial: str = ""
    names: tuple[str, ...] = ()
    holders: tuple[OpenBy, ...] = ()
    permitted: bool = True
    group: str = ""

    @property
    def usb_id(self) -> str:
        """Vendor and product as they are usually written, such as 1a86:7523; empty for a port that is not on USB."""
        return f"{self.vendor}:{self.product}" if self.vendor else ""


@dataclass(frozen=True, slots=True)
class PortNameAdvice:
    """The name of a port to write into the configuration, and why this one. `lasting`: it survives replugging."""

    name: str
    why: str
    lasting: bool


def adapters(root: Path = ROOT, opened: OpenFiles | None = None) -> tuple[Adapter, ...]:
    """Every serial port of the machine whose file tree begins at `root`, in the order of their names.

    `opened`: what the programs of the machine have open, where the caller has just looked; None: this looks.
    """
    links, known = _links(root), OpenFiles(root / "proc") if opened is None else opened
    entries = sorted((root / "sys/class/tty").glob("*"), key=lambda path: _in_order(path.name))
    return tuple(_adapter(root, entry, links, known) for entry in entries if _is_serial(entry))


def advice(adapter: Adapter, others: Iterable[Adapter]) -> PortNameAdvice:
    """Which name of the port to write into the configuration. `others` are all ports, this one among them or not."""
    rule, by_id, by_path = _kinds(adapter.names)
    twins = Counter((one.usb_id, one.serial, one.interface) for one in others if one.device != adapter.device)
    if rule:
        return PortNameAdvice(rule, "a udev rule of this machine gives it this name", lasting=True)
    if not adapter.usb_id and not by_path and not by_id:
        return PortNameAdvice(adapter.device, "a port that is not on USB keeps its name", lasting=True)
    if not adapter.serial:
        why = "it has no serial number of its own, so two of its kind have the same by-id name"
    elif twins[adapter.usb_id, adapter.serial, adapter.interface]:
        why = f"another adapter here has the same serial number {adapter.serial}"
    elif _is_no_serial(adapter.serial):
        why = f"its serial number {adapter.serial} is one that makers give to every piece"
    elif by_id:
        return PortNameAdvice(
            by_id, "it has a serial number of its own, so the name follows it to any socket", lasting=True
        )
    else:
        why = "this machine has no by-id name for it"
    if by_path:
        return PortNameAdvice(
            by_path, f"{why}; this name is the USB socket's: always use the same socket", lasting=True
        )
    return PortNameAdvice(
        adapter.device, f"{why}, and there is no by-path name: after replugging it may be another one", lasting=False
    )


# ----------------------------------------------------------------------------------------------------------- reading


def _is_serial(entry: Path) -> bool:
    """Consoles and the like have no device behind them; an 8250 port that is not there has the type 0."""
    return (entry / "device").exists() and _text(entry / "type") != _NO_PORT


def _adapter(root: Path, entry: Path, links: dict[str, list[str]], opened: OpenFiles) -> Adapter:
    device = f"/dev/{entry.name}"
    node = (entry / "device").resolve()
    usb = next((folder for folder in (node, *node.parents) if (folder / "idVendor").is_file()), None)
    permitted, group = _permission(root / device[1:])
    return Adapter(
        device=device,
        driver=_driver(node, usb),
        vendor=_text(usb / "idVendor") if usb else "",
        product=_text(usb / "idProduct") if usb else "",
        interface=_interface(node, usb),
        maker=_text(usb / "manufacturer") if usb else "",
        title=_text(usb / "product") if usb else "",
        serial=_text(usb / "serial") if usb else "",
        names=tuple(sorted(links.get(device, []), key=_name_order)),
        holders=opened.holders(device),
        permitted=permitted,
        group=group,
    )


def _driver(node: Path, usb: Path | None) -> str:
    """The driver of the USB interface, as lsmod names it; of the port itself where it is not on USB."""
    for folder in (node, *node.parents):
        if folder == usb:
            break
        link = folder / "driver"
        # A USB serial port sits below its interface and has a driver of its own, such as ch341-uart.
        below = folder.parent == usb if usb else True
        if link.is_symlink() and below and link.readlink().name not in _PARTS_OF_A_PORT:
            return link.readlink().name
    return ""


def _interface(node: Path, usb: Path | None) -> str:
    for folder in (node, *node.parents):
        if folder == usb:
            break
        if (folder / "bInterfaceNumber").is_file():
            port = _text(node / "port_number")
            return _text(folder / "bInterfaceNumber") + (f".{port}" if port else "")
    return ""


def _links(root: Path) -> dict[str, list[str]]:
    """The symbolic links under /dev by the device that they lead to."""
    found: dict[str, list[str]] = {}
    dev = root / "dev"
    folders = [dev, root / BY_ID[1:], root / BY_PATH[1:]]
    folders += [one for one in _entries(dev) if one.is_dir() and not one.is_symlink() and one.name not in _CROWDED]
    for folder in folders:
        for link in _entries(folder):
            if link.is_symlink() and (target := link.resolve()).parent == dev.resolve():
                name = "/" + str(link.relative_to(root))
                found.setdefault(f"/dev/{target.name}", []).append(name)
    return found


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:  # there is none, or this user may not look into it
        return


def _permission(path: Path) -> tuple[bool, str]:
    try:
        return os.access(path, os.R_OK | os.W_OK), group_of(path)
    except OSError:
        return False, ""


def _kinds(names: Iterable[str]) -> tuple[str, str, str]:
    """The first name that a udev rule of the site gave, the first by-id, and the first by-path name."""
    rule = by_id = by_path = ""
    for name in names:
        if name.startswith(BY_ID):
            by_id = by_id or name
        elif name.startswith(BY_PATH):
            by_path = by_path or name
        else:
            rule = rule or name
    return rule, by_id, by_path


def _is_no_serial(serial: str) -> bool:
    return serial in _SAME_SERIALS or len(set(serial)) == 1


def _name_order(name: str) -> tuple[int, str]:
    """By-id names first, then by-path, then the site's own. Of two by-path names the older form sorts first."""
    return (0 if name.startswith(BY_ID) else 1 if name.startswith(BY_PATH) else 2), name


def _in_order(name: str) -> tuple[str, int]:
    """ttyUSB10 after ttyUSB9."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def _text(path: Path) -> str:
    """What a file of sysfs says, cleared of what could steer a terminal; empty where it does not say."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
