"""The input signals of one lane: a thread that polls the input board and passes debounced samples on."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.debounce import Debounced
from agent.port_state import PortState, Retry
from drivers.api import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.api import InputPort, InputSample

log = logging.getLogger(__name__)

STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class SignalMap:
    """Which input (from 1) is which signal; `inverted` names inputs that are closed at rest."""

    presence: int
    safety: int
    photocell: int | None = None
    opened: int | None = None
    closed: int | None = None
    inverted: frozenset[int] = frozenset()
    debounce_s: float = 0.04
    period_s: float = 0.05


@dataclass(frozen=True, slots=True)
class Signals:
    """One debounced sample; None is unknown or not wired. `at` is the monotonic time of the sample."""

    at: float
    presence: bool | None
    safety: bool | None
    photocell: bool | None
    opened: bool | None
    closed: bool | None


class SignalWatch:
    """Poll an input board and hand every debounced sample to `on_sample`.

    A lost board gives no samples: whoever uses them must look at their age.
    """

    def __init__(
        self,
        name: str,
        board: InputPort,
        signals: SignalMap,
        on_sample: Callable[[Signals], None],
        on_state: Callable[[PortState, str], None],
    ) -> None:
        self._board = board
        self._map = signals
        self._on_sample = on_sample
        self._on_state = on_state
        self._retry = Retry()
        self._state = PortState.CONNECTING
        self._debounced: dict[int, Debounced] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"signals-{name}", daemon=True)

    @property
    def state(self) -> PortState:
        """The state of the input board's port."""
        return self._state

    def start(self) -> None:
        """Start to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling and let the port go, within a bounded time."""
        self._stopping.set()
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("the input board does not let go; its thread is left behind")

    def _run(self) -> None:
        due_at = time.monotonic()
        while not self._stopping.is_set():
            if self._state is PortState.UP:
                self._guarded(self._poll)
                due_at = max(due_at + self._map.period_s, time.monotonic())
                self._stopping.wait(due_at - time.monotonic())
            elif not self._stopping.wait(self._retry.wait_s()):
                self._guarded(self._connect)
                due_at = time.monotonic()
        self._board.close()

    def _guarded(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except DeviceError as error:
            self._lost(str(error))
        except Exception as error:
            # A driver's bug must not end the samples for good: the board is taken for lost and opened anew.
            log.exception("a fault in the signals' thread or its driver")
            self._lost(f"a fault in the driver: {type(error).__name__}")

    def _connect(self) -> None:
        identity = self._board.open()
        self._debounced.clear()
        self._retry.succeeded()
        self._change(PortState.UP, identity)

    def _poll(self) -> None:
        sample = self._board.sample()
        self._on_sample(
            Signals(
                at=sample.at,
                presence=self._signal(sample, self._map.presence),
                safety=self._signal(sample, self._map.safety),
                photocell=self._signal(sample, self._map.photocell),
                opened=self._signal(sample, self._map.opened),
                closed=self._signal(sample, self._map.closed),
            )
        )

    def _signal(self, sample: InputSample, number: int | None) -> bool | None:
        if number is None or number > len(sample.bits):
            return None
        bit = sample.bits[number - 1]
        if bit is not None and number in self._map.inverted:
            bit = not bit
        state = self._debounced.get(number, Debounced()).seen(bit, sample.at, self._map.debounce_s)
        self._debounced[number] = state
        return state.value

    def _lost(self, detail: str) -> None:
        self._board.close()
        self._retry.failed()
        self._change(PortState.LOST, detail)

    def _change(self, state: PortState, detail: str) -> None:
        if state is self._state:
            return
        self._state = state
        self._on_state(state, detail)
