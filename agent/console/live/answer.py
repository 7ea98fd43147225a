"""An answer without an end: parts that come as they are made, to a viewer who may be slow, or gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from starlette.types import Receive, Scope, Send

SEND_S: Final = 15.0
"""Who takes longer for one part is given up."""


class LiveAnswer(Response):
    """Send parts until there are no more, the viewer is gone, or takes too long for one.

    The next part is only made once the last one was taken, so a slow viewer gets the newest and nothing queues for him.
    An empty part is not sent: it is a moment to see whether the viewer is still there. `done`: called at the end.
    """

    def __init__(self, parts: AsyncGenerator[bytes, None], media_type: str, done: Callable[[], None]) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        # Proxies of the site must not gather what is to be seen now.
        self.headers["x-accel-buffering"] = "no"
        self._parts = parts
        self._done = done

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for part in self._parts:
                if gone.done():
                    return
                if part:
                    async with asyncio.timeout(SEND_S):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            return
        finally:
            gone.cancel()
            await self._parts.aclose()
            self._done()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
