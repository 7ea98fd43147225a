"""Relay boards that use Modbus RTU.

An acknowledgement proves nothing: some boards repeat a command without doing it. So the driver reads the relays back
after every command. It never sends a pulse twice, whatever happens.
"""

from __future__ import annotations

import logging
import time
from math import inf
from typing import ClassVar

from pydantic import Field, model_validator

from drivers import modbus_codec
from drivers.api import Delivery, DeviceError, DeviceMisconfiguredError, DeviceUnavailableError, RelayCapabilities
from drivers.modbus_client import ModbusClient, ModbusLineSettings
from drivers.relay.modbus_profiles import TRAITS, Profile, Timer
from drivers.relay.readback import check_channel, judged, proved
from drivers.serial.shared_port import NotSentError
from drivers.text import Text

log = logging.getLogger(__name__)

MODES_PERIOD_S = 2.5
"""How soon after a loss of power inputs are kept from driving relays again.

A first closing in the moment of the return cannot be prevented at any pace: wire the opening to a relay whose input is
free.
"""
ROUNDING_MS = 50
"""A pulse is never further from what was asked for: what a board cannot time, it must not time otherwise."""


class ModbusRtuRelaySettings(ModbusLineSettings):
    """Configuration of a Modbus RTU relay board."""

    profile: Profile = Field(
        default=Profile.WAVESHARE_D,
        description=(
            "Which board: waveshare_d (relays and inputs), waveshare_io (outputs and inputs), waveshare (relays only), "
            "lctech, r421a, coils (any board with standard coils; the agent times the pulse)."
        ),
    )
    channels: int = Field(default=8, ge=1, le=32, description="How many relays the board has.")
    timed_pulse: bool | None = Field(
        default=None,
        description=(
            "Whether the board times the pulse itself. No default: yes on the boards of Waveshare, no on "
            "others. lctech: only the type D7 can. r421a: it can, in whole seconds."
        ),
    )

    @model_validator(mode="after")
    def _fits_the_board(self) -> ModbusRtuRelaySettings:
        traits = TRAITS[self.profile]
        if self.channels > traits.channels_limit:
            raise ValueError(
                Text(
                    "a board of profile {profile} has at most {most} channels",
                    profile=self.profile,
                    most=traits.channels_limit,
                )
            )
        if self.timed_pulse and traits.timer is None:
            raise ValueError(
                Text("a board of profile {profile} cannot time a pulse: leave timed_pulse out", profile=self.profile)
            )
        return self

    @property
    def timer(self) -> Timer | None:
        """The board's timer, where it is to be used."""
        timer = TRAITS[self.profile].timer
        if timer is None or self.timed_pulse is False:
            return None
        return timer if timer.is_usual or self.timed_pulse else None


class ModbusRtuRelay:
    """A relay board on an RS485 line; the port may be shared with the inputs of the same or another board."""

    Settings: ClassVar[type[ModbusRtuRelaySettings]] = ModbusRtuRelaySettings

    def __init__(self, settings: ModbusRtuRelaySettings) -> None:
        self._settings = settings
        self._traits = TRAITS[settings.profile]
        self._commands = self._traits.commands
        self._timer = settings.timer
        self._channels = settings.channels
        self._client = ModbusClient(settings)
        self._mode_registers = self._traits.mode_registers
        self._modes_read_at = -inf

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        step_ms = self._timer.step_ms if self._timer else 0
        return RelayCapabilities(
            self._channels,
            hardware_pulse=step_ms > 0,
            pulse_step_ms=step_ms,
            read_back=True,
            linked_inputs=self._traits.mode_registers is not None,
        )

    def open(self) -> str:
        """Connect, read the relays, and cut the link from inputs to relays where the board has one."""
        self._client.open()
        self._mode_registers = self._traits.mode_registers
        try:
            self._prove()
            self._unlink_inputs()
        except DeviceError:
            self.close()
            raise
        return Text(
            "{board}, {channels} relays, unit {unit} on {port}",
            board=self._traits.title,
            channels=self._channels,
            unit=self._settings.unit,
            port=self._settings.port,
        )

    def close(self) -> None:
        """Let the port go."""
        self._client.close()

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:
        """Energise the relay for `duration_ms`, timed by the board in its steps."""
        check_channel(channel, self._channels)
        order = self._timer_order(channel, duration_ms)
        try:
            self._client.write(order, deadline=deadline)
        except modbus_codec.NoEchoError as error:
            # Expected, no bug: a line tells all.
            log.error("the board did not accept the pulse: %s; releasing the relay", error)  # noqa: TRY400
            self._release(channel)
            return Delivery.UNKNOWN
        except DeviceError as error:
            if (outcome := _without_effect(error)) is not None:
                return outcome
        # Not energised is no proof of no pulse: it may be over, or have ended early.
        return judged(lambda: self._relays()[channel - 1], otherwise=Delivery.UNKNOWN)

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and read it back."""
        check_channel(channel, self._channels)
        order = self._commands.switch(self._client.unit, channel, on=on)
        try:
            self._client.write(order, deadline=deadline if on else inf)
        except DeviceError as error:
            if (outcome := _without_effect(error)) is not None:
                return outcome
        return proved(lambda: self._relays()[channel - 1], on=on)

    def all_off(self) -> Delivery:
        """Release every relay and read them back."""
        at_once = self._commands.release_all(self._client.unit, self._channels)
        try:
            if at_once is None:
                self._release_one_by_one()
            else:
                self._client.write(at_once)
        except modbus_codec.RefusedError:
            # Small boards know only function 05.
            self._release_one_by_one()
        except DeviceError as error:
            if (outcome := _without_effect(error)) is not None:
                return outcome
        return proved(lambda: any(self._relays()), on=False)

    def state(self) -> tuple[bool, ...]:
        """Ask the board which relays are energised; now and then cut the link from inputs to relays where it came back.

        Not each time: a pulse would wait for two answers instead of one.
        """
        relays = self._relays()
        if time.monotonic() - self._modes_read_at < MODES_PERIOD_S or not self._unlink_inputs():
            return relays
        log.error("the board on %s had no power for a while: its inputs drove its relays again", self._settings.port)
        return self._relays()

    def _relays(self) -> tuple[bool, ...]:
        request = self._commands.state_request(self._client.unit, self._channels)
        return self._commands.states(request, self._client.exchange(request), self._channels)

    def _timer_order(self, channel: int, duration_ms: int) -> modbus_codec.Request:
        timer = self._timer
        if timer is None:
            message = Text(
                "a board of profile {profile} must not time a pulse: switch on and off instead",
                profile=self._settings.profile,
            )
            raise DeviceMisconfiguredError(message)
        steps = round(duration_ms / timer.step_ms)
        if not 1 <= steps <= timer.limit or abs(steps * timer.step_ms - duration_ms) > ROUNDING_MS:
            raise DeviceMisconfiguredError(
                Text(
                    "the board cannot time a pulse of {duration_ms} ms: it counts in steps of {step_ms} ms, "
                    "up to {limit_ms} ms",
                    duration_ms=duration_ms,
                    step_ms=timer.step_ms,
                    limit_ms=timer.limit * timer.step_ms,
                )
            )
        return timer.order(self._client.unit, channel, steps)

    def _prove(self) -> None:
        try:
            self._relays()
        except modbus_codec.RefusedError as error:
            message = Text(
                "the board does not have {count} relays that can be read as on a {board}",
                count=self._channels,
                board=self._traits.title,
            )
            raise DeviceMisconfiguredError(
                Text("{message}; check profile and channels: {error}", message=message, error=str(error))
            ) from error

    def _unlink_inputs(self) -> bool:
        """Let no input drive a relay; whether one did."""
        first = self._mode_registers
        if first is None:
            return False
        self._modes_read_at = time.monotonic()
        try:
            modes = self._client.read_registers(first, self._channels)
            linked = [place for place, mode in enumerate(modes) if mode]
            if linked:
                log.warning("inputs drive the relays %s; unlinking them", [place + 1 for place in linked])
            # Written only where it differs: the board keeps it in memory that wears out.
            for place in linked:
                self._client.write(modbus_codec.write_register(self._client.unit, first + place, 0))
            still = linked and any(self._client.read_registers(first, self._channels))
        except modbus_codec.RefusedError as error:
            if self._traits.modes_may_lack:
                self._mode_registers = None
                return False
            message = Text(
                "the board is not a {board}, choose another profile: {error}",
                board=self._traits.title,
                error=str(error),
            )
            raise DeviceMisconfiguredError(message) from error
        if still:
            raise DeviceUnavailableError(Text("the board still lets its inputs drive its relays"))
        return bool(linked)

    def _release(self, channel: int) -> None:
        """Try to end what a pulse began. Never raises DeviceError: that would say that no pulse was sent."""
        try:
            released = self.set(channel, on=False)
        except DeviceError as error:
            log.error("relay %d could not be released: %s", channel, error)  # noqa: TRY400 - no bug of ours
            return
        if released is not Delivery.DELIVERED:
            log.error("relay %d is not known to be released", channel)

    def _release_one_by_one(self) -> None:
        """Release what can be released. Raises NotSentError where nothing was sent."""
        for channel in range(1, self._channels + 1):
            try:
                self._client.write(self._commands.switch(self._client.unit, channel, on=False))
            except DeviceError as error:
                if isinstance(error, NotSentError) and channel == 1:
                    raise
                log.warning("relay %d could not be released: %s", channel, error)


def _without_effect(error: DeviceError) -> Delivery | None:
    """NOT_DELIVERED where the error proves it, None where the relays must tell; raises when nothing was sent."""
    if isinstance(error, NotSentError):
        raise error
    log.warning("a command to the relays went wrong: %s", error)
    return Delivery.NOT_DELIVERED if isinstance(error, modbus_codec.RefusedError | modbus_codec.NotNowError) else None
