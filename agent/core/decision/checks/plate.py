"""Checks the plate: whether it was read, read well enough, is the declared one, and belongs to no other vehicle.

If the VIN is enough, it replaces a plate that the cameras cannot read. It never replaces a plate that certainly belongs
to another vehicle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from agent.core.decision.checks.check_input import failed, held, noted, unclear
from agent.core.decision.second_factor import ASKS_PLATE, Tie, contradicts
from agent.core.model import Reason, Verdict
from agent.core.permit import PermitForm
from agent.core.plates import MatchVerdict, PlateKind, WitnessStanding, country_of, kinds_of
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding
    from agent.core.plates import PlateMatch, WitnessedMatch

FRAMES_FOR_A_PLATE_ALONE: Final = 2
"""How many frames must have read one text before it alone stands for a permit."""

_WEIGHS_PLATE: Final = ASKS_PLATE | {Tie.VIN}
"""A plate that is surely another one counts there."""
_COLOURS: Final = frozenset({PlateKind.CIVIL_BLUE, PlateKind.CIVIL_YELLOW})


def readable(case: Case) -> CheckFinding:
    """PLATE_UNREADABLE: no plate was read; or none was declared, and then the lane's rule decides."""
    match case.tie:
        case Tie.NOTHING:
            return held(Reason.PLATE_UNREADABLE, _not_judged(case))
        case Tie.VIN:
            return held(Reason.PLATE_UNREADABLE, Text("not checked, the VIN decides"))
        case Tie.OFFICER:
            return failed(Verdict.MANUAL, Reason.PLATE_UNREADABLE, Text("the permit declares no plate"))
        case Tie.EITHER if case.voted is None and case.has_declared_vin:
            return held(Reason.PLATE_UNREADABLE, _the_vin_instead(case.readings))
        case Tie.PLATE | Tie.EITHER | Tie.BOTH:
            found = unclear if case.voted is None else held
            return found(Reason.PLATE_UNREADABLE, case.readings)
        case _:
            assert_never(case.tie)


def undisputed(case: Case) -> CheckFinding | None:
    """PLATE_DISPUTED: a witness and the gate's own cameras do not say the same of the declared plate.

    That is for an officer at once: of two plates that were seen, more pictures do not tell which is the vehicle's.
    """
    found = case.witnessed
    if found is None or found.standing is WitnessStanding.SILENT or case.tie not in _WEIGHS_PLATE:
        return None
    if found.disputed:
        return failed(Verdict.MANUAL, Reason.PLATE_DISPUTED, _said(found))
    return held(Reason.PLATE_DISPUTED, _said(found))


def sure(case: Case) -> CheckFinding | None:
    """PLATE_UNSURE: what was read may be the declared plate and may be another."""
    found = case.match
    if found is None or case.tie not in ASKS_PLATE or found.rival:
        return None
    if found.verdict is MatchVerdict.UNSURE:
        if case.makes_up_for_plate:
            return held(Reason.PLATE_UNSURE, _the_vin_instead(_score(found)))
        return unclear(Reason.PLATE_UNSURE, _score(found))
    if case.permit.form is PermitForm.PLATE and (lacking := _lacking_alone(case)):
        return unclear(Reason.PLATE_UNSURE, Text("{score}; {said}", score=_score(found), said=lacking))
    return held(Reason.PLATE_UNSURE, _score(found))


def matching(case: Case) -> CheckFinding | None:
    """PLATE_MISMATCH: it is another plate. Beside the declared VIN that is a contradiction, and for an officer."""
    found = case.match
    if found is None or case.tie not in _WEIGHS_PLATE or found.rival:
        return None
    if found.verdict is MatchVerdict.MISMATCH:
        by_vin = case.tie is Tie.VIN or (case.tie is Tie.EITHER and case.has_declared_vin)
        if by_vin:
            return failed(Verdict.MANUAL, Reason.PLATE_MISMATCH, _beside_the_vin(case, _score(found)))
        return failed(Verdict.DENY, Reason.PLATE_MISMATCH, _score(found))
    return held(Reason.PLATE_MISMATCH, _score(found))


def nobody_elses(case: Case) -> CheckFinding | None:
    """PLATE_OTHER_PERMIT: another active declaration explains the picture better. Its plate is never shown.

    Where the VIN is enough, the declared plate may be one that looks like that other one; another one may not.
    """
    found = case.match
    if found is None or case.tie not in _WEIGHS_PLATE:
        return None
    if found.rival:
        if case.makes_up_for_plate and not contradicts(found):
            return held(Reason.PLATE_OTHER_PERMIT, _the_vin_instead(_score(found)))
        return unclear(Reason.PLATE_OTHER_PERMIT, _score(found))
    return held(
        Reason.PLATE_OTHER_PERMIT, Text("{count} other declared plates are similar", count=len(case.known.others))
    )


def of_its_class(case: Case) -> CheckFinding | None:
    """VEHICLE_CLASS_MISMATCH: the plate is of another kind than declared, or there is one where none should be."""
    if case.voted is None:
        return None
    read, wanted = case.voted.kind, case.permit.plate_kind
    if wanted is None:
        return noted(
            case.rules.other_class, Reason.VEHICLE_CLASS_MISMATCH, Text("a plate was read, but none is declared")
        )
    if case.match is None or case.match.verdict is not MatchVerdict.MATCH:
        return None  # where the plate does not decide, it may be that of another vehicle
    if _may_be(read, wanted) or _of_another_country(case.voted.text, read, wanted):
        return held(Reason.VEHICLE_CLASS_MISMATCH, wanted)
    return noted(
        case.rules.other_class,
        Reason.VEHICLE_CLASS_MISMATCH,
        Text("read {read}, declared {wanted}", read=read, wanted=wanted),
    )


def _not_judged(case: Case) -> Text:
    if case.permit.plate is None and case.rules.require == "permit_and_plate":
        return Text("not checked, the permit declares no plate")
    return Text("not checked, the lane requires only a permit")


def _said(found: WitnessedMatch) -> Text:
    if found.standing is WitnessStanding.AGREES:
        return Text("{witness} read the declared plate", witness=found.witness)
    if found.standing is WitnessStanding.CONTRADICTS:
        return Text("{witness} read another plate", witness=found.witness)
    return Text("{witness} clearly read no other plate", witness=found.witness)


def _the_vin_instead(seen: str) -> Text:
    return joined([seen, Text("the declared VIN was read, which is enough")], "; ")


def _beside_the_vin(case: Case, seen: str) -> str:
    if not case.has_declared_vin:
        return seen
    return joined([seen, Text("the declared VIN was read as well")], "; ")


def _may_be(read: str, wanted: str) -> bool:
    """Whether the two may be one: a generic form says nothing of the kind, and CIVIL nothing of the colour."""
    if read == wanted or PlateKind.LATIN in {read, wanted}:
        return True
    return PlateKind.CIVIL in {read, wanted} and not {read, wanted}.isdisjoint(_COLOURS)


def _of_another_country(text: str, read: str, wanted: str) -> bool:
    """Whether the text is that of two countries, so that its kind was decided by the look of the plate alone."""
    fitting = {kind.value: country_of(kind) for kind in kinds_of(text)}
    return {read, wanted} <= fitting.keys() and fitting[read] is not fitting[wanted]


def _lacking_alone(case: Case) -> str:
    """What a plate that matches still lacks to stand for a permit alone, in words; empty: nothing."""
    if _agreeing(case) < FRAMES_FOR_A_PLATE_ALONE:
        return Text(
            "a decision by plate alone needs {frames_for_a_plate_alone} equal readings",
            frames_for_a_plate_alone=FRAMES_FOR_A_PLATE_ALONE,
        )
    if case.voted is not None and case.voted.doubt:
        return Text("a plate of unknown form is not enough alone")
    return ""


def _agreeing(case: Case) -> int:
    return 0 if case.voted is None else case.voted.agreeing


def _score(found: PlateMatch) -> str:
    return Text("score {score} from {frames} frames", score=f"{found.score:.2f}", frames=found.frames)
