"""What the page Devices calls kinds of ports and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

MANNERS: Final[Mapping[str, Text]] = {
    "numato": Text("Numato board"),
    "devantech": Text("Devantech board"),
    "converter": Text("relay board or RS485 adapter"),
    "any": Text("not certain"),
    "never": Text("not a relay board that can be searched for"),
}

NAMES: Final[Mapping[str, Text]] = {
    "by_id": Text("This name follows the device to any USB socket."),
    "by_path": Text("This name belongs to the USB socket: always use the same socket."),
    "rule": Text("A rule of this computer gives it this name."),
    "built_in": Text("A port that is not on USB keeps its name."),
    "passing": Text("This name can change after replugging: there is no lasting name."),
}
