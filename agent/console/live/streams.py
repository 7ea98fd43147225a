"""The live answers: pictures one after the other, and news as Server-Sent Events."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from agent.console.live.stay import Stay
    from agent.eye_glimpses import Wish
    from agent.eye_port import EyePort

PICTURES_TYPE: Final = "multipart/x-mixed-replace; boundary=picture"
NEWS_TYPE: Final = "text/event-stream"
PICTURE_LOOK_S: Final = 0.04
NEWS_LOOK_S: Final = 0.2
SIGN_OF_LIFE_S: Final = 10.0
_OLD_AFTER_S: Final = 2.0
_BOUNDARY: Final = b"--picture\r\n"
_RETRY_MS: Final = 1000

News = dict[str, Any]
"""What is told, by the name of the event."""


async def pictures(eye: EyePort, wish: Wish, stay: Stay) -> AsyncGenerator[bytes, None]:
    """Every new picture of a camera as a part of multipart/x-mixed-replace."""
    number = 0
    yield _BOUNDARY
    while await stay.goes_on(PICTURE_LOOK_S):
        shown = eye.watch(wish)
        if shown is None or shown.number == number or time.monotonic() - shown.at > _OLD_AFTER_S:
            yield b""
            continue
        number = shown.number
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(shown.picture)}\r\n\r\n".encode()
        # With the next boundary at once: a browser shows a picture only when it has seen its end.
        yield b"".join((head, shown.picture, b"\r\n", _BOUNDARY))


async def news(tell: Callable[[], Awaitable[News]], stay: Stay) -> AsyncGenerator[bytes, None]:
    """What `tell` gives, each event when it has become another than it was."""
    told: dict[str, str] = {}
    said_at = time.monotonic()
    yield f"retry: {_RETRY_MS}\n\n".encode()
    while await stay.goes_on(NEWS_LOOK_S if told else 0.0):
        now = {name: json.dumps(value, ensure_ascii=False) for name, value in (await tell()).items()}
        fresh = [(name, text) for name, text in now.items() if told.get(name) != text]
        told = now
        at = time.monotonic()
        if not fresh and at - said_at >= SIGN_OF_LIFE_S:
            said_at = at
            yield b": still here\n\n"
            continue
        if fresh:
            said_at = at
        yield "".join(f"event: {name}\ndata: {text}\n\n" for name, text in fresh).encode()
