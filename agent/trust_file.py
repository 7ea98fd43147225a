"""The trust list in its file: verified, read again when the file changes, never replaced by a worse one."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.permit.trust import TrustError, TrustList, load, root_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What reading the file anew came to. `trust`: the list in force now; `problem`: why it is not the file's, in words."""

    trust: TrustList | None
    problem: str


class TrustFile:
    """Give the newest valid trust list. Safe to use from several threads.

    A file that cannot be read, is not signed by a pinned root key, or is older than the list in use is refused with a
    line in the log, and the list in use stays.
    """

    def __init__(self, path: Path | None, roots: Sequence[str]) -> None:
        self._path = path
        self._roots = [root_key(text) for text in roots]
        self._lock = threading.Lock()
        self._version: tuple[int, int, int] | None = None
        self._list: TrustList | None = None
        self._problem = ""

    def current(self) -> TrustList | None:
        """The trust list in use, after a look whether the file has changed; None as long as there was never one."""
        with self._lock:
            self._look()
            return self._list

    def reload(self) -> Reloaded:
        """Read the file whether it looks changed or not, and tell what is in force now."""
        with self._lock:
            self._version = None
            self._look()
            return Reloaded(self._list, self._problem)

    def _look(self) -> None:
        if self._path is None:
            self._problem = "no file with a trust list is configured"
            return
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_ino, status.st_size)
            if version != self._version:
                self._version = version
                self._take(self._path.read_bytes())
        except OSError as error:
            self._problem = f"the trust list {self._path} cannot be read: {error.strerror}"
            if self._version is not None or self._list is None:
                log.error("%s", self._problem)  # noqa: TRY400 - told, not a bug
            self._version = None

    def _take(self, text: bytes) -> None:
        try:
            fresh = load(text, self._roots, self._list.version if self._list else 1)
        except TrustError as error:
            self._problem = f"the trust list {self._path} is refused: {error}"
            log.error("%s", self._problem)  # noqa: TRY400 - told, not a bug
            return
        log.info("trust list version %d with %d keys from %s", fresh.version, len(fresh.entries), self._path)
        self._list, self._problem = fresh, ""
