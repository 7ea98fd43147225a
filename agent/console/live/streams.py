"""The live answers: pictures one after the other, and news as Server-Sent Events."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from agent.vision.preview import OLD_AFTER_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from agent.console.live.dependencies import Live
    from agent.vision.preview import PreviewRequest
    from agent.vision.supervisor import CameraSupervisor

PICTURES_TYPE: Final = "multipart/x-mixed-replace; boundary=picture"
NEWS_TYPE: Final = "text/event-stream"
PICTURE_LOOK_S: Final = 0.04
NEWS_LOOK_S: Final = 0.2
SIGN_OF_LIFE_S: Final = 10.0
_BOUNDARY: Final = b"--picture\r\n"
_RETRY_MS: Final = 1000

News = dict[str, Any]
"""What is told, by the name of the event."""


async def pictures(
    supervisor: CameraSupervisor, request: PreviewRequest, live: Live, seen: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """Every new picture of a camera as a part of multipart/x-mixed-replace.

    `seen`: called with each; it must not wait.
    """
    number = 0
    yield _BOUNDARY
    while not live.stopping():
        # Asked again at every turn: a viewer who does not take what he is sent keeps no vision worker busy.
        shown = supervisor.watch(request)
        if shown is None or shown.number == number or time.monotonic() - shown.came_at > OLD_AFTER_S:
            await asyncio.sleep(PICTURE_LOOK_S)
            continue
        number = shown.number
        seen()
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(shown.picture)}\r\n\r\n".encode()
        # With the next boundary at once: a browser shows a picture only when it has seen its end.
        yield b"".join((head, shown.picture, b"\r\n", _BOUNDARY))


async def news(
    tell: Callable[[], Awaitable[News]], live: Live, look_s: float = NEWS_LOOK_S
) -> AsyncGenerator[bytes, None]:
    """What `tell` gives, each event when it has become another than it was; asked every `look_s` seconds."""
    told: dict[str, str] = {}
    said_at = time.monotonic()
    yield f"retry: {_RETRY_MS}\n\n".encode()
    while not live.stopping():
        now = {name: json.dumps(value, ensure_ascii=False) for name, value in (await tell()).items()}
        fresh = [(name, text) for name, text in now.items() if told.get(name) != text]
        told = now
        at = time.monotonic()
        if fresh or at - said_at >= SIGN_OF_LIFE_S:
            said_at = at
            said = "".join(f"event: {name}\ndata: {text}\n\n" for name, text in fresh)
            yield (said or ": still here\n\n").encode()
        await asyncio.sleep(look_s)
