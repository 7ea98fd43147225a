"""What the page Health calls severities and levels of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.trust_state import PARTS as PART_NAMES
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS: Final = PART_NAMES

LEVELS: Final[Mapping[str, Text]] = {
    "debug": Text("All"),
    "info": Text("Info and above"),
    "warning": Text("Warnings and errors"),
    "error": Text("Errors only"),
}
