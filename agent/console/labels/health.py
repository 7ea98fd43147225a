"""What the page Health calls severities and levels of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.trust_state import PARTS as PART_NAMES
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTS: Final[Mapping[str, Text]] = {
    "error": Text("Errors"),
    "warning": Text("Warnings"),
    "note": Text("Notes"),
    "ok": Text("OK"),
}

SEVERITIES: Final[Mapping[str, Text]] = {
    "error": Text("error"),
    "warning": Text("warning"),
    "note": Text("note"),
}

PARTS: Final = PART_NAMES

LEVELS: Final[Mapping[str, Text]] = {
    "debug": Text("All"),
    "info": Text("Info and above"),
    "warning": Text("Warnings and errors"),
    "error": Text("Errors only"),
}
