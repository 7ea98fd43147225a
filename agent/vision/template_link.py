"""The parent's side of the template process, from which second readers are forked, and of each reader.

The template has loaded everything that a second reader needs, and never gets a picture (ADR 37). Its other side is
`agent.vision.worker.template_process`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from agent.service.cleanup import on_failure
from agent.service.parallel import Job
from agent.vision.process import CHUNK_BYTES, SEND_TIMEOUT_S, ParentEnd, VisionWorkerProcess, end_in_words
from agent.vision.worker.protocol import ProtocolError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

MS_PER_S: Final = 1000
_NOT_GREETED: Final = -1
_MOST_ENDS: Final = 64
_END_KNOWN_S: Final = 3.0
"""The template has seen the end of a process by then, unless it is in trouble itself."""


class TemplateProcess(VisionWorkerProcess):
    """Start the template; have processes forked from it. All of them die with it, and it with the thread that made it.

    Raises OSError when it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__(command)
        self._said = b""
        self._ends: dict[int, int] = {}

    def forked(self) -> ForkedProcess:
        """A process that is forked as soon as the template is ready. Raises OSError where that does not listen."""
        self._hear_ends(0.0)
        ours, theirs = socket.socketpair()
        with theirs, on_failure(ours.close):
            self._socket.settimeout(SEND_TIMEOUT_S)
            socket.send_fds(self._socket, [b"F"], [theirs.fileno()])
        return ForkedProcess(ours, self)

    def exit_code_of(self, pid: int) -> int | None:
        """How a process that has ended did, as `subprocess` has it; None where the template does not say."""
        until = time.monotonic() + _END_KNOWN_S
        while pid not in self._ends and self._hear_ends(until - time.monotonic()):
            pass
        return self._ends.pop(pid, None)

    def _hear_ends(self, within_s: float) -> bool:
        """Take in what the template says of processes that ended, for so long at most; whether it said anything."""
        self._socket.settimeout(None)
        heard = False
        while _readable(self._socket.fileno(), 0.0 if heard else max(0.0, within_s)):
            try:
                data = self._socket.recv(CHUNK_BYTES)
            except OSError:
                data = b""
            if not data:
                return heard
            heard = True
            *lines, self._said = (self._said + data).split(b"\n")
            self._ends.update((int(pid), int(code)) for pid, code in map(json.loads, lines))
        for oldest in tuple(self._ends)[:-_MOST_ENDS]:
            del self._ends[oldest]
        return heard


class ForkedProcess(ParentEnd):
    """One process that was forked. With its first words it hands over a handle of itself, by which it is killed."""

    def __init__(self, end: socket.socket, template: TemplateProcess) -> None:
        super().__init__(end)
        self._template = template
        self._handle = _NOT_GREETED
        self._pid = _NOT_GREETED
        self._ended = False

    @property
    def pid(self) -> int:
        """Its process id, as the kernel has it; -1 until it has said something."""
        return self._pid

    def ended_within(self, timeout_s: float) -> bool:
        """Wait for it to end by itself. One that never said anything has seen nothing: it ends with its socket."""
        if self._handle != _NOT_GREETED and not self._ended:
            self._ended = _readable(self._handle, timeout_s)
            if self._ended:
                os.close(self._handle)
        return self._ended or self._handle == _NOT_GREETED

    def kill(self) -> None:
        """Kill it and let the socket go; returns at once. May be called twice."""
        if self._handle != _NOT_GREETED and not self._ended:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        self._socket.close()

    def leave_to_end(self) -> None:
        """Have its end waited for by a thread of its own, however late it comes: nobody else asks for it any more."""
        Job(f"second-reader-{self._pid}-end", self._await_end)

    def _await_end(self) -> None:
        _readable(self._handle, None)
        os.close(self._handle)
        log.warning("the second reader %d, which did not end although it was killed, has ended at last", self._pid)

    def how_it_ended(self) -> str:
        """Its exit in words; for after it has ended."""
        if self._handle == _NOT_GREETED:
            ended = self._template.ended_within(_END_KNOWN_S)
            return self._template.how_it_ended() if ended else Text("closed its socket")
        code = self._template.exit_code_of(self._pid)
        return Text("closed its socket") if code is None else end_in_words(code)

    @override
    def _received_bytes(self) -> bytes:
        if self._handle != _NOT_GREETED:
            # What it might hand over besides is closed by the kernel.
            return super()._received_bytes()
        data, handles, _, _ = socket.recv_fds(self._socket, CHUNK_BYTES, 1)
        if data:
            if not handles:
                raise ProtocolError("expected a handle of the process with its first words")
            (self._handle,) = handles
            self._pid = _pid_of(self._handle)
        return data


def _readable(descriptor: int, within_s: float | None) -> bool:
    """Wait for something to be read there, or for the process of a handle to have ended; None: without a limit."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if within_s is None else within_s * MS_PER_S))


def _pid_of(handle: int) -> int:
    """Whose handle that is (proc(5), fdinfo). Raises ProtocolError where it is none of a process."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{handle}").read_text("ascii").splitlines())
    if "Pid" not in fields:
        raise ProtocolError("expected a handle of a process")
    return int(fields["Pid"])
