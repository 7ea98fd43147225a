"""Every operation of a relay board against everything that can happen to it on its line: the fault matrix.

A board's test class inherits `BoardFaults` beside the contract. Each cell is measured at an emulated board and judged
twice: whether what was said is true of the relay, and whether it is all that could be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers.contracts.fault_cells import (
    COMMANDS,
    ENERGISING,
    EVERY,
    FAULTS,
    Fault,
    Health,
    LineFault,
    Operation,
    Said,
)
from drivers.contracts.fault_trial import health_of, measured
from drivers.contracts.waiting import REPLY_MS
from drivers.emulators.board import ReplyFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from drivers.emulators.board import EmulatedBoard

PROPERTY = "board_faults"


class BoardFaults:
    """The matrix of one board. A subclass names the board and makes it; the contract has the same attributes.

    `reply_ms`: how long it may take to answer when all is well. `proofs`: how many of the last answers prove an
    operation, where that is more than one. `copes_with`: faults that do not hide what an answer says. `unnoticed`:
    faults that the protocol has no means to notice, as in an answer without a check sum; what is said under them may be
    untrue, and the table shows it.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    channels: ClassVar[int] = 2
    options: ClassVar[Mapping[str, object]] = {}
    reply_ms: ClassVar[int] = REPLY_MS
    proofs: ClassVar[Mapping[Operation, int]] = {}
    copes_with: ClassVar[frozenset[Fault]] = frozenset()
    unnoticed: ClassVar[frozenset[Fault]] = frozenset()

    def emulator(self, link: Path) -> EmulatedBoard:
        """The board itself, not yet plugged in."""
        raise NotImplementedError

    @pytest.mark.parametrize("fault", FAULTS)
    def test_what_is_said_under_a_fault_is_true_and_no_pulse_is_given_twice(
        self, fault: Fault, record_property: Callable[[str, object], None]
    ) -> None:
        cells = [cell for cell in measured(self) if cell.fault == fault]
        if not cells:
            pytest.skip("this board answers nothing")
        record_property(PROPERTY, [cell.plain() for cell in cells])
        assert [cell for cell in cells if cell.complaint] == []

    def test_when_all_is_well_every_operation_succeeds(self, tmp_path: Path) -> None:
        for operation, health in health_of(self, tmp_path).items():
            assert health.said is (Said.DELIVERED if operation in COMMANDS else Said.RIGHT)
            assert health.edges == (1 if operation in ENERGISING else 0)

    def table(self, timeout_ms: int) -> dict[str, object]:
        """The keys that configure the driver, but for the port."""
        return {"channels": self.channels, "timeout_ms": timeout_ms, **self.options}

    def copes(self, operation: Operation, fault: Fault) -> bool:
        """Whether the driver understands the answers of this operation in spite of the fault."""
        return fault in self.copes_with

    def due(self, operation: Operation, fault: Fault, place: str, health: Health, *, reads_back: bool) -> set[Said]:
        """What may be said. One thing, but for boards that cannot be asked: bytes may be lost after they left."""
        if fault is LineFault.UNPLUG:
            return self._due_unplugged(operation, place, reads_back=reads_back)
        if operation not in COMMANDS:
            heard = isinstance(fault, ReplyFault) or fault is LineFault.LOCAL_ECHO
            return {Said.RAISED if heard and health.answers and not self.copes(operation, fault) else Said.RIGHT}
        if not reads_back:
            return {Said.DELIVERED}
        return {self._due_proved(operation, fault, place, health.answers)}

    def _due_unplugged(self, operation: Operation, place: str, *, reads_back: bool) -> set[Said]:
        if operation in COMMANDS and place != "byte 0":
            return {Said.UNKNOWN} if reads_back else {Said.UNKNOWN, Said.DELIVERED}
        return {Said.RAISED}

    def _due_proved(self, operation: Operation, fault: Fault, place: str, answers: int) -> Said:
        """For a board that can be asked: only the last answers prove what was done."""
        energising = operation in ENERGISING
        if fault in {LineFault.STUCK_OFF, LineFault.BROWN_OUT}:
            return Said.UNKNOWN if energising else Said.DELIVERED
        if fault is LineFault.STUCK_ON:
            return Said.DELIVERED if energising else Said.NOT_DELIVERED
        if self.copes(operation, fault):
            return Said.DELIVERED
        if fault is LineFault.LOCAL_ECHO or place == EVERY:
            return Said.UNKNOWN
        is_proof = int(place.rsplit(maxsplit=1)[-1]) > answers - self.proofs.get(operation, 1)
        is_undone = fault is ReplyFault.POWER_LOSS and energising
        return Said.UNKNOWN if is_proof or is_undone else Said.DELIVERED
