"""What came of one vehicle of the demo, and whether that is what had to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.core.model import Verdict

if TYPE_CHECKING:
    from sim.demo.vehicles import Act


@dataclass(slots=True)
class DemoResult:
    """What came of one vehicle.

    `verdict`, `form`, `lists`, `vin`: of the last decision; the form is empty where no permit was verified, `vin`, as
    read and from what, where none was. `pulses`: how often the barrier was raised for it. `answer_ms`: arrival to
    decision. `told`: the messages to its driver, in order. `copies`: file names of its `pictures`, as they were
    collected.
    """

    act: Act
    outcome: str = ""
    reason: str = ""
    verdict: str = ""
    form: str = ""
    lists: str = ""
    pulses: int = 0
    answer_ms: float | None = None
    pictures: list[str] = field(default_factory=list)
    transaction: str = ""
    vin: str = ""
    told: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    @property
    def came(self) -> str:
        """What came of it, in the words of the contract: the outcome, and that an officer was called for."""
        outcome = self.outcome or "..."
        return f"{Verdict.MANUAL}, then {outcome}" if self.verdict == Verdict.MANUAL else outcome

    @property
    def right(self) -> bool:
        """Whether it is what had to come."""
        act = self.act
        wanted = (act.outcome.value, act.reason.value, act.verdict.value, 1 if act.verdict is Verdict.PASS else 0)
        came = (self.outcome, self.reason, self.verdict, self.pulses)
        forms = {act.form.value} if act.verdict is Verdict.PASS else {act.form.value, ""}
        return came == wanted and self.form in forms
