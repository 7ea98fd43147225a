"""Checks whether the gate still has the data to judge a permit: its ledger, its lists, its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision.checks.check_input import failed, held
from agent.core.model import Reason, Verdict
from agent.core.permit import PermitForm
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding

_SAYS_WHEN: Final = frozenset({PermitForm.SIGNED, PermitForm.JWS})
"""The forms that say, signed, when they were issued."""


def whole(case: Case) -> CheckFinding:
    """STATE_NOT_WHOLE: a part of the gate's own state is lost or behind, and the permit may have been used."""
    hold = case.known.hold
    if hold.cause:
        return failed(Verdict.MANUAL, Reason.STATE_NOT_WHOLE, hold.cause)
    held_here = {kind.value: version for kind, version in case.known.data.versions.items()}
    held_here["trust"] = case.known.data.trust
    for name, floor in hold.floors:
        if held_here.get(name, 0) < floor:
            detail = Text(
                "{name}: version {held} is here, {floor} was in force",
                name=name,
                held=held_here.get(name, 0),
                floor=floor,
            )
            return failed(Verdict.MANUAL, Reason.STATE_NOT_WHOLE, detail)
    permit = case.permit
    # Nobody could use it before it was issued, nor before it began.
    later = permit.form in _SAYS_WHEN and max(permit.issued_at, permit.not_before) > hold.issued_after_utc
    if hold.ledger and not later:
        return failed(Verdict.MANUAL, Reason.STATE_NOT_WHOLE, hold.ledger)
    return held(Reason.STATE_NOT_WHOLE, Text("issued after the ledger was lost") if hold.ledger else "")
