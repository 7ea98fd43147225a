"""A small file of the agent's own, replaced whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent.store.durable_files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path


def keep_file(path: Path, data: bytes) -> None:
    """Put bytes in a file's place, readable by its owner alone; after a power cut it is one or the other.

    Raises OSError.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)
