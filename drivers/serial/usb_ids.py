"""What a serial port probably is, by its USB ids, and how it may be asked.

The ids are those of the USB converter, not of the board behind it, so every answer is a guess. Their other use is
safety: some devices act on any byte, or on the mere opening of their port, and are told only by these ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from drivers.serial.serial_ports import Adapter


class ProbePolicy(StrEnum):
    """How the device on a port may be asked what it is."""

    NUMATO = "numato"
    DEVANTECH = "devantech"
    CONVERTER = "converter"
    ANY = "any"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a port probably is. `reason`: why it is never asked; empty for the other policies."""

    words: Text
    probe_policy: ProbePolicy
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """A line of the table; an empty text fits all, `title` is looked for in the name that the device gives itself."""

    vendor: str
    products: tuple[str, ...]
    title: str
    likeness: Likeness


_SCANNER = Likeness(Text("a QR scanner or another reader"), ProbePolicy.NEVER, Text("a scanner is not a relay board"))
_MODEM = Likeness(Text("a modem or a satellite receiver"), ProbePolicy.NEVER, Text("it is not a relay board"))
_ARDUINO = Likeness(
    Text("an Arduino"), ProbePolicy.NEVER, Text("opening its port restarts it, and it is not known what runs on it")
)

_TABLE: Final = (
    _Known("2a19", (), "", Likeness(Text("a Numato relay or GPIO board"), ProbePolicy.NUMATO)),
    _Known("04d8", ("ffee",), "", Likeness(Text("a Devantech USB-RLY relay board"), ProbePolicy.DEVANTECH)),
    _Known(
        "04d8",
        ("00df",),
        "",
        Likeness(
            Text("a Denkovi relay board (MCP2200)"),
            ProbePolicy.NEVER,
            Text("its relays are wired to pins of the converter; there is no driver for it"),
        ),
    ),
    _Known(
        "1a86",
        ("7522", "7523", "5523", "55d2", "55d3", "55d4", "55d5"),
        "",
        Likeness(Text("an LCUS relay board, or an RS485 adapter (CH340 family)"), ProbePolicy.CONVERTER),
    ),
    _Known(
        "0403",
        (),
        "FT245",
        Likeness(
            Text("a relay board driven by bit-bang (FT245)"),
            ProbePolicy.NEVER,
            Text(
                "its relays are wired to the converter's data pins, so any byte switches them; there is no "
                "driver for it"
            ),
        ),
    ),
    _Known(
        "0403",
        (),
        "",
        Likeness(Text("a KMTronic relay board, an RS485 adapter or another board (FTDI)"), ProbePolicy.ANY),
    ),
    _Known(
        "10c4",
        ("ea60", "ea70", "ea71"),
        "",
        Likeness(Text("an RS485 adapter or a relay board (CP210x)"), ProbePolicy.ANY),
    ),
    _Known(
        "067b",
        (),
        "",
        Likeness(
            Text("an ICSE relay board, or an RS485 adapter (PL2303)"),
            ProbePolicy.NEVER,
            Text("an ICSE board that was in use takes every byte as a command to its relays"),
        ),
    ),
    *(_Known(vendor, (), "", _ARDUINO) for vendor in ("2341", "2a03", "1b4f", "239a")),
    *(_Known(vendor, (), "", _SCANNER) for vendor in ("05e0", "05f9", "0c2e", "1eab")),
    *(_Known(vendor, (), "", _MODEM) for vendor in ("12d1", "1199", "1546", "19d2", "1e0e", "2c7c")),
)
_UNKNOWN = Likeness(Text("not known by its USB id"), ProbePolicy.ANY)
_BUILT_IN = Likeness(Text("a serial port of the computer itself"), ProbePolicy.ANY)
_UNLISTED = Likeness(Text("a port that this computer does not list"), ProbePolicy.ANY)


def likeness(adapter: Adapter) -> Likeness:
    """What the port probably is."""
    if not adapter.usb_id:
        return _BUILT_IN if adapter.driver else _UNLISTED
    for known in _TABLE:
        if (
            adapter.vendor.lower() == known.vendor
            and (not known.products or adapter.product.lower() in known.products)
            and known.title in adapter.title
        ):
            return known.likeness
    return _UNKNOWN
