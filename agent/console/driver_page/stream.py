"""The news of a driver page as Server-Sent Events: at once when something changes, and once a second in any case."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from agent.console.driver_page.shown import Shown

BEAT_S: Final = 1.0
"""A page that has heard nothing for a few of these tells the driver to wait."""

LOOK_S: Final = 0.1
ADMITTED_EVERY_S: Final = 5.0
_RETRY_MS: Final = 1000


async def screen_news(
    tell: Callable[[], Shown], page: str, admitted: Callable[[], Awaitable[bool]], stopping: Callable[[], bool]
) -> AsyncGenerator[bytes, None]:
    """What `tell` gives, until the server stops or the screen is not admitted any more.

    `page`: the version of the page; an open page of another version loads itself again. Each message bears the time at
    which it was made (`at_ms`, monotonic, of no meaning but beside others): by it a page knows one that came late.
    """
    before: Shown | None = None
    said_at = asked_at = time.monotonic()
    yield f"retry: {_RETRY_MS}\n\n".encode()
    while not stopping():
        at = time.monotonic()
        if at - asked_at >= ADMITTED_EVERY_S:
            asked_at = at
            if not await admitted():
                return
        now = tell()
        if before is None or _differs(now, before) or at - said_at >= BEAT_S:
            said_at = at
            yield f"event: shown\ndata: {as_json(now, page, at)}\n\n".encode()
        before = now
        await asyncio.sleep(LOOK_S)


def as_json(shown: Shown, page: str, at: float) -> str:
    """One message as the page reads it. `at`: monotonic seconds."""
    told = {
        "message": shown.message,
        "plate": shown.plate,
        "languages": shown.languages,
        "text": shown.text,
        "left_s": None if shown.left_s is None else round(shown.left_s, 2),
        "of_s": shown.of_s,
        "how": shown.shows_how,
        "at_ms": round(at * 1000),
        "page": page,
    }
    return json.dumps(told, ensure_ascii=False)


def _differs(one: Shown, other: Shown) -> bool:
    """Whether something else is shown; that less time is left, the page counts by itself."""
    return _fixed(one) != _fixed(other)


def _fixed(shown: Shown) -> Shown:
    return replace(shown, left_s=None if shown.left_s is None else 0.0, of_s=None)
