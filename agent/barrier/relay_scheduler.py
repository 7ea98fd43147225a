"""The relays of all barriers on one relay board: which relays must be energised, and until when.

One thread owns all relays. It makes one call to the board at a time, the most urgent first. So a lane waits at most for
the call that is in progress.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agent.barrier.outputs import LaneOutputs
from drivers.api import Delivery, DeviceError, DeviceMisconfiguredError, DeviceUnavailableError, TooLateError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.barrier.outputs import Action, Wiring
    from drivers.api import RelayPort

log = logging.getLogger(__name__)

OFF_RETRY_S = 0.05
LEVEL_RETRY_S = 0.25
STUCK_S = 1.0
TIMER_SLACK_S = 0.2
"""How much longer than ordered a board may hold its own pulse."""
STOP_TRIES = 3


class RelayScheduler:
    """Give pulses, hold, show lamps and release, for every lane of a board.

    For one thread; times are monotonic seconds. `energised`: which relays were when the board was last asked; None
    where it cannot say, or was not asked since it came.

    A level, which is a hold or a lamp, is noted when it is ordered and brought about by `work`, as is every release.
    `connect`, `pulse`, `work` and `check` may raise DeviceError: the board is lost then, and must be connected again.
    """

    def __init__(self, relay: RelayPort) -> None:
        self._relay = relay
        self.energised: tuple[bool, ...] | None = None
        self._all_outputs: list[LaneOutputs] = []
        self._off_due: dict[int, float] = {}
        self._level_due: dict[int, float] = {}
        self._pulse_until: dict[int, float] = {}
        self._refusing_since: dict[int, float] = {}
        self._doubted: set[int] = set()
        self._stuck: set[int] = set()

    def lane_outputs(self, wiring: Wiring) -> LaneOutputs:
        """The outputs of one more lane; for before the board is connected."""
        lane_outputs = LaneOutputs(wiring)
        self._all_outputs.append(lane_outputs)
        return lane_outputs

    # ------------------------------------------------------------------------------------------------- orders

    def connect(self) -> str:
        """Open the board and release every relay; the board's identity. Holds and lamps follow by `work`.

        A relay that does not let go keeps only its own lanes from working, unless it keeps all.
        """
        there, wired = self._relay.capabilities.channels, [*self._moving(), *self._lamps()]
        if max(wired) > there:
            raise DeviceMisconfiguredError(
                Text("there is no relay {max}; the board has {there}", max=max(wired), there=there)
            )
        self.energised = None
        identity = self._relay.open()
        released = self._relay.all_off()
        for memory in (self._pulse_until, self._refusing_since, self._off_due, self._doubted, self._stuck):
            memory.clear()
        if released is Delivery.NOT_DELIVERED:
            self._stuck.update(self._still_energised())
            if self._all_stuck():
                raise DeviceUnavailableError(Text("the board did not accept the command to release all relays"))
        doubtful = self._stuck if released is not Delivery.UNKNOWN else self._moving()
        self._off_due |= dict.fromkeys(doubtful, 0.0)
        self._level_due = dict.fromkeys([*self._held(), *self._lamps()], 0.0)
        return identity

    def pulse(self, lane_outputs: LaneOutputs, action: Action, deadline: float) -> Delivery:
        """Give one pulse if it can start before `deadline`. Raises DeviceError only when nothing was sent."""
        channel = lane_outputs.channel(action)
        if channel is None or time.monotonic() > deadline or self.trouble(lane_outputs):
            return Delivery.NOT_DELIVERED
        # Releasing the opposite relay takes a while on a slow line.
        if not self._opposite_released(lane_outputs, action) or time.monotonic() > deadline:
            return Delivery.NOT_DELIVERED
        try:
            return self._energise(channel, lane_outputs.wiring.pulse_ms, deadline)
        except TooLateError:
            # The line was not ours in time: others are asked on it, too. The board itself is where it was.
            log.warning("no pulse on relay %d: its serial line was busy for too long", channel)
            return Delivery.NOT_DELIVERED

    def hold(self, lane_outputs: LaneOutputs, *, on: bool) -> None:
        """Note that the lane holds its barrier open, or lets go. An arm that another lane holds too stays open."""
        lane_outputs.held = on
        channel = lane_outputs.hold_channel
        if self._is_held(channel):
            self._level_due[channel] = 0.0
        else:
            self._level_due.pop(channel, None)
            self._off_due[channel] = 0.0

    def show(self, lane_outputs: LaneOutputs) -> None:
        """Note that the lane's lamp is another now."""
        self._level_due |= {channel: 0.0 for channel, _ in lane_outputs.lamps()}

    # ------------------------------------------------------------------------------------------------- duties

    def due_in_s(self) -> float | None:
        """Seconds until the next release or level is due; None when none is."""
        due = [*self._off_due.values(), *self._level_due.values()]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def work(self) -> bool:
        """Make the most urgent call to the board that is due: a release, a hold, a lamp; whether there was one.

        A release is tried again and again until the relay reads back as released. Raises DeviceUnavailableError for one
        that does not let go for `STUCK_S`, where no lane can work without it.
        """
        channel = self._next_due(self._off_due)
        if channel is not None:
            self._release(channel)
            return True
        channel = self._next_due(self._level_due)
        if channel is None:
            return False
        holders = [
            lane_outputs
            for lane_outputs in self._all_outputs
            if lane_outputs.held and lane_outputs.hold_channel == channel
        ]
        if not holders:
            self._set_level(channel, on=channel in self._lit())
        elif self._closing_ended(holders[0]):
            self._set_hold(channel)
        else:
            self._doubt(channel)
        return True

    def check(self) -> None:
        """Compare the relays with what they ought to be: release what nobody asked for, restore what stands."""
        relays = self.energised = self._relay.state()
        if relays is None:
            return
        for channel in self._moving():
            if self._is_held(channel) or self._is_pulsing(channel) or channel in self._off_due:
                continue
            if relays[channel - 1]:
                log.error("relay %d is on, although the agent did not switch it on; releasing it", channel)
                self._off_due[channel] = 0.0
            else:
                self._pulse_until.pop(channel, None)
        lit = self._lit()
        wanted = dict.fromkeys(self._held(), True) | {channel: channel in lit for channel in self._lamps()}
        for channel, on in wanted.items():
            if relays[channel - 1] is not on and not self._is_pulsing(channel):
                self._level_due.setdefault(channel, 0.0)

    def trouble(self, lane_outputs: LaneOutputs) -> str:
        """Why the lane cannot work although its board is there; empty when it can."""
        stuck = self._stuck.intersection(lane_outputs.moving())
        return Text("relay {min} does not release", min=min(stuck)) if stuck else ""

    def release_and_close(self) -> None:
        """Release every relay and let the port go. Never raises."""
        try:
            if not any(self._relay.all_off() is Delivery.DELIVERED for _ in range(STOP_TRIES)):
                log.error("the relays are not known to be released at the stop")
        except DeviceError as error:
            log.error("the relays could not be released at the stop: %s", error)  # noqa: TRY400 - no bug of ours
        self.close()

    def close(self) -> None:
        """Let the port go as it is."""
        self._relay.close()

    # ------------------------------------------------------------------------------------------------- within

    def _next_due(self, due: dict[int, float]) -> int | None:
        """The channel whose turn it is; holds come before lamps. A release of what is held by now is none."""
        now, held = time.monotonic(), set(self._held())
        for channel in [channel for channel, at in self._off_due.items() if at <= now and channel in held]:
            self._forget_release(channel)
        ready = [channel for channel, at in due.items() if at <= now]
        return min(ready, key=lambda channel: (channel not in held, due[channel]), default=None)

    def _release(self, channel: int) -> bool:
        """Try to release a relay; whether it is known to be."""
        if self._relay.set(channel, on=False) is Delivery.DELIVERED:
            self._forget_release(channel)
            return True
        now = time.monotonic()
        if channel not in self._refusing_since:
            self._refusing_since[channel] = now
            log.error("relay %d is not known to be released; trying again", channel)
        if channel not in self._stuck and now - self._refusing_since[channel] > STUCK_S:
            log.error("relay %d does not release", channel)
            self._stuck.add(channel)
            if self._all_stuck():
                raise DeviceUnavailableError(Text("relay {channel} does not release", channel=channel))
        self._off_due[channel] = now + (LEVEL_RETRY_S if channel in self._stuck else OFF_RETRY_S)
        return False

    def _forget_release(self, channel: int) -> None:
        self._off_due.pop(channel, None)
        self._pulse_until.pop(channel, None)
        self._refusing_since.pop(channel, None)
        self._stuck.discard(channel)

    def _energise(self, channel: int, pulse_ms: int, deadline: float) -> Delivery:
        if self._is_held(channel):
            # A timed pulse would end the hold.
            return self._relay.set(channel, on=True, deadline=deadline)
        timed = self._relay.capabilities.hardware_pulse
        if timed:
            delivery = self._relay.pulse(channel, pulse_ms, deadline=deadline)
        else:
            delivery = self._relay.set(channel, on=True, deadline=deadline)
        until = time.monotonic() + pulse_ms / 1000
        if delivery is not Delivery.NOT_DELIVERED:
            self._pulse_until[channel] = until
        if not timed:
            # Also after NOT_DELIVERED: switching off what is off harms nothing, and what was said may be wrong.
            self._off_due[channel] = until
        elif delivery is Delivery.UNKNOWN or channel in self._off_due:
            self._off_due[channel] = until + TIMER_SLACK_S
        self._refusing_since.pop(channel, None)
        return delivery

    def _opposite_released(self, lane_outputs: LaneOutputs, action: Action) -> bool:
        """Open and close are never energised together: an opening ends a closing pulse, a closing never an opening."""
        if action == "open":
            return self._closing_ended(lane_outputs)
        opening = {lane_outputs.wiring.open_channel, lane_outputs.hold_channel}
        return not any(self._is_held(channel) for channel in opening) and all(map(self._is_released, opening))

    def _closing_ended(self, lane_outputs: LaneOutputs) -> bool:
        closing = lane_outputs.wiring.close_channel
        return closing is None or not self._may_be_energised(closing) or self._release(closing)

    def _is_released(self, channel: int) -> bool:
        """Whether a relay is known to be released, by doing so where its pulse is over."""
        if self._off_due.get(channel, 0.0) > time.monotonic() or self._is_pulsing(channel):
            return False
        return not self._may_be_energised(channel) or self._release(channel)

    def _set_hold(self, channel: int) -> None:
        pulsing = self._is_pulsing(channel)
        self._set_level(channel, on=True)
        if pulsing and self._relay.capabilities.hardware_pulse:
            # The board's own timer may still end it.
            self._level_due[channel] = self._pulse_until[channel] + TIMER_SLACK_S

    def _set_level(self, channel: int, *, on: bool) -> None:
        if self._relay.set(channel, on=on) is Delivery.DELIVERED:
            self._level_due.pop(channel, None)
            self._doubted.discard(channel)
        else:
            self._doubt(channel)

    def _doubt(self, channel: int) -> None:
        if channel not in self._doubted:
            log.error("relay %d is not known to have switched; trying again", channel)
        self._doubted.add(channel)
        self._level_due[channel] = time.monotonic() + LEVEL_RETRY_S

    def _still_energised(self) -> Iterable[int]:
        """The channels that move an arm and did not let go; all where the board cannot say."""
        relays = self._relay.state()
        return [
            channel
            for channel in self._moving()
            if relays is None or (relays[channel - 1] and not self._is_held(channel))
        ]

    def _all_stuck(self) -> bool:
        return all(self.trouble(lane_outputs) for lane_outputs in self._all_outputs)

    def _moving(self) -> Iterator[int]:
        """The channels that move an arm."""
        yield from dict.fromkeys(channel for lane_outputs in self._all_outputs for channel in lane_outputs.moving())

    def _lamps(self) -> Iterator[int]:
        for lane_outputs in self._all_outputs:
            for channel, _ in lane_outputs.lamps():
                yield channel

    def _lit(self) -> set[int]:
        return {channel for lane_outputs in self._all_outputs for channel, on in lane_outputs.lamps() if on}

    def _held(self) -> Iterator[int]:
        for lane_outputs in self._all_outputs:
            if lane_outputs.held:
                yield lane_outputs.hold_channel

    def _is_held(self, channel: int) -> bool:
        return channel in self._held()

    def _is_pulsing(self, channel: int) -> bool:
        return time.monotonic() < self._pulse_until.get(channel, -TIMER_SLACK_S) + TIMER_SLACK_S

    def _may_be_energised(self, channel: int) -> bool:
        """Also after its pulse, until it was seen to be released: the board's timer may have failed to do so."""
        unproved = channel in self._pulse_until and self._relay.capabilities.read_back
        return channel in self._off_due or unproved or self._is_pulsing(channel)
