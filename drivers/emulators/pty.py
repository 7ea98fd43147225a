"""A serial line in software: a pseudo-terminal behind a name that stays, with a cable that can be pulled.

The symbolic link stands for /dev/serial/by-id/...: it vanishes at unplugging and points to a new terminal after
replugging, as udev does it.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ_SIZE = 4096
NO_CLIENT_PAUSE_S = 0.01
TAP_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes that passed the line. "in" is from the client to the device; `at` is monotonic seconds."""

    at: float
    direction: Literal["in", "out"]
    data: bytes


class PtyLine:
    """One end of a serial line, read by a thread of its own that calls `receive` with what the client sends."""

    def __init__(self, link: Path, receive: Callable[[bytes], None]) -> None:
        self.link = link
        self._receive = receive
        self._lock = threading.Condition(threading.RLock())
        self._tap: list[Transfer] = []
        self._master = -1
        self._wake = (-1, -1)
        self._thread: threading.Thread | None = None
        self._left: int | None = None

    @property
    def tap(self) -> tuple[Transfer, ...]:
        """All that passed so far."""
        with self._lock:
            return tuple(self._tap)

    def received(self) -> bytes:
        """All that the client has sent so far."""
        return b"".join(transfer.data for transfer in self.tap if transfer.direction == "in")

    def wait_received(self, count: int, timeout_s: float) -> bool:
        """Block until the client has sent so many bytes in all; False when it has not within `timeout_s`."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self.received()) >= count, timeout_s)

    @property
    def is_plugged(self) -> bool:
        """Whether the cable is in."""
        return self._master >= 0

    @property
    def has_client(self) -> bool:
        """Whether a process other than this one has the terminal open."""
        with self._lock:
            if not self.is_plugged:
                return False
            poller = select.poll()
            poller.register(self._master, 0)  # a hang-up is always told
            return not poller.poll(0)

    def plug(self) -> None:
        """Put the cable in: a new terminal, and the link points to it."""
        with self._lock:
            if self.is_plugged:
                return
            self._master, slave = os.openpty()
            tty.setraw(slave)
            target = os.ttyname(slave)
            os.close(slave)
            os.set_blocking(self._master, False)
            self._wake = os.pipe()
            self._left = None
            self._thread = threading.Thread(
                target=self._run, args=(self._master, self._wake[0]), name=f"line {self.link.name}", daemon=True
            )
            self._thread.start()
        draft = self.link.with_name(f".{self.link.name}.new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(self.link)

    def unplug(self) -> None:
        """Pull the cable. A process that has the terminal open gets an error from now on."""
        with self._lock:
            thread = self._thread
            descriptors = (self._master, *self._wake) if self.is_plugged else ()
            if descriptors:
                self.link.unlink(missing_ok=True)
                os.write(self._wake[1], b"x")
                self._master, self._wake = -1, (-1, -1)
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        for descriptor in descriptors:
            os.close(descriptor)

    def unplug_after(self, count: int) -> None:
        """Pull the cable by itself when so many more bytes have come in; nothing more goes out then."""
        with self._lock:
            self._left = count

    def send(self, data: bytes) -> None:
        """Send bytes to the client. Lost when the cable is out or nobody reads, as on a real line."""
        with self._lock:
            if self.is_plugged and self._left != 0:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._master, data)
                self._tap.append(Transfer(time.monotonic(), "out", data))
                del self._tap[:-TAP_LENGTH]

    def _run(self, master: int, wake: int) -> None:
        poller = select.poll()
        poller.register(master, select.POLLIN)
        poller.register(wake, select.POLLIN)
        while True:
            ready = dict(poller.poll())
            if wake in ready:
                return
            if ready[master] & select.POLLIN:
                if self._receive_from_client(master):
                    self.unplug()
                # Unplugged by this thread itself, perhaps from a watcher; a new terminal may have the same number.
                if self._master != master or self._thread is not threading.current_thread():
                    return
            elif select.select([wake], [], [], NO_CLIENT_PAUSE_S)[0]:
                # No client has the terminal open, and poll would come back at once for ever.
                return

    def _receive_from_client(self, master: int) -> bool:
        """Hand on what came in; True when the cable is to be pulled now."""
        try:
            data = os.read(master, READ_SIZE)
        except OSError:  # the client closed the terminal meanwhile
            return False
        with self._lock:
            pulled = self._left is not None and len(data) >= self._left
            if self._left is not None:
                data = data[: self._left]
                self._left -= len(data)
            self._tap.append(Transfer(time.monotonic(), "in", data))
            self._lock.notify_all()
        self._receive(data)
        return pulled
