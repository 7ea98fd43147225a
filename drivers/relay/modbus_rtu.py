"""Relay boards that speak Modbus RTU.

An acknowledge is no proof: there are boards that repeat a command without doing it. Every command is proved by reading
the relays back, and a pulse is never sent twice, whatever comes of it.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from pydantic import Field, model_validator

from drivers import modbus
from drivers.api import Delivery, DeviceError, DeviceMisconfiguredError, DeviceUnavailableError, RelayCapabilities
from drivers.modbus_client import ModbusClient, ModbusLineSettings
from drivers.relay.delivery import check_channel, judged, proved
from drivers.relay.modbus_profiles import TRAITS, Profile
from drivers.serial_port import NotSentError

log = logging.getLogger(__name__)


class ModbusRtuRelaySettings(ModbusLineSettings):
    """Configuration of a Modbus RTU relay board."""

    profile: Profile = Field(
        default=Profile.WAVESHARE_D,
        description=(
            "Which board: waveshare_d (with digital inputs), waveshare (without), "
            "coils (any board with standard coils; the agent times the pulse)."
        ),
    )
    channels: int = Field(default=8, ge=1, le=32, description="How many relays the board has.")

    @model_validator(mode="after")
    def _fits_the_board(self) -> ModbusRtuRelaySettings:
        limit = TRAITS[self.profile].channels_limit
        if self.channels > limit:
            raise ValueError(f"a board of profile {self.profile} has at most {limit} channels")
        return self


class ModbusRtuRelay:
    """A relay board on an RS485 line; the port may be shared with the inputs of the same or another board."""

    Settings: ClassVar[type[ModbusRtuRelaySettings]] = ModbusRtuRelaySettings

    def __init__(self, settings: ModbusRtuRelaySettings) -> None:
        self._settings = settings
        self._traits = TRAITS[settings.profile]
        self._channels = settings.channels
        self._client = ModbusClient(settings)

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        step_ms = self._traits.flash_step_ms
        return RelayCapabilities(self._channels, hardware_pulse=step_ms > 0, pulse_step_ms=step_ms, read_back=True)

    def open(self) -> str:
        """Connect, read the relays, and cut the link from inputs to relays where the board has one."""
        self._client.open()
        try:
            self._prove()
            self._unlink_inputs()
        except DeviceError:
            self.close()
            raise
        return f"{self._traits.title}, {self._channels} relays, unit {self._settings.unit} on {self._settings.port}"

    def close(self) -> None:
        """Let the port go."""
        self._client.close()

    def pulse(self, channel: int, duration_ms: int) -> Delivery:
        """Energise the relay for `duration_ms`, rounded to the board's step, timed by the board."""
        check_channel(channel, self._channels)
        step_ms = self._traits.flash_step_ms
        if not step_ms:
            raise DeviceMisconfiguredError(f"a board of profile {self._settings.profile} cannot time a pulse")
        steps = max(1, round(duration_ms / step_ms))
        if steps > modbus.FLASH_LIMIT:
            raise DeviceMisconfiguredError(f"a pulse of {duration_ms} ms is too long for the board")
        try:
            self._client.flash_on(channel - 1, steps)
        except modbus.NoEchoError as error:
            log.error("the board did not take the pulse as one: %s; releasing the relay", error)  # noqa: TRY400 - no bug of ours
            self._release(channel)
            return Delivery.UNKNOWN
        except DeviceError as error:
            if (outcome := _without_effect(error)) is not None:
                return outcome
        # Not energised is no proof of no pulse: it may be over, or have ended early.
        return judged(lambda: self.state()[channel - 1], otherwise=Delivery.UNKNOWN)

    def set(self, channel: int, *, on: bool) -> Delivery:
        """Switch one relay and read it back."""
        check_channel(channel, self._channels)
        try:
            self._client.write_coil(channel - 1, on=on)
        except DeviceError as error:
            if (outcome := _without_effect(error)) is not None:
                return outcome
        return proved(lambda: self.state()[channel - 1], on=on)

    def all_off(self) -> Delivery:
        """Release every relay and read them back."""
        try:
            self._client.write_coils(0, [False] * self._channels)
        except modbus.RefusedError:
            # Small boards know only function 05.
            self._release_one_by_one()
        except DeviceError as error:
            if (outcome := _without_effect(error)) is not None:
                return outcome
        return proved(lambda: any(self.state()), on=False)

    def state(self) -> tuple[bool, ...]:
        """Ask the board which relays are energised."""
        return self._client.read_coils(0, self._channels)

    def _prove(self) -> None:
        try:
            self.state()
        except modbus.RefusedError as error:
            message = f"the board does not have {self._channels} relays that can be read: {error}"
            raise DeviceMisconfiguredError(message) from error

    def _unlink_inputs(self) -> None:
        first = self._traits.mode_registers
        if first is None:
            return
        try:
            modes = self._client.read_registers(first, self._channels)
            linked = [place for place, mode in enumerate(modes) if mode]
            if linked:
                log.warning("inputs drive the relays %s; unlinking them", [place + 1 for place in linked])
            # Written only where it differs: the board keeps it in memory that wears out.
            for place in linked:
                self._client.write_register(first + place, 0)
            still = linked and any(self._client.read_registers(first, self._channels))
        except modbus.RefusedError as error:
            message = f"the board is no {self._traits.title}, choose another profile: {error}"
            raise DeviceMisconfiguredError(message) from error
        if still:
            raise DeviceUnavailableError("the board still lets its inputs drive its relays")

    def _release(self, channel: int) -> None:
        if self.set(channel, on=False) is not Delivery.DELIVERED:
            log.error("relay %d is not known to be released", channel)

    def _release_one_by_one(self) -> None:
        for place in range(self._channels):
            try:
                self._client.write_coil(place, on=False)
            except DeviceError as error:
                log.warning("relay %d could not be released: %s", place + 1, error)


def _without_effect(error: DeviceError) -> Delivery | None:
    """NOT_DELIVERED where the error proves it, None where the relays must tell; raises when nothing was sent."""
    if isinstance(error, NotSentError):
        raise error
    log.warning("a command to the relays went wrong: %s", error)
    return Delivery.NOT_DELIVERED if isinstance(error, modbus.RefusedError | modbus.NotNowError) else None
