"""A bank of relays in memory, with the board's own pulse timers: what the emulators and the simulated board switch."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HISTORY_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class RelayChange:
    """One change of one relay. `at` is monotonic seconds; channels count from 1."""

    at: float
    channel: int
    on: bool


class RelayBank:
    """Relays that any thread may switch. Changes are reported one at a time, in order, by the thread that made them.

    `lock` is held while a change is made and reported; a board that has more state than its relays guards it with the
    same lock, so that a watcher may do to the board what it likes. It must not wait for another thread that does.
    """

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.stuck: set[int] = set()
        self.lock = threading.RLock()
        self._states = [False] * channels
        self._history: deque[RelayChange] = deque(maxlen=HISTORY_LENGTH)
        self._watchers: list[Callable[[RelayChange], None]] = []
        self._timers: dict[int, threading.Timer] = {}
        self._changed = threading.Condition()

    @property
    def states(self) -> tuple[bool, ...]:
        """Which relays are energised; the first is channel 1."""
        with self._changed:
            return tuple(self._states)

    @property
    def history(self) -> tuple[RelayChange, ...]:
        """The latest changes, oldest first."""
        with self._changed:
            return tuple(self._history)

    def watch(self, watcher: Callable[[RelayChange], None]) -> None:
        """Call `watcher` at every change from now on."""
        with self.lock:
            self._watchers.append(watcher)

    def set(self, channel: int, *, on: bool) -> None:
        """Switch one relay, ending a pulse that runs on it."""
        with self.lock:
            self._stop_timer(channel)
            self._move(channel, on=on)

    def pulse(self, channel: int, duration_s: float, *, on: bool = True) -> None:
        """Switch one relay and switch it back after `duration_s`."""
        with self.lock:
            self._stop_timer(channel)
            self._move(channel, on=on)
            timer = threading.Timer(duration_s, self._end_pulse, (channel, not on))
            timer.daemon = True
            timer.name = f"pulse of relay {channel}"
            timer.args = (channel, not on, timer)
            self._timers[channel] = timer
            timer.start()

    def release(self) -> None:
        """Release every relay, as a loss of power does. Releases stuck relays too."""
        with self.lock:
            for channel in range(1, self.channels + 1):
                self._stop_timer(channel)
                self._move(channel, on=False, forced=True)

    def wait_until(self, wanted: Callable[[tuple[bool, ...]], bool], timeout_s: float) -> bool:
        """Block until the states are as wanted; False when they are not within `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: wanted(tuple(self._states)), timeout_s)

    def close(self) -> None:
        """Stop the timers; the relays stay as they are."""
        with self.lock:
            timers = list(self._timers.values())
            self._timers.clear()
        for timer in timers:
            timer.cancel()
            if timer is not threading.current_thread():
                timer.join()

    def _end_pulse(self, channel: int, back: bool, timer: threading.Timer) -> None:
        with self.lock:
            if self._timers.get(channel) is timer:
                del self._timers[channel]
                self._move(channel, on=back)

    def _stop_timer(self, channel: int) -> None:
        timer = self._timers.pop(channel, None)
        if timer is not None:
            timer.cancel()

    def _move(self, channel: int, *, on: bool, forced: bool = False) -> None:
        if not 1 <= channel <= self.channels:
            raise ValueError(f"there is no relay {channel}; there are {self.channels}")
        with self._changed:
            if self._states[channel - 1] == on or (channel in self.stuck and not forced):
                return
            switching = RelayChange(time.monotonic(), channel, on)
            self._states[channel - 1] = on
            self._history.append(switching)
            self._changed.notify_all()
        for watcher in tuple(self._watchers):
            watcher(switching)
