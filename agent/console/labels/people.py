"""What people may do, and what they chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES: Final[Mapping[str, Text]] = {
    "viewer": Text("viewer"),
    "technician": Text("technician"),
    "admin": Text("administrator"),
}

DUTIES: Final[Mapping[str, Text]] = {
    "viewer": Text("looks, changes nothing"),
    "technician": Text("tests and sets up the lanes"),
    "admin": Text("may do all, also change who may log in"),
}

NEEDED: Final[Mapping[str, Text]] = {
    "viewer": Text("This needs somebody who is logged in."),
    "technician": Text("This needs the role technician. Ask an administrator."),
    "admin": Text("This needs the role administrator."),
}

DONE: Final[Mapping[str, Text]] = {
    "password": Text("The password is changed. You are logged out everywhere else."),
    "others": Text("You are logged out everywhere else."),
}

THEMES: Final[Mapping[str, Text]] = {
    "auto": Text("System"),
    "light": Text("Light"),
    "dark": Text("Dark"),
    "sun": Text("Sunlight"),
}
