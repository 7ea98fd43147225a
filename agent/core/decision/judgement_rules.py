"""The rules of all checks in a judgement: what a lane requires beyond the permit's own text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.core.plates import DEFAULT_RULES, DEFAULT_WITNESS_RULES, MatchRules, WitnessRules
from agent.core.vin_match import DEFAULT_VIN_RULES, VinMatchRules


@dataclass(frozen=True, slots=True)
class JudgementRules:
    """What a lane asks for.

    `require`: a permit and its plate, a permit alone, a declared plate alone, or one of the two. `declaration`: whether
    a signed permit needs its declaration at the gate. `second_factor`: what ties a permit to its vehicle where
    `require` asks for a permit and its plate: the plate, the VIN, one of the two, or both. `without_plate`: for a
    vehicle declared to have no plate, an officer, its VIN, or nothing more. `vin_match`: where the verdicts on a VIN in
    print part. `witness`: how far cameras count that read plates by themselves. `wrong_check_digit`, `other_class`:
    what becomes of such a VIN, of such a plate.
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
    witness: WitnessRules = DEFAULT_WITNESS_RULES
