"""Parts of an open page as HTML: made again only where what they show has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request
    from fastapi.responses import HTMLResponse


class Parts:
    """The parts of one open page. `request`: by which the page is open; it says in which language."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._made: dict[str, tuple[Any, str]] = {}

    def html(self, name: str, shown: Any, make: Callable[[], HTMLResponse]) -> str:
        """The part of this name. `shown`: all that it shows; `make` is asked where that is not what it was."""
        before = self._made.get(name)
        if before is not None and before[0] == shown:
            return before[1]
        body = bytes(make().body).decode()
        self._made[name] = (shown, body)
        return body
