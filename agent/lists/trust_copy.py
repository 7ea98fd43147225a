"""Copies of the trust list in force, beside the registry: a registry that is lost must not bring an old list back.

They are as good as a file that somebody configured: each is proven by the pinned root keys before it is taken.
"""

from __future__ import annotations

import logging
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.model import ReportOnce
from agent.core.permit import MAX_TEXT
from agent.service.cleanup import on_failure
from agent.store.durable_files import open_regular, sync_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

NAME: Final = "trust.gtl"


class TrustCopy:
    """The same text in every folder. Belongs to one thread at a time; never raises, trouble goes into the log."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._paths = tuple(folder / NAME for folder in folders)
        self._reported = ReportOnce()

    def keep(self, text: bytes) -> bool:
        """Keep a list that was accepted, durably, where it is not there yet; whether it is in every folder now."""
        everywhere = True
        for path in self._paths:
            if _read(path) == text:
                continue
            try:
                _write(path, text)
            except OSError as error:
                why = f"the copy of the trust list {path} cannot be written: {error.strerror or error}"
                if self._reported.is_new(why, str(path)):
                    log.error("%s", why)  # noqa: TRY400 - told, not a bug
                everywhere = False
            else:
                self._reported.clear(str(path))
        return everywhere

    def texts(self) -> list[bytes]:
        """The copies that can be read; of alike ones one. Nothing of them is proven."""
        return list(dict.fromkeys(text for text in map(_read, self._paths) if text is not None))


def _read(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            return file.read(MAX_TEXT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("the copy of the trust list %s cannot be read: %s", path, error.strerror or error)
        return None


def _write(path: Path, text: bytes) -> None:
    """Replace the file in one step: a reader sees the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with on_failure(partial(Path(name).unlink, missing_ok=True)):
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    sync_folder(path.parent)
