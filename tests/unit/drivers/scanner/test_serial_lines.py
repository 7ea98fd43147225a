"""Scanners on a serial line: their settings, and what is read from them over a real one."""

from __future__ import annotations

import hashlib
import logging
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError, ScanLosses
from drivers.contracts.scanner import SHORT_S, WAIT_S, Rig, ScannerContract, read
from drivers.emulators.scanner import ScannerEmulator, obey
from drivers.scanner import serial_lines
from drivers.scanner.serial_lines import SerialLinesScanner, SerialLinesSettings, octets
from drivers.serial.shared_port import NotSentError, SerialParameters, SerialPort

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# ------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", b""),
        ("\r\n", b"\r\n"),
        (r"\r\n", b"\r\n"),
        (r"\x02]Q1", b"\x02]Q1"),
        (r"\t\0\\n\xFF", b"\t\0\\n\xff"),
    ],
)
def test_a_setting_names_bytes_in_characters_and_escapes(text: str, wanted: bytes) -> None:
    assert octets(text) == wanted


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ({"suffix": ""}, (), "needs timeout_ms"),
        ({"suffix": r"\q"}, ("suffix",), r"no such escape: \q"),
        ({"suffix": "\\"}, ("suffix",), "no such escape"),
        ({"suffix": r"\x2"}, ("suffix",), r"no such escape: \x"),
        ({"prefix": "é"}, ("prefix",), "expected ASCII"),
        ({"prefix": r"\n"}, (), "prefix contains the suffix"),
        ({"prefix": r"\x03", "suffix": r"\x03"}, (), "prefix contains the suffix"),
        ({"wake": "16 5"}, ("wake",), "hexadecimal"),
        ({"timeout_ms": 5}, ("timeout_ms",), "expected 0, or at least 20"),
        ({"port": "COM1"}, ("port",), "pattern"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_to_fix(
    table: dict[str, object], key: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        SerialLinesSettings.model_validate({"port": "/dev/gate-scanner"} | table)
    (error,) = refused.value.errors()
    assert (error["loc"], words in error["msg"]) == (key, True), error["msg"]


# ------------------------------------------------------------------------------------------------- on the line


def rig(emulator: ScannerEmulator, **table: object) -> Rig:
    def begin(text: bytes) -> None:
        emulator.line.send((emulator.prefix + text)[: len(text) // 2])

    full = {"port": str(emulator.line.link), **table}
    return Rig(full, emulator.scan, begin, emulator.unplug, emulator.plug)


class TestSerialLines(ScannerContract):
    kind = "serial_lines"

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        with ScannerEmulator(link) as emulator:
            yield rig(emulator)


class TestSerialLinesBetweenMarks(ScannerContract):
    kind = "serial_lines"

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        with ScannerEmulator(link, suffix=b"\x03", prefix=b"\x02") as emulator:
            yield rig(emulator, prefix=r"\x02", suffix=r"\x03")


@pytest.fixture
def emulator(link: Path) -> Iterator[ScannerEmulator]:
    with ScannerEmulator(link) as emulator:
        yield emulator


def opened(emulator: ScannerEmulator, **table: object) -> SerialLinesScanner:
    scanner = SerialLinesScanner(SerialLinesSettings.model_validate({"port": str(emulator.line.link)} | table))
    assert str(emulator.line.link) in scanner.open()
    return scanner


pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize("suffix", [b"\r\n", b"\r", b"\n"])
def test_by_default_the_usual_ends_of_a_line_are_taken_alike(emulator: ScannerEmulator, suffix: bytes) -> None:
    emulator.suffix = suffix
    scanner = opened(emulator)
    emulator.scan("one")
    emulator.scan("two", pieces=5, pause_s=0.002)
    assert [read(scanner).payload for _ in range(2)] == [b"one", b"two"]
    scanner.close()


def test_a_scanner_that_sends_no_suffix_is_read_by_the_silence_after_a_text(emulator: ScannerEmulator) -> None:
    emulator.suffix = b""
    scanner = opened(emulator, suffix="", timeout_ms=300)
    emulator.scan("one")
    scan = scanner.read(3600.0)
    assert scan is not None
    assert (scan.payload, time.monotonic() - scan.at >= 0.3) == (b"one", True)
    emulator.scan("two")
    assert read(scanner).payload == b"two"
    scanner.close()


def test_a_text_longer_than_allowed_never_comes_out_and_the_next_one_does(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator, max_length=100)
    emulator.scan("x" * 101, pieces=3)
    emulator.scan("y" * 5000, pieces=20, pause_s=0.001)
    emulator.scan("fine")
    assert read(scanner).payload == b"fine"
    assert scanner.losses == ScanLosses(overlong=2)
    scanner.close()


def test_a_read_ends_in_time_while_bytes_without_an_end_go_on_coming(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator)
    over = threading.Event()

    def flood() -> None:
        while not over.wait(0.001):
            emulator.line.send(b"z" * 512)

    flooding = threading.Thread(target=flood)
    flooding.start()
    assert [scanner.read(SHORT_S) for _ in range(5)] == [None] * 5
    over.set()
    flooding.join()
    assert scanner.read(SHORT_S) is None
    emulator.line.send(b"\r\n")
    emulator.scan("after it")
    assert read(scanner).payload == b"after it"
    assert scanner.losses == ScanLosses(overlong=1)
    scanner.close()


def test_a_read_ends_in_time_also_where_there_is_no_pause_between_the_bytes(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator)
    scanner._port.receive = lambda _timeout_s: b"z"  # type: ignore[method-assign]
    assert scanner.read(SHORT_S) is None
    scanner.close()


def test_what_was_not_read_before_a_close_is_forgotten(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator)
    emulator.line.send(b"one\rtwo\rthree\r")
    assert read(scanner).payload == b"one"
    scanner.close()
    scanner.open()
    emulator.scan("of now")
    assert read(scanner).payload == b"of now"
    scanner.close()


def test_the_line_is_driven_as_it_is_set(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator, baud=19200, parity="E", stop_bits=2)
    SerialPort.shared(str(emulator.line.link), SerialParameters("scanner", 19200, "E", 2)).close()
    scanner.close()


def test_texts_that_come_faster_than_they_are_read_are_dropped_and_counted(
    emulator: ScannerEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_lines, "QUEUE_LENGTH", 3)
    scanner = opened(emulator)
    emulator.line.send(b"".join(b"%d\r" % number for number in range(10)))
    assert [read(scanner).payload for _ in range(3)] == [b"0", b"1", b"2"]
    emulator.scan("next")
    assert read(scanner).payload == b"next"
    assert scanner.losses.crowded == 7
    scanner.close()


def test_losses_are_counted_on_over_a_pulled_cable(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator, max_length=64)
    for count in (1, 2):
        emulator.scan("x" * 65)
        emulator.scan("ok")
        assert read(scanner).payload == b"ok"
        assert scanner.losses == ScanLosses(overlong=count)
        emulator.unplug()
        with pytest.raises(DeviceUnavailableError):
            read(scanner)
        emulator.plug()
        scanner.open()
    scanner.close()


def test_a_scanner_that_must_be_woken_is_woken_at_each_opening(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator, wake="16 54 0D")
    assert emulator.line.wait_received(3, WAIT_S)
    scanner.close()
    scanner.open()
    assert emulator.line.wait_received(6, WAIT_S)
    assert emulator.line.received() == b"\x16\x54\r" * 2
    scanner.close()


def test_a_scanner_that_is_silent_after_its_opening_has_lost_nothing(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator)
    assert [scanner.read(timeout_s) for timeout_s in (0.0, SHORT_S)] == [None, None]
    assert scanner.losses == ScanLosses()
    scanner.close()


def test_by_default_nothing_is_sent_to_the_scanner(emulator: ScannerEmulator) -> None:
    scanner = opened(emulator)
    emulator.scan("text")
    read(scanner)
    scanner.close()
    assert emulator.line.received() == b""


def test_a_port_that_takes_no_wake_bytes_is_let_go(emulator: ScannerEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_port: SerialPort, _data: bytes) -> None:
        raise NotSentError("it takes no more bytes")

    monkeypatch.setattr(SerialPort, "send", refuse)
    scanner = SerialLinesScanner(SerialLinesSettings(port=str(emulator.line.link), wake="00"))
    with pytest.raises(DeviceUnavailableError, match="takes no more"):
        scanner.open()
    SerialPort.shared(str(emulator.line.link), SerialParameters("another")).close()


def test_a_scanner_shares_its_port_with_no_board(emulator: ScannerEmulator) -> None:
    port = SerialPort.shared(str(emulator.line.link), SerialParameters("lcus"))
    with pytest.raises(DeviceMisconfiguredError, match="already in use"):
        opened(emulator)
    port.close()


def test_a_text_is_never_logged_but_its_length_and_digest(
    emulator: ScannerEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scanner = opened(emulator)
    secret = b"GP1:SECRET"
    emulator.scan(secret)
    read(scanner)
    scanner.close()
    assert f"a text of 10 bytes, digest {hashlib.sha256(secret).hexdigest()[:16]}" in caplog.text
    for form in ("SECRET", secret.hex(), secret.hex(" ").upper()):
        assert form not in caplog.text


# ------------------------------------------------------------------------------------------------- the emulator


def test_noise_is_the_same_for_the_same_seed(emulator: ScannerEmulator) -> None:
    for seed in (1, 1, 2):
        emulator.noise(16, seed)
    first, second, third = (transfer.data for transfer in emulator.line.tap)
    assert first == second != third
    assert len(first) == 16


def test_orders_of_the_emulator_do_what_they_say(emulator: ScannerEmulator) -> None:
    assert obey(emulator, "unplug") == "unplug: done"
    assert not emulator.line.is_plugged
    obey(emulator, "plug")
    obey(emulator, "noise 5")
    assert [len(transfer.data) for transfer in emulator.line.tap] == [5]
    for wrong in ("help", "noise", "noise x"):
        with pytest.raises(ValueError, match=r"orders:|invalid literal"):
            obey(emulator, wrong)


def test_a_technician_can_type_what_is_scanned(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.scanner", "--link", str(link), "--suffix", r"\x03"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert str(link) in process.stdout.readline()
        scanner = registry.scanner("serial_lines", {"port": str(link), "suffix": r"\x03"})
        scanner.open()
        process.stdin.write("GP1:TYPED IN\n:nonsense\n")
        assert process.stdout.readline() == "scanned 12 bytes\n"
        assert "not done: What is typed in is scanned" in process.stdout.readline()
        assert read(scanner).payload == b"GP1:TYPED IN"
        scanner.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
    assert not link.is_symlink()


def test_the_emulator_can_be_told_to_quit(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.scanner", "--link", str(link)]
    done = subprocess.run(command, input=":quit\n", capture_output=True, text=True, timeout=WAIT_S, check=True)
    assert done.stderr == ""
