"""The template process: forks other processes, watches them end, and never looks at what they read."""

from __future__ import annotations

import gc
import json
import logging
import os
import selectors
import socket
from typing import TYPE_CHECKING, NoReturn

from agent.vision.worker import start

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("agent.vision.worker")


def serve(descriptor: int, work: Callable[[socket.socket, int], int]) -> int:
    """Fork this process, as it is now, for each socket that the parent hands down, until the parent has gone.

    `work` is done in the forked process, on its socket and with a handle of itself (pidfd_open(2)), which it owns;
    it returns the process's exit code. The parent is told how each ended: a line of JSON, [pid, code], the code as
    `subprocess` has it. This process must have one thread, and must not have seen what another process is to judge.
    Returns its exit code.
    """
    # What lives now lives in all of them: its memory stays shared.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as parent, selectors.DefaultSelector() as selector:
        parent.settimeout(None)
        selector.register(parent, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not parent:
                    selector.unregister(key.fileobj)
                    _report(parent, key.fd, key.data)
                    continue
                asked, handed, _, _ = socket.recv_fds(parent, len(b"F"), 1)
                if not asked or not handed:
                    return start.EXIT_DONE
                if pid := os.fork():
                    os.close(handed[0])
                    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
                    continue
                for open_one in tuple(selector.get_map().values()):
                    os.close(open_one.fd)
                selector.close()
                parent.detach()
                _work(handed[0], work)


def _report(parent: socket.socket, handle: int, pid: int) -> None:
    os.close(handle)
    _, status = os.waitpid(pid, 0)
    parent.sendall(json.dumps([pid, os.waitstatus_to_exitcode(status)]).encode() + b"\n")


def _work(descriptor: int, work: Callable[[socket.socket, int], int]) -> NoReturn:
    """Be the forked process: dies with the template, and ends here."""
    try:
        start.die_with_the_parent()
        end = socket.socket(fileno=descriptor)
        end.settimeout(None)
        code = work(end, os.pidfd_open(os.getpid()))
    except BaseException:  # the template's loop must not go on in here
        log.exception("a forked process failed")
        code = start.EXIT_BUG
    logging.shutdown()
    os._exit(code)
