"""What the checks look at, and what each of them finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.core.decision.tie import ReliedOn, Tie, is_declared_vin, relied_on, tie
from agent.core.model import Check, Reason, Verdict
from agent.core.plates import DEFAULT_RULES, MatchRules
from agent.core.vin_match import DEFAULT_VIN_RULES, VinMatchRules

if TYPE_CHECKING:
    from agent.core.decision.knowledge import Knowledge
    from agent.core.permit import Permit
    from agent.core.plates import PlateMatch, PlateVote
    from agent.core.vin_match import VinMatch


@dataclass(frozen=True, slots=True)
class JudgementRules:
    """What a lane asks for.

    `require`: a permit and its plate, a permit alone, a declared plate alone, or one of the two. `declaration`: whether
    a signed permit needs its declaration at the gate. `second_factor`: what ties a permit to its vehicle where
    `require` asks for a permit and its plate: the plate, the VIN, one of the two, or both. `without_plate`: for a
    vehicle declared to have no plate, an officer, its VIN, or nothing more. `vin_match`: where the verdicts on a VIN in
    print part. `wrong_check_digit`, `other_class`: what becomes of such a VIN, of such a plate.
    `anti_passback_s`: for so long a vehicle that passed may not pass the same way again, whatever its permit says;
    `already_exited_s`: nor under another permit. 0: it may. `sample_share`: 0..1 of the vehicles that may pass go to an
    officer, drawn with `sample_salt`, which nobody outside knows. `require_two_cameras`: permit and plate, or
    VIN, do not both come from one camera.
    """

    match: MatchRules = DEFAULT_RULES
    require: Literal["permit_and_plate", "permit", "plate", "either"] = "permit_and_plate"
    declaration: Literal["if_known", "required"] = "if_known"
    second_factor: Literal["plate", "vin", "either", "both"] = "plate"
    without_plate: Literal["manual", "vin", "pass"] = "manual"
    wrong_check_digit: Literal["note", "manual"] = "note"
    other_class: Literal["note", "manual"] = "note"
    anti_passback_s: float = 0.0
    already_exited_s: float = 0.0
    sample_share: float = 0.0
    sample_salt: bytes = b""
    require_two_cameras: bool = False
    vin_match: VinMatchRules = DEFAULT_VIN_RULES


@dataclass(frozen=True, slots=True)
class Case:
    """One permit that holds by itself, with everything that it is judged on.

    `readings`: how many there were, in words. `voted`: the plate that they point to; `match`: its match with the
    declared one. `vins_read`: how many VINs were read, in words; `vin`: their match with the declared one, None where
    none was read.
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

    @property
    def tie(self) -> Tie:
        """What must tie the permit to the vehicle."""
        return tie(self.permit, self.rules)

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
