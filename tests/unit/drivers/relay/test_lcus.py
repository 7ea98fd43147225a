from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drivers.contracts.board_faults import Fault, Operation
from drivers.contracts.relay import EmulatedRelay
from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import Dialect, LcusEmulator
from tests.support.waiting import scaled_ms

if TYPE_CHECKING:
    from pathlib import Path

READ_OUT_MS = scaled_ms(150)
"""At its opening all is read that comes in the time to answer: whether the board has more relays."""


class LcusRelay(EmulatedRelay):
    kind = "lcus"
    dialect: ClassVar[Dialect]

    def emulator(self, link: Path) -> LcusEmulator:
        return LcusEmulator(link, self.channels, self.dialect)


class TestLcusAscii(LcusRelay):
    title = "lcus ascii"
    dialect = Dialect.ASCII
    options: ClassVar = {"readback": "ascii"}
    reply_ms = READ_OUT_MS


class TestLcusAsciiWithOtherSpaces(TestLcusAscii):
    title = "lcus ascii CH1: ON"

    def emulator(self, link: Path) -> LcusEmulator:
        board = super().emulator(link)
        board.line_form = "CH{}: {}\r\n"
        return board


class TestLcusBytes(LcusRelay):
    title = "lcus bytes"
    dialect = Dialect.BYTES
    options: ClassVar = {"readback": "bytes"}
    reply_ms = READ_OUT_MS

    def copes(self, operation: Operation, fault: Fault) -> bool:
        return fault is ReplyFault.DUPLICATE and operation is not Operation.OPEN


class TestLcusFeedback(LcusRelay):
    title = "lcus feedback"
    dialect = Dialect.FEEDBACK
    options: ClassVar = {"readback": "feedback"}
    proofs: ClassVar = {Operation.ALL_OFF: 2}
    copes_with = frozenset({ReplyFault.DUPLICATE})


class TestLcusBlind(LcusRelay):
    title = "lcus none"
    dialect = Dialect.NONE
    options: ClassVar = {"readback": "none"}
