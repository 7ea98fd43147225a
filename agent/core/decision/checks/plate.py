"""What the plate says: read at all, read well enough, the declared one, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision.checks.case import failed, held, noted, unclear
from agent.core.model import Reason, Verdict
from agent.core.permit import PermitForm
from agent.core.plates import MatchVerdict, PlateKind
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.decision.checks.case import Case, CheckFinding
    from agent.core.plates import PlateMatch

FRAMES_FOR_A_PLATE_ALONE: Final = 2
"""How many frames must have read one text before it alone stands for a permit."""

_COLOURS: Final = frozenset({PlateKind.CIVIL_BLUE, PlateKind.CIVIL_YELLOW})


def readable(case: Case) -> CheckFinding:
    """PLATE_UNREADABLE: no plate was read; or none was declared, and then the lane's rule decides."""
    if not case.judges_plate:
        return held(Reason.PLATE_UNREADABLE, Text("not judged, the lane asks for a permit alone"))
    if case.permit.plate is None:
        return _without_plate(case)
    if case.voted is None:
        return unclear(Reason.PLATE_UNREADABLE, case.readings)
    return held(Reason.PLATE_UNREADABLE, case.readings)


def sure(case: Case) -> CheckFinding | None:
    """PLATE_UNSURE: what was read may be the declared plate and may be another."""
    found = case.match
    if found is None or not case.judges_plate or found.rival:
        return None
    if found.verdict is MatchVerdict.UNSURE:
        return unclear(Reason.PLATE_UNSURE, _score(found))
    if case.permit.form is PermitForm.PLATE and _agreeing(case) < FRAMES_FOR_A_PLATE_ALONE:
        return unclear(
            Reason.PLATE_UNSURE,
            Text(
                "{score}; {said}",
                score=_score(found),
                said=Text(
                    "the plate alone needs {frames_for_a_plate_alone} alike",
                    frames_for_a_plate_alone=FRAMES_FOR_A_PLATE_ALONE,
                ),
            ),
        )
    return held(Reason.PLATE_UNSURE, _score(found))


def matching(case: Case) -> CheckFinding | None:
    """PLATE_MISMATCH: it is another plate."""
    found = case.match
    if found is None or not case.judges_plate or found.rival:
        return None
    if found.verdict is MatchVerdict.MISMATCH:
        return failed(Verdict.DENY, Reason.PLATE_MISMATCH, _score(found))
    return held(Reason.PLATE_MISMATCH, _score(found))


def nobody_elses(case: Case) -> CheckFinding | None:
    """PLATE_OTHER_PERMIT: another active declaration explains the picture better. Its plate is never shown."""
    if case.match is None or not case.judges_plate:
        return None
    if case.match.rival:
        return unclear(Reason.PLATE_OTHER_PERMIT, _score(case.match))
    return held(
        Reason.PLATE_OTHER_PERMIT, Text("{count} other declared plates are alike", count=len(case.known.others))
    )


def of_its_class(case: Case) -> CheckFinding | None:
    """VEHICLE_CLASS_MISMATCH: the plate is of another kind than declared, or there is one where none should be."""
    if case.voted is None:
        return None
    read, wanted = case.voted.kind, case.permit.plate_kind
    if wanted is None:
        return noted(
            case.rules.other_class, Reason.VEHICLE_CLASS_MISMATCH, Text("a plate was read, and none is declared")
        )
    if case.match is None or case.match.verdict is not MatchVerdict.MATCH:
        return None  # where the plate does not decide, it may be that of another vehicle
    if _may_be(read, wanted):
        return held(Reason.VEHICLE_CLASS_MISMATCH, wanted)
    return noted(
        case.rules.other_class,
        Reason.VEHICLE_CLASS_MISMATCH,
        Text("read {read}, declared {wanted}", read=read, wanted=wanted),
    )


def _without_plate(case: Case) -> CheckFinding:
    if case.rules.without_plate == "pass":
        return held(Reason.PLATE_UNREADABLE, Text("not judged, the permit declares no plate"))
    return failed(Verdict.MANUAL, Reason.PLATE_UNREADABLE, Text("the permit declares no plate"))


def _may_be(read: str, wanted: str) -> bool:
    """Whether the two may be one: a generic form says nothing of the kind, and CIVIL nothing of the colour."""
    if read == wanted or PlateKind.LATIN in {read, wanted}:
        return True
    return PlateKind.CIVIL in {read, wanted} and not {read, wanted}.isdisjoint(_COLOURS)


def _agreeing(case: Case) -> int:
    return 0 if case.voted is None else case.voted.agreeing


def _score(found: PlateMatch) -> str:
    return Text("score {score} from {frames} frames", score=f"{found.score:.2f}", frames=found.frames)
