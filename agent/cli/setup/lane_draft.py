"""What the steps of one set-up share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class LaneDraft:
    """The lane that is set up. `files`: what is to be written beside the configuration."""

    configuration: Path
    root: Path
    name: str = ""
    files: dict[Path, bytes] = field(default_factory=dict)

    @property
    def path(self) -> tuple[str, str]:
        """Where the lane is in the configuration."""
        return "lanes", self.name
