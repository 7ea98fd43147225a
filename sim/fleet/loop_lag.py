"""How late an asyncio loop comes to what is due: the measure of whether a simulation has the CPU that it needs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S: Final = 0.1


async def measure_lag(note: Callable[[float], None], every_s: float = EVERY_S) -> None:
    """Note again and again by how many seconds the loop was late, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due_at = loop.time() + every_s
        await asyncio.sleep(every_s)
        note(max(0.0, loop.time() - due_at))
