"""Limits that a process sets itself (setrlimit, prctl): memory, files, core dumps, privileges, code made of data."""

from __future__ import annotations

import os
import resource
import stat
import sys
from pathlib import Path
from typing import Final

from agent.vision.worker.sandbox.kernel import prctl

# Linux UAPI, linux/prctl.h.
_DUMPABLE: Final = 4
_NO_NEW_PRIVS: Final = 38
_MDWE: Final = 65
_REFUSE_EXEC_GAIN: Final = 1

MEMORY_BYTES: Final = 2 * 1024**3
"""Of its own data: ten times what a worker takes at 1080p, and room for a picture of 50 megapixels, the largest."""
SPACE_BYTES: Final = 3 * 1024**3
"""Of address space beyond what is mapped when the bounds are set: the data, the stacks of threads, reserves of the
heap."""
MOST_FILES: Final = 256


def give_up_privileges() -> None:
    """Let no program that this process starts ever gain a right by its file. Raises OSError."""
    prctl(_NO_NEW_PRIVS, 1)


def forbid_inspection() -> None:
    """Keep other processes of the same user from reading this one's memory. Raises OSError."""
    prctl(_DUMPABLE, 0)


def forbid_new_code() -> None:
    """Let no memory that was ever written become code. Raises OSError, EINVAL before Linux 6.3."""
    prctl(_MDWE, _REFUSE_EXEC_GAIN)


def bound() -> None:
    """Bound memory and open files; forbid files and core dumps. Raises OSError."""
    # Shared memory is no data of its own, so that the whole space is bound too.
    _lower(resource.RLIMIT_DATA, MEMORY_BYTES)
    _lower(resource.RLIMIT_AS, _space_bytes() + SPACE_BYTES)
    _lower(resource.RLIMIT_NOFILE, MOST_FILES)
    if not stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode):
        # Where the log is a file, it must still be written to.
        _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)


def _lower(which: int, wanted: int) -> None:
    _, hard = resource.getrlimit(which)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(which, (most, most))


def _space_bytes() -> int:
    """The address space that this process has mapped, used or not."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
