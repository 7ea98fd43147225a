"""The voice of a lane: a thread that keeps its sound device connected and plays the newest message first.

It plays files. Other modules choose the file of a message, and decide whether the lane is quiet now.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.model import DriverReceipt
from agent.devices.port_supervisor import PortSupervisor, Retry
from agent.service.worker import Worker
from drivers.api import DeviceUnavailableError, RecordingUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.devices.port_supervisor import PortState
    from drivers.api import VoicePort

log = logging.getLogger(__name__)

POLL_S = 0.05
"""How often it looks whether a recording has ended; so long the pause between two of them may be."""
IDLE_S = 0.5
STOP_TIMEOUT_S = 5.0
LIMIT_S = 30.0
RETRY_CAP_S = 10.0
"""Each try starts a program; whoever plugs a speaker in can wait for so long."""
CHECK_S = 60.0
"""A device that says nothing is looked at so often: its loss is known before somebody needs it."""
LATEST_S = 2.0
"""What could not be said for so long is not said any more: the lane may long be at something else."""


@dataclass(frozen=True, slots=True)
class _Utterance:
    """What is to be said, in this order; nothing: silence. `at`: when that was, monotonic s.

    `find`: finds the recordings, on the monitor's thread. `told`: gets what became of them, there too.
    """

    find: Callable[[], tuple[Path, ...]]
    at: float
    told: Callable[[DriverReceipt], None]


class VoicePlayer:
    """Speak for one lane until stopped.

    `on_state` gets each change of the device's state, or of the reason for its loss, on the monitor's own thread; it
    must only pass the change on.
    """

    def __init__(self, name: str, voice: VoicePort, on_state: Callable[[PortState, str], None]) -> None:
        self._voice = voice
        self._on_state = on_state
        self._port = PortSupervisor(
            f"the voice {name}", voice.open, voice.close, self._port_changed, Retry(cap_s=RETRY_CAP_S)
        )
        self._wanted: _Utterance | None = None
        self._news = threading.Condition()
        self._rest: deque[Path] = deque()
        self._speaking = False
        self._looked_at = 0.0
        self.worker = Worker(f"voice-{name}", self._run, limit_s=LIMIT_S)

    @property
    def state(self) -> PortState:
        """How the sound device is."""
        return self._port.state

    def start(self) -> None:
        """Start to keep the device connected."""
        self.worker.start()

    def stop(self) -> bool:
        """End what is said and let the device go, within a bounded time; whether that is done."""
        self.worker.ask_to_stop()
        with self._news:
            self._news.notify()
        return self.worker.stop(STOP_TIMEOUT_S)

    def say(self, *recordings: Path) -> None:
        """Say these now, one after the other; what is being said is cut off. From any thread; it waits for nothing."""
        self.say_found(lambda: recordings)

    def say_found(
        self, find: Callable[[], tuple[Path, ...]], told: Callable[[DriverReceipt], None] = lambda _receipt: None
    ) -> None:
        """The same for recordings that are found on the monitor's thread: a lane must not wait for a disk.

        `told` gets on that thread what became of them: begun, or not said. One that a later one overtook gets nothing.
        """
        with self._news:
            self._wanted = _Utterance(find, time.monotonic(), told)
            self._news.notify()

    def hush(self) -> None:
        """Cut off what is being said. From any thread; it waits for nothing."""
        self.say()

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self.worker.stopping:
            self.worker.touch()
            if self._port.is_up:
                self._port.guarded(self._attend)
            elif not self.worker.wait(self._port.wait_s()):
                self._connect()
        self._voice.close()

    def _connect(self) -> None:
        self._rest.clear()
        self._speaking = False
        self._looked_at = time.monotonic()
        self._port.connect()

    def _attend(self) -> None:
        """Take what is to be said, or go on with what is being said."""
        utterance = self._newest(POLL_S if self._speaking else IDLE_S)
        if utterance is not None:
            self._begin(utterance)
        elif self._speaking:
            self._speaking = self._voice.is_playing() or self._play_next()
        elif time.monotonic() - self._looked_at >= CHECK_S:
            self._connect()

    def _newest(self, within_s: float) -> _Utterance | None:
        with self.worker.resting(), self._news:
            self._news.wait_for(lambda: self._wanted is not None or self.worker.stopping, within_s)
            found, self._wanted = self._wanted, None
        return found

    def _begin(self, utterance: _Utterance) -> None:
        recordings = utterance.find()
        late_s = time.monotonic() - utterance.at
        if recordings and late_s > LATEST_S:
            log.warning("%s was not said: it came %.1f s late", recordings[0], late_s)
            utterance.told(DriverReceipt.LOST)
            return
        self._rest = deque(recordings)
        is_said = False
        try:
            is_said = self._play_next()
        finally:
            utterance.told(DriverReceipt.SENT if is_said else DriverReceipt.LOST)
        if is_said:
            self._speaking = True
        elif self._speaking:
            self._voice.close()  # silence
            self._connect()

    def _play_next(self) -> bool:
        """Play the next that can be played; whether there was one."""
        while self._rest:
            try:
                self._voice.play(self._rest.popleft())
            except RecordingUnusableError as error:
                log.error("not said: %s", error)  # noqa: TRY400 - what is wrong is in the words
            except DeviceUnavailableError:
                self._rest.clear()
                raise
            else:
                self._looked_at = time.monotonic()
                return True
        return False

    def _port_changed(self) -> None:
        self._on_state(self._port.state, self._port.detail)
