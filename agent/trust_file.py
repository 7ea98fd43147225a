"""The trust list in its file: verified, read again when the file changes, never replaced by a worse one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.core.permit.trust import TrustError, TrustList, load, root_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)


class TrustFile:
    """Give the newest valid trust list. For one thread.

    A file that cannot be read, is not signed by a pinned root key, or is older than the list in use is refused with a
    line in the log, and the list in use stays.
    """

    def __init__(self, path: Path | None, roots: Sequence[str]) -> None:
        self._path = path
        self._roots = [root_key(text) for text in roots]
        self._version: tuple[int, int, int] | None = None
        self._list: TrustList | None = None

    def current(self) -> TrustList | None:
        """The trust list in use, after a look whether the file has changed; None as long as there was never one."""
        if self._path is None:
            return None
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_ino, status.st_size)
            if version != self._version:
                self._version = version
                self._take(self._path.read_bytes())
        except OSError as error:
            if self._version is not None or self._list is None:
                log.error("the trust list %s cannot be read: %s", self._path, error.strerror)  # noqa: TRY400
            self._version = None
        return self._list

    def _take(self, text: bytes) -> None:
        try:
            fresh = load(text, self._roots, self._list.version if self._list else 1)
        except TrustError as error:
            log.error("the trust list %s is refused: %s", self._path, error)  # noqa: TRY400 - told, not a bug
            return
        log.info("trust list version %d with %d keys from %s", fresh.version, len(fresh.entries), self._path)
        self._list = fresh
