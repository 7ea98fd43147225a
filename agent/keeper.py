"""Keeps pictures as evidence without holding up the lane: a thread of its own writes them."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from agent.store.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.store.evidence import EvidenceStore

log = logging.getLogger(__name__)

WAITING_LIMIT = 256
STOP_TIMEOUT_S = 5.0


class Keeper:
    """Write pictures, SHA-256 to JPEG, in the background.

    A picture is a help, not the record: when the disk does not follow, pictures are given up with a line in the log, and
    the lane goes on.
    """

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store
        self._waiting: queue.Queue[Mapping[str, bytes] | None] = queue.Queue(WAITING_LIMIT)
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)

    def start(self) -> None:
        """Start to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and stop, within a bounded time."""
        try:
            self._waiting.put(None, timeout=STOP_TIMEOUT_S)
        except queue.Full:
            log.error("the evidence store does not follow; what waits is given up")  # noqa: TRY400
            return
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("the evidence store does not follow; its thread is left behind")

    def keep(self, pictures: Mapping[str, bytes]) -> None:
        """Take pictures over; returns at once."""
        if not pictures:
            return
        try:
            self._waiting.put_nowait(pictures)
        except queue.Full:
            log.error("the evidence store does not follow: %d pictures are given up", len(pictures))  # noqa: TRY400

    def _run(self) -> None:
        while (pictures := self._waiting.get()) is not None:
            for digest, picture in pictures.items():
                try:
                    self._store.keep(digest, picture)
                except EvidenceError as error:
                    log.error("picture %s could not be kept: %s", digest[:12], error)  # noqa: TRY400 - told, not a bug
