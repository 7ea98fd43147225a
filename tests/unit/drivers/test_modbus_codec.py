from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import modbus_codec
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError

TEN_COILS = tuple(bit == "1" for bit in "1011001110")
READ_ERRORS = (DeviceUnavailableError, DeviceMisconfiguredError)


def test_requests_are_the_bytes_of_the_data_sheets() -> None:
    for request, count, wire in (
        (modbus_codec.write_coil(1, 0, on=True), 0, "01 05 00 00 FF 00 8C 3A"),
        (modbus_codec.write_coil(1, 0, on=False), 0, "01 05 00 00 00 00 CD CA"),
        (modbus_codec.write_coil(0x11, 0xAC, on=True), 0, "11 05 00 AC FF 00 4E 8B"),
        (modbus_codec.flash_on(1, 0, 7), 0, "01 05 02 00 00 07 8D B0"),
        (modbus_codec.flash_on(1, 7, 5), 0, "01 05 02 07 00 05 BD B0"),
        (modbus_codec.read_coils(1, 0, 8), 8, "01 01 00 00 00 08 3D CC"),
        (modbus_codec.read_coils(0x11, 0x13, 37), 37, "11 01 00 13 00 25 0E 84"),
        (modbus_codec.read_discrete_inputs(1, 0, 8), 8, "01 02 00 00 00 08 79 CC"),
        (modbus_codec.read_discrete_inputs(255, 0, 8), 8, "FF 02 00 00 00 08 6C 12"),
        (modbus_codec.read_discrete_inputs(0x11, 0xC4, 22), 22, "11 02 00 C4 00 16 BA A9"),
        (modbus_codec.write_register(1, 0x1000, 1), 0, "01 06 10 00 00 01 4C CA"),
        (modbus_codec.write_coils(1, 0, [True] * 8), 0, "01 0F 00 00 00 08 01 FF BE D5"),
        (modbus_codec.write_coils(0x11, 0x13, TEN_COILS), 0, "11 0F 00 13 00 0A 02 CD 01 BF 0B"),
        (modbus_codec.read_holding_registers(0x11, 0x6B, 3), 3, "11 03 00 6B 00 03 76 87"),
        (modbus_codec.write_registers(1, 1, [10, 0x0102]), 0, "01 10 00 01 00 02 04 00 0A 01 02 92 30"),
    ):
        assert (request.frame.hex(" ").upper(), request.count) == (wire, count)


def test_replies_of_the_data_sheets_are_understood() -> None:
    for request, wire, bits in (
        (modbus_codec.read_coils(1, 0, 8), "01 01 01 01 90 48", "10000000"),
        (modbus_codec.read_discrete_inputs(1, 0, 8), "01 02 01 05 61 8B", "10100000"),
        (modbus_codec.read_discrete_inputs(255, 0, 8), "FF 02 01 01 51 A0", "10000000"),
        (modbus_codec.read_coils(1, 0, 3), "01 01 01 05 91 8B", "101"),
    ):
        assert modbus_codec.read_bits(request, bytes.fromhex(wire)) == tuple(bit == "1" for bit in bits)


def test_a_write_is_acknowledged_by_its_address_and_value_or_count() -> None:
    for request, wire in (
        (modbus_codec.write_coil(1, 0, on=True), "01 05 00 00 FF 00 8C 3A"),
        (modbus_codec.write_coil(1, 0, on=False), "01 05 00 00 00 00 CD CA"),
        (modbus_codec.flash_on(1, 0, 7), "01 05 02 00 00 07 8D B0"),
        (modbus_codec.write_register(1, 0x1000, 1), "01 06 10 00 00 01 4C CA"),
        (modbus_codec.write_coils(0x11, 0x13, TEN_COILS), "11 0F 00 13 00 0A 26 99"),
        (modbus_codec.write_registers(255, 3, (4, 20)), "FF 10 00 03 00 02 A4 16"),
    ):
        modbus_codec.check_acknowledge(request, bytes.fromhex(wire))


@pytest.mark.parametrize(
    ("wire", "is_sound"),
    [
        ("01 01 01 01 90 48", True),
        ("01 01 01 01 90 49", False),
        ("01 85 02 C3 51", True),
        ("11 07 4C 22", True),
        ("01 7E 80", False),  # the check sum is right, but there is no function
        ("FF FF", False),  # that of nothing at all
        ("", False),
    ],
)
def test_a_frame_is_sound_by_its_check_sum_and_has_a_unit_and_a_function(wire: str, is_sound: bool) -> None:
    assert modbus_codec.is_sound(bytes.fromhex(wire)) is is_sound


@pytest.mark.parametrize(("count", "octets"), [(1, 1), (7, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_eight_bits_go_into_a_byte(count: int, octets: int) -> None:
    request = modbus_codec.read_coils(3, 0, count)
    assert (
        modbus_codec.read_bits(request, modbus_codec.framed(bytes([3, 1, octets]) + bytes(octets))) == (False,) * count
    )


def test_ten_bits_take_two_bytes_low_bits_first() -> None:
    request = modbus_codec.read_coils(3, 0, 10)
    reply = modbus_codec.framed(bytes([3, 1, 2, 0b1000_0001, 0b10]))
    assert modbus_codec.read_bits(request, reply) == (True, *[False] * 6, True, False, True)


def test_registers_come_back_in_order() -> None:
    request = modbus_codec.read_holding_registers(1, 0x1000, 2)
    assert modbus_codec.read_registers(request, modbus_codec.framed(bytes.fromhex("01 03 04 00 01 FF FE"))) == (
        1,
        0xFFFE,
    )


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        (1, modbus_codec.RefusedError, "illegal function"),
        (2, modbus_codec.RefusedError, "illegal data address"),
        (3, modbus_codec.RefusedError, "illegal data value"),
        (4, modbus_codec.FailedError, "server device failure"),
        (5, modbus_codec.FailedError, "acknowledge"),
        (6, modbus_codec.NotNowError, "server device busy"),
        (7, modbus_codec.NotNowError, "negative acknowledge"),
        (8, modbus_codec.FailedError, "memory parity error"),
        (10, modbus_codec.NotNowError, "gateway path unavailable"),
        (11, modbus_codec.FailedError, "gateway target device failed to respond"),
        (99, modbus_codec.FailedError, "unknown exception"),
    ],
)
def test_an_exception_is_named_and_classed_by_whether_the_board_may_have_acted(
    code: int, kind: type[Exception], name: str
) -> None:
    request = modbus_codec.write_coil(1, 9, on=True)
    with pytest.raises(kind, match=f"^unit 1 answered 01 05 00 09 FF 00 5C 38 with exception {code}, {name}$"):
        modbus_codec.check_acknowledge(request, modbus_codec.framed(bytes([1, 0x85, code])))


def test_only_a_refusal_for_good_is_a_fault_of_the_configuration() -> None:
    assert issubclass(modbus_codec.RefusedError, DeviceMisconfiguredError)
    for kind in (
        modbus_codec.BadReplyError,
        modbus_codec.NoEchoError,
        modbus_codec.NotNowError,
        modbus_codec.FailedError,
    ):
        assert issubclass(kind, DeviceUnavailableError)
    assert issubclass(modbus_codec.NoEchoError, modbus_codec.BadReplyError)


def test_the_exception_of_the_data_sheet_has_this_check_sum() -> None:
    assert modbus_codec.framed(bytes([1, 0x85, 2])) == bytes.fromhex("01 85 02 C3 51")


@pytest.mark.parametrize(
    "wire",
    [
        "01 05 02 00 00 06 4C 70",  # another value
        "01 05 02 00 FF 00 8D 82",  # what a stock server makes of it
    ],
)
def test_a_reply_that_repeats_something_else_is_no_acknowledge(wire: str) -> None:
    request = modbus_codec.flash_on(1, 0, 7)
    with pytest.raises(modbus_codec.NoEchoError):
        modbus_codec.check_acknowledge(request, bytes.fromhex(wire))


@pytest.mark.parametrize(
    "body",
    [
        bytes([2, 1, 1, 0]),  # another unit
        bytes([1, 2, 1, 0]),  # another function
        bytes([1, 1, 2, 0]),  # a byte count that lies
        bytes([1, 1, 2, 0, 0]),  # more data than asked for
        bytes([1, 1]),
    ],
)
def test_a_sound_frame_that_is_no_reply_is_refused(body: bytes) -> None:
    with pytest.raises(modbus_codec.BadReplyError):
        modbus_codec.read_bits(modbus_codec.read_coils(1, 0, 8), modbus_codec.framed(body))


def test_a_late_answer_to_another_request_is_passed_over() -> None:
    request = modbus_codec.read_coils(1, 0, 8)
    late = modbus_codec.flash_on(1, 0, 7).frame
    other_unit = modbus_codec.framed(bytes([2, 1, 1, 0xFF]))
    input_registers = modbus_codec.framed(bytes([2, 4, 2, 0, 1]))
    reply = modbus_codec.framed(bytes([1, 1, 1, 0]))
    assert modbus_codec.reply_in(request, late + other_unit + input_registers + reply[:-1]) is None
    assert modbus_codec.reply_in(request, late + other_unit + input_registers + reply) == reply


def test_of_several_answers_to_one_question_the_last_counts() -> None:
    request = modbus_codec.read_coils(1, 0, 8)
    late, due = (modbus_codec.framed(bytes([1, 1, 1, mask])) for mask in (0, 5))
    write_ack = modbus_codec.flash_on(1, 0, 7).frame
    assert modbus_codec.reply_in(request, late + due) == due
    assert modbus_codec.reply_in(request, late + due[:-1]) == late
    assert modbus_codec.reply_in(request, due + write_ack) == due
    assert modbus_codec.reply_in(request, due + bytes.fromhex("01 01 77 00 00 00")) == due


def test_a_reply_is_waited_for_until_its_very_last_byte() -> None:
    for request, reply in (
        (modbus_codec.read_coils(1, 0, 8), modbus_codec.framed(bytes.fromhex("01 01 01 00"))),
        (modbus_codec.read_discrete_inputs(1, 0, 8), bytes.fromhex("01 02 01 05 61 8B")),
        (modbus_codec.read_holding_registers(1, 1, 2), modbus_codec.framed(bytes.fromhex("01 03 04 00 01 00 00"))),
        (modbus_codec.write_coil(1, 0, on=True), modbus_codec.write_coil(1, 0, on=True).frame),
        (modbus_codec.write_register(1, 1, 0x0100), modbus_codec.write_register(1, 1, 0x0100).frame),
        (modbus_codec.write_coils(1, 0, [True] * 8), modbus_codec.framed(bytes.fromhex("01 0F 00 00 00 08"))),
        (modbus_codec.write_registers(255, 3, (4, 20)), bytes.fromhex("FF 10 00 03 00 02 A4 16")),
        (modbus_codec.read_coils(1, 0, 8), bytes.fromhex("01 81 02 C1 91")),
    ):
        for count in range(len(reply)):
            assert modbus_codec.reply_in(request, reply[:count]) is None
        assert modbus_codec.reply_in(request, reply) == reply


def test_a_garbled_frame_ends_the_waiting() -> None:
    request = modbus_codec.read_coils(1, 0, 8)
    assert modbus_codec.reply_in(request, bytes.fromhex("01 01 01 01 90 49")) is not None
    assert modbus_codec.reply_in(request, bytes.fromhex("01 01 77 01 90 49")) is not None
    assert modbus_codec.reply_in(request, bytes.fromhex("01 55 77")) is not None


def test_a_flash_out_of_range_cannot_be_framed() -> None:
    for steps in (0, 0x8000):
        with pytest.raises(ValueError, match=f"^{steps} steps: 1 to 32767 can be sent$"):
            modbus_codec.flash_on(1, 0, steps)
    assert modbus_codec.flash_on(1, 0, 1).frame == bytes.fromhex("01 05 02 00 00 01 0D B2")
    assert modbus_codec.flash_on(1, 0, 0x7FFF).frame == modbus_codec.framed(bytes.fromhex("01 05 02 00 7F FF"))


WRITE, READ = modbus_codec.write_coil(1, 9, on=True), modbus_codec.read_coils(1, 0, 8)
WRITTEN, ASKED = "01 05 00 09 FF 00 5C 38", "01 01 00 00 00 08 3D CC"


@pytest.mark.parametrize(
    ("request_", "reply", "kind", "text"),
    [
        (
            WRITE,
            "01 05 00 09 FF 00 5C 39",
            modbus_codec.BadReplyError,
            f"garbled reply 01 05 00 09 FF 00 5C 39 to {WRITTEN}",
        ),
        (READ, "02 01 01 00 51 CC", modbus_codec.BadReplyError, "unit 2 answered for unit 1: 02 01 01 00 51 CC"),
        (READ, "01 02 01 05 61 8B", modbus_codec.BadReplyError, f"the reply 01 02 01 05 61 8B does not answer {ASKED}"),
        (READ, "01 01 00 21 90", modbus_codec.BadReplyError, f"the reply 01 01 00 21 90 does not answer {ASKED}"),
        (
            READ,
            "01 01 02 05 61 8B",
            modbus_codec.BadReplyError,
            f"garbled reply 01 01 02 05 61 8B to {ASKED}",
        ),
        (
            READ,
            "01 01 02 00 51 78",
            modbus_codec.BadReplyError,
            "the reply 01 01 02 00 51 78 announces 2 bytes of data; expected 1",
        ),
        (
            WRITE,
            "01 85 02 C3 51",
            modbus_codec.RefusedError,
            f"unit 1 answered {WRITTEN} with exception 2, illegal data address",
        ),
        (
            WRITE,
            "01 05 00 09 00 00 1D C8",
            modbus_codec.NoEchoError,
            f"unit 1 answered 01 05 00 09 00 00 1D C8 to {WRITTEN}: not what was asked for",
        ),
    ],
)
def test_an_answer_that_is_none_says_what_came_and_what_was_asked(
    request_: modbus_codec.Request, reply: str, kind: type[Exception], text: str
) -> None:
    take = modbus_codec.read_bits if request_ is READ else modbus_codec.check_acknowledge
    with pytest.raises(kind, match=f"^{text}$") as raised:
        take(request_, bytes.fromhex(reply))
    assert type(raised.value) is kind


@given(st.binary(max_size=40), st.integers(1, 255), st.integers(1, 40))
def test_any_bytes_are_a_reply_or_a_classed_error(received: bytes, unit: int, count: int) -> None:
    for request in (modbus_codec.read_coils(unit, 0, count), modbus_codec.read_discrete_inputs(unit, 5, count)):
        reply = modbus_codec.reply_in(request, received)
        if reply is None:
            continue
        assert reply in received
        try:
            assert len(modbus_codec.read_bits(request, reply)) == count
        except READ_ERRORS:
            continue


@given(st.binary(max_size=20))
def test_only_the_very_frame_acknowledges_a_write(received: bytes) -> None:
    request = modbus_codec.write_coil(1, 3, on=True)
    for candidate in (received, modbus_codec.framed(received)):
        if candidate == request.frame:
            continue
        with pytest.raises(READ_ERRORS):
            modbus_codec.check_acknowledge(request, candidate)


@given(st.lists(st.booleans(), min_size=1, max_size=32), st.integers(0, 300))
def test_a_flipped_bit_is_always_noticed(bits: list[bool], place: int) -> None:
    mask = sum(1 << i for i, on in enumerate(bits) if on)
    data = mask.to_bytes((len(bits) + 7) // 8, "little")
    request = modbus_codec.read_coils(7, 0, len(bits))
    reply = bytearray(modbus_codec.framed(bytes([7, 1, len(data)]) + data))
    assert modbus_codec.read_bits(request, bytes(reply)) == tuple(bits)
    place %= len(reply) * 8
    reply[place // 8] ^= 1 << place % 8
    with pytest.raises(READ_ERRORS):
        modbus_codec.read_bits(request, bytes(reply))
