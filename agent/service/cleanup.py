"""Undoing what was begun, where it cannot be brought to its end."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def on_failure(undo: Callable[[], object]) -> Iterator[None]:
    """Call `undo` where the block is left by an exception, of whatever kind, which goes on.

    Not where it ends in order.
    """
    with ExitStack() as stack:
        stack.callback(undo)
        yield
        stack.pop_all()
