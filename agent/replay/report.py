"""What a replay found: the vehicles that other rules would have answered otherwise, and counts of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.core.replay import NotJudged, compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.model import Verdict
    from agent.core.replay import Answer, Compared, RecordedVehicle, ReplayRules


@dataclass(slots=True)
class Report:
    """The result of one replay.

    `gate`: whose journal it is. `configuration`: digest of the rules. `differences`: in the order of the journal.
    `undecided`: vehicles that nothing was decided on. `by_officer`: among all, those that an officer let pass.
    `drawn_share`: lanes with a draw and its share of 0..1, which is not repeated.
    """

    gate: str = ""
    configuration: str = ""
    vehicles: int = 0
    same: int = 0
    undecided: int = 0
    by_officer: int = 0
    differences: list[Compared] = field(default_factory=list)
    not_judged: Counter[NotJudged] = field(default_factory=Counter)
    drawn_share: dict[str, float] = field(default_factory=dict)

    @property
    def moves(self) -> Counter[tuple[Verdict, Verdict]]:
        """How many went from which verdict to which."""
        pairs = ((one.then, one.now) for one in self.differences)
        return Counter((then.verdict, now.verdict) for then, now in pairs if then is not None and now is not None)

    @property
    def unproven(self) -> int:
        """How many of the differences pass only if their pictures and the other gates had said so too."""
        return sum(one.now is not None and one.now.unproven for one in self.differences)

    def as_json(self) -> dict[str, Any]:
        """The report for programs; field names only ever added."""
        return {
            "gate": self.gate,
            "configuration": self.configuration,
            "vehicles": self.vehicles,
            "same": self.same,
            "different": len(self.differences),
            "undecided": self.undecided,
            "by_officer": self.by_officer,
            "not_judged": {cause.value: count for cause, count in sorted(self.not_judged.items())},
            "drawn_share": self.drawn_share,
            "differences": [_as_json(one) for one in self.differences],
        }


def replay(vehicles: Iterable[RecordedVehicle], rules: Mapping[str, ReplayRules]) -> Report:
    """Judge vehicles again by the rules of their lanes, one at a time. Raises what `vehicles` raises."""
    drawn = {lane: one.judgement.sample_share for lane, one in rules.items() if one.judgement.sample_share}
    report = Report(drawn_share=drawn)
    for vehicle in vehicles:
        found = compared(vehicle, rules)
        report.vehicles += 1
        report.by_officer += vehicle.by_officer
        if found.not_judged is not None:
            report.not_judged[found.not_judged] += 1
        elif found.then is None:
            report.undecided += 1
        elif found.differs:
            report.differences.append(found)
        else:
            report.same += 1
    return report


def _as_json(one: Compared) -> dict[str, Any]:
    vehicle = one.vehicle
    return {
        "transaction": vehicle.transaction,
        "lane": vehicle.lane,
        "time": vehicle.began,
        "plate": vehicle.plate,
        "vin": vehicle.vin,
        "permit": vehicle.permit,
        "outcome": vehicle.outcome,
        "by_officer": vehicle.by_officer,
        "then": _answer(one, one.then),
        "now": _answer(one, one.now),
        "check": one.check,
        "pictures": list(vehicle.pictures),
    }


def _answer(one: Compared, answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "verdict": answer.verdict,
        "reason": answer.reason,
        "detail": one.detail(answer),
        "unproven": answer.unproven,
    }
