"""How modules are loaded: without a search for garbage among what they make, which all stays, then or ever after."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def loading() -> Iterator[None]:
    """Put the collection of garbage off while modules are loaded. For one thread at a time.

    Loading makes many classes and functions and hardly any garbage: to look through all of them again and again is a
    tenth of the time in which the agent starts.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def leave_loaded_alone() -> None:
    """Look for garbage only among what is made from now on. For a process of our own, when it has loaded its modules.

    Some hundred thousand objects that stay to the end are else looked through by the first searches, and again and
    again while the process lives. Not later: what lives by then, and goes in a circle, is never found.
    """
    gc.freeze()
