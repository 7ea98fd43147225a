"""The queue of list messages from the network thread to the thread that reads them. Its size is limited."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.mqtt import LinkDown, LinkUp

if TYPE_CHECKING:
    from agent.mqtt import Incoming

MOST_MESSAGES: Final = 2048
MOST_BYTES: Final = 16 << 20

Item: TypeAlias = "Incoming | LinkUp | LinkDown"


class ListMessageQueue:
    """A queue of so many messages and bytes; what does not fit is dropped, and `overflowed` says so once."""

    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._news = threading.Condition()
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._overflowed = False

    def add_item(self, item: Item) -> None:
        """Take something in; never waits. News of the link always has room."""
        size = _size(item)
        with self._news:
            full = len(self._items) >= self._most_messages or self._bytes + size > self._most_bytes
            if full and not isinstance(item, LinkUp | LinkDown):
                self._overflowed = True
                return
            self._items.append(item)
            self._bytes += size
            self._news.notify()

    def next_item(self, timeout_s: float) -> Item | None:
        """The next item, None when none came in this time."""
        with self._news:
            if not self._items:
                self._news.wait(timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= _size(item)
            return item

    def overflowed(self) -> bool:
        """Whether something was dropped since this was last asked."""
        with self._news:
            was, self._overflowed = self._overflowed, False
            return was


def _size(item: Item) -> int:
    return 0 if isinstance(item, LinkUp | LinkDown) else len(item.payload) + len(item.topic)
