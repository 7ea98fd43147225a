"""Checks by the second reading whether the kept pictures show what the vision workers reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from agent.core.decision.checks.check_input import failed, held, unclear
from agent.core.decision.second_reading_result import SecondVerdict
from agent.core.model import Reason, Verdict

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding


def confirmed(case: Case) -> CheckFinding | None:
    """PICTURE_MISMATCH: they show something else. PICTURE_UNCONFIRMED: nobody knows what they show.

    The last of all: it is asked for where nothing else is in the way.
    """
    second = case.known.second
    if second is None:
        return None
    match second.verdict:
        case SecondVerdict.CONFIRMED:
            return held(Reason.PICTURE_MISMATCH, second.detail)
        case SecondVerdict.DIFFERENT:
            return failed(Verdict.MANUAL, Reason.PICTURE_MISMATCH, second.detail)
        case SecondVerdict.UNCLEAR:
            return unclear(Reason.PICTURE_UNCONFIRMED, second.detail)
        case SecondVerdict.FAILED:
            return failed(Verdict.MANUAL, Reason.PICTURE_UNCONFIRMED, second.detail)
        case _:
            assert_never(second.verdict)
