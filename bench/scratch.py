"""Where benchmarks write: a folder under build/, on the disk of the checkout, that goes away with them."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILD = Path(__file__).resolve().parent.parent / "build"


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """A new folder; not in memory as /tmp may be, so that what must be durable costs what it costs."""
    parent = parent or BUILD
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)
