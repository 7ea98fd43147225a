"""The parent's side of one process that reads untrusted pixels: starts it, exchanges messages, and kills it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from agent.service.cleanup import on_failure
from agent.service.parallel import Job
from agent.vision.worker.protocol import EXIT_ANEW
from agent.vision.worker.wire import Decoder, encoded
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.vision.worker.protocol import ToWorker
    from agent.vision.worker.wire import Envelope

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-I", "-m", "agent.vision.worker.main")

CHUNK_BYTES = 256 * 1024
SEND_TIMEOUT_S = 1.0
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ParentEnd:
    """The parent's end of the socket to such a process."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._decoder = Decoder(from_worker=True)

    def fileno(self) -> int:
        """The socket, to wait on."""
        return self._socket.fileno()

    def send(self, message: ToWorker, pictures: Sequence[bytes] = ()) -> None:
        """Say something to it. Raises OSError when it does not listen, ProtocolError for what is too large."""
        self._socket.settimeout(SEND_TIMEOUT_S)
        try:
            self._socket.sendall(encoded(message, pictures))
        finally:
            self._socket.settimeout(None)

    def receive(self) -> list[Envelope] | None:
        """What it says; to be called when the socket is readable. None when it has gone. Raises ProtocolError."""
        try:
            data = self._received_bytes()
        except OSError:
            return None
        return self._decoder.feed(data) if data else None

    def _received_bytes(self) -> bytes:
        return self._socket.recv(CHUNK_BYTES)


class VisionWorkerProcess(ParentEnd):
    """Start a vision worker and hold the other end of its socket. The thread that starts it must outlive it.

    The child gets nothing but that socket and the standard error: no secret of the environment, no other open file, no
    signal of a terminal. What it takes from itself afterwards stands in agent.vision.worker.sandbox. It dies with the
    thread that started it, by order of the kernel. Raises OSError when it cannot be started.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        ours, theirs = socket.socketpair()
        with theirs, on_failure(ours.close):
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own
                [*command, "--fd", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                # No session of its own: where the kernel groups sessions for its scheduler, a low priority (ADR 18)
                # would count within the worker only.
                process_group=0,
                env=scrubbed_environment(),
            )
        super().__init__(ours)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ended_within(self, timeout_s: float) -> bool:
        """Wait for it to end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return self._process.returncode is not None

    def kill(self) -> None:
        """Kill it and let the socket go; returns at once. May be called twice.

        A process that the kernel holds in a call, as a camera's driver that hangs does, ends only once that call does.
        """
        self._process.kill()
        self._socket.close()

    def leave_to_end(self) -> None:
        """Have its end waited for by a thread of its own, however late it comes: nobody else asks for it any more."""
        Job(f"vision-worker-{self.pid}-end", self._await_end)

    def _await_end(self) -> None:
        self._process.wait()
        log.warning("the vision worker %d, which did not end although it was killed, has ended at last", self.pid)

    def how_it_ended(self) -> str:
        """Its exit in words; for after it has ended."""
        code = self._process.returncode
        return Text("is still running") if code is None else end_in_words(code)


def end_in_words(code: int) -> str:
    """How a process ended, by its exit code as `subprocess` has it: a signal is a negative one."""
    if code == EXIT_ANEW:
        return Text("asked for a restart: its camera now needs another file or device")
    if code >= 0:
        return Text("ended with exit code {code}", code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = Text("signal {number}", number=-code)
    return Text("was ended by {name}", name=name)


def scrubbed_environment() -> dict[str, str]:
    """The environment of a vision worker: what the libraries need and nothing that could be a secret."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # The video library writes addresses with their passwords when it is not told to be quiet.
    quiet = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_LOG_LEVEL": "ERROR"}
    # Else this library writes an identifier into the user's folder, and sends reports to its maker.
    quiet["ORT_DISABLE_TELEMETRY"] = "1"
    return kept | quiet | dict.fromkeys(_ONE_THREAD, "1")
