"""The fault matrix itself: it notices drivers that say what is not so, and that give a pulse twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.api import Delivery
from drivers.contracts import fault_trial as board_trial
from drivers.contracts.fault_cells import FAULTS, Cell, LineFault, Operation, Said, Verdict, overview, table
from drivers.contracts.fault_trial import Trial, health_of
from drivers.emulators.board import ReplyFault
from drivers.relay.lcus import LcusRelay
from tests.support.waiting import scaled_ms
from tests.unit.drivers.relay.test_lcus import TestLcusAscii as AsciiSuite

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.contracts.fault_cells import Fault

pytestmark = pytest.mark.usefixtures("no_leaks")

SUITE = AsciiSuite()
# Collected in its own module.
del AsciiSuite


def trial(folder: Path, operation: Operation, fault: Fault, place: str = "-") -> Trial:
    return Trial(SUITE, operation, folder, fault, place, health_of(SUITE, folder)[operation])


def test_a_driver_that_energises_twice_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = trial(tmp_path, Operation.ON, ReplyFault.MUTE, "answer 1")
    switch = LcusRelay.set

    def repeating(relay: LcusRelay, channel: int, *, on: bool) -> Delivery:
        said = switch(relay, channel, on=on)
        if on and said is Delivery.UNKNOWN:
            switch(relay, channel, on=False)
            return switch(relay, channel, on=True)
        return said

    monkeypatch.setattr(LcusRelay, "set", repeating)
    # What is asked for a second time is answered: then it is done, and not only sent.
    monkeypatch.setattr(board_trial, "TIMEOUTS_MS", (scaled_ms(300),))
    cell = tried.judged()
    assert (cell.edges, cell.verdict, cell.complaint) == (2, Verdict.UNTRUE, "relay 1 was energised 2 times")


@pytest.mark.parametrize(
    ("operation", "fault", "lie", "complaint"),
    [
        (Operation.ON, LineFault.STUCK_OFF, Delivery.DELIVERED, "it says delivered, but the relay did not do it"),
        (Operation.ON, LineFault.BROWN_OUT, Delivery.NOT_DELIVERED, "it says not delivered, but the relay did it"),
        (Operation.OFF, LineFault.STUCK_ON, Delivery.DELIVERED, "it says delivered, but the relay did not do it"),
        (Operation.OFF, LineFault.BROWN_OUT, Delivery.NOT_DELIVERED, "it says not delivered, but the relay did it"),
    ],
)
def test_a_driver_that_says_what_is_not_so_is_found_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: Operation,
    fault: Fault,
    lie: Delivery,
    complaint: str,
) -> None:
    tried = trial(tmp_path, operation, fault)
    switch = LcusRelay.set

    def lying(relay: LcusRelay, channel: int, *, on: bool) -> Delivery:
        switch(relay, channel, on=on)
        return lie

    monkeypatch.setattr(LcusRelay, "set", lying)
    cell = tried.judged()
    assert (cell.verdict, cell.complaint) == (Verdict.UNTRUE, complaint)


def test_a_driver_that_could_have_known_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = trial(tmp_path, Operation.OFF, LineFault.STUCK_OFF)
    switch = LcusRelay.set

    def timid(relay: LcusRelay, channel: int, *, on: bool) -> Delivery:
        return Delivery.UNKNOWN if channel == 1 else switch(relay, channel, on=on)

    monkeypatch.setattr(LcusRelay, "set", timid)
    monkeypatch.setattr(board_trial, "TIMEOUTS_MS", (200,))
    cell = tried.judged()
    assert (cell.said, cell.verdict, cell.complaint) == (Said.UNKNOWN, Verdict.TRUE, "due: delivered")


def test_the_tables_show_what_was_measured() -> None:
    cells = [
        Cell("a board", Operation.ON, "mute", "answer 1", Said.UNKNOWN, 1, Verdict.TRUE, ""),
        Cell("a board", Operation.ON, "mute", "answer 2", Said.DELIVERED, 2, Verdict.UNTRUE, "twice"),
        Cell("a board", Operation.OPEN, "unplug", "byte 0", Said.RAISED, 0, Verdict.TRUE, ""),
    ]
    assert [Cell.read(cell.plain()) for cell in cells] == cells
    *_, heads, row, total = overview(cells)
    assert heads.split() == ["board", *FAULTS]
    assert row.split() == ["a", "board", "1D1u/2", *["-"] * (len(FAULTS) - 2), "1x/0"]
    assert total == "3 measurements: 2 true, 1 untrue; opened twice: 1"
    lines = list(table(cells))
    assert " ".join(lines[1].split()) == "a board mute - 1 delivered, 1 unknown - - - - 2 1 true, 1 untrue"
    assert " ".join(lines[2].split()) == "a board unplug - - - - - 1 raised 0 1 true"
