"""The contacts of one barrier controller: relays of a board, which of them ought to be energised, and until when."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.core.lane_io import Lamp
from drivers.api import Delivery, DeviceError, DeviceMisconfiguredError, DeviceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.api import RelayPort

log = logging.getLogger(__name__)

OFF_RETRY_S = 0.05
STUCK_S = 1.0
TIMER_SLACK_S = 0.2
"""How much longer than ordered a board may hold its own pulse."""
PARTING_TRIES = 3

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
class _Off:
    """A release that is due at `at`; `since`: when it was first tried, None before. Monotonic seconds."""

    at: float
    since: float | None = None


class Contacts:
    """Give pulses, hold, show lamps and release. For one thread; times are monotonic seconds.

    Every method but `let_go` may raise DeviceError: the board is lost then, and must be connected again.
    """

    def __init__(self, relay: RelayPort, wiring: Wiring) -> None:
        self._relay = relay
        self._wiring = wiring
        self._pulse_s = wiring.pulse_ms / 1000
        self._hold_channel = wiring.hold_channel or wiring.open_channel
        self._channels: dict[Action, int | None] = {"open": wiring.open_channel, "close": wiring.close_channel}
        self._off_due: dict[int, _Off] = {}
        self._pulse_until: dict[int, float] = {}
        self._unproved: set[int] = set()
        self._held = False
        self._lamp = Lamp.RED

    # ------------------------------------------------------------------------------------------------- orders

    def connect(self) -> str:
        """Open the board, release every relay, then restore the hold and the lamp; the board's identity."""
        there, wired = self._relay.capabilities.channels, [*self._moving(), *(channel for channel, _ in self._lamps())]
        if max(wired) > there:
            raise DeviceMisconfiguredError(f"there is no relay {max(wired)}; the board has {there}")
        identity = self._relay.open()
        released = self._relay.all_off()
        if released is Delivery.NOT_DELIVERED:
            raise DeviceUnavailableError("the board did not take the all-off")
        self._pulse_until.clear()
        self._unproved.clear()
        self._off_due = {} if released is Delivery.DELIVERED else {channel: _Off(0.0) for channel in self._moving()}
        if self._held:
            self._set_hold()
        self.show(self._lamp)
        return identity

    def pulse(self, action: Action, deadline: float) -> Delivery:
        """Give one pulse if it can start before `deadline`. Raises DeviceError only when nothing was sent."""
        channel = self._channels[action]
        if channel is None or time.monotonic() > deadline or not self._way_is_clear(action):
            return Delivery.NOT_DELIVERED
        # Clearing the way takes a while on a slow line.
        return Delivery.NOT_DELIVERED if time.monotonic() > deadline else self._energise(channel)

    def hold(self, *, on: bool) -> None:
        """Hold the barrier open, or let go."""
        self._held = on
        if on:
            self._set_hold()
        else:
            self._unproved.discard(self._hold_channel)
            self._off_due[self._hold_channel] = _Off(0.0)
            self.release_due()

    def show(self, lamp: Lamp) -> None:
        """Set the lamp."""
        self._lamp = lamp
        for channel, on in self._lamps():
            self._set_level(channel, on=on)

    def remember(self, *, held: bool | None = None, lamp: Lamp | None = None) -> None:
        """Note what is wanted while the board is away; `connect` brings it about."""
        self._held = self._held if held is None else held
        self._lamp = self._lamp if lamp is None else lamp

    # ------------------------------------------------------------------------------------------------- duties

    def due_in_s(self) -> float | None:
        """Seconds until the next release is due; None when none is."""
        if not self._off_due:
            return None
        return max(0.0, min(off.at for off in self._off_due.values()) - time.monotonic())

    def release_due(self) -> None:
        """Switch off what is due, again and again until it reads back as released.

        Raises DeviceUnavailableError for a relay that does not let go for `STUCK_S`.
        """
        for channel, off in list(self._off_due.items()):
            now = time.monotonic()
            if off.at > now:
                continue
            if self._is_held(channel) or self._relay.set(channel, on=False) is Delivery.DELIVERED:
                del self._off_due[channel]
                self._pulse_until.pop(channel, None)
                continue
            since = now if off.since is None else off.since
            if now - since > STUCK_S:
                raise DeviceUnavailableError(f"relay {channel} does not let go")
            if off.since is None:
                log.error("relay %d is not known to be released; trying on", channel)
            self._off_due[channel] = _Off(time.monotonic() + OFF_RETRY_S, since)

    def check(self) -> None:
        """Compare the relays with what they ought to be: release what nobody asked for, restore what stands."""
        if self._off_due:
            return
        relays = self._relay.state()
        if relays is not None:
            self._release_strays(relays)
        if self._held and self._differs(self._hold_channel, relays, on=True):
            self._set_hold()
        for channel, on in self._lamps():
            if self._differs(channel, relays, on=on):
                self._set_level(channel, on=on)

    def let_go(self) -> None:
        """Release every relay and let the port go. Never raises."""
        try:
            if not any(self._relay.all_off() is Delivery.DELIVERED for _ in range(PARTING_TRIES)):
                log.error("the relays are not known to be released at the stop")
        except DeviceError as error:
            log.error("the relays could not be released at the stop: %s", error)  # noqa: TRY400 - no bug of ours
        self.close()

    def close(self) -> None:
        """Let the port go as it is."""
        self._relay.close()

    # ------------------------------------------------------------------------------------------------- within

    def _energise(self, channel: int) -> Delivery:
        if self._is_held(channel):
            # A timed pulse would end the hold.
            return self._relay.set(channel, on=True)
        timed = self._relay.capabilities.hardware_pulse
        delivery = self._relay.pulse(channel, self._wiring.pulse_ms) if timed else self._relay.set(channel, on=True)
        until = time.monotonic() + self._pulse_s
        if delivery is not Delivery.NOT_DELIVERED:
            self._pulse_until[channel] = until
        if not timed:
            # Also after NOT_DELIVERED: switching off what is off harms nothing, and what was said may be wrong.
            self._off_due[channel] = _Off(until)
        elif delivery is Delivery.UNKNOWN or channel in self._off_due:
            self._off_due[channel] = _Off(until + TIMER_SLACK_S)
        return delivery

    def _way_is_clear(self, action: Action) -> bool:
        """Open and close are never energised together: an opening ends a closing pulse, a closing never an opening."""
        if action == "close":
            return not self._held and not any(
                self._may_be_energised(channel) for channel in (self._wiring.open_channel, self._hold_channel)
            )
        closing = self._wiring.close_channel
        if closing is None or not self._may_be_energised(closing):
            return True
        if self._relay.set(closing, on=False) is not Delivery.DELIVERED:
            return False
        self._off_due.pop(closing, None)
        self._pulse_until.pop(closing, None)
        return True

    def _set_hold(self) -> None:
        channel = self._hold_channel
        pulsing = self._is_pulsing(channel)
        if not self._way_is_clear("open"):
            self._doubt(channel)
            return
        self._set_level(channel, on=True)
        if pulsing and self._relay.capabilities.hardware_pulse:
            # The board's own timer may still end it.
            self._unproved.add(channel)

    def _set_level(self, channel: int, *, on: bool) -> None:
        if self._relay.set(channel, on=on) is Delivery.DELIVERED:
            self._unproved.discard(channel)
        else:
            self._doubt(channel)

    def _doubt(self, channel: int) -> None:
        if channel not in self._unproved:
            log.error("relay %d is not known to have switched; trying on", channel)
        self._unproved.add(channel)

    def _release_strays(self, relays: tuple[bool, ...]) -> None:
        for channel in self._moving():
            if relays[channel - 1] and not self._is_held(channel) and not self._is_pulsing(channel):
                log.error("relay %d is energised though nobody asked for it; releasing it", channel)
                self._off_due[channel] = _Off(0.0)

    def _differs(self, channel: int, relays: tuple[bool, ...] | None, *, on: bool) -> bool:
        if self._is_pulsing(channel):
            return False
        return channel in self._unproved or (relays is not None and relays[channel - 1] is not on)

    def _lamps(self) -> Iterator[tuple[int, bool]]:
        for channel, lamp in ((self._wiring.red_channel, Lamp.RED), (self._wiring.green_channel, Lamp.GREEN)):
            if channel is not None:
                yield channel, self._lamp is lamp

    def _moving(self) -> list[int]:
        """The channels that move the arm."""
        wired = (self._wiring.open_channel, self._wiring.close_channel, self._wiring.hold_channel)
        return [channel for channel in wired if channel is not None]

    def _is_held(self, channel: int) -> bool:
        return self._held and channel == self._hold_channel

    def _is_pulsing(self, channel: int) -> bool:
        return time.monotonic() < self._pulse_until.get(channel, -TIMER_SLACK_S) + TIMER_SLACK_S

    def _may_be_energised(self, channel: int) -> bool:
        return channel in self._off_due or self._is_pulsing(channel)
