"""The barrier of one lane: a thread that owns the relay board, keeps it connected and gives the pulses.

Three rules: a pulse is never repeated, a pulse that cannot start before its deadline does not start at all, and
connecting releases every relay and energises none but a standing hold.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.core.lane_io import Lamp
from agent.port_state import PortState, Retry
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.api import RelayPort

log = logging.getLogger(__name__)

HEALTH_PERIOD_S = 0.25
OFF_RETRY_S = 0.05
STOP_TIMEOUT_S = 5.0

Action = Literal["open", "close"]


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which relay channel does what (from 1), and how long a pulse lasts."""

    open_channel: int
    pulse_ms: int
    close_channel: int | None = None
    hold_channel: int | None = None
    red_channel: int | None = None
    green_channel: int | None = None


@dataclass(frozen=True, slots=True)
class PulseReport:
    """What became of one pulse. `delivery` says whether the command arrived; `at` is when its last byte was sent."""

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


class Barrier:
    """Give pulses to the barrier controller through a relay board.

    `on_pulse` and `on_state` are called from this thread and must only pass the news on. All methods may be called
    from any thread and return at once.
    """

    def __init__(
        self,
        name: str,
        relay: RelayPort,
        wiring: Wiring,
        on_pulse: Callable[[PulseReport], None],
        on_state: Callable[[PortState, str], None],
    ) -> None:
        self._relay = relay
        self._wiring = wiring
        self._on_pulse = on_pulse
        self._on_state = on_state
        self._orders: queue.SimpleQueue[_Pulse | _Hold | _Show | None] = queue.SimpleQueue()
        self._retry = Retry()
        self._state = PortState.CONNECTING
        self._off_due: dict[int, float] = {}
        self._busy_until: dict[Action, float] = {}
        self._held = False
        self._lamp = Lamp.RED
        self._thread = threading.Thread(target=self._run, name=f"barrier-{name}", daemon=True)

    @property
    def state(self) -> PortState:
        """The state of the relay's port."""
        return self._state

    def start(self) -> None:
        """Start to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Release every relay and let the port go, within a bounded time."""
        self._orders.put(None)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("the relay board does not let go; its thread is left behind")

    def pulse(self, action: Action, grant: str | None, deadline: float) -> None:
        """Give one pulse if it can start before `deadline` (monotonic seconds); the report comes by `on_pulse`."""
        if self._state is not PortState.UP:
            self._report(grant, action, Delivery.NOT_DELIVERED)
            return
        self._orders.put(_Pulse(grant, action, deadline))

    def hold(self, *, on: bool) -> None:
        """Hold the barrier open until further order, or let go."""
        self._orders.put(_Hold(on))

    def show(self, lamp: Lamp) -> None:
        """Set the lamp."""
        self._orders.put(_Show(lamp))

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        stopping = False
        while not stopping:
            if self._state is not PortState.UP and self._retry.wait_s() == 0.0:
                self._connect()
            stopping = self._take_orders()
            if self._state is PortState.UP:
                self._switch_off_what_is_due()
        self._let_go()

    def _connect(self) -> None:
        try:
            identity = self._relay.open()
            released = self._relay.all_off()
        except DeviceError as error:
            self._lost(str(error))
            return
        if released is Delivery.NOT_DELIVERED:
            self._lost("the board did not take the all-off")
            return
        self._off_due = {} if released is Delivery.DELIVERED else {self._wiring.open_channel: 0.0}
        self._busy_until.clear()
        self._retry.succeeded()
        self._change(PortState.UP, identity)
        self._apply_levels()

    def _apply_levels(self) -> None:
        try:
            if self._held:
                self._set_hold(on=True)
            self._set_lamp()
        except DeviceError as error:
            self._lost(str(error))

    def _take_orders(self) -> bool:
        """Wait for the next order or duty; True when asked to stop."""
        try:
            order = self._orders.get(timeout=self._patience_s())
        except queue.Empty:
            self._check_health()
            return False
        if order is None:
            return True
        try:
            self._obey(order)
        except DeviceError as error:
            self._lost(str(error))
        return False

    def _patience_s(self) -> float:
        if self._state is not PortState.UP:
            return max(0.01, min(self._retry.wait_s(), HEALTH_PERIOD_S))
        if not self._off_due:
            return HEALTH_PERIOD_S
        return min(HEALTH_PERIOD_S, max(0.0, min(self._off_due.values()) - time.monotonic()))

    def _obey(self, order: _Pulse | _Hold | _Show) -> None:
        match order:
            case _Pulse():
                self._give(order)
            case _Hold(on=on):
                self._held = on
                if self._state is PortState.UP:
                    self._set_hold(on=on)
            case _Show(lamp=lamp):
                self._lamp = lamp
                if self._state is PortState.UP:
                    self._set_lamp()

    def _give(self, order: _Pulse) -> None:
        channel = self._wiring.open_channel if order.action == "open" else self._wiring.close_channel
        if self._state is not PortState.UP or channel is None or time.monotonic() > order.deadline:
            self._report(order.grant, order.action, Delivery.NOT_DELIVERED)
            return
        try:
            if not self._other_is_released(order.action):
                self._report(order.grant, order.action, Delivery.NOT_DELIVERED)
                return
            delivery = self._energise(channel)
        except DeviceError:
            self._report(order.grant, order.action, Delivery.NOT_DELIVERED)
            raise
        if delivery is not Delivery.NOT_DELIVERED:
            self._busy_until[order.action] = time.monotonic() + self._wiring.pulse_ms / 1000
        self._report(order.grant, order.action, delivery)

    def _energise(self, channel: int) -> Delivery:
        if self._relay.capabilities.hardware_pulse:
            return self._relay.pulse(channel, self._wiring.pulse_ms)
        delivery = self._relay.set(channel, on=True)
        # Also after NOT_DELIVERED: switching off what is off harms nothing, and what was said may be wrong.
        self._off_due[channel] = time.monotonic() + self._wiring.pulse_ms / 1000
        return delivery

    def _other_is_released(self, action: Action) -> bool:
        """Open and close are never energised together: an opening ends a closing pulse, a closing never an opening."""
        other: Action = "close" if action == "open" else "open"
        if self._busy_until.get(other, 0.0) <= time.monotonic():
            return True
        if action == "close" or self._wiring.close_channel is None:
            return False
        released = self._relay.set(self._wiring.close_channel, on=False) is Delivery.DELIVERED
        if released:
            self._off_due.pop(self._wiring.close_channel, None)
            self._busy_until.pop(other, None)
        return released

    def _switch_off_what_is_due(self) -> None:
        now = time.monotonic()
        for channel, due_at in list(self._off_due.items()):
            if due_at > now:
                continue
            if self._held and channel == self._hold_channel():
                del self._off_due[channel]
                continue
            try:
                delivery = self._relay.set(channel, on=False)
            except DeviceError as error:
                self._lost(str(error))
                return
            if delivery is Delivery.DELIVERED:
                del self._off_due[channel]
            else:
                self._off_due[channel] = time.monotonic() + OFF_RETRY_S
                log.error("relay channel %d is not known to be released; trying again", channel)

    def _check_health(self) -> None:
        if self._state is not PortState.UP or self._off_due:
            return
        try:
            relays = self._relay.state()
            if relays is not None and self._energised_without_cause(relays):
                log.error("a relay is energised that nobody asked for; releasing it")
                self._off_due[self._wiring.open_channel] = 0.0
        except DeviceError as error:
            self._lost(str(error))

    def _energised_without_cause(self, relays: tuple[bool, ...]) -> bool:
        channel = self._wiring.open_channel
        pulsing = self._busy_until.get("open", 0.0) + 0.2 > time.monotonic()
        held = self._held and channel == self._hold_channel()
        return channel <= len(relays) and relays[channel - 1] and not pulsing and not held

    def _hold_channel(self) -> int:
        return self._wiring.hold_channel or self._wiring.open_channel

    def _set_hold(self, *, on: bool) -> None:
        if self._relay.set(self._hold_channel(), on=on) is not Delivery.DELIVERED:
            log.error("the hold order (%s) is not known to have arrived", "on" if on else "off")

    def _set_lamp(self) -> None:
        wanted = ((self._wiring.red_channel, Lamp.RED), (self._wiring.green_channel, Lamp.GREEN))
        for channel, lamp in wanted:
            if channel is not None:
                self._relay.set(channel, on=self._lamp is lamp)

    def _lost(self, detail: str) -> None:
        self._relay.close()
        self._retry.failed()
        self._change(PortState.LOST, detail)

    def _let_go(self) -> None:
        if self._state is PortState.UP:
            try:
                self._relay.all_off()
            except DeviceError as error:
                log.error("the relays could not be released at the stop: %s", error)  # noqa: TRY400 - no bug of ours
        self._relay.close()

    def _change(self, state: PortState, detail: str) -> None:
        if state is self._state:
            return
        self._state = state
        self._on_state(state, detail)

    def _report(self, grant: str | None, action: Action, delivery: Delivery) -> None:
        self._on_pulse(PulseReport(grant, action, delivery, time.monotonic()))
