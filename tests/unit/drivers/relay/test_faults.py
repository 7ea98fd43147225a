"""What a relay driver does beside the fault matrix: refusals, set-up, shared ports, errors that say
how to fix them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from drivers import modbus_codec, registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import Dialect, LcusEmulator
from drivers.emulators.modbus_models import Model
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.support.waiting import PATIENCE_S, REPLY_MS, eventually, scaled, scaled_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drivers.api import RelayPort

pytestmark = pytest.mark.usefixtures("no_leaks")

WAIT_S = PATIENCE_S
TIMEOUT_MS = scaled_ms(100)
PULSE_STEPS = round(scaled(5))
PULSE_MS = 100 * PULSE_STEPS
"""Long enough to be read back while it lasts."""
PULSE = modbus_codec.flash_on(1, 0, PULSE_STEPS).frame


@pytest.fixture
def board(link: Path) -> Iterator[ModbusEmulator]:
    with ModbusEmulator(link) as board:
        yield board


@pytest.fixture
def relay(board: ModbusEmulator) -> Iterator[RelayPort]:
    relay = registry.relay("modbus_rtu", {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS})
    relay.open()
    yield relay
    relay.close()
    # Whatever the test did: the board was never sent more than one pulse.
    assert board.line.received().count(PULSE[:6]) <= 1


# ------------------------------------------------------------------------------------------------ Modbus: the pulse


def test_a_pulse_that_is_over_before_it_is_read_back_is_unknown(board: ModbusEmulator, relay: RelayPort) -> None:
    board.relays.stuck.add(1)
    board.fail(ReplyFault.MUTE, replies=1)
    assert relay.pulse(1, PULSE_MS) is Delivery.UNKNOWN


def test_a_pulse_that_the_board_refuses_is_not_delivered(board: ModbusEmulator, relay: RelayPort) -> None:
    board.refuses.add(modbus_codec.Function.WRITE_COIL)
    assert relay.pulse(1, PULSE_MS) is Delivery.NOT_DELIVERED
    assert relay.set(1, on=True) is Delivery.NOT_DELIVERED
    assert board.relays.history == ()


def test_a_pulse_taken_for_a_switching_on_is_unknown_also_when_the_release_after_it_cannot_be_sent(
    board: ModbusEmulator, relay: RelayPort, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, carry_out = relay._client.write, board._done

    def echo_a_switching_on(function: int, body: bytes) -> bytes | None:
        said = carry_out(function, body)
        return body[:2] + b"\xff\x00" if function == modbus_codec.Function.WRITE_COIL else said

    def write_and_lose(order: modbus_codec.Request, **when: float) -> None:
        try:
            write(order, **when)
        finally:
            board.unplug()

    monkeypatch.setattr(board, "_done", echo_a_switching_on)
    monkeypatch.setattr(relay._client, "write", write_and_lose)
    assert relay.pulse(1, PULSE_MS) is Delivery.UNKNOWN
    assert board.relays.history[0].on
    assert "relay 1 could not be released" in caplog.text
    with pytest.raises(DeviceUnavailableError):
        relay.state()


@pytest.mark.parametrize(("asked_ms", "steps"), [(51, 1), (100, 1), (149, 1), (151, 2), (549, 5), (1000, 10)])
def test_a_pulse_is_rounded_to_the_step_of_the_board(
    board: ModbusEmulator, relay: RelayPort, asked_ms: int, steps: int
) -> None:
    relay.pulse(2, asked_ms)
    assert board.line.received().count(modbus_codec.flash_on(1, 1, steps).frame) == 1


@pytest.mark.parametrize(
    ("options", "asked_ms", "steps"),
    [
        ({}, 50, "steps of 100 ms, up to 3276700 ms"),
        ({}, 3_276_751, "steps of 100 ms, up to 3276700 ms"),
        ({"profile": "r421a", "timed_pulse": True}, 500, "steps of 1000 ms, up to 255000 ms"),
        ({"profile": "r421a", "timed_pulse": True}, 1051, "steps of 1000 ms, up to 255000 ms"),
        ({"profile": "r421a", "timed_pulse": True}, 256_000, "steps of 1000 ms, up to 255000 ms"),
    ],
)
def test_a_pulse_that_the_board_cannot_time_is_not_given_otherwise(
    board: ModbusEmulator, options: dict[str, object], asked_ms: int, steps: str
) -> None:
    relay = registry.relay("modbus_rtu", {"port": str(board.line.link), **options})
    with pytest.raises(DeviceMisconfiguredError, match=f"cannot time a pulse of {asked_ms} ms: it counts in {steps}"):
        relay.pulse(1, asked_ms)
    assert board.line.received() == b""


# ------------------------------------------------------------------------------------- Modbus: levels and questions


def test_an_all_off_works_on_a_board_that_knows_only_single_relays(board: ModbusEmulator, relay: RelayPort) -> None:
    board.refuses.add(modbus_codec.Function.WRITE_COILS)
    board.relays.set(5, on=True)
    assert relay.all_off() is Delivery.DELIVERED
    assert not any(board.relays.states)


@pytest.mark.parametrize("spared", [0, 1, 2, 9, 10])  # read relays, read modes, write eight modes, read modes
def test_a_failure_while_opening_frees_the_port(board: ModbusEmulator, spared: int) -> None:
    relay = registry.relay("modbus_rtu", {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS})
    board.fail(ReplyFault.MUTE, replies=1, after=spared)
    with pytest.raises(DeviceUnavailableError, match="does not answer at 9600 baud"):
        relay.open()
    other = registry.relay("modbus_rtu", {"port": str(board.line.link), "baud": 19200, "timeout_ms": REPLY_MS})
    assert other.open()
    other.close()


# ------------------------------------------------------------------------------------------- Modbus: the set-up


def test_opening_stops_inputs_from_driving_relays_and_writes_only_what_differs(
    board: ModbusEmulator, relay: RelayPort
) -> None:
    board.set_input(1, on=True)
    assert board.relays.history == ()
    writes = board.line.received().count(b"\x01\x06\x10")
    assert writes == 8
    relay.close()
    relay.open()
    assert board.line.received().count(b"\x01\x06\x10") == writes
    board.power_cycle()
    relay.open()
    assert board.modes == (0,) * 8


@pytest.mark.parametrize("model", [Model.WAVESHARE_D, Model.WAVESHARE_IO])
def test_inputs_that_drive_relays_again_after_a_loss_of_power_are_stopped_before_long(
    link: Path, model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    with ModbusEmulator(link, model=model) as board:
        relay = registry.relay("modbus_rtu", {"port": str(link), "profile": model.value, "timeout_ms": TIMEOUT_MS})
        relay.open()
        board.power_cycle()
        board.set_input(3, on=True)  # and its relay with it
        eventually(lambda: relay.state() and "had no power for a while" in caplog.text)
        assert relay.state() == (False, False, True, *[False] * 5)
        assert relay.all_off() is Delivery.DELIVERED
        board.set_input(3, on=False)
        board.set_input(3, on=True)
        assert relay.state() == (False,) * 8
        relay.close()


def test_a_waveshare_io_without_modes_is_used_and_not_asked_for_them_again(link: Path) -> None:
    with ModbusEmulator(link, model=Model.WAVESHARE_IO) as board:
        board.refuses.add(modbus_codec.Function.READ_HOLDING_REGISTERS)
        relay = registry.relay("modbus_rtu", {"port": str(link), "profile": "waveshare_io", "timeout_ms": TIMEOUT_MS})
        for asked in (1, 2):
            relay.open()
            assert relay.state() == (False,) * 8
            assert board.line.received().count(bytes.fromhex("01 03 10 00 00 08")) == asked
        relay.close()


def test_a_board_that_keeps_its_modes_is_not_used(board: ModbusEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "_set_modes", lambda *_: None)
    with pytest.raises(DeviceUnavailableError, match="still lets its inputs drive its relays"):
        registry.relay("modbus_rtu", {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS}).open()


def test_an_all_off_one_by_one_goes_on_after_a_failure(board: ModbusEmulator, relay: RelayPort) -> None:
    board.relays.set(1, on=True)
    board.relays.set(8, on=True)
    board.refuses.update({modbus_codec.Function.WRITE_COILS, modbus_codec.Function.WRITE_COIL})
    assert relay.all_off() is Delivery.NOT_DELIVERED


def test_a_board_without_modes_is_not_taken_for_one_with(board: ModbusEmulator) -> None:
    board.refuses.add(modbus_codec.Function.READ_HOLDING_REGISTERS)
    table = {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS}
    with pytest.raises(DeviceMisconfiguredError, match="choose another profile"):
        registry.relay("modbus_rtu", table).open()
    relay = registry.relay("modbus_rtu", table | {"profile": "waveshare"})
    assert relay.open()
    relay.close()


def test_a_board_with_fewer_relays_or_inputs_is_named(link: Path) -> None:
    with ModbusEmulator(link, channels=4, inputs=4):
        with pytest.raises(DeviceMisconfiguredError, match="does not have 8 relays"):
            registry.relay("modbus_rtu", {"port": str(link), "timeout_ms": REPLY_MS}).open()
        with pytest.raises(DeviceMisconfiguredError, match="does not have 8 inputs"):
            registry.inputs("modbus_rtu", {"port": str(link), "timeout_ms": REPLY_MS}).open()


def test_an_adapter_that_echoes_is_named(board: ModbusEmulator) -> None:
    board.local_echo = True
    with pytest.raises(DeviceMisconfiguredError, match="set local_echo = true"):
        registry.relay("modbus_rtu", {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS}).open()


def test_a_silent_board_and_a_board_of_another_address_are_told_apart(board: ModbusEmulator) -> None:
    table = {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS}
    with pytest.raises(DeviceUnavailableError, match="check the power of the board"):
        registry.relay("modbus_rtu", table | {"unit": 9}).open()
    board.fail(ReplyFault.WRONG_ADDRESS)
    with pytest.raises(DeviceUnavailableError, match="unit 2 answered instead"):
        registry.relay("modbus_rtu", table).open()


@pytest.mark.parametrize(
    ("profile", "most"),
    [("waveshare_d", 8), ("waveshare_io", 8), ("lctech", 8), ("r421a", 8), ("waveshare", 32), ("coils", 32)],
)
def test_a_profile_bounds_the_channels(profile: str, most: int) -> None:
    table = {"port": "/dev/x", "profile": profile}
    assert registry.relay("modbus_rtu", table | {"channels": most}).capabilities.channels == most
    with pytest.raises(ValidationError, match=f"at most {most} channels|less than or equal to 32"):
        registry.relay("modbus_rtu", table | {"channels": most + 1})


@pytest.mark.parametrize(
    ("profile", "timed_pulse", "step_ms"),
    [
        ("waveshare_d", None, 100),
        ("waveshare_d", True, 100),
        ("waveshare_d", False, 0),
        ("waveshare_io", None, 100),
        ("waveshare", None, 100),
        ("lctech", None, 0),
        ("lctech", True, 100),
        ("r421a", None, 0),
        ("r421a", True, 1000),
        ("r421a", False, 0),
        ("coils", None, 0),
        ("coils", False, 0),
    ],
)
def test_a_board_times_the_pulse_where_its_profile_has_it_and_the_settings_want_it(
    profile: str, timed_pulse: bool | None, step_ms: int
) -> None:
    table: dict[str, object] = {"port": "/dev/x", "profile": profile}
    if timed_pulse is not None:
        table["timed_pulse"] = timed_pulse
    capabilities = registry.relay("modbus_rtu", table).capabilities
    assert (capabilities.pulse_step_ms, capabilities.hardware_pulse) == (step_ms, step_ms > 0)
    assert capabilities.read_back


def test_a_profile_without_a_timer_cannot_be_told_to_time_the_pulse() -> None:
    with pytest.raises(ValidationError, match="profile coils cannot time a pulse: leave timed_pulse out"):
        registry.relay("modbus_rtu", {"port": "/dev/x", "profile": "coils", "timed_pulse": True})


def test_inputs_are_asked_for_as_the_board_wants_it(link: Path) -> None:
    with ModbusEmulator(link, unit=255, channels=2, inputs=2, model=Model.LCTECH) as board:
        table = {"port": str(link), "unit": 255, "count": 2, "timeout_ms": TIMEOUT_MS}
        with pytest.raises(DeviceUnavailableError, match=r"unit 255 on .* does not answer at 9600 baud"):
            registry.inputs("modbus_rtu", table).open()
        inputs = registry.inputs("modbus_rtu", table | {"ask_count": 8})
        inputs.open()
        board.set_input(2, on=True)
        assert inputs.sample().bits == (False, True)
        inputs.close()
        assert board.line.received().endswith(bytes.fromhex("FF 02 00 00 00 08 6C 12"))


def test_inputs_must_be_asked_for_in_full() -> None:
    with pytest.raises(ValidationError, match="ask_count is 2, fewer than the 3 inputs to read"):
        registry.inputs("modbus_rtu", {"port": "/dev/x", "count": 3, "ask_count": 2})
    registry.inputs("modbus_rtu", {"port": "/dev/x", "count": 3, "ask_count": 3})


def test_relay_and_inputs_share_one_port_from_two_threads(board: ModbusEmulator, relay: RelayPort) -> None:
    inputs = registry.inputs("modbus_rtu", {"port": str(board.line.link), "timeout_ms": TIMEOUT_MS})
    inputs.open()
    stop = threading.Event()
    samples = []

    def poll() -> None:
        while not stop.is_set():
            samples.append(inputs.sample().bits)

    board.set_input(4, on=True)
    poller = threading.Thread(target=poll)
    poller.start()
    try:
        assert {relay.set(2, on=bool(turn % 2)) for turn in range(20)} == {Delivery.DELIVERED}
        assert relay.pulse(1, PULSE_MS) is Delivery.DELIVERED
        eventually(lambda: len(samples) > 5)
    finally:
        stop.set()
        poller.join()
        inputs.close()
    assert set(samples) == {(False, False, False, True, False, False, False, False)}


# --------------------------------------------------------------------------------------------------------- LCUS


TELLING = [Dialect.ASCII, Dialect.BYTES, Dialect.FEEDBACK]


@pytest.fixture(params=TELLING)
def lcus(request: pytest.FixtureRequest, link: Path) -> Iterator[LcusEmulator]:
    with LcusEmulator(link, 2, request.param) as board:
        yield board


@pytest.fixture
def lcus_relay(lcus: LcusEmulator) -> Iterator[RelayPort]:
    table = {"port": str(lcus.line.link), "readback": lcus.dialect.value, "timeout_ms": TIMEOUT_MS}
    relay = registry.relay("lcus", table)
    relay.open()
    yield relay
    relay.close()


@pytest.mark.parametrize(("count", "switched"), [(4, 1), (8, 1), (12, 2)])
def test_a_blind_all_off_is_unknown_when_the_cable_is_pulled_in_it(
    link: Path, monkeypatch: pytest.MonkeyPatch, count: int, switched: int
) -> None:
    with LcusEmulator(link, 2, Dialect.NONE) as board:
        board.relays.set(1, on=True)
        board.relays.set(2, on=True)
        relay = registry.relay("lcus", {"port": str(link), "readback": "none"})
        relay.open()
        send = relay._port.send

        def send_and_be_heard(frame: bytes, **when: float) -> None:
            heard = len(board.line.received())
            send(frame, **when)
            assert board.line.wait_received(heard + len(frame), WAIT_S)
            if heard + len(frame) >= count:
                board.line.unplug()

        monkeypatch.setattr(relay._port, "send", send_and_be_heard)
        assert relay.all_off() is Delivery.UNKNOWN
        relay.close()
        assert board.relays.states.count(False) == switched


def test_a_blind_lcus_board_is_sent_its_off_twice_and_its_on_once(link: Path) -> None:
    with LcusEmulator(link, 2, Dialect.NONE) as board:
        relay = registry.relay("lcus", {"port": str(link), "readback": "none"})
        relay.open()
        assert relay.set(1, on=True) is Delivery.DELIVERED
        assert relay.set(1, on=False) is Delivery.DELIVERED
        relay.close()
        assert board.line.wait_received(12, WAIT_S)
        assert board.line.received() == bytes.fromhex("A0 01 01 A2 A0 01 00 A1 A0 01 00 A1")


def test_a_board_that_speaks_another_dialect_or_has_other_channels_is_named(lcus: LcusEmulator) -> None:
    table = {"port": str(lcus.line.link), "readback": lcus.dialect.value, "timeout_ms": TIMEOUT_MS}
    if lcus.dialect is not Dialect.FEEDBACK:
        for channels in (1, 4):
            with pytest.raises((DeviceMisconfiguredError, DeviceUnavailableError), match=r"2|00 00"):
                registry.relay("lcus", table | {"channels": channels}).open()
    wrong = {Dialect.ASCII: "bytes", Dialect.BYTES: "ascii", Dialect.FEEDBACK: "ascii"}[lcus.dialect]
    with pytest.raises((DeviceMisconfiguredError, DeviceUnavailableError), match="readback"):
        registry.relay("lcus", table | {"readback": wrong}).open()
