"""Modbus boards that others wrote: pymodbus as it comes and with the flash of the boards' vendor, and modbus_tk."""

from __future__ import annotations

import asyncio
import struct
import threading
from typing import TYPE_CHECKING

import serial
from modbus_tk import defines
from modbus_tk.modbus_rtu import RtuServer
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ExceptionResponse
from pymodbus.pdu.bit_message import WriteSingleCoilRequest, WriteSingleCoilResponse
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import modbus_codec
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

WAIT_S = PATIENCE_S
STEP_S = 0.1


class RawResponse(WriteSingleCoilResponse):
    """An answer to function 05 that repeats the value as it came."""

    raw = 0

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self.raw)


class RawRequest(WriteSingleCoilRequest):
    """Function 05 with its value left as it is; echoes without doing anything."""

    function_code = 5
    rtu_frame_size = 8
    raw = 0

    def decode(self, data: bytes) -> None:
        self.address, self.raw = struct.unpack(">HH", data[:4])
        self.bits = [self.raw == modbus_codec.ON]

    async def datastore_update(self, context, device_id: int) -> ModbusPDU:
        response = RawResponse(
            address=self.address, bits=[True], dev_id=self.dev_id, transaction_id=self.transaction_id
        )
        response.raw = self.raw
        return response


class FlashRequest(RawRequest):
    """Function 05 as the vendor has it: 0x0200 and up switch on for a time."""

    async def datastore_update(self, context, device_id: int) -> ModbusPDU:
        place, kind = self.address & 0xFF, self.address & 0xFF00
        if place >= 8 or kind not in {0, modbus_codec.FLASH_ON}:
            return ExceptionResponse(5, ExcCodes.ILLEGAL_ADDRESS)
        on = kind == modbus_codec.FLASH_ON or self.raw == modbus_codec.ON
        await context.async_setValues(device_id, 5, place, [on])
        if kind == modbus_codec.FLASH_ON:
            loop = asyncio.get_running_loop()
            off = context.async_setValues(device_id, 5, place, [False])
            loop.call_later(self.raw * STEP_S, lambda: Server.tasks.append(loop.create_task(off)))
        return await super().datastore_update(context, device_id)


class Server:
    """pymodbus on one end of a null modem, in a thread of its own.

    `inputs` are its discrete inputs, from 0, and `polls` how often they were read; `switchings` every coil written, in
    order, with its new state.
    """

    tasks: list[asyncio.Task[object]] = []  # noqa: RUF012 - one server at a time; asyncio keeps weak references only

    def __init__(self, port: str, custom: list[type[RawRequest]], coils: int) -> None:
        self.inputs = [False] * 8
        self.polls = 0
        self.switchings: list[tuple[int, bool]] = []
        self._port = port
        self._custom = custom
        self._coils = coils
        self._connected = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._connected.wait(WAIT_S)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(WAIT_S)
        self._thread.join(WAIT_S)
        self.tasks.clear()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        device = SimDevice(
            id=1,
            simdata=(
                [SimData(0, values=[False] * self._coils, datatype=DataType.BITS)],
                [SimData(0, values=[False] * 8, datatype=DataType.BITS)],
                [SimData(0x1000, values=[1] * 8, datatype=DataType.REGISTERS)],
                [SimData(0, values=[0], datatype=DataType.REGISTERS)],
            ),
            action=self._action,
        )
        self._server = ModbusSerialServer(
            device, framer=FramerType.RTU, port=self._port, baudrate=9600, custom_pdu=self._custom,
            trace_connect=lambda connected: self._connected.set() if connected else None,
        )  # fmt: skip
        await self._server.serve_forever()

    async def _action(self, function, start, address, count, registers, values) -> None:
        if function == modbus_codec.Function.READ_DISCRETE_INPUTS:
            registers[0] = sum(1 << place for place, on in enumerate(self.inputs) if on)
            self.polls += 1
        elif values is not None and function in {modbus_codec.Function.WRITE_COIL, modbus_codec.Function.WRITE_COILS}:
            self.switchings += [(address + place, bool(on)) for place, on in enumerate(values)]


class TkServer:
    """modbus_tk on one end of a null modem: 8 coils, 8 inputs, 48 registers. What is written stays as it is."""

    def __init__(self, port: str, unit: int) -> None:
        self._server = RtuServer(serial.Serial(port, 9600))
        self._board = self._server.add_slave(unit)
        for name, kind, count in (
            ("coils", defines.COILS, 8),
            ("inputs", defines.DISCRETE_INPUTS, 8),
            ("registers", defines.HOLDING_REGISTERS, 48),
        ):
            self._board.add_block(name, kind, 0, count)
        self._stopped = threading.Event()
        # A thread of our own: that of modbus_tk calls what Python is about to drop.
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def set_input(self, number: int, on: bool) -> None:
        self._board.set_values("inputs", number - 1, int(on))

    @property
    def coils(self) -> tuple[bool, ...]:
        return tuple(map(bool, self._board.get_values("coils", 0, 8)))

    def registers(self, first: int, count: int) -> tuple[int, ...]:
        return tuple(self._board.get_values("registers", first, count))

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(WAIT_S)
        self._server.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._server._do_run()
