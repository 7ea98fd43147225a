"""Records what a page shows: the browser sends a picture whenever something on the page has changed."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

    from playwright.sync_api import Page

APART_S: Final = 0.28
JPEG_QUALITY: Final = 90


class Recorder:
    """Frames of a page while it is entered. `frames`: seconds of the browser's clock and the picture of each."""

    def __init__(self, page: Page) -> None:
        self.frames: list[tuple[float, bytes]] = []
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._came)

    def __enter__(self) -> Self:
        self._session.send("Page.startScreencast", {"format": "jpeg", "quality": JPEG_QUALITY})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.send("Page.stopScreencast")
        self._session.detach()

    def _came(self, frame: dict[str, Any]) -> None:
        self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        at = float(frame["metadata"]["timestamp"])
        if not self.frames or at - self.frames[-1][0] >= APART_S:
            self.frames.append((at, base64.b64decode(frame["data"])))
