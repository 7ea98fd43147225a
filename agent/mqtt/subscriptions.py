"""What a client wants to hear: filters that may come and go while it is connected."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.mqtt.messages import Subscription


class Subscriptions:
    """The subscriptions of one client, one a filter. Safe to use from any thread."""

    def __init__(self, subscriptions: Sequence[Subscription] = ()) -> None:
        self._lock = threading.Lock()
        self._all = {each.topic_filter: each for each in subscriptions}

    def add(self, subscription: Subscription) -> None:
        """Take one; it replaces that of the same filter."""
        with self._lock:
            self._all[subscription.topic_filter] = subscription

    def remove(self, topic_filter: str) -> bool:
        """Drop one; whether it was there."""
        with self._lock:
            return self._all.pop(topic_filter, None) is not None

    def all(self) -> tuple[Subscription, ...]:
        """All of them, in the order of their coming."""
        with self._lock:
            return tuple(self._all.values())

    def wanting(self, topic: str) -> list[Subscription]:
        """Those whose filter fits the topic."""
        return [each for each in self.all() if _matches(each.topic_filter, topic)]


def _matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic fits a filter (MQTT 5.0, section 4.7): `+` is one level, `#` at the end any number, also none."""
    levels, wanted = topic.split("/"), topic_filter.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(want in {"+", level} for want, level in zip(wanted, levels, strict=True))
