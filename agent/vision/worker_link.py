"""The parent's view of one vision worker, from the greeting to the end: checks messages and enforces deadlines."""

from __future__ import annotations

import os
import selectors
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.vision.worker.protocol import VERSION, Heartbeat, Hello, ProtocolError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from agent.vision.process import VisionWorkerProcess
    from agent.vision.worker.wire import Envelope

_LAST_WORDS_S = 1.0
_OWN_DELAY_S = 1.0


@dataclass(frozen=True, slots=True)
class VisionWorkerLimits:
    """How long a vision worker may take, in seconds, before it is killed and started again.

    `start_s`: from its start to its first heartbeat. `hang_s`: from heartbeat to heartbeat. `reading_s`: for one frame
    in one reader.
    `camera_s`: for one call of the camera; opening one takes up to its own time-outs. `stop_s`: to end when asked.
    `killed_s`: to end once killed, before it counts as held by the kernel.
    `retry_first_s`, `retry_cap_s`: the backoff between starts. `steady_s`: a life this long clears the backoff.
    """

    start_s: float = 30.0
    hang_s: float = 5.0
    reading_s: float = 5.0
    camera_s: float = 30.0
    stop_s: float = 4.0
    killed_s: float = 1.0
    retry_first_s: float = 0.5
    retry_cap_s: float = 15.0
    steady_s: float = 30.0


class VisionWorkerFailedError(Exception):
    """The vision worker has ended or must be ended; the text, which follows "the vision worker", says why."""


class CameraSession:
    """Attend to one process. `on_message` gets every message after the greeting, checked, in order.

    `resting`: what to do each wait for a message in, as Worker.resting.
    """

    def __init__(
        self,
        process: VisionWorkerProcess,
        limits: VisionWorkerLimits,
        on_message: Callable[[Envelope], None],
        resting: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._process = process
        self._limits = limits
        self._on_message = on_message
        self._resting = resting
        self._greeted = False
        self._beaten = False
        self._due_by = 0.0

    def listen(self, wake: int, on_wake: Callable[[], bool]) -> None:
        """Listen until `on_wake`, called when the event descriptor `wake` was written, says that it is enough.

        Raises WorkerFailedError when the process ends, is silent, hangs in a call, or breaks the protocol.
        """
        self._due_by = time.monotonic() + self._limits.start_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while True:
                with self._resting():
                    ready = {key.fd for key, _ in selector.select(max(0.0, self._due_by - time.monotonic()))}
                woken_at = time.monotonic()
                if wake in ready:
                    os.eventfd_read(wake)
                    if on_wake():
                        return
                if self._process.fileno() in ready:
                    self._listen()
                self._watch_the_clock(woken_at)

    def _watch_the_clock(self, woken_at: float) -> None:
        now = time.monotonic()
        if now - woken_at > _OWN_DELAY_S:
            # It was this thread that was held up: what the vision worker said meanwhile still waits to be read.
            self._due_by = max(self._due_by, now + self._limits.hang_s)
        if now >= self._due_by:
            allowed_s = self._limits.hang_s if self._beaten else self._limits.start_s
            raise VisionWorkerFailedError(Text("gave no sign of life for {allowed_s} s", allowed_s=f"{allowed_s:g}"))

    def _listen(self) -> None:
        try:
            envelopes = self._process.receive()
            if envelopes is None:
                ended = self._process.ended_within(_LAST_WORDS_S)
                raise VisionWorkerFailedError(self._process.how_it_ended() if ended else Text("closed its socket"))
            for envelope in envelopes:
                self._handle_message(envelope)
        except ProtocolError as error:
            raise VisionWorkerFailedError(Text("broke the protocol: {error}", error=error)) from error

    def _handle_message(self, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, Hello):
            self._greet(message)
            return
        if not self._greeted:
            raise ProtocolError(Text("the first message must be Hello"))
        if isinstance(message, Heartbeat):
            self._beaten = True
            self._due_by = time.monotonic() + self._limits.hang_s
            self._on_message(envelope)
            _refuse_hanging(message, self._limits)
            return
        self._on_message(envelope)

    def _greet(self, hello: Hello) -> None:
        if self._greeted or hello.pid != self._process.pid:
            raise ProtocolError(Text("a greeting from another process"))
        if hello.version != VERSION:
            raise ProtocolError(
                Text(
                    "the vision worker has version {version} of the protocol, this agent {own}: mixed installations",
                    version=hello.version,
                    own=VERSION,
                )
            )
        self._greeted = True


def _refuse_hanging(heartbeat: Heartbeat, limits: VisionWorkerLimits) -> None:
    if heartbeat.reading_since is not None and heartbeat.at - heartbeat.reading_since > limits.reading_s:
        raise VisionWorkerFailedError(
            Text("has been reading one frame for more than {reading_s} s", reading_s=f"{limits.reading_s:g}")
        )
    if heartbeat.camera_since is not None and heartbeat.at - heartbeat.camera_since > limits.camera_s:
        raise VisionWorkerFailedError(
            Text(
                "has been waiting in one call of the camera for more than {camera_s} s", camera_s=f"{limits.camera_s:g}"
            )
        )
