"""How the gate is in one glance, for the header of every page: what needs attention, and who waits for an officer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.lane import LaneState
from agent.doctor import Severity

if TYPE_CHECKING:
    from agent.console.dependencies import Gate


@dataclass(frozen=True, slots=True)
class GateStatus:
    """`problems`: what Health lists as an error or a warning; None: the gate was not examined yet.

    `grave`: one of them is an error. `calls`: lanes that wait for an officer.
    """

    problems: int | None
    grave: bool
    calls: int

    @property
    def tone(self) -> str:
        """The class of its colours."""
        if self.problems is None:
            return "is-unknown"
        if not self.problems:
            return "is-passed"
        return "is-refused" if self.grave else "is-warning"


def gate_status(gate: Gate) -> GateStatus:
    """What is known now. Examines nothing: the doctor makes its rounds by itself."""
    report = gate.diagnostics.health_monitor.report
    errors = 0 if report is None else report.count(Severity.ERROR)
    warnings = 0 if report is None else report.count(Severity.WARNING)
    views = [service.view for service in gate.lanes.values()]
    return GateStatus(
        None if report is None else errors + warnings,
        errors > 0,
        sum(view is not None and view.state == LaneState.MANUAL for view in views),
    )
