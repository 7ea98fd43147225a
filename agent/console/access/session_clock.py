"""Time for sessions and lock-outs: the monotonic clock, and which start of the computer it counts from."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@cache
def this_boot() -> str:
    """A name of this start of the computer (Linux, random(4))."""
    return BOOT_ID.read_text(encoding="ascii").strip()


@dataclass(frozen=True, slots=True)
class SessionClock:
    """`at`: monotonic seconds, the same in every process until the computer starts again; `boot` tells those apart."""

    at: Callable[[], float] = time.monotonic
    boot: str = ""

    @classmethod
    def of_this_computer(cls) -> SessionClock:
        """The real one."""
        return cls(boot=this_boot())
