"""The input of the checks, and the result of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.core.decision.second_factor import ReliedOn, Tie, is_declared_vin, relied_on, tie_of
from agent.core.model import Check, Reason, Verdict

if TYPE_CHECKING:
    from agent.core.decision.judgement_rules import JudgementRules
    from agent.core.decision.knowledge import Knowledge
    from agent.core.permit import Permit
    from agent.core.plates import PlateMatch, PlateVote, WitnessedMatch
    from agent.core.vin_match import VinMatch


@dataclass(frozen=True, slots=True)
class Case:
    """One permit that holds by itself, with everything that it is judged on.

    `readings`: how many there were, in words. `voted`: the plate that they point to; `match`: its match with the
    declared one, after the witnesses; `witnessed`: what these made of it, None where they said nothing. `vins_read`:
    how many VINs were read, in words; `vin`: their match with the declared one, None where none was read.
    """

    permit: Permit
    transaction: str
    rules: JudgementRules
    known: Knowledge
    readings: str
    voted: PlateVote | None
    match: PlateMatch | None
    vins_read: str = ""
    vin: VinMatch | None = None
    witnessed: WitnessedMatch | None = None

    @property
    def tie(self) -> Tie:
        """What must tie the permit to the vehicle."""
        return tie_of(self.permit, self.rules)

    @property
    def relied_on(self) -> ReliedOn:
        """Which factors a PASS would rest on."""
        return relied_on(self.tie, self.match, self.vin)

    @property
    def makes_up_for_plate(self) -> bool:
        """Whether the VIN is enough, so that the plate need not be read."""
        return self.relied_on.vin and not self.relied_on.plate

    @property
    def has_declared_vin(self) -> bool:
        """Whether the declared VIN was read."""
        return is_declared_vin(self.vin)


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One check that was made, and what follows where it failed. `unclear`: more evidence may change it."""

    check: Check
    verdict: Verdict = Verdict.PASS
    unclear: bool = False


def held(reason: Reason, detail: str = "") -> CheckFinding:
    """The check held."""
    return CheckFinding(Check(reason, ok=True, detail=detail))


def failed(verdict: Verdict, reason: Reason, detail: str) -> CheckFinding:
    """The check failed for good."""
    return CheckFinding(Check(reason, ok=False, detail=detail), verdict)


def unclear(reason: Reason, detail: str) -> CheckFinding:
    """The check failed on what was seen so far; when no more will come, an officer decides."""
    return CheckFinding(Check(reason, ok=False, detail=detail), Verdict.MANUAL, unclear=True)


def noted(act: Literal["note", "manual"], reason: Reason, detail: str) -> CheckFinding:
    """Something is odd: an officer decides, or it is only written down, as the lane's rules say."""
    return held(reason, detail) if act == "note" else failed(Verdict.MANUAL, reason, detail)
