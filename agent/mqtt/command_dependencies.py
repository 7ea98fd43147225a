"""Who may order what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.commands import CommandKey


@dataclass(frozen=True, slots=True)
class CommandRules:
    """Who may order what here. `keys` by their id; `lanes` by name."""

    gate: str
    keys: Mapping[str, CommandKey]
    lanes: frozenset[str]
    max_life_s: int
