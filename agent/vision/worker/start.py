"""What every process that touches foreign pixels does first: it dies with its parent, and as a whole."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import logging
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Final, NoReturn

from agent.vision.worker.parent_link import ParentGoneError

log = logging.getLogger("agent.vision.worker")

EXIT_DONE: Final = 0
EXIT_BUG: Final = 70
EXIT_PROTOCOL: Final = 76

_PR_SET_PDEATHSIG: Final = 1
_SWITCH_S: Final = 0.001


def begin(name: str) -> None:
    """Bind this process to its parent. `name`: what it is called in the log."""
    logging.basicConfig(level=logging.WARNING, format=f"{name} %(process)d: %(levelname)s: %(message)s")
    faulthandler.enable()
    die_with_the_parent()
    # The parent stops its workers itself; a signal to the whole group would only look like a crash.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.excepthook = _leave_at_once
    # Five times as often as Python's own: who reads codes must not wait for the Python of who looks for them at
    # leisure.
    sys.setswitchinterval(_SWITCH_S)


def load_what_looks_around(*, codes: bool, networks: bool) -> None:
    """Load the libraries that need more of the machine while they are loaded than ever after.

    Python looks for zbar with programs (ldconfig); onnxruntime looks through the machine's devices for graphics cards.
    """
    if codes:
        from agent.vision.worker.qr.engines import zbar_engine  # noqa: PLC0415 - after the greeting

        with contextlib.suppress(ImportError):  # the reader says that it is missing
            zbar_engine()
    if networks:
        import_module("agent.vision.worker.plate.weights")


def die_with_the_parent() -> None:
    """Ask the kernel for SIGKILL when the parent dies: not even a reader that hangs may outlive it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        log.warning("the kernel will not end this process with its parent: errno %d", ctypes.get_errno())


def _leave_at_once(failure: threading.ExceptHookArgs) -> NoReturn:
    """End the process when one of its threads ends with an error: half a worker is worse than a new one."""
    if isinstance(failure.exc_value, ParentGoneError):
        os._exit(EXIT_DONE)
    name = failure.thread.name if failure.thread else "?"
    log.critical("the thread %s failed", name, exc_info=failure.exc_value)
    logging.shutdown()
    os._exit(EXIT_BUG)
