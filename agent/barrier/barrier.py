"""The barrier of one lane: what the lane may request of its relays, and what the relays report.

Two rules: the barrier never repeats a pulse, and each pulse gets exactly one report. agent.barrier.relay_board moves
the relays.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.devices import PortState
from drivers.api import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.barrier.outputs import Action, LaneOutputs
    from agent.core.lane import Lamp


@dataclass(frozen=True, slots=True)
class PulseReport:
    """What became of one pulse. `delivery` says whether the command arrived; `at`: when that was known, monotonic s."""

    grant: str | None
    action: Action
    delivery: Delivery
    at: float


@dataclass(frozen=True, slots=True)
class PulseRequest:
    """Give one pulse, if it can start before `deadline` (monotonic s)."""

    barrier: Barrier
    grant: str | None
    action: Action
    deadline: float


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Hold the barrier open until further order, or let go."""

    barrier: Barrier
    on: bool


@dataclass(frozen=True, slots=True)
class LampRequest:
    """Set the lamp."""

    barrier: Barrier
    lamp: Lamp


BarrierRequest = PulseRequest | HoldRequest | LampRequest


class Barrier:
    """One lane's share of a relay board. Its methods may be called from any thread and return at once.

    `on_pulse` is called exactly once for each pulse, `on_state` at each change of the port or of the reason for its
    loss; both must only pass it on. They are called from the board's thread, and `on_pulse` from the caller's for
    a pulse that is refused at once.
    """

    def __init__(
        self,
        lane_outputs: LaneOutputs,
        submit: Callable[[BarrierRequest], None],
        on_pulse: Callable[[PulseReport], None],
        on_state: Callable[[PortState, str], None],
    ) -> None:
        """`submit` passes a request to the board."""
        self.lane_outputs = lane_outputs
        self._submit = submit
        self._on_pulse = on_pulse
        self._on_state = on_state
        self._gate = threading.Lock()
        self._closed = False
        self._known = (PortState.CONNECTING, "")
        self.energised: tuple[bool, ...] | None = None
        """Which relays of the board were energised when it was last asked; None: it is away, or cannot say."""

    @property
    def state(self) -> PortState:
        """The state of the relay's port, as far as this lane is concerned."""
        return self._known[0]

    @property
    def detail(self) -> str:
        """What is there while the port is up, and why it is lost while it is not."""
        return self._known[1]

    def pulse(self, action: Action, grant: str | None, deadline: float) -> None:
        """Give one pulse if it can start before `deadline` (monotonic seconds); the report comes by `on_pulse`."""
        request = PulseRequest(self, grant, action, deadline)
        with self._gate:
            taken = self.state is PortState.UP and not self._closed
            if taken:
                self._submit(request)
        if not taken:
            self.report(request, Delivery.NOT_DELIVERED)

    def hold(self, *, on: bool) -> None:
        """Hold the barrier open until further order, or let go."""
        self._submit(HoldRequest(self, on))

    def show(self, lamp: Lamp) -> None:
        """Set the lamp."""
        self._submit(LampRequest(self, lamp))

    # ------------------------------------------------------------------------------------------------- for the board

    def close(self) -> None:
        """Take no further pulse."""
        with self._gate:
            self._closed = True

    def changed(self, state: PortState, detail: str) -> None:
        """Note the state of the port, and notify the lane when it has changed."""
        if (state, detail) != self._known:
            self._known = (state, detail)
            self._on_state(state, detail)

    def report(self, request: PulseRequest, delivery: Delivery) -> None:
        """Tell the lane what became of its pulse."""
        self._on_pulse(PulseReport(request.grant, request.action, delivery, time.monotonic()))
