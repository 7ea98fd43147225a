"""What the page Devices calls states, kinds of ports and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES: Final[Mapping[str, Text]] = {
    "connecting": Text("being looked for"),
    "up": Text("works"),
    "stale": Text("has not answered for a while"),
    "lost": Text("lost; it is tried again and again"),
    "streaming": Text("delivers pictures"),
    "overloaded": Text("delivers more than this computer can look at"),
    "dark": Text("its picture is too dark"),
    "covered": Text("something covers it"),
    "blurred": Text("out of focus"),
    "blinded": Text("blinded by light"),
    "noisy": Text("what it delivers is disturbed"),
    "moved": Text("it looks elsewhere than before"),
}

MANNERS: Final[Mapping[str, Text]] = {
    "numato": Text("Numato board"),
    "devantech": Text("Devantech board"),
    "converter": Text("relay board or RS485 adapter"),
    "any": Text("not certain"),
    "never": Text("no relay board that may be asked"),
}

NAMES: Final[Mapping[str, Text]] = {
    "by_id": Text("It follows the device to any socket."),
    "by_path": Text("It is the socket's: always use the same socket."),
    "rule": Text("A rule of this computer gives it this name."),
    "built_in": Text("A port that is not on USB keeps its name."),
    "passing": Text("After replugging it may be another one: there is no lasting name."),
}
