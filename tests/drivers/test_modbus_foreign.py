"""The Modbus drivers against a server that somebody else wrote: pymodbus, as it comes and with the vendor's flash."""

from __future__ import annotations

import asyncio
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ExceptionResponse
from pymodbus.pdu.bit_message import WriteSingleCoilRequest, WriteSingleCoilResponse
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import modbus, registry
from drivers.api import Delivery, DeviceMisconfiguredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodbus.pdu import ModbusPDU

pytestmark = pytest.mark.usefixtures("no_leaks")

WAIT_S = 10.0
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
        self.bits = [self.raw == modbus.ON]

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
        if place >= 8 or kind not in {0, modbus.FLASH_ON}:
            return ExceptionResponse(5, ExcCodes.ILLEGAL_ADDRESS)
        on = kind == modbus.FLASH_ON or self.raw == modbus.ON
        await context.async_setValues(device_id, 5, place, [on])
        if kind == modbus.FLASH_ON:
            loop = asyncio.get_running_loop()
            off = context.async_setValues(device_id, 5, place, [False])
            loop.call_later(self.raw * STEP_S, lambda: Server.tasks.append(loop.create_task(off)))
        return await super().datastore_update(context, device_id)


class Server:
    """pymodbus on one end of a null modem, in a thread of its own. `inputs` are its discrete inputs."""

    tasks: list[asyncio.Task[object]] = []  # noqa: RUF012 - one server at a time; asyncio keeps weak references only

    def __init__(self, port: str, custom: list[type[RawRequest]], coils: int) -> None:
        self.inputs = [False] * 8
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
        if function == modbus.Function.READ_DISCRETE_INPUTS:
            registers[0] = sum(1 << place for place, on in enumerate(self.inputs) if on)


@pytest.fixture
def serve(null_modem) -> Iterator[Callable[..., Server]]:
    servers = []

    def serve(*custom: type[RawRequest], coils: int = 8) -> Server:
        servers.append(Server(str(null_modem.device.link), list(custom), coils))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def relay(null_modem) -> Iterator:
    relay = registry.relay("modbus_rtu", {"port": str(null_modem.client.link)})
    yield relay
    relay.close()
    assert null_modem.sent_by_client().count(modbus.flash_on(1, 1, 3).frame) <= 1


def test_the_drivers_work_with_a_foreign_board_that_knows_the_flash(serve, null_modem, relay) -> None:
    server = serve(FlashRequest)
    inputs = registry.inputs("modbus_rtu", {"port": str(null_modem.client.link)})
    relay.open()
    inputs.open()
    server.inputs[0] = server.inputs[2] = True
    assert inputs.sample().bits == (True, False, True, *[False] * 5)
    assert relay.set(3, on=True) is Delivery.DELIVERED
    assert relay.state() == (False, False, True, *[False] * 5)
    assert relay.pulse(2, 300) is Delivery.DELIVERED
    assert relay.state()[1] is True
    while relay.state()[1]:
        pass
    assert relay.all_off() is Delivery.DELIVERED
    assert relay.state() == (False,) * 8
    inputs.close()


def test_the_stock_server_takes_a_flash_for_a_switching_on_and_the_relay_is_released(serve, null_modem, relay) -> None:
    serve(coils=0x0208)
    relay.open()
    assert relay.set(1, on=True) is Delivery.DELIVERED
    before = len(null_modem.sent_by_client())
    assert relay.pulse(2, 300) is Delivery.UNKNOWN
    off, ask = modbus.write_coil(1, 1, on=False).frame, modbus.read_coils(1, 0, 8).frame
    assert null_modem.sent_by_client()[before:] == modbus.flash_on(1, 1, 3).frame + off + ask
    assert relay.state() == (True, *[False] * 7)


def test_the_stock_server_of_eight_coils_refuses_a_flash(serve, relay) -> None:
    serve()
    relay.open()
    assert relay.pulse(2, 300) is Delivery.NOT_DELIVERED


def test_the_stock_server_is_a_fine_board_of_plain_coils(serve, null_modem) -> None:
    serve()
    relay = registry.relay("modbus_rtu", {"port": str(null_modem.client.link), "profile": "coils"})
    relay.open()
    assert relay.set(8, on=True) is Delivery.DELIVERED
    assert relay.all_off() is Delivery.DELIVERED
    with pytest.raises(DeviceMisconfiguredError, match="cannot time a pulse"):
        relay.pulse(1, 300)
    relay.close()


def test_a_board_that_echoes_and_does_nothing_is_found_out(serve, relay) -> None:
    serve(RawRequest)
    relay.open()
    assert relay.pulse(2, 300) is Delivery.UNKNOWN
    assert relay.set(2, on=True) is Delivery.NOT_DELIVERED
    assert relay.set(2, on=False) is Delivery.DELIVERED


def test_a_foreign_refusal_is_understood(serve, null_modem) -> None:
    serve()
    with pytest.raises(DeviceMisconfiguredError, match="exception 2, illegal data address"):
        registry.inputs("modbus_rtu", {"port": str(null_modem.client.link), "first": 500}).open()
