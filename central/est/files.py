"""Files of the server that others read while they are written: put in place as a whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

READABLE: Final = 0o644


def put_file(path: Path, content: bytes, mode: int = READABLE) -> None:
    """Put a file in place as a whole, durably, with this mode. Raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
        file.flush()
        os.fsync(handle)
    fresh.replace(path)
    sync_folder(path.parent)
