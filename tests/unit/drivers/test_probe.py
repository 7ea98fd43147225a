"""Asking a port what board it is: nothing moves, and who answers is told apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from drivers import modbus_codec, registry
from drivers.api import DeviceUnavailableError
from drivers.emulators.board import ReplyFault
from drivers.emulators.devantech import DevantechEmulator
from drivers.emulators.devantech import Model as DevantechModel
from drivers.emulators.kmtronic import Connection, KmtronicEmulator
from drivers.emulators.lcus import Dialect, LcusEmulator
from drivers.emulators.modbus_models import Model
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.emulators.numato import NumatoEmulator
from drivers.emulators.pty import PtyLine
from drivers.probe import (
    HARMFUL,
    NEUTRAL,
    PATIENCE_S,
    UNKNOWN_FUNCTION,
    ProbeFinding,
    identify,
    modbus_questions,
    probe_port,
)
from drivers.serial.usb_ids import Likeness, ProbePolicy
from drivers.sign import aa55_codec, onbon_codec
from tests.support.board.orders import BOARDS
from tests.support.waiting import scaled

ALL_UNITS = range(1, 248)
FEW = (1, 2, 3)


def silence(_request: bytes, _is_whole) -> bytes:
    return b""


def all_that_is_sent(probe_policy: ProbePolicy, units=ALL_UNITS) -> bytes:
    """Every byte that goes to a board that never answers: it is the longest that an unproved board hears."""
    return b"".join(one.request for one in probe_port(silence, probe_policy, units=units).heard)


# ----------------------------------------------------------------------------------------- bytes, boards, effects


@pytest.mark.parametrize("board", [name for name in BOARDS if name != "icse"])
@pytest.mark.parametrize("probe_policy", [ProbePolicy.ANY, ProbePolicy.CONVERTER])
def test_no_question_to_an_unproved_board_is_an_order_to_any_board(probe_policy, board):
    assert BOARDS[board](all_that_is_sent(probe_policy)) == []


@pytest.mark.parametrize("pending", [b"\xff", b"\xff\x01"], ids=["FF", "FF 01"])
def test_half_an_order_that_another_program_left_on_a_kmtronic_board_is_not_made_whole(pending):
    for probe_policy in (ProbePolicy.ANY, ProbePolicy.CONVERTER):
        orders = BOARDS["kmtronic"](pending + all_that_is_sent(probe_policy))
        assert [order for order in orders if order[4:] in {"00", "01"}] == []


@pytest.mark.parametrize("probe_policy", [ProbePolicy.ANY, ProbePolicy.CONVERTER])
def test_no_half_order_is_left_on_a_kmtronic_board(probe_policy):
    sent = all_that_is_sent(probe_policy)
    assert BOARDS["kmtronic"](sent + b"\x01\x01" + b"\x01\x00") == []


def test_a_port_that_may_be_a_board_that_takes_every_byte_is_not_asked():
    sent = all_that_is_sent(ProbePolicy.ANY)
    assert BOARDS["icse"](sent) == []
    pl2303 = Likeness("maybe an ICSE board", ProbePolicy.NEVER, "it takes every byte for an order")
    assert identify("/dev/there-is-none", pl2303) == ProbeFinding(
        None, "not searched: it takes every byte for an order"
    )


def test_a_devantech_board_by_its_usb_id_is_asked_one_byte():
    assert all_that_is_sent(ProbePolicy.DEVANTECH) == b"\x5a"


@pytest.mark.parametrize(
    ("sent", "board"),
    [
        (b"relay read 0\r", "devantech"),
        (b"ver\r", "devantech"),
        (b"ask//", "devantech"),
        (b"relay read 0\r", "numato"),
        (b"ask//", "denkovi"),
        (b"\x50", "icse"),
        (b"\x5c", "devantech"),
        (b"\xff\x01\x03", "kmtronic"),
        (b"\xa0\x01\x05\xa6", "lcus"),
        (b"\xff" + modbus_codec.read_coils(1, 0, 8).frame, "kmtronic"),
        (modbus_codec.read_coils(255, 0, 8).frame, "kmtronic"),
        (modbus_codec.read_coils(2, 0, 8).frame + modbus_codec.read_coils(3, 0, 8).frame, "kmtronic"),
        (modbus_codec.read_coils(11, 0, 8).frame, "devantech"),
        (modbus_codec.read_coils(18, 0, 8).frame, "devantech"),
        (modbus_codec.write_coil(1, 0, on=False).frame, "modbus_rtu"),
        (aa55_codec.Framing(100, aa55_codec.Check.PADDED).version(0), "devantech"),
        (aa55_codec.Framing(100, aa55_codec.Check.WHOLE).version(0), "devantech"),
        (onbon_codec.ping(1), "devantech"),
    ],
    ids=lambda value: value.hex(" ") if isinstance(value, bytes) else value,
)
def test_the_questions_that_are_left_out_would_be_orders(sent, board):
    assert BOARDS[board](sent) != []


def test_every_modbus_unit_is_asked_and_never_with_a_byte_that_harms():
    asked = list(modbus_questions(ALL_UNITS))
    assert {request.unit for request in asked} == set(ALL_UNITS) - HARMFUL
    assert all(request.function in modbus_codec.READS for request in asked)
    assert not any(HARMFUL & set(request.frame) for request in asked)


# ------------------------------------------------------------------------------------------------------- emulators


class Case(NamedTuple):
    make: object
    probe_policy: ProbePolicy
    board: tuple[str, dict] | None
    inputs: dict | None = None
    title: str = ""
    units: tuple[int, ...] = (1,)


def _muted(board):
    board.fail(ReplyFault.MUTE)
    return board


def _echoing(board):
    board.local_echo = True
    return board


CH340, FTDI = ProbePolicy.CONVERTER, ProbePolicy.ANY
WAVESHARE = {"unit": 1, "profile": "waveshare_d", "channels": 8}
BUS = {"connection": "rs485", "channels": 8}
CASES = {
    "lcus 1 ascii": Case(lambda link: LcusEmulator(link, 1), CH340, ("lcus", {"channels": 1, "readback": "ascii"})),
    "lcus 8 ascii": Case(lambda link: LcusEmulator(link, 8), FTDI, ("lcus", {"channels": 8, "readback": "ascii"})),
    "lcus 1 bytes": Case(
        lambda link: LcusEmulator(link, 1, Dialect.BYTES), CH340, ("lcus", {"channels": 1, "readback": "bytes"})
    ),
    "lcus 4 bytes": Case(
        lambda link: LcusEmulator(link, 4, Dialect.BYTES), FTDI, ("lcus", {"channels": 4, "readback": "bytes"})
    ),
    "lcus none": Case(lambda link: LcusEmulator(link, 2, Dialect.NONE), CH340, None),
    "lcus feedback": Case(lambda link: LcusEmulator(link, 2, Dialect.FEEDBACK), FTDI, None),
    "kmtronic 4": Case(lambda link: KmtronicEmulator(link, 4), FTDI, ("kmtronic", {"channels": 4})),
    "kmtronic 8": Case(lambda link: KmtronicEmulator(link, 8), CH340, ("kmtronic", {"channels": 8})),
    "kmtronic 2": Case(lambda link: KmtronicEmulator(link, 2), FTDI, None),
    "kmtronic bus": Case(
        lambda link: KmtronicEmulator(link, 8, Connection.RS485, 2),
        CH340,
        ("kmtronic", BUS | {"address": 2}),
        units=(2,),
    ),
    "kmtronic bus with an echo": Case(
        lambda link: _echoing(KmtronicEmulator(link, 8, Connection.RS485)),
        CH340,
        ("kmtronic", BUS | {"address": 1, "local_echo": True}),
    ),
    "modbus": Case(ModbusEmulator, CH340, ("modbus_rtu", WAVESHARE), {"unit": 1, "count": 8}),
    "modbus unit 3": Case(
        lambda link: ModbusEmulator(link, 3, 4, 2),
        FTDI,
        ("modbus_rtu", {"unit": 3, "profile": "waveshare_d", "channels": 4}),
        {"unit": 3, "count": 2},
        units=(2, 3),
    ),
    "modbus with an echo": Case(
        lambda link: _echoing(ModbusEmulator(link)),
        CH340,
        ("modbus_rtu", {"unit": 1, "local_echo": True, "profile": "waveshare_d", "channels": 8}),
        {"unit": 1, "local_echo": True, "count": 8},
    ),
    **{
        f"modbus {model}": Case(
            lambda link, model=model, channels=channels: ModbusEmulator(link, 1, channels, 8, model),
            CH340,
            ("modbus_rtu", {"unit": 1, "profile": profile, "channels": told}),
            {"unit": 1, "count": 8} if inputs else None,
        )
        for model, profile, channels, told, inputs in (
            (Model.WAVESHARE_IO, "waveshare_d", 8, 8, True),
            (Model.WAVESHARE, "waveshare", 16, 16, False),
            (Model.LCTECH, "lctech", 4, 8, True),
            (Model.LCTECH_D7, "lctech", 8, 8, True),
            (Model.R421A, "r421a", 4, 4, False),
            (Model.COILS, "coils", 8, 8, True),
        )
    },
    "lctech as it leaves the factory": Case(
        lambda link: ModbusEmulator(link, 255, 2, 2, Model.LCTECH),
        CH340,
        ("modbus_rtu", {"unit": 255, "profile": "lctech", "channels": 8}),
        {"unit": 255, "count": 8},
    ),
    **{
        model.title: Case(
            lambda link, model=model: DevantechEmulator(link, model),
            probe_policy,
            ("devantech", {"channels": max(model.channels, 8 if model.module == 15 else 0)}),
        )
        for model, probe_policy in zip(DevantechModel, [ProbePolicy.DEVANTECH, FTDI] * 3, strict=False)
    },
    "devantech with the id of a CH340": Case(DevantechEmulator, CH340, None),
    "modbus out of reach": Case(lambda link: ModbusEmulator(link, 77), CH340, None),
    "numato by its id": Case(NumatoEmulator, ProbePolicy.NUMATO, ("numato", {"channels": 4})),
    "numato 16": Case(lambda link: NumatoEmulator(link, 16), ProbePolicy.NUMATO, ("numato", {"channels": 16})),
    "numato by its title": Case(
        lambda link: NumatoEmulator(link, 2),
        ProbePolicy.NUMATO,
        ("numato", {"channels": 2}),
        title="Numato Lab 2 Channel USB Relay Module",
    ),
    "numato with another id": Case(NumatoEmulator, FTDI, None),
    "lcus called numato": Case(LcusEmulator, ProbePolicy.NUMATO, None),
    "silent": Case(lambda link: _muted(LcusEmulator(link)), FTDI, None),
}

TOLD = ("numato with another id",)
"""Boards that are not known, but of what they answer is told."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory) -> dict[str, tuple[ProbeFinding, tuple]]:
    """All boards asked at the same time: most of it is waiting for boards that are silent."""
    folder = tmp_path_factory.mktemp("ports")

    def ask(place: int, name: str, case: Case) -> tuple[ProbeFinding, tuple]:
        with case.make(folder / f"port-{place}") as board:
            waited_for = case.board is not None or name in TOLD
            patience_s = scaled(2 * PATIENCE_S) if waited_for else PATIENCE_S
            likeness = Likeness("", case.probe_policy)
            found = identify(str(folder / f"port-{place}"), likeness, case.title, case.units, patience_s)
            return found, board.relays.history

    with ThreadPoolExecutor(len(CASES)) as pool:
        return dict(zip(CASES, pool.map(ask, range(len(CASES)), CASES, CASES.values()), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_no_relay_of_a_board_moves_while_it_is_asked(findings, name):
    assert findings[name][1] == ()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.board])
def test_a_board_is_recognised_and_its_keys_are_those_of_its_driver(findings, name, tmp_path):
    found, case = findings[name][0], CASES[name]
    assert found.board is not None, found
    assert (found.board.kind, dict(found.board.relay)) == case.board
    assert found.board.inputs == case.inputs
    registry.relay(found.board.kind, {"port": str(tmp_path / "port"), **found.board.relay})
    if found.board.inputs is not None:
        registry.inputs(found.board.kind, {"port": str(tmp_path / "port"), **found.board.inputs})


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.board])
def test_a_board_that_cannot_be_told_is_not_guessed(findings, name):
    found = findings[name][0]
    assert found.board is None
    assert found.why


def test_a_silent_port_says_what_it_may_be_and_that_more_questions_could_switch_relays(findings):
    assert "an LCUS board that does not report its state" in findings["lcus none"][0].why
    assert "Further queries could switch relays" in findings["silent"][0].why


def test_what_was_heard_of_an_unknown_device_is_told(findings):
    found = findings["numato with another id"][0]
    assert "not like a known board" in found.why
    assert any(one.request and one.reply == one.request for one in found.heard)


# ----------------------------------------------------------------------------------------------------- odd answers


def answering(**answers: str):
    """A device that answers requests, given in hexadecimal after an x, so."""
    table = {bytes.fromhex(request[1:]): bytes.fromhex(answer) for request, answer in answers.items()}
    return lambda request, _is_whole: table.get(request, b"")


def test_noise_that_follows_every_byte_is_taken_for_no_board():
    def noisy(request: bytes, _is_whole) -> bytes:
        return b"\x00" if request else b""

    assert probe_port(noisy, ProbePolicy.ANY, units=FEW).board is None


def test_a_device_that_talks_by_itself_is_sent_nothing():
    def chatter(_request: bytes, _is_whole) -> bytes:
        return b"$GPGGA,"

    found = probe_port(chatter, ProbePolicy.ANY)
    assert [one.request for one in found.heard] == [b""]
    assert "sends without being asked" in found.why


@pytest.mark.parametrize(
    ("answer", "channels"), [("0803", 8), ("0901", 8), ("0a02", 2), ("0f01", 8)], ids=["RLY08", "RLY16", "RLY02", "16L"]
)
def test_a_devantech_board_is_told_by_its_module_number(answer, channels):
    board = probe_port(answering(x5a=answer), ProbePolicy.DEVANTECH).board
    assert board is not None
    assert (board.kind, dict(board.relay)) == ("devantech", {"channels": channels})


@pytest.mark.parametrize("answer", ["", "08", "080301", "6303"])
def test_any_other_answer_to_the_question_for_a_module_is_none(answer):
    assert probe_port(answering(x5a=answer), ProbePolicy.DEVANTECH).board is None


@pytest.mark.parametrize("answer", ["0002", "00000000000000", "4348", "43483a4f4e200d0a"])
def test_a_crooked_answer_to_the_question_for_states_is_none(answer):
    assert probe_port(answering(xff=answer), ProbePolicy.CONVERTER, units=()).board is None


def test_a_modbus_board_at_the_factory_address_of_lc_tech_is_found_by_its_refusal():
    refusal = modbus_codec.framed(b"\xff\x91\x01").hex()
    coils = modbus_codec.framed(b"\xff\x01\x01\x00").hex()
    board = probe_port(
        answering(
            **{"x" + UNKNOWN_FUNCTION.frame.hex(): refusal, "x" + modbus_codec.read_coils(255, 0, 4).frame.hex(): coils}
        ),
        ProbePolicy.CONVERTER,
    ).board
    assert board is not None
    assert dict(board.relay) == {"unit": 255, "profile": "coils", "channels": 4}


def test_a_modbus_device_whose_registers_are_no_states_is_no_relay_board():
    first = modbus_codec.read_holding_registers(1, 1, 1)
    found = probe_port(
        answering(**{"x" + first.frame.hex(): modbus_codec.framed(b"\x01\x03\x02\x00\xe7").hex()}), CH340
    )
    assert found.board is None
    assert "a Modbus device answers at unit 1" in found.why


def test_a_modbus_device_without_coils_is_told_as_one():
    refusal = modbus_codec.framed(b"\x01\x81\x01").hex()
    found = probe_port(
        answering(**{"x" + modbus_codec.read_coils(1, 0, 8).frame.hex(): refusal}), ProbePolicy.CONVERTER
    )
    assert found.board is None
    assert "a Modbus device answers at unit 1" in found.why


def test_the_neutral_byte_is_no_byte_of_an_order():
    assert not HARMFUL & set(NEUTRAL)


def test_a_port_that_is_lost_meanwhile_is_an_error(tmp_path):
    line = PtyLine(tmp_path / "port", lambda _data: line.unplug())
    line.plug()
    with pytest.raises(DeviceUnavailableError, match="was lost"):
        identify(str(tmp_path / "port"), Likeness("", ProbePolicy.ANY))


def test_a_port_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DeviceUnavailableError, match="no such port"):
        identify(str(tmp_path / "port"), Likeness("", ProbePolicy.ANY))
