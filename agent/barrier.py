"""The barrier of one lane: a thread that owns the relay board, keeps it connected and gives the pulses.

Three rules: a pulse is never repeated, a pulse that cannot start before its deadline does not start at all, and
connecting releases every relay and energises none but a standing hold and the lamp.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from agent.contacts import Action, Contacts
from agent.port_state import PortState, Retry
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.contacts import Wiring
    from agent.core.lane_io import Lamp
    from drivers.api import RelayPort


log = logging.getLogger(__name__)

HEALTH_PERIOD_S = 0.25
STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class PulseReport:
    """What became of one pulse. `delivery` says whether the command arrived; `at`: when that was known, monotonic s."""

    grant: str | None
    action: Action
    delivery: Delivery
    at: float


@dataclass(frozen=True, slots=True)
class _Pulse:
    grant: str | None
    action: Action
    deadline: float


@dataclass(frozen=True, slots=True)
class _Hold:
    on: bool


@dataclass(frozen=True, slots=True)
class _Show:
    lamp: Lamp


_Order = _Pulse | _Hold | _Show


class Barrier:
    """Give pulses to the barrier controller through a relay board.

    `on_pulse` is called exactly once for each pulse, `on_state` at each change of the port; both must only pass the
    news on. They are called from this thread, and `on_pulse` from the caller's for a pulse that is refused at once.
    All methods may be called from any thread and return at once.
    """

    def __init__(
        self,
        name: str,
        relay: RelayPort,
        wiring: Wiring,
        on_pulse: Callable[[PulseReport], None],
        on_state: Callable[[PortState, str], None],
    ) -> None:
        self._contacts = Contacts(relay, wiring)
        self._on_pulse = on_pulse
        self._on_state = on_state
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._retry = Retry()
        self._state = PortState.CONNECTING
        self._thread = threading.Thread(target=self._run, name=f"barrier-{name}", daemon=True)

    @property
    def state(self) -> PortState:
        """The state of the relay's port."""
        return self._state

    def start(self) -> None:
        """Start to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Give no further pulse, release every relay and let the port go, within a bounded time."""
        with self._gate:
            self._closed = True
        self._orders.put(None)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("the relay board does not let go; its thread is left behind")

    def pulse(self, action: Action, grant: str | None, deadline: float) -> None:
        """Give one pulse if it can start before `deadline` (monotonic seconds); the report comes by `on_pulse`."""
        order = _Pulse(grant, action, deadline)
        with self._gate:
            taken = self._state is PortState.UP and not self._closed
            if taken:
                self._orders.put(order)
        if not taken:
            self._report(order, Delivery.NOT_DELIVERED)

    def hold(self, *, on: bool) -> None:
        """Hold the barrier open until further order, or let go."""
        self._orders.put(_Hold(on))

    def show(self, lamp: Lamp) -> None:
        """Set the lamp."""
        self._orders.put(_Show(lamp))

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        try:
            while not self._closed:
                self._go_round()
        finally:
            with self._gate:
                self._closed = True
            self._let_go()

    def _go_round(self) -> None:
        try:
            if self._state is not PortState.UP and self._retry.wait_s() == 0.0:
                self._connect()
            self._take_order()
            if self._state is PortState.UP:
                self._contacts.release_due()
        except DeviceError as error:
            self._lost(str(error))
        except Exception as error:
            # A driver's bug must not leave a relay energised for good: the board is taken for lost, and released.
            log.exception("a fault in the barrier's thread or its driver")
            self._lost(f"a fault in the driver: {type(error).__name__}")

    def _connect(self) -> None:
        identity = self._contacts.connect()
        self._retry.succeeded()
        self._change(PortState.UP, identity)

    def _take_order(self) -> None:
        """Wait for the next order, the next release or the next check."""
        try:
            order = self._orders.get(timeout=self._patience_s())
        except queue.Empty:
            if self._state is PortState.UP:
                self._contacts.check()
            return
        if order is not None:
            self._obey(order)

    def _patience_s(self) -> float:
        if self._state is not PortState.UP:
            return max(0.01, min(self._retry.wait_s(), HEALTH_PERIOD_S))
        due_in_s = self._contacts.due_in_s()
        return HEALTH_PERIOD_S if due_in_s is None else min(due_in_s, HEALTH_PERIOD_S)

    def _obey(self, order: _Order) -> None:
        up = self._state is PortState.UP
        match order:
            case _Pulse():
                self._give(order)
            case _Hold(on=on) if up:
                self._contacts.hold(on=on)
            case _Hold(on=on):
                self._contacts.remember(held=on)
            case _Show(lamp=lamp) if up:
                self._contacts.show(lamp)
            case _Show(lamp=lamp):
                self._contacts.remember(lamp=lamp)
            case _:
                assert_never(order)

    def _give(self, order: _Pulse) -> None:
        delivery = Delivery.NOT_DELIVERED
        try:
            if self._state is PortState.UP and not self._closed:
                delivery = self._contacts.pulse(order.action, order.deadline)
        except DeviceError:
            raise
        except Exception:
            delivery = Delivery.UNKNOWN
            raise
        finally:
            self._report(order, delivery)

    def _lost(self, detail: str) -> None:
        self._contacts.close()
        self._retry.failed()
        self._change(PortState.LOST, detail)

    def _let_go(self) -> None:
        while not self._orders.empty():
            order = self._orders.get()
            if isinstance(order, _Pulse):
                self._report(order, Delivery.NOT_DELIVERED)
        if self._state is PortState.UP:
            self._contacts.let_go()
        else:
            self._contacts.close()

    def _change(self, state: PortState, detail: str) -> None:
        if state is self._state:
            return
        self._state = state
        self._on_state(state, detail)

    def _report(self, order: _Pulse, delivery: Delivery) -> None:
        self._on_pulse(PulseReport(order.grant, order.action, delivery, time.monotonic()))
