"""A plain value as it is written in TOML."""

from __future__ import annotations

from typing import Any

from agent.settings.toml.includes import dotted, quoted


def toml(value: Any) -> str:
    """A plain value as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return (
            f"{{ {', '.join(f'{dotted((key,))} = {toml(inner)}' for key, inner in value.items())} }}" if value else "{}"
        )
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)
