"""The input signals of one lane: a thread that polls the input board and passes debounced samples on."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.model import Debounced, Signals
from agent.devices.port_supervisor import PortState, PortSupervisor
from agent.service.worker import Worker
from drivers.api import DeviceUnavailableError, NotSentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drivers.api import InputPort, InputSample

log = logging.getLogger(__name__)

STOP_TIMEOUT_S = 5.0
LIMIT_S = 30.0
"""A board that hangs on its line is given up by its driver much sooner."""


@dataclass(frozen=True, slots=True)
class SignalMap:
    """Which input (from 1) is which signal, by the signal's name; one that is not wired is not named.

    `inverted` names inputs that are closed at rest.
    """

    inputs: Mapping[str, int]
    inverted: frozenset[int] = frozenset()
    debounce_s: float = 0.04
    period_s: float = 0.05


class InputMonitor:
    """Poll an input board and pass every debounced sample to `on_sample`.

    A lost board gives no samples: their user must check their age. `on_state` is called at each change of the
    port or of the reason for its loss. Both are called from this thread.
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
        self._port = PortSupervisor(
            f"the input board of {name}",
            self._connect,
            board.close,
            lambda: on_state(self._port.state, self._port.detail),
        )
        self._inputs: dict[int, Debounced] = {}
        self.worker = Worker(f"signals-{name}", self._run, limit_s=LIMIT_S)

    @property
    def state(self) -> PortState:
        """The state of the input board's port."""
        return self._port.state

    def start(self) -> None:
        """Start to poll."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop polling and let the port go, within a bounded time; whether that is done."""
        return self.worker.stop(STOP_TIMEOUT_S)

    def _run(self) -> None:
        due_at = time.monotonic()
        while not self.worker.stopping:
            if self._port.is_up:
                self._port.guarded(self._poll)
                due_at = max(due_at + self._map.period_s, time.monotonic())
                self.worker.wait(due_at - time.monotonic())
            elif not self.worker.wait(self._port.wait_s()):
                self._port.connect()
                due_at = time.monotonic()
        self._board.close()

    def _connect(self) -> str:
        # What was seen before the loss says nothing about now.
        self._inputs.clear()
        return self._board.open()

    def _poll(self) -> None:
        sample = self._sample()
        for number in set(self._map.inputs.values()):
            known = self._inputs.get(number, Debounced())
            self._inputs[number] = known.seen(self._bit(sample, number), sample.at, self._map.debounce_s)
        found = {name: self._inputs[number] for name, number in self._map.inputs.items()}
        values = {name: one.value for name, one in found.items()}
        self._on_sample(
            Signals(sample.at, **values, flapping=tuple(name for name, one in found.items() if one.flapping))
        )

    def _sample(self) -> InputSample:
        """Read a sample; try once more where the answer is missing or garbled.

        Reopening the port takes longer than `stale_s`, and a read moves nothing, so that it can be repeated.
        """
        try:
            return self._board.sample()
        except NotSentError:
            raise
        except DeviceUnavailableError as error:
            log.debug("the inputs are asked once more: %s", error)
            try:
                return self._board.sample()
            except NotSentError:
                # Only what came first says why.
                raise error from None

    def _bit(self, sample: InputSample, number: int) -> bool | None:
        bit = sample.bits[number - 1] if number <= len(sample.bits) else None
        return not bit if bit is not None and number in self._map.inverted else bit
