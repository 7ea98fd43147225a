from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError, TooLateError
from drivers.contracts.board_faults import Operation
from drivers.contracts.relay import EmulatedRelay, RelayContract, emulated
from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.numato import NumatoEmulator
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.waiting import PATIENCE_S, REPLY_MS, scaled, scaled_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drivers.api import RelayPort
    from drivers.contracts.relay import Rig

TIMEOUT_MS = scaled_ms(100)
ON = b"relay on 0\r"


class NumatoRelay(EmulatedRelay):
    kind = "numato"

    def emulator(self, link: Path) -> NumatoEmulator:
        return NumatoEmulator(link, self.channels)


class TestNumato(NumatoRelay):
    title = "numato, 2 relays"
    options: ClassVar = {}
    proofs: ClassVar = {Operation.ALL_OFF: 2}


class TestNumatoThatReadsAllAtOnce(NumatoRelay):
    title = "numato, 8 relays"
    channels = 8


class TestNumatoLarge(RelayContract):
    kind = "numato"
    channels = 64

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        yield from emulated(NumatoEmulator(link, self.channels), {"channels": self.channels, "timeout_ms": REPLY_MS})


@pytest.fixture(params=[4, 8])
def board(request: pytest.FixtureRequest, link: Path) -> Iterator[NumatoEmulator]:
    with NumatoEmulator(link, request.param, identity="gate0007") as board:
        yield board


@pytest.fixture
def relay(board: NumatoEmulator) -> Iterator[RelayPort]:
    table = {"port": str(board.line.link), "channels": board.relays.channels, "timeout_ms": TIMEOUT_MS}
    relay = registry.relay("numato", table)
    identity = f"Numato board gate0007, version 00000008, {board.relays.channels} relays, on {board.line.link}"
    assert relay.open() == identity
    yield relay
    relay.close()
    # Whatever the test did: the board was never told twice to switch on.
    assert board.line.received().count(ON) <= 1


def changes(board: NumatoEmulator) -> list[tuple[int, bool]]:
    return [(change.channel, change.on) for change in board.relays.history]


# ------------------------------------------------------------------------------------------- answers that go wrong


def test_a_board_that_fell_silent_is_sent_every_off_and_no_on(board: NumatoEmulator, relay: RelayPort) -> None:
    board.relays.set(2, on=True)
    board.fail(ReplyFault.MUTE)
    with pytest.raises(DeviceUnavailableError):
        relay.state()
    with pytest.raises(DeviceUnavailableError, match=r"'relay on 0' was not sent"):
        relay.set(1, on=True)
    assert board.line.received().count(ON) == 0
    assert relay.set(2, on=False) is Delivery.UNKNOWN
    assert changes(board) == [(2, True), (2, False)]
    board.relays.set(3, on=True)
    assert relay.all_off() is Delivery.UNKNOWN
    assert board.relays.states == (False,) * board.relays.channels
    board.fail(None)
    assert relay.state() == (False,) * board.relays.channels
    assert relay.set(1, on=True) is Delivery.DELIVERED


def test_an_on_is_not_given_when_the_board_was_heard_out_to_its_mark_too_late(board: NumatoEmulator) -> None:
    table = {"port": str(board.line.link), "channels": board.relays.channels, "timeout_ms": REPLY_MS}
    relay = registry.relay("numato", table)
    relay.open()
    board.fail(ReplyFault.CORRUPT, replies=1)
    with pytest.raises(DeviceUnavailableError):
        relay.state()
    before = len(board.line.received())
    board.late_s = scaled(0.05)
    board.fail(ReplyFault.LATE, replies=1)
    with pytest.raises(TooLateError):
        relay.set(1, on=True, deadline=time.monotonic() + board.late_s / 2)
    assert board.line.received()[before:].startswith(b"?")
    assert board.line.received().count(ON) == 0
    assert relay.set(1, on=True, deadline=time.monotonic() + PATIENCE_S) is Delivery.DELIVERED
    relay.close()


@pytest.mark.parametrize("fault", [ReplyFault.MUTE, ReplyFault.SHORT, ReplyFault.CORRUPT, ReplyFault.BEFORE_NEXT])
def test_after_a_failure_the_board_is_heard_out_to_a_mark_before_the_next_question(
    board: NumatoEmulator, relay: RelayPort, fault: ReplyFault
) -> None:
    board.fail(fault, replies=1)
    with pytest.raises(DeviceUnavailableError):
        relay.state()
    before = len(board.line.received())
    board.relays.set(1, on=True)
    assert relay.state() == (True, *[False] * (board.relays.channels - 1))
    assert board.line.received()[before:].startswith(b"?02\rrelay read")
    asked = board.line.received().count(b"?")
    assert relay.state() == (True, *[False] * (board.relays.channels - 1))
    assert board.line.received().count(b"?") == asked


def test_a_mark_that_comes_back_twice_is_sent_anew(board: NumatoEmulator, relay: RelayPort) -> None:
    board.fail(ReplyFault.CORRUPT, replies=1)
    assert relay.set(1, on=True) is Delivery.DELIVERED
    board.fail(ReplyFault.DUPLICATE, replies=2)
    assert relay.set(1, on=False) is Delivery.DELIVERED
    assert b"?03\r?04\r" in board.line.received()


# ---------------------------------------------------------------------------------------------------- the opening


@pytest.mark.parametrize("half", [b"relay on 0", b"relay on ", b"relay on", b"rel", b"id set 1234567", b"gpio "])
def test_half_a_command_on_the_board_is_carried_out_by_nobody(board: NumatoEmulator, half: bytes) -> None:
    killed = SerialPort.shared(str(board.line.link), SerialParameters("another program"))
    killed.send(half)
    killed.close()
    relay = registry.relay(
        "numato", {"port": str(board.line.link), "channels": board.relays.channels, "timeout_ms": REPLY_MS}
    )
    assert "gate0007" in relay.open()
    assert board.line.received().startswith(half + b"?01\rver\rver\rid get\rid get\r")
    assert changes(board) == []
    relay.close()


@pytest.mark.parametrize("spared", range(6))  # the mark, the version twice, the identity twice, the relays
def test_a_failure_while_opening_is_unavailable_and_frees_the_port(board: NumatoEmulator, spared: int) -> None:
    table = {"port": str(board.line.link), "channels": board.relays.channels, "timeout_ms": scaled_ms(20)}
    relay = registry.relay("numato", table)
    board.fail(ReplyFault.CORRUPT, replies=1, after=spared)
    with pytest.raises(DeviceUnavailableError):
        relay.open()
    port = SerialPort.shared(str(board.line.link), SerialParameters("another program"))
    port.close()


def test_a_board_with_other_relays_is_not_used(link: Path) -> None:
    with NumatoEmulator(link, 4):
        for channels in (8, 64):
            with pytest.raises(DeviceUnavailableError, match="does not answer 'relay readall'"):
                registry.relay("numato", {"port": str(link), "channels": channels, "timeout_ms": TIMEOUT_MS}).open()
    with NumatoEmulator(link, 2), pytest.raises(DeviceUnavailableError, match="does not answer 'relay read 2'"):
        registry.relay("numato", {"port": str(link), "channels": 4, "timeout_ms": TIMEOUT_MS}).open()
    with NumatoEmulator(link, 16), pytest.raises(DeviceMisconfiguredError, match="has 16 relays, not 8"):
        registry.relay("numato", {"port": str(link), "channels": 8, "timeout_ms": REPLY_MS}).open()


def test_a_board_of_another_make_is_not_taken_for_one(link: Path) -> None:
    with (
        LcusEmulator(link),
        pytest.raises(DeviceUnavailableError, match="no answer on"),
    ):
        registry.relay("numato", {"port": str(link), "timeout_ms": scaled_ms(20)}).open()


def test_only_boards_that_exist_can_be_configured() -> None:
    with pytest.raises(ValidationError, match="channels"):
        registry.relay("numato", {"port": "/dev/x", "channels": 3})
    with pytest.raises(DeviceMisconfiguredError, match=r"cannot time a pulse \(500 ms on channel 1\)"):
        registry.relay("numato", {"port": "/dev/x"}).pulse(1, 500)


# --------------------------------------------------------------------------------------------------- the emulator


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        (b"relay on 0\r", b"relay on 0\n\r>"),
        (b"relay read 0\r", b"relay read 0\n\roff\n\r>"),
        (b"relay on 8\r", b"relay on 8\n\r>"),
        (b"relay on a\r", b"relay on a\n\r>"),
        (b"relay readall\r", b"relay readall\n\r00\n\r>"),
        (b"relay writeall f\r", b"relay writeall f\n\r>"),
        (b"relay writeall 0g\r", b"relay writeall 0g\n\r>"),
        (b"gpio read 2\r", b"gpio read 2\n\r1\n\r>"),
        (b"gpio read A\r", b"gpio read A\n\r>"),
        (b"id set gate0008\r", b"id set gate0008\n\r>"),
        (b"id set 8\r", b"id set 8\n\r>"),
        (b"reset\r", b"reset\n\r>"),
        (b"nonsense\r", b"nonsense\n\r>"),
        (b"\r", b"\n\r>"),
        (b"\nver\r", b"\nver\n\r00000008\n\r>"),
    ],
)
def test_the_board_in_software_answers_as_the_real_one(link: Path, sent: bytes, reply: bytes) -> None:
    with NumatoEmulator(link, 8) as board:
        board.set_input(3, on=True)
        port = SerialPort.shared(str(link), SerialParameters("test"))
        assert port.exchange(sent, len(reply), PATIENCE_S) == reply
        port.close()
        assert changes(board) == ([(1, True)] if sent == b"relay on 0\r" else [])
        assert board.inputs[2] is True
        assert board.identity == ("gate0008" if b"gate0008" in sent else "00000000")


def test_the_board_in_software_writes_and_resets_all_relays_and_repeats_half_a_line_at_once(link: Path) -> None:
    with NumatoEmulator(link, 8) as board:
        port = SerialPort.shared(str(link), SerialParameters("test"))
        assert port.exchange(b"relay writ", 10, PATIENCE_S) == b"relay writ"
        assert port.exchange(b"eall 81\rrel", 13, PATIENCE_S) == b"eall 81\n\r>rel"
        assert board.relays.states == (True, *[False] * 6, True)
        board.power_cycle()
        assert port.exchange(b"relay writeall 81\rreset\r", 28, PATIENCE_S) == b"relay writeall 81\n\r>reset\n\r>"
        assert not any(board.relays.states)
        port.close()


def test_a_technician_can_run_the_board(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.numato", "--link", str(link), "--channels", "8"]
    done = subprocess.run(
        command, input="input 2 on\nquit\n", capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert f"serial port {link}, 8 relays" in done.stdout
    assert "input 2 on: done" in done.stdout
