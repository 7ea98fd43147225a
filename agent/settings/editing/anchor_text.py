"""The trust anchors as TOML, as root keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.settings.model.anchors import tables_of
from agent.settings.toml.includes import dotted
from agent.settings.toml.plain_value import toml

if TYPE_CHECKING:
    from agent.core.anchors import HeldAnchors

_HEAD: Final = """\
# The trust anchors of this gate: whom and what it believes. They win over gate.toml. Root alone may write here, and
# nobody needs to: see `gate-agent anchors --help`.
"""


def anchors_text(held: HeldAnchors) -> str:
    """The file of anchors."""
    lines = [_HEAD]
    tables = tables_of(held)
    lines += [f"{name} = {toml(value)}\n" for name, value in tables.items() if not isinstance(value, dict)]
    for section, table in tables.items():
        if isinstance(table, dict):
            lines.append(f"\n[{section}]\n")
            lines += [f"{dotted((name,))} = {toml(value)}\n" for name, value in table.items()]
    return "".join(lines)
