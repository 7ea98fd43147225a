"""Where a page stands in the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.console.access.roles import Role
    from drivers.text import Text


@dataclass(frozen=True, slots=True, order=True)
class Nav:
    """An entry: its place (small numbers first), address, title, and the least role that sees it."""

    order: int
    path: str
    title: Text
    role: Role
