"""Digital inputs of a board that speaks Modbus RTU (function 02)."""

from __future__ import annotations

import time
from typing import ClassVar

from pydantic import Field, model_validator

from drivers import modbus_codec
from drivers.api import DeviceError, DeviceMisconfiguredError, InputSample
from drivers.modbus_client import ModbusClient, ModbusLineSettings
from drivers.text import Text


class ModbusRtuInputsSettings(ModbusLineSettings):
    """Configuration of the inputs of a Modbus RTU board. The port may be that of the relay board."""

    # Shorter than a relay's: an answer that is lost must be asked for again before the lane distrusts its inputs.
    timeout_ms: int = Field(
        default=100, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )
    count: int = Field(default=8, ge=1, le=64, description="How many inputs to read.")
    first: int = Field(default=0, ge=0, le=65535, description="Modbus address of the first input, counted from 0.")
    ask_count: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description=(
            "How many inputs to ask for at once, for boards that answer one number only: 8 on LC-Tech boards. "
            "Default: as many as `count`."
        ),
    )

    @model_validator(mode="after")
    def _asks_for_enough(self) -> ModbusRtuInputsSettings:
        if self.ask_count is not None and self.ask_count < self.count:
            raise ValueError(
                Text(
                    "ask_count is {ask_count}, fewer than the {count} inputs to read",
                    ask_count=self.ask_count,
                    count=self.count,
                )
            )
        return self


class ModbusRtuInputs:
    """The inputs of one board; the port may be shared with relay drivers."""

    Settings: ClassVar[type[ModbusRtuInputsSettings]] = ModbusRtuInputsSettings

    def __init__(self, settings: ModbusRtuInputsSettings) -> None:
        self._settings = settings
        self._client = ModbusClient(settings)

    def open(self) -> str:
        """Connect and read the inputs once."""
        self._client.open()
        try:
            self.sample()
        except DeviceError:
            self.close()
            raise
        settings = self._settings
        return Text(
            "Modbus RTU board, {count} inputs, unit {unit} on {port}",
            count=settings.count,
            unit=settings.unit,
            port=settings.port,
        )

    def close(self) -> None:
        """Let the port go."""
        self._client.close()

    def sample(self) -> InputSample:
        """Read all inputs now. The time is that of the asking: the sample is never older than it says."""
        at = time.monotonic()
        count = self._settings.count
        request = modbus_codec.read_discrete_inputs(
            self._client.unit, self._settings.first, self._settings.ask_count or count
        )
        try:
            bits = self._client.read_bits(request)[:count]
        except modbus_codec.RefusedError as error:
            message = Text(
                "the board does not have {count} inputs that can be read: {error}", count=count, error=str(error)
            )
            raise DeviceMisconfiguredError(message) from error
        return InputSample(bits, at)
