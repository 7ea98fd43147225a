"""What is kept of the bytes on a line: bounded, counted where alike, and the rare ones in sight."""

import time

from drivers.emulators.lcus import LcusEmulator
from drivers.relay.lcus import LcusRelay
from drivers.serial import wire_trace
from drivers.serial.shared_port import SerialParameters, SerialPort
from drivers.serial.wire_trace import EXCHANGES, Exchange, LineTrace, WireTrace
from tests.support.board.null_modem import NullModem
from tests.support.waiting import PATIENCE_S, scaled_ms


def exchange(line, sent, received, at=1.0):
    line.sent(sent, at)
    line.received(received, at + 0.1, 0.1)


def test_a_question_that_is_asked_again_and_again_is_kept_once_and_counted():
    line = LineTrace()
    for number in range(1000):
        exchange(line, b"relays?", b"off", number)
        exchange(line, b"inputs?", b"1", number)
    assert [(one.sent, one.times) for one in line.all()] == [(b"relays?", 1000), (b"inputs?", 1000)]
    assert line.all()[-1].at == 999.1


def test_a_pulse_stays_in_sight_while_the_board_is_asked_on():
    line = LineTrace()
    line.sent(b"pulse", 1.0)
    for number in range(500):
        exchange(line, b"relays?", b"off", number)
    assert line.all()[0] == Exchange(1.0, b"pulse")


def test_another_answer_is_another_exchange():
    line = LineTrace()
    for answer in (b"1", b"2", b"1"):
        exchange(line, b"?", answer)
    assert [(one.received, one.times) for one in line.all()] == [(b"2", 1), (b"1", 2)]


def test_requests_without_an_answer_are_counted_too():
    line = LineTrace()
    for _ in range(3):
        line.sent(b"off", 1.0)
    line.sent(b"on", 2.0)
    assert [(one.sent, one.received, one.times) for one in line.all()] == [(b"off", None, 3), (b"on", None, 1)]


def test_no_more_is_kept_than_the_bounds_allow():
    line = LineTrace()
    for number in range(10_000):
        exchange(line, number.to_bytes(2) * 200, b"x" * 400)
    kept = line.all()
    assert (len(kept), len(kept[0].sent), len(kept[0].received)) == (
        wire_trace.KEPT,
        wire_trace.BYTES,
        wire_trace.BYTES,
    )
    lines = WireTrace()
    first = lines.of("/dev/ttyUSB0")
    for number in range(wire_trace.LINES):
        lines.of(f"/dev/other{number}")
    assert lines.of("/dev/ttyUSB0") is not first


def test_an_answer_without_a_request_is_nothing():
    line = LineTrace()
    line.received(b"x", 1.0, None)
    assert line.all() == []


def test_the_bytes_of_a_driver_are_there_to_be_looked_at(tmp_path):
    board = LcusEmulator(tmp_path / "board")
    board.plug()
    began_at = time.monotonic()  # another test's line may have had the same name
    relay = LcusRelay(
        LcusRelay.Settings(port=str(board.line.link), readback="ascii", channels=2, timeout_ms=scaled_ms(150))
    )
    relay.open()
    try:
        relay.set(1, on=True)
        kept = EXCHANGES.of(str(board.line.link.resolve())).all()
    finally:
        relay.close()
        board.close()
    switched = [one for one in kept if one.at >= began_at and one.sent == bytes.fromhex("A0 01 01 A2")]
    assert [one.received for one in switched] == [None]
    assert any(one.received and b"CH1" in one.received for one in kept)


def test_what_a_scanner_sends_is_not_kept(tmp_path):
    modem = NullModem(tmp_path)
    modem.device.plug()
    modem.client.plug()
    port = SerialPort.shared(str(modem.client.link), SerialParameters("scanner"))
    device = SerialPort.shared(str(modem.device.link), SerialParameters("scanner"))
    try:
        before = EXCHANGES.of(str(modem.client.link.resolve())).all()  # another port had this terminal's number
        device.send(b"GP1:secret\r")
        assert port.receive(PATIENCE_S)
        assert EXCHANGES.of(str(modem.client.link.resolve())).all() == before
    finally:
        device.close()
        port.close()
        modem.client.unplug()
        modem.device.unplug()
