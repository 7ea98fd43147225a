"""What the process does with memory that it does not need any more.

It goes back to the system, soon and from every thread.
"""

from __future__ import annotations

import ctypes
from typing import Final

M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
MAPPED_FROM_BYTES: Final = 128 * 1024
ARENAS: Final = 2


def give_back_memory() -> bool:
    """Have large blocks given back when they are freed, and all threads share two stores of small ones.

    Returns whether that can be. For the start of a process, before its threads. Only the C library of GNU can be told
    (mallopt(3)). Left alone, it keeps for each thread a store of its own, and in it blocks of up to 32 MiB once one of
    that size was freed: the 19 MiB for a password's hash stayed with every thread that had ever made one.
    """
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is None:
        return False
    # The threshold is the one that the library begins with; only that it is told keeps it from being raised.
    return all([tell(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES), tell(M_ARENA_MAX, ARENAS)])
