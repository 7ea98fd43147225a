from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
import serial

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError, TooLateError
from drivers.contracts.busy_line import after_the_wait
from drivers.emulators.pty import PtyLine
from drivers.serial import line as serial_line
from drivers.serial.shared_port import NoReplyError, NotSentError, SerialParameters, SerialPort
from tests.support.waiting import PATIENCE_S, eventually, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")

PARAMETERS = SerialParameters("test")
WAIT_S = PATIENCE_S
TERMINAL_HOLDS = 4095
"""So many bytes a terminal keeps for its reader (Linux, drivers/tty/n_tty.c)."""

HOLDER = """
import sys
from drivers.serial.shared_port import SerialParameters, SerialPort
with_port = SerialPort.shared(sys.argv[1], SerialParameters("test"))
print("open", flush=True)
sys.stdin.read()
with_port.close()
"""


class Peer:
    """A device that answers each request as it is told to; silent by default."""

    def __init__(self, link: Path) -> None:
        self.answers: dict[bytes, bytes] = {}
        self.line = PtyLine(link, self._receive)
        self.heard = threading.Event()
        self.line.plug()

    def _receive(self, data: bytes) -> None:
        if data in self.answers:
            self.line.send(self.answers[data])
        self.heard.set()


@pytest.fixture
def peer(link: Path) -> Iterator[Peer]:
    peer = Peer(link)
    yield peer
    peer.line.unplug()


def wait_readable(port: SerialPort) -> None:
    """Until what was sent is there to be read: the kernel hands it on in the background."""
    assert select.select([port._usable()._fd], [], [], WAIT_S)[0]


def ask_in_vain(peer: Peer, port: SerialPort, request: bytes) -> NoReplyError:
    """A request without an answer in time; the device has received it, so that it takes the next by itself."""
    peer.heard.clear()
    with pytest.raises(NoReplyError) as error:
        port.exchange(request, 4, 0.02)
    assert peer.heard.wait(WAIT_S)
    return error.value


@pytest.fixture
def port(peer: Peer) -> Iterator[SerialPort]:
    port = SerialPort.shared(str(peer.line.link), PARAMETERS)
    yield port
    port.close()


def test_an_exchange_returns_so_many_bytes_and_drops_what_was_there_before(peer: Peer, port: SerialPort) -> None:
    peer.line.send(b"old")
    wait_readable(port)
    peer.answers[b"ask"] = b"answer and more"
    assert port.exchange(b"ask", 6, WAIT_S) == b"answer"


def test_an_exchange_returns_all_that_the_predicate_was_content_with(peer: Peer, port: SerialPort) -> None:
    peer.answers[b"ask"] = b"one line\n"
    assert port.exchange(b"ask", lambda received: received.endswith(b"\n"), WAIT_S) == b"one line\n"


def test_silence_is_told_from_half_an_answer(peer: Peer, port: SerialPort) -> None:
    silence = ask_in_vain(peer, port, b"ask")
    assert "silence" in str(silence)
    assert silence.received == b""
    peer.answers[b"ask"] = b"an"
    with pytest.raises(NoReplyError, match="only 61 6E") as half:
        port.exchange(b"ask", 4, scaled(0.25))
    assert half.value.received == b"an"
    assert port.is_usable


class HeldUp(SerialParameters):
    """The thread that asks is held up once its time runs, until the answer is there and its time is over."""

    def wire_time_s(self, octets: int) -> float:
        assert select.select([self.fd], [], [], WAIT_S)[0]
        threading.Event().wait(0.05)
        return 0.0

    fd: ClassVar[int]


def test_an_answer_that_came_in_time_counts_though_the_asking_thread_was_held_up(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = SerialPort.shared(str(peer.line.link), HeldUp("test"))
    monkeypatch.setattr(HeldUp, "fd", port._usable()._fd, raising=False)
    peer.answers[b"ask"] = b"answer"
    assert port.exchange(b"ask", 6, 0.01) == b"answer"
    assert port.exchange(b"ask", None, 0.01) == b"answer"
    port.close()


def test_after_a_failure_a_late_answer_is_not_taken_for_the_next(peer: Peer, port: SerialPort) -> None:
    ask_in_vain(peer, port, b"first")
    peer.line.send(b"late")
    wait_readable(port)
    peer.answers[b"second"] = b"good"
    assert port.exchange(b"second", 4, WAIT_S) == b"good"


def test_after_a_failure_the_line_is_heard_out_before_the_next_request(
    peer: Peer, port: SerialPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_line, "QUIET_S", scaled(0.3))
    ask_in_vain(peer, port, b"first")
    late = threading.Timer(0.05, peer.line.send, (b"late",))
    late.start()
    peer.answers[b"second"] = b"good"
    assert port.exchange(b"second", 4, WAIT_S) == b"good"
    late.join()
    directions = [(transfer.direction, transfer.data) for transfer in peer.line.tap]
    assert directions == [("in", b"first"), ("out", b"late"), ("in", b"second"), ("out", b"good")]


def test_an_exchange_without_an_end_returns_all_that_came_in_the_time(peer: Peer, port: SerialPort) -> None:
    peer.answers[b"ask"] = b"first"
    assert port.exchange(b"ask", None, scaled(0.25)) == b"first"
    with pytest.raises(NoReplyError, match="silence"):
        port.exchange(b"other", None, 0.02)


def test_after_a_failure_an_answer_that_another_follows_does_not_count(peer: Peer, port: SerialPort) -> None:
    peer.answers[b"ask"] = b"latedue!"
    assert port.exchange(b"ask", 4, WAIT_S) == b"late"
    assert "silence" in str(ask_in_vain(peer, port, b"lost"))
    with pytest.raises(NoReplyError, match=r"more than one answer on .*/port \(only 6C 61 74 65 64 75 65 21\)") as both:
        port.exchange(b"ask", 4, WAIT_S)
    assert both.value.received == b"latedue!"
    peer.answers[b"ask"] = b"due!"
    assert port.exchange(b"ask", 4, WAIT_S) == b"due!"
    peer.answers[b"ask"] = b"latedue!"
    assert port.exchange(b"ask", 4, WAIT_S) == b"late"


def test_after_a_failure_a_predicate_is_given_what_follows_the_answer(
    peer: Peer, port: SerialPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_line, "QUIET_S", scaled(0.2))
    ask_in_vain(peer, port, b"lost")
    peer.answers[b"ask"] = b"late"

    def is_complete(received: bytes) -> bool:
        if received == b"late":
            peer.line.send(b"due!")
        return len(received) >= 4

    assert port.exchange(b"ask", is_complete, WAIT_S) == b"latedue!"


def test_the_adapters_own_echo_is_dropped_once_and_only_where_asked(peer: Peer, link: Path) -> None:
    peer.answers[b"ask"] = b"askask"
    with_echo = SerialPort.shared(str(link), SerialParameters("test", local_echo=True))
    assert with_echo.exchange(b"ask", 3, WAIT_S) == b"ask"
    peer.answers[b"ask"] = b"yes"
    assert with_echo.exchange(b"ask", 3, WAIT_S) == b"yes"
    peer.answers[b"ask"] = b"ask"
    ask_in_vain(peer, with_echo, b"ask")
    with_echo.close()
    without = SerialPort.shared(str(link), PARAMETERS)
    assert without.exchange(b"ask", 3, WAIT_S) == b"ask"
    without.close()


def test_each_transfer_is_one_line_of_trace(peer: Peer) -> None:
    lines: list[str] = []
    path = str(peer.line.link)
    peer.answers[b"\x01\x02"] = b"\xff"
    port = SerialPort.shared(path, PARAMETERS, lines.append)
    port.exchange(b"\x01\x02", 1, WAIT_S)
    port.send(b"\x0a")
    port.close()
    assert lines[0] == f"{path} > 01 02"
    assert lines[1].startswith(f"{path} < FF  (")
    assert lines[2:] == [f"{path} > 0A"]


def test_what_a_device_sends_unasked_is_received_as_it_comes_and_never_traced(peer: Peer) -> None:
    lines: list[str] = []
    port = SerialPort.shared(str(peer.line.link), PARAMETERS, lines.append)
    assert port.receive(0.0) == b""
    peer.line.send(b"a code")
    assert port.receive(WAIT_S) == b"a code"
    assert port.receive(0.01) == b""
    assert lines == []
    port.close()
    with pytest.raises(DeviceUnavailableError, match="is not open"):
        port.receive(0.0)


def test_receiving_notices_a_pulled_cable_and_needs_the_port_opened_again(peer: Peer, port: SerialPort) -> None:
    puller = threading.Timer(0.02, peer.line.unplug)
    puller.start()
    with pytest.raises(DeviceUnavailableError, match="was lost"):
        port.receive(WAIT_S)
    puller.join()
    assert not port.is_usable
    with pytest.raises(DeviceUnavailableError, match="opened again"):
        port.receive(0.0)
    peer.line.plug()
    port.open()
    peer.line.send(b"again")
    assert port.receive(WAIT_S) == b"again"


# ---------------------------------------------------------------------------------------------- what cannot be opened


def test_a_missing_port_says_so_and_lists_what_there_is(link: Path) -> None:
    with pytest.raises(DeviceUnavailableError, match=r"no such port: .*plugged in\? "):
        SerialPort.shared(str(link), PARAMETERS)


def test_a_file_or_a_folder_is_no_port(link: Path) -> None:
    link.write_bytes(b"")
    for path in (link, link.parent, "/dev/null"):
        with pytest.raises(DeviceMisconfiguredError, match="is not a serial port"):
            SerialPort.shared(str(path), PARAMETERS)


def test_a_missing_permission_names_the_group_to_join(peer: Peer, mocker) -> None:
    refused = PermissionError(13, "Permission denied")
    mocker.patch("serial.serialposix.os.open", side_effect=refused)
    with pytest.raises(DeviceUnavailableError, match=r"no permission .* group \w+ \(usually dialout\)"):
        SerialPort.shared(str(peer.line.link), PARAMETERS)


def test_a_port_that_the_service_manager_bars_is_no_matter_of_groups(peer: Peer, mocker) -> None:
    refused = PermissionError(1, "Operation not permitted")
    mocker.patch("serial.serialposix.os.open", side_effect=refused)
    with pytest.raises(DeviceUnavailableError, match=r"the service manager blocks.*DeviceAllow="):
        SerialPort.shared(str(peer.line.link), PARAMETERS)


def test_a_group_that_cannot_be_seen_is_not_named(peer: Peer, mocker) -> None:
    refused = PermissionError(13, "Permission denied")
    mocker.patch("serial.serialposix.os.open", side_effect=refused)
    mocker.patch("drivers.serial.faults.group_of", return_value="")
    with pytest.raises(DeviceUnavailableError, match=r"no permission .* its group .`ls -lL` shows"):
        SerialPort.shared(str(peer.line.link), PARAMETERS)


def test_another_process_cannot_open_the_port_and_is_told_who_has_it(peer: Peer) -> None:
    path = str(peer.line.link)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        name = Path(f"/proc/{holder.pid}/comm").read_text(encoding="utf-8").strip()
        with pytest.raises(DeviceUnavailableError, match=rf"in use by {name} \(pid {holder.pid}\); stop that first"):
            SerialPort.shared(path, PARAMETERS)
        holder.kill()
    SerialPort.shared(path, PARAMETERS).close()


def test_a_real_device_is_also_closed_to_processes_that_ask_for_no_lock(peer: Peer, monkeypatch) -> None:
    monkeypatch.setattr(serial_line, "PTY_MAJORS", ())
    path = str(peer.line.link)
    port = SerialPort.shared(path, PARAMETERS)
    line = os.open(path, os.O_RDWR | os.O_NOCTTY) if os.geteuid() == 0 else -1
    assert line == -1 or fcntl.ioctl(line, getattr(termios, "TIOCGEXCL", 0x80045440), b"\0\0\0\0") == b"\1\0\0\0"
    if line == -1:
        with pytest.raises(OSError, match="busy"):
            os.open(path, os.O_RDWR | os.O_NOCTTY)
    port.close()
    if line != -1:
        assert fcntl.ioctl(line, getattr(termios, "TIOCGEXCL", 0x80045440), b"\0\0\0\0") == bytes(4)
        os.close(line)


# ------------------------------------------------------------------------------------------------- unplugging


def test_what_cannot_be_sent_is_told_from_what_got_no_answer(peer: Peer, port: SerialPort) -> None:
    peer.line.unplug()
    with pytest.raises(NotSentError, match=r"was lost: [A-Z][a-z /]+$"):
        port.exchange(b"ask", 4, WAIT_S)
    assert not port.is_usable
    with pytest.raises(NotSentError, match="must be opened again"):
        port.exchange(b"ask", 4, WAIT_S)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_unplugging_in_mid_request_is_no_reply(peer: Peer, port: SerialPort, count: int) -> None:
    peer.line.unplug_after(count)
    with pytest.raises(NoReplyError, match="was lost"):
        port.exchange(b"ask", 4, WAIT_S)


def test_a_port_comes_back_under_its_name(peer: Peer, port: SerialPort) -> None:
    for round_ in range(20):
        peer.line.unplug()
        with pytest.raises(NotSentError):
            port.send(b"x")
        with pytest.raises(DeviceUnavailableError):
            port.open()
        peer.line.plug()
        port.open()
        peer.answers[b"ask"] = b"%02d" % round_
        assert port.exchange(b"ask", 2, WAIT_S) == b"%02d" % round_


def test_a_closed_port_sends_nothing_and_closes_twice(peer: Peer) -> None:
    port = SerialPort(str(peer.line.link), PARAMETERS)
    with pytest.raises(NotSentError, match="is not open"):
        port.send(b"x")
    port.open()
    port.close()
    port.close()
    with pytest.raises(NotSentError, match="is not open"):
        port.exchange(b"x", 1, WAIT_S)


@pytest.mark.parametrize(("filled", "error"), [(True, NotSentError), (False, NoReplyError)])
def test_a_line_that_takes_no_bytes_is_given_up_and_says_whether_any_left(
    link: Path, filled: bool, error: type[Exception]
) -> None:
    stuck, blocked = threading.Event(), threading.Event()
    line = PtyLine(link, lambda _: stuck.set() or (blocked.wait(WAIT_S) and None))
    line.plug()
    port = SerialPort.shared(str(link), SerialParameters("test", write_timeout_s=0.05))
    try:
        if filled:
            fill(line, stuck)
        with pytest.raises(error, match="takes no more bytes"):
            port.send(bytes(100_000))
        assert not port.is_usable
    finally:
        blocked.set()
        port.close()
        line.unplug()


def test_room_for_the_first_byte_that_comes_after_the_deadline_is_not_used(link: Path) -> None:
    stuck, reading = threading.Event(), threading.Event()
    line = PtyLine(link, lambda _: stuck.set() or (reading.wait(WAIT_S) and None))
    line.plug()
    port = SerialPort.shared(str(link), SerialParameters("test", write_timeout_s=WAIT_S))
    deadline = time.monotonic() + scaled(0.2)
    timer = threading.Timer(scaled(0.4), reading.set)
    try:
        fill(line, stuck)
        timer.start()
        with pytest.raises(TooLateError):
            port.send(b"on", deadline=deadline)
        port.send(b"off")
        assert port.is_usable
        eventually(lambda: line.received().endswith(b"off"))
    finally:
        reading.set()
        timer.join()
        port.close()
        line.unplug()
    assert line.received().strip(b"\0") == b"off"


def fill(line: PtyLine, stuck: threading.Event) -> None:
    """Fill a line whose other end takes what comes first and no more; `stuck`: it has."""
    raw = os.open(line.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    os.write(raw, bytes(4096))
    assert stuck.wait(WAIT_S)
    refused = 0
    while refused < 20:  # the kernel moves bytes on in the background, until the other end holds all that it can
        try:
            os.write(raw, bytes(4096))
            refused = 0
        except BlockingIOError:
            refused = refused + 1 if waiting(line) >= TERMINAL_HOLDS else 0
            select.select([], [raw], [], 0.005)
    os.close(raw)


def waiting(line: PtyLine) -> int:
    """How many bytes wait to be read at the other end."""
    found: int = struct.unpack("i", fcntl.ioctl(line._master, termios.FIONREAD, bytes(4)))[0]
    return found


def test_closing_does_not_take_back_what_was_sent(link: Path) -> None:
    slow = threading.Event()
    line = PtyLine(link, lambda _: slow.wait(WAIT_S) and None)
    line.plug()
    port = SerialPort.shared(str(link), PARAMETERS)
    port.send(b"on")
    assert line.wait_received(2, WAIT_S)
    much = bytes(6000)  # more than the reading end buffers: the rest is what a flush would take back
    port.send(much)
    port.close()
    slow.set()
    assert line.wait_received(2 + len(much), WAIT_S)
    line.unplug()
    assert line.received() == b"on" + much


# ---------------------------------------------------------------------------------------------------- sharing


def test_two_users_share_one_port_and_the_last_closes_it(peer: Peer, port: SerialPort) -> None:
    other = SerialPort.shared(os.path.realpath(peer.line.link), PARAMETERS)
    peer.answers[b"ask"] = b"yes"
    port.close()
    assert other.exchange(b"ask", 3, WAIT_S) == b"yes"
    other.close()
    subprocess.run(
        [sys.executable, "-c", HOLDER, str(peer.line.link)], check=True, input="", text=True, capture_output=True
    )


def test_what_is_stuck_on_a_shared_line_goes_with_the_first_user_who_lets_it_go(
    peer: Peer, port: SerialPort, mocker
) -> None:
    other = SerialPort.shared(str(peer.line.link), PARAMETERS)
    drain = mocker.patch.object(serial_line.SerialLine, "_drain", side_effect=OSError("it does not send the bytes"))
    flush = mocker.patch("drivers.serial.line.termios.tcflush", wraps=termios.tcflush)
    port.close()
    assert [call.args[1] for call in flush.call_args_list] == [termios.TCOFLUSH]
    assert drain.call_count == 1
    assert not other.is_usable
    mocker.stopall()
    peer.answers[b"ask"] = b"yes"
    with pytest.raises(NotSentError):
        other.exchange(b"ask", 3, WAIT_S)
    other.open()
    assert other.exchange(b"ask", 3, WAIT_S) == b"yes"
    other.close()
    assert peer.line.received() == b"ask"


def test_users_of_one_port_must_agree_on_its_parameters(port: SerialPort, peer: Peer) -> None:
    for other in (SerialParameters("test", baud=19200), SerialParameters("another")):
        with pytest.raises(DeviceMisconfiguredError, match="other parameters"):
            SerialPort.shared(str(peer.line.link), other)
    assert port.is_usable


@pytest.mark.parametrize("way", ["exchange", "send"])
def test_a_request_that_waited_for_the_line_until_after_its_deadline_is_not_sent_and_breaks_nothing(
    peer: Peer, port: SerialPort, way: str
) -> None:
    def request(deadline: float) -> object:
        if way == "send":
            return port.send(b"order", deadline=deadline)
        return port.exchange(b"order", 3, WAIT_S, deadline=deadline)

    peer.answers |= {b"order": b"yes", b"ask": b"yes"}
    said = after_the_wait(str(peer.line.link), request)
    assert isinstance(said, TooLateError)
    assert str(said) == f"{peer.line.link} became free too late; nothing was sent"
    assert port.is_usable
    assert port.exchange(b"ask", 3, WAIT_S) == b"yes"
    assert peer.line.received() == b"ask"
    request(time.monotonic() + WAIT_S)
    assert peer.line.wait_received(8, WAIT_S)


def test_the_silence_that_a_device_needs_before_a_request_counts_before_its_deadline(link: Path) -> None:
    line = PtyLine(link, lambda _: None)
    line.plug()
    port = SerialPort.shared(str(link), SerialParameters("test", gap_s=0.05))
    port.send(b"first")
    with pytest.raises(TooLateError):
        port.send(b"second", deadline=time.monotonic())
    assert line.wait_received(5, WAIT_S)
    port.close()
    line.unplug()
    assert line.received() == b"first"


def test_an_error_breaks_the_port_for_all_and_each_opens_it_again(peer: Peer, port: SerialPort) -> None:
    other = SerialPort.shared(str(peer.line.link), PARAMETERS)
    peer.line.unplug()
    peer.line.plug()
    peer.answers[b"ask"] = b"yes"
    with pytest.raises(NotSentError):
        port.exchange(b"ask", 3, WAIT_S)
    port.open()
    assert port.exchange(b"ask", 3, WAIT_S) == b"yes"
    with pytest.raises(NotSentError):
        other.exchange(b"ask", 3, WAIT_S)
    other.open()
    port.close()
    assert other.exchange(b"ask", 3, WAIT_S) == b"yes"
    other.close()


def test_a_device_that_hangs_while_it_is_opened_keeps_no_other_waiting(peer: Peer, tmp_path: Path, mocker) -> None:
    hangs, ends = threading.Event(), threading.Event()
    opened = serial.Serial.open

    def open_or_hang(line: serial.Serial) -> None:
        if line.port == str(peer.line.link):
            hangs.set()
            assert ends.wait(WAIT_S)
        opened(line)

    mocker.patch("serial.Serial.open", open_or_hang)
    first = SerialPort(str(peer.line.link), PARAMETERS)
    opening = threading.Thread(target=first.open)
    opening.start()
    assert hangs.wait(WAIT_S)
    try:
        other = Peer(tmp_path / "other")
        SerialPort.shared(str(other.line.link), PARAMETERS).close()
        assert opening.is_alive()
        other.line.unplug()
    finally:
        ends.set()
        opening.join(WAIT_S)
    assert first.is_usable
    first.close()


def test_two_threads_never_mix_their_exchanges(peer: Peer) -> None:
    wrong: list[bytes] = []

    def ask(name: bytes) -> None:
        port = SerialPort.shared(str(peer.line.link), PARAMETERS)
        for number in range(200):
            request = b"%s%03d" % (name, number)
            peer.answers[request] = request[::-1]
            if (answer := port.exchange(request, 4, WAIT_S)) != request[::-1]:
                wrong.append(answer)
        port.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert wrong == []
