"""Parts of an open page as HTML: made again only where what they show has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.console.page import render

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fastapi import Request


class Parts:
    """The parts of one open page, in its reader's language."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._made: dict[Hashable, tuple[Any, str]] = {}

    def html(self, key: Hashable, template: str, **values: Any) -> str:
        """The part that the template makes of these values. `key`: which of the page's parts it is."""
        before = self._made.get(key)
        if before is not None and before[0] == values:
            return before[1]
        body = bytes(render(self._request, template, **values).body).decode()
        self._made[key] = (values, body)
        return body
