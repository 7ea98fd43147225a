"""What the bytes of a board mean, in words."""

from __future__ import annotations

import pytest

from drivers import modbus_codec
from drivers.dissector import Reader
from drivers.relay import lcus_codec

READ_COILS = modbus_codec.read_coils(1, 0, 8).frame
READ_INPUTS = modbus_codec.read_discrete_inputs(1, 4, 1).frame
READ_MODES = modbus_codec.read_holding_registers(1, 0x1000, 2).frame
ON = modbus_codec.write_coil(1, 1, on=True).frame


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        ("modbus_rtu", READ_COILS, "unit 1: which of relays 1 to 8 are on?"),
        ("modbus_rtu", READ_INPUTS, "unit 1: which of inputs 5 are on?"),
        ("modbus_rtu", READ_MODES, "unit 1: read register 0x1000 to 0x1001"),
        ("modbus_rtu", modbus_codec.read_holding_registers(9, 0x4000, 1).frame, "unit 9: read register 0x4000"),
        ("modbus_rtu", ON, "unit 1: relay 2 on"),
        ("modbus_rtu", modbus_codec.write_coil(1, 0, on=False).frame, "unit 1: relay 1 off"),
        ("modbus_rtu", modbus_codec.framed(bytes.fromhex("0105000155aa")), "unit 1: relay 2 to 0x55AA"),
        ("modbus_rtu", modbus_codec.framed(bytes.fromhex("010500ff0000")), "unit 1: all relays off"),
        ("modbus_rtu", modbus_codec.flash_on(1, 2, 7).frame, "unit 1: relay 3 on for 700 ms"),
        ("modbus_rtu", modbus_codec.framed(bytes.fromhex("010504020007")), "unit 1: relay 3 off for 700 ms"),
        ("modbus_rtu", modbus_codec.write_register(1, 0x1000, 0).frame, "unit 1: write register 0x1000: 0"),
        (
            "modbus_rtu",
            modbus_codec.write_coils(1, 0, [True, False, True, False]).frame,
            "unit 1: switch relays 1 to 4; on: 1, 3",
        ),
        ("modbus_rtu", modbus_codec.framed(bytes.fromhex("012b0e0100ff")), "unit 1: function 43"),
        ("modbus_rtu", READ_COILS[:-1], ""),
        ("modbus_rtu", b"\x01", ""),
        ("lcus", b"\xff", "which relays are on?"),
        ("lcus", lcus_codec.frame(2, 1), "relay 2 on"),
        ("lcus", lcus_codec.frame(2, 2), "relay 2 off"),
        ("lcus", lcus_codec.frame(3, 5), "is relay 3 on?"),
        ("lcus", lcus_codec.frame(3, 4), ""),
        ("lcus", b"\xa0\x01\x01\x00", ""),
        ("kmtronic", b"\xff\x02\x01", "relay 2 on"),
        ("kmtronic", b"\xff\x02\x00", "relay 2 off"),
        ("kmtronic", b"\xff\x02\x03", "is relay 2 on?"),
        ("kmtronic", b"\xff\x09\x00", "which relays are on?"),
        ("kmtronic", b"\xff\xa1\x00", "which relays are on?"),
        ("kmtronic", b"\x00\x00", ""),
        ("devantech", b"\x5a", "which module is it?"),
        ("devantech", b"\x5b", "which relays are on?"),
        ("devantech", b"\x5c\x81", "switch all relays; on: 1, 8"),
        ("devantech", b"\x64", "all relays on"),
        ("devantech", b"\x6e", "all relays off"),
        ("devantech", b"\x65", "relay 1 on"),
        ("devantech", b"\x76", "relay 8 off"),
        ("devantech", b"\x01", ""),
        ("devantech", b"\x01\x02\x03", ""),
        ("numato", b"relay on 0\r", "relay on 0"),
        ("unheard_of", b"\x01", ""),
    ],
    ids=str,
)
def test_a_request_in_words(kind, sent, words):
    assert Reader(kind).sent(sent) == words


@pytest.mark.parametrize(
    ("kind", "sent", "received", "words"),
    [
        ("modbus_rtu", READ_COILS, modbus_codec.framed(b"\x01\x01\x01\x05"), "on: 1, 3"),
        ("modbus_rtu", READ_COILS, modbus_codec.framed(b"\x01\x01\x01\x00"), "on: none"),
        ("modbus_rtu", READ_INPUTS, modbus_codec.framed(b"\x01\x02\x01\x01"), "on: 5"),
        ("modbus_rtu", READ_MODES, modbus_codec.framed(b"\x01\x03\x04\x00\x01\x00\x00"), "values: 1, 0"),
        ("modbus_rtu", ON, ON, "accepted"),
        ("modbus_rtu", ON, modbus_codec.write_coil(1, 2, on=True).frame, "not what was asked for"),
        ("modbus_rtu", ON, modbus_codec.framed(b"\x01\x85\x02"), "refused: illegal data address"),
        ("modbus_rtu", ON, modbus_codec.framed(b"\x01\x85\x63"), "refused: exception 99"),
        ("modbus_rtu", READ_COILS, b"\x01\x01\x01\x00\x00\x00", "garbled"),
        ("modbus_rtu", READ_COILS, b"\x01", "garbled"),
        ("modbus_rtu", b"", b"\x01", ""),
        ("lcus", b"\xff", b"CH1:ON \r\nCH2:OFF \r\n", "on: 1"),
        ("lcus", b"\xff", b"CH1:ON \r\nCH2:O", "garbled"),
        ("lcus", b"\xff", b"\x00\x01", "on: 2"),
        ("lcus", b"\xff", b"\x07", "garbled"),
        ("lcus", lcus_codec.frame(2, 5), lcus_codec.frame(2, 1), "relay 2 on"),
        ("lcus", lcus_codec.frame(2, 5), lcus_codec.frame(1, 1), "garbled"),
        ("kmtronic", b"\xff\x09\x00", b"\x00\x01\x00\x00", "on: 2"),
        ("kmtronic", b"\xff\x02\x03", b"\xff\x02\x01", "relay 2 on"),
        ("devantech", b"\x5a", b"\x09\x04", "module 9, version 4"),
        ("devantech", b"\x5b", b"\x03", "on: 1, 2"),
        ("devantech", b"\x5b", b"\x03\x03", ""),
        ("numato", b"ver\r", b"ver\n\r00000008\n\r>", "00000008"),
        ("numato", b"relay on 0\r", b"relay on 0\n\r>", "accepted"),
        ("numato", b"ver\r", b"vex\n\r", "garbled"),
        ("lcus", b"\xff", b"", "no answer"),
        ("unheard_of", b"\x01", b"\x02", ""),
    ],
    ids=str,
)
def test_an_answer_in_words(kind, sent, received, words):
    reader = Reader(kind)
    reader.sent(sent)
    assert reader.received(received) == words
