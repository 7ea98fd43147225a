"""The QR scanner of a lane: a thread that keeps it open and passes on each text that it reads.

The thread passes a text on unchanged, and the core decides whether it is a permit. The thread never logs the text.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.core.model import Presentation, TokenBucket
from agent.devices.port_supervisor import PortSupervisor
from agent.service.worker import Worker
from drivers.api import ScanLosses
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.api import Scan, ScannerPort

ENGINE = "scanner"
READ_S = 0.2
"""How long a read waits, and so how long a stop may."""
STOP_TIMEOUT_S = 5.0
LIMIT_S = 30.0
BREATH_S = 0.001
"""After each text that was held back: a scanner gone mad must not keep a core busy. Faster than any serial line."""
QUIET_S = 30.0
"""Without a loss for so long, a noisy scanner counts as well again."""


class ScannerState(StrEnum):
    """How a scanner is: the states of its port, and NOISY, when it can be reached but texts were dropped of late."""

    CONNECTING = "connecting"
    UP = "up"
    NOISY = "noisy"
    STALE = "stale"
    LOST = "lost"

    @property
    def works(self) -> bool:
        """Whether it can be reached."""
        return self in {ScannerState.UP, ScannerState.NOISY}


class ScanRateLimit:
    """Holds a scanner gone mad off the lane: so many texts a second, and the same text only now and then.

    A code in view is read again and again: a repeat within `repeat_s` is nothing new and no loss.
    """

    def __init__(self, rate_hz: float = 10.0, burst: float = 10.0, repeat_s: float = 0.2) -> None:
        self._bucket = TokenBucket(rate_hz, burst)
        self._repeat_s = repeat_s
        self._passed: tuple[bytes, float] = (b"", float("-inf"))

    def is_repeat(self, scan: Scan) -> bool:
        """Whether the text is the one that was let through last, a moment ago."""
        payload, at = self._passed
        return scan.payload == payload and scan.at - at < self._repeat_s

    def let_through(self, scan: Scan) -> bool:
        """Whether the text may go on; it is counted when it may."""
        if not self._bucket.try_acquire(scan.at):
            return False
        self._passed = (scan.payload, scan.at)
        return True


class ScannerMonitor:
    """Read one scanner until stopped.

    `on_scan` gets each text, `on_state` each change of the scanner's state or of the reason for its loss; both are
    called from the monitor's own thread and must only pass the change on. `name` is written into the presentations as
    their camera.
    """

    def __init__(
        self,
        name: str,
        scanner: ScannerPort,
        on_scan: Callable[[Presentation], None],
        on_state: Callable[[ScannerState, str], None],
    ) -> None:
        self._name = name
        self._scanner = scanner
        self._on_scan = on_scan
        self._on_state = on_state
        self._port = PortSupervisor(f"the scanner {name}", scanner.open, scanner.close, self._port_changed)
        self._rate_limit = ScanRateLimit()
        self._quiet_s = QUIET_S
        self._noisy = False
        self._number = 0
        self._held_back = 0
        self._known = ScanLosses(), 0
        self._dropped_at = 0.0
        self.worker = Worker(f"scanner-{name}", self._run, limit_s=LIMIT_S)

    @property
    def state(self) -> ScannerState:
        """How the scanner is."""
        return ScannerState.NOISY if self._noisy else ScannerState(self._port.state.value)

    def start(self) -> None:
        """Start to read."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop reading and let the port go, within a bounded time; whether that is done."""
        return self.worker.stop(STOP_TIMEOUT_S)

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self.worker.stopping:
            self.worker.touch()
            if self._port.is_up:
                self._port.guarded(self._read)
            elif not self.worker.wait(self._port.wait_s()):
                self._port.connect()
        self._scanner.close()

    def _read(self) -> None:
        scan = self._scanner.read(READ_S)
        if scan is not None and not self._rate_limit.is_repeat(scan):
            if self._rate_limit.let_through(scan):
                self._number += 1
                self._on_scan(Presentation(scan.payload, ENGINE, self._name, self._number, scan.at))
            else:
                self._held_back += 1
                self.worker.wait(BREATH_S)
        self._check_losses()

    def _check_losses(self) -> None:
        now, losses = time.monotonic(), (self._scanner.losses, self._held_back)
        if losses != self._known:
            self._known, self._dropped_at = losses, now
            if not self._noisy:
                self._noisy = True
                self._on_state(self.state, Text("texts were dropped: {described}", described=losses_text(*losses)))
        elif self._noisy and now - self._dropped_at >= self._quiet_s:
            self._noisy = False
            self._on_state(
                self.state,
                Text("texts are normal again; dropped in total: {described}", described=losses_text(*losses)),
            )

    def _port_changed(self) -> None:
        self._noisy = False
        self._on_state(self.state, self._port.detail)


def losses_text(losses: ScanLosses, held_back: int) -> str:
    """What was dropped, in words that say what may be the cause."""
    dropped = (
        (losses.overlong, Text("{overlong} longer than max_length", overlong=losses.overlong)),
        (
            losses.unfinished,
            Text(
                "{unfinished} without an end (does the scanner send the suffix? If not, set timeout_ms)",
                unfinished=losses.unfinished,
            ),
        ),
        (losses.unmarked, Text("{unmarked} without the prefix", unmarked=losses.unmarked)),
        (losses.crowded, Text("{crowded} faster than they could be read", crowded=losses.crowded)),
        (
            held_back,
            Text("{held_back} more than the lane accepts (a faulty scanner or noise on its line)", held_back=held_back),
        ),
    )
    return joined(words for count, words in dropped if count)
