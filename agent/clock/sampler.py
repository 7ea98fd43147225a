"""Records every second what the kernel says about its clock, because the agent may not ask the kernel itself.

The agent's system call filter refuses this call. The sampler is a process of its own (gate-agent-clock.service), which
reads no input and talks to no one. The agent does both, so it must not have a system call that can set the clock.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Final

from agent.clock.clock import NOTE, Clock, ask_kernel, unknown
from agent.service.systemd_notify import Notifier

if TYPE_CHECKING:
    from pathlib import Path

EVERY_S: Final = 1.0


def note_down(note: Path) -> None:
    """Write a note in the place of the one before: {at (monotonic s), utc (Unix s), synchronised, error_ms, detail}.

    A kernel that does not say, as in many a container, is noted too. Raises OSError where the note cannot be written.
    """
    # Before the kernel is asked: who sets the clock meanwhile must make the note one of before.
    now = Clock(note).together()
    try:
        found = ask_kernel()
    except OSError as error:
        found = unknown(str(error.strerror))
    told = {
        "at": now.at,
        "utc": now.utc,
        "synchronised": found.synchronised,
        "error_ms": found.error_ms,
        "detail": found.detail,
    }
    fresh = note.with_suffix(".part")
    fresh.write_text(json.dumps(told), encoding="ascii")
    fresh.replace(note)


def main() -> None:
    """Note until told to stop (SIGTERM). Raises OSError where a note cannot be written."""
    # Waited for, not handled: a handler that sets an event hangs where it breaks into the wait for that event.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    notifier = Notifier.from_environment(os.environ)
    note_down(NOTE)
    notifier.status("notes what the kernel says of the clock")
    while signal.sigtimedwait({signal.SIGTERM}, EVERY_S) is None:
        note_down(NOTE)
        notifier.alive()


if __name__ == "__main__":
    main()
