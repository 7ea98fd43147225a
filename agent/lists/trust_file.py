"""The trust list that a configured file holds: looked at again and again, handed on when the file has changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.core.model import ReportOnce
from agent.core.permit import MAX_TEXT
from agent.store.durable_files import open_regular
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


class TrustFile:
    """Belongs to one thread. `problem`: why the file cannot be read, "" while it can.

    Whether its content is any good is not judged here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._reported = ReportOnce()
        self._version: tuple[int, int, int] | None = None

    def read_if_changed(self, *, anyway: bool = False) -> bytes | None:
        """The content, where the file has changed since it was last handed on, or `anyway`; else None.

        Costs one stat.
        """
        try:
            status = self.path.stat()
            version = (status.st_mtime_ns, status.st_ino, status.st_size)
            if version == self._version and not anyway:
                return None
            with open_regular(self.path) as file:
                text = file.read(MAX_TEXT + 1)
        except OSError as error:
            problem = Text("the trust list {path} cannot be read: {strerror}", path=self.path, strerror=error.strerror)
            if self._reported.is_new(problem):
                log.error("%s", problem)  # noqa: TRY400 - told, not a bug
            self.problem, self._version = problem, None
            return None
        self.problem, self._version = "", version
        self._reported.clear()
        return text
