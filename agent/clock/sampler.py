"""Notes every second what the kernel says of its clock, for an agent whose filter of calls refuses the question.

A process of its own (gate-agent-clock.service), which reads nothing and talks with nobody: so the agent, which does
both, needs no call that the clock could be set with.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

from agent.clock.clock import NOTE, ask_kernel, unknown
from agent.service.notify import Notifier

if TYPE_CHECKING:
    from pathlib import Path

EVERY_S: Final = 1.0


def note_down(note: Path) -> None:
    """Write a note in the place of the one before: {at (monotonic s), synchronised, error_ms, detail}.

    A kernel that does not say, as in many a container, is noted too. Raises OSError where the note cannot be written.
    """
    try:
        found = ask_kernel()
    except OSError as error:
        found = unknown(str(error.strerror))
    told = {
        "at": time.monotonic(),
        "synchronised": found.synchronised,
        "error_ms": found.error_ms,
        "detail": found.detail,
    }
    fresh = note.with_suffix(".part")
    fresh.write_text(json.dumps(told), encoding="ascii")
    fresh.replace(note)


def main() -> None:
    """Note until told to stop (SIGTERM). Raises OSError where a note cannot be written."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    notifier = Notifier.from_environment(os.environ)
    note_down(NOTE)
    notifier.status("notes what the kernel says of the clock")
    while not stopping.wait(EVERY_S):
        note_down(NOTE)
        notifier.alive()


if __name__ == "__main__":
    main()
