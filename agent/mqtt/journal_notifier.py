"""Passes news of the journal to a thread that also waits for other things."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.worker import Worker
    from agent.store.journal import Journal

WAIT_S = 0.2
FAULT_PAUSE_S = 1.0


def notify_of_records(outbox: Journal, wake: Callable[[], None], worker: Worker) -> None:
    """Call `wake` for every batch of new events, until the worker is to stop; for its thread."""
    known = outbox.head
    while not worker.stopping:
        worker.touch()
        began_at = time.monotonic()
        news = outbox.wait_for_news(known, WAIT_S)
        known = outbox.head
        if news:
            wake()
        elif time.monotonic() - began_at < WAIT_S / 2:
            # A journal that is closed does not wait: that must not become a busy loop.
            worker.wait(FAULT_PAUSE_S)
