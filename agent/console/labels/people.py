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
    "viewer": Text("can view everything and change nothing"),
    "technician": Text("can test and set up lanes"),
    "admin": Text("full access, including user management"),
}

NEEDED: Final[Mapping[str, Text]] = {
    "viewer": Text("Log in to do this."),
    "technician": Text("You need the technician role. Ask an administrator."),
    "admin": Text("You need the administrator role."),
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
