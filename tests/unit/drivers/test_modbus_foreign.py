"""The Modbus drivers against servers that others wrote: pymodbus, as it comes and with the vendor's flash, and
modbus_tk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers import modbus_codec, registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError
from tests.support.board.foreign_modbus import FlashRequest, RawRequest, Server, TkServer
from tests.support.waiting import REPLY_MS, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.api import RelayPort

pytestmark = pytest.mark.usefixtures("no_leaks")

PULSE_STEPS = round(scaled(2))
PULSE_MS = 100 * PULSE_STEPS
"""Long enough to be read back while it lasts."""


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
    relay = registry.relay("modbus_rtu", {"port": str(null_modem.client.link), "timeout_ms": REPLY_MS})
    yield relay
    relay.close()
    assert null_modem.sent_by_client().count(modbus_codec.flash_on(1, 1, PULSE_STEPS).frame) <= 1


def test_the_drivers_work_with_a_foreign_board_that_knows_the_flash(serve, null_modem, relay) -> None:
    server = serve(FlashRequest)
    inputs = registry.inputs("modbus_rtu", {"port": str(null_modem.client.link), "timeout_ms": REPLY_MS})
    relay.open()
    inputs.open()
    server.inputs[0] = server.inputs[2] = True
    assert inputs.sample().bits == (True, False, True, *[False] * 5)
    assert relay.set(3, on=True) is Delivery.DELIVERED
    assert relay.state() == (False, False, True, *[False] * 5)
    assert relay.pulse(2, PULSE_MS) is Delivery.DELIVERED
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
    assert relay.pulse(2, PULSE_MS) is Delivery.UNKNOWN
    off, ask = modbus_codec.write_coil(1, 1, on=False).frame, modbus_codec.read_coils(1, 0, 8).frame
    assert null_modem.sent_by_client()[before:] == modbus_codec.flash_on(1, 1, PULSE_STEPS).frame + off + ask
    assert relay.state() == (True, *[False] * 7)


def test_the_stock_server_of_eight_coils_refuses_a_flash(serve, relay) -> None:
    serve()
    relay.open()
    assert relay.pulse(2, PULSE_MS) is Delivery.NOT_DELIVERED


def test_the_stock_server_is_a_fine_board_of_plain_coils(serve, null_modem) -> None:
    serve()
    relay = registry.relay(
        "modbus_rtu", {"port": str(null_modem.client.link), "profile": "coils", "timeout_ms": REPLY_MS}
    )
    relay.open()
    assert relay.set(8, on=True) is Delivery.DELIVERED
    assert relay.all_off() is Delivery.DELIVERED
    with pytest.raises(DeviceMisconfiguredError, match="must not time a pulse: switch on and off instead"):
        relay.pulse(1, 300)
    relay.close()


def test_a_board_that_echoes_and_does_nothing_is_found_out(serve, relay) -> None:
    serve(RawRequest)
    relay.open()
    assert relay.pulse(2, PULSE_MS) is Delivery.UNKNOWN
    assert relay.set(2, on=True) is Delivery.UNKNOWN
    assert relay.set(2, on=False) is Delivery.DELIVERED


def test_a_foreign_refusal_is_understood(serve, null_modem) -> None:
    serve()
    with pytest.raises(DeviceMisconfiguredError, match="exception 2, illegal data address"):
        registry.inputs(
            "modbus_rtu", {"port": str(null_modem.client.link), "first": 500, "timeout_ms": REPLY_MS}
        ).open()


# ------------------------------------------------------------------------------------------------------ modbus_tk


@pytest.fixture
def serve_tk(null_modem) -> Iterator[Callable[..., TkServer]]:
    servers = []

    def serve(unit: int = 1) -> TkServer:
        servers.append(TkServer(str(null_modem.device.link), unit))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def made(null_modem) -> Iterator[Callable[..., RelayPort]]:
    """Makes a relay driver that is open."""
    relays = []

    def make(**options: object) -> RelayPort:
        table = {"port": str(null_modem.client.link), "timeout_ms": REPLY_MS, **options}
        relays.append(registry.relay("modbus_rtu", table))
        relays[-1].open()
        return relays[-1]

    yield make
    for relay in relays:
        relay.close()


@pytest.mark.parametrize(("profile", "unit"), [("coils", 1), ("lctech", 255), ("waveshare", 7), ("waveshare_io", 1)])
def test_a_second_foreign_board_is_switched_and_read_back(serve_tk, made, profile: str, unit: int) -> None:
    server = serve_tk(unit)
    relay = made(profile=profile, unit=unit, channels=4)
    assert relay.set(3, on=True) is Delivery.DELIVERED
    assert relay.state() == (False, False, True, False)
    assert server.coils == (False, False, True, *[False] * 5)
    assert relay.set(3, on=False) is Delivery.DELIVERED
    assert relay.set(1, on=True) is Delivery.DELIVERED
    assert relay.all_off() is Delivery.DELIVERED
    assert server.coils == (False,) * 8


def test_a_foreign_board_of_eight_inputs_is_read_as_one_of_lc_tech(serve_tk, null_modem) -> None:
    server = serve_tk(255)
    table = {"port": str(null_modem.client.link), "unit": 255, "count": 2, "ask_count": 8, "timeout_ms": REPLY_MS}
    inputs = registry.inputs("modbus_rtu", table)
    inputs.open()
    server.set_input(2, True)
    assert inputs.sample().bits == (False, True)
    inputs.close()


def test_a_second_foreign_board_refuses_the_flash_and_nothing_was_done(serve_tk, made, null_modem, caplog) -> None:
    server = serve_tk()
    relay = made(profile="waveshare")
    assert relay.pulse(1, 500) is Delivery.NOT_DELIVERED
    assert "exception 2, illegal data address" in caplog.text
    assert server.coils == (False,) * 8
    assert null_modem.sent_by_client().count(modbus_codec.flash_on(1, 0, 5).frame) == 1


def test_a_board_that_takes_the_registers_of_a_timer_and_does_nothing_is_found_out(serve_tk, made, null_modem) -> None:
    server = serve_tk(255)
    relay = made(profile="lctech", unit=255, timed_pulse=True)
    assert relay.pulse(2, 500) is Delivery.UNKNOWN
    assert server.registers(8, 2) == (4, 5)
    assert null_modem.sent_by_client().count(bytes.fromhex("FF 10 00 08 00 02 04 00 04 00 05")) == 1


def test_a_board_whose_registers_are_no_orders_is_found_out(serve_tk, made, caplog) -> None:
    server = serve_tk()
    relay = made(profile="r421a", channels=2)
    assert relay.set(2, on=True) is Delivery.UNKNOWN
    assert server.registers(2, 1) == (0x0100,)
    assert "unit 1 answered the states (0, 256): not 0 or 1" in caplog.text
    with pytest.raises(DeviceUnavailableError, match="not 0 or 1"):
        relay.state()
