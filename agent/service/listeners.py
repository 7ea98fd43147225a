"""Telling news to those who listen: a listener's fault is its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

T = TypeVar("T")


def notify_listeners(listeners: Iterable[Callable[[T], object]], news: T, fault: str) -> None:
    """Call every listener with the news, in their order.

    One that raises is logged with `fault`, and the next is called. The caller has done its work already: a permit is
    recorded, a message is received. It must not fail because of its listeners.
    """
    for listener in listeners:
        try:
            listener(news)
        except Exception:
            log.exception("%s", fault)
