"""The part of a machine's file tree that tells of its serial ports: /sys/class/tty, /dev and /proc, in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PCI = "sys/devices/pci0000:00/0000:00:14.0"


@dataclass(frozen=True)
class Usb:
    """A USB device as it describes itself; `serial` empty for one without a number of its own."""

    ids: str
    title: str = ""
    maker: str = ""
    serial: str = ""


CH340 = Usb("1a86:7523", "USB Serial", "QinHeng Electronics")
FTDI = Usb("0403:6001", "FT232R USB UART", "FTDI", "A50285BI")
NUMATO = Usb("2a19:0c02", "Numato Lab 4 Channel USB Relay Module", "Numato Systems Pvt. Ltd.", "NLRL210312")
DEVANTECH = Usb("04d8:ffee", "USB-RLY16", "Devantech Ltd.", "00012345")


class Machine:
    """Build the tree in `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("sys/class/tty", "dev", "proc", "sys/bus/usb/drivers", "sys/bus/usb-serial/drivers"):
            (root / folder).mkdir(parents=True)

    def plug(self, device: str, usb: Usb, driver: str, socket: str = "1-2", interface: int = 0) -> None:
        """Plug a USB serial port in, with the names that udev gives it. cdc_acm ports are their interface itself."""
        folder = self.root / PCI / f"usb1/{socket}"
        part = folder / f"{socket}:1.{interface}"
        part.mkdir(parents=True)
        vendor, _, product = usb.ids.partition(":")
        facts = {"idVendor": vendor, "idProduct": product, "product": usb.title, "manufacturer": usb.maker}
        for name, text in (facts | {"serial": usb.serial}).items():
            if text:
                (folder / name).write_text(text + "\n")
        (part / "bInterfaceNumber").write_text(f"{interface:02x}\n")
        self._drive(part, f"sys/bus/usb/drivers/{driver}")
        self._drive(folder, "sys/bus/usb/drivers/usb")
        node = part
        if device.startswith("ttyUSB"):
            node = part / device
            node.mkdir()
            (node / "port_number").write_text("0\n")
            self._drive(node, f"sys/bus/usb-serial/drivers/{driver}-uart")
        self._class(device, node)
        port = "-port0" if device.startswith("ttyUSB") else ""
        words = "_".join(filter(None, (usb.maker.replace(" ", "_"), usb.title.replace(" ", "_"), usb.serial)))
        self.link(f"serial/by-id/usb-{words}-if{interface:02d}{port}", device)
        self.link(f"serial/by-path/pci-0000:00:14.0-usb-0:{socket[2:]}:1.{interface}{port}", device)
        self.link(f"serial/by-path/pci-0000:00:14.0-usbv2-0:{socket[2:]}:1.{interface}{port}", device)

    def build_in(self, device: str, kind: str = "4") -> None:
        """Add a port of the board itself; of kind 0 the kernel only made room for it."""
        node = self.root / f"sys/devices/pnp0/00:05/00:05:0/00:05:0.{device[4:]}"
        node.mkdir(parents=True)
        self._drive(node, "sys/bus/serial-base/drivers/port")
        if not (node.parent.parent / "driver").exists():
            self._drive(node.parent.parent, "sys/bus/pnp/drivers/serial")
        self._class(device, node)
        (self.root / f"sys/class/tty/{device}/type").write_text(f"{kind}\n")

    def console(self, device: str) -> None:
        """Add a terminal that has no device behind it."""
        (self.root / f"sys/class/tty/{device}").mkdir()
        (self.root / f"dev/{device}").touch()

    def link(self, name: str, device: str) -> None:
        """Give a port one more name under /dev; the last one gets a name that several want."""
        path = self.root / "dev" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(self.root / "dev" / device)

    def run(self, pid: int, name: str, device: str) -> None:
        """Let a program have the port open."""
        folder = self.root / f"proc/{pid}"
        (folder / "fd").mkdir(parents=True)
        (folder / "comm").write_text(name + "\n")
        (folder / "fd/3").symlink_to("/dev/null")
        (folder / "fd/7").symlink_to(f"/dev/{device}")

    def _class(self, device: str, node: Path) -> None:
        (node / "tty" / device).mkdir(parents=True)
        (node / "tty" / device / "device").symlink_to(node)
        (self.root / f"sys/class/tty/{device}").symlink_to(node / "tty" / device)
        (self.root / f"dev/{device}").touch()

    def _drive(self, node: Path, driver: str) -> None:
        (self.root / driver).mkdir(parents=True, exist_ok=True)
        link = node / "driver"
        if not link.is_symlink():
            link.symlink_to(self.root / driver)
