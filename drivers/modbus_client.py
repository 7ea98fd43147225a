"""A Modbus RTU client on a shared serial port, and the settings that every Modbus driver has in common."""

from __future__ import annotations

from math import inf
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers import modbus_codec
from drivers.api import DeviceMisconfiguredError
from drivers.serial.shared_port import NoReplyError, SerialParameters, SerialPort
from drivers.text import Text

FRAME_GAP_OCTETS = 3.5
FAST_BAUD = 19200
FAST_FRAME_GAP_S = 0.00175
"""Silence before a frame: 3.5 characters, but 1.75 ms above 19200 baud (Modbus over serial line V1.02, 2.5.1.1)."""


class ModbusLineSettings(BaseModel):
    """The serial line and the address of a Modbus RTU board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description="Path of the serial port. Use a path that survives replugging: /dev/serial/by-id/... or "
        "by-path/...",
    )
    unit: int = Field(default=1, ge=1, le=255, description="Modbus address of the board.")
    baud: int = Field(default=9600, ge=1200, le=256000, description="Speed of the line in bits per second.")
    parity: Literal["N", "E", "O"] = Field(default="N", description="Parity: N none, E even, O odd.")
    stop_bits: Literal[1, 2] = Field(default=1, description="Number of stop bits.")
    timeout_ms: int = Field(
        default=200, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )
    local_echo: bool = Field(
        default=False,
        description="Whether the RS485 adapter echoes what it sends (each request comes back).",
    )


class ModbusClient:
    """Asks one board. Not thread-safe; several clients may share one port."""

    def __init__(self, settings: ModbusLineSettings) -> None:
        self._unit = settings.unit
        self._timeout_s = settings.timeout_ms / 1000
        self._baud = settings.baud
        self._port = SerialPort(settings.port, _parameters(settings))

    def open(self) -> None:
        """Open the port. Raises DeviceUnavailableError or DeviceMisconfiguredError."""
        self._port.open()

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    @property
    def unit(self) -> int:
        """The address of the board."""
        return self._unit

    def read_bits(self, request: modbus_codec.Request) -> tuple[bool, ...]:
        """Ask for relays or inputs. Errors as in `exchange` and `modbus_codec.read_bits`."""
        return modbus_codec.read_bits(request, self.exchange(request))

    def read_registers(self, first: int, count: int) -> tuple[int, ...]:
        """Read holding registers. Errors as in `exchange` and `modbus_codec.read_registers`."""
        request = modbus_codec.read_holding_registers(self._unit, first, count)
        return modbus_codec.read_registers(request, self.exchange(request))

    def write(self, request: modbus_codec.Request, *, deadline: float = inf) -> None:
        """Send an order. Errors as in `exchange` and `modbus_codec.check_acknowledge`."""
        modbus_codec.check_acknowledge(request, self.exchange(request, deadline=deadline))

    def exchange(self, request: modbus_codec.Request, *, deadline: float = inf) -> bytes:
        """Send a request once and return the reply, unchecked but framed. `deadline` as in `SerialPort.exchange`.

        Raises NotSentError, NoReplyError; DeviceMisconfiguredError where only the own request came back.
        """

        def is_complete(received: bytes) -> bool:
            own = request.function in modbus_codec.READS and request.frame.startswith(received)
            return received == request.frame if own else modbus_codec.reply_in(request, received) is not None

        try:
            received = self._port.exchange(request.frame, is_complete, self._timeout_s, deadline=deadline)
        except NoReplyError as error:
            raise self._explained(error) from error
        if request.function in modbus_codec.READS and received.startswith(request.frame):
            message = Text("the adapter at {path} echoes what is sent: set local_echo = true", path=self._port.path)
            raise DeviceMisconfiguredError(message)
        reply = modbus_codec.reply_in(request, received)
        return b"" if reply is None else reply

    def _explained(self, error: NoReplyError) -> NoReplyError:
        heard = error.received
        if not heard:
            hint = Text("check the power of the board, wires A and B, the address and the speed")
        elif modbus_codec.is_sound(heard) and heard[0] != self._unit:
            hint = Text("unit {unit} answered instead: check the address", unit=heard[0])
        else:
            hint = Text("heard {bytes}: check speed, parity and wiring", bytes=heard.hex(" ").upper())
        message = Text(
            "unit {unit} on {path} does not answer at {baud} baud; {hint}",
            unit=self._unit,
            path=self._port.path,
            baud=self._baud,
            hint=hint,
        )
        return NoReplyError(message, heard)


def _parameters(settings: ModbusLineSettings) -> SerialParameters:
    bare = SerialParameters(
        protocol="modbus_rtu", baud=settings.baud, parity=settings.parity, stop_bits=settings.stop_bits
    )
    gap_s = FAST_FRAME_GAP_S if settings.baud > FAST_BAUD else bare.wire_time_s(1) * FRAME_GAP_OCTETS
    return SerialParameters(
        protocol=bare.protocol,
        baud=bare.baud,
        parity=bare.parity,
        stop_bits=bare.stop_bits,
        gap_s=gap_s,
        local_echo=settings.local_echo,
    )
