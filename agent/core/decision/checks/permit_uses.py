"""Checks the earlier uses of the permit, by the ledger and by the other gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.decision.checks.check_input import failed, held
from agent.core.decision.knowledge import uses_allowed
from agent.core.model import Reason, Verdict
from agent.core.site import CLAIMS, ClaimCode
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding


def unused(case: Case) -> CheckFinding | None:
    """ALREADY_USED: all uses are consumed, or another transaction of this gate holds the last one."""
    use, allowed = case.known.use, uses_allowed(case.permit, case.known.declaration)
    count = Text("used {used} of {allowed} times", used=use.used, allowed=allowed)
    if use.used >= allowed:
        return failed(Verdict.DENY, Reason.ALREADY_USED, count) if use.used_at is None else None
    if use.in_doubt:
        cause = Text(
            "reserved by {open_reservation}, and it is not known whether that vehicle passed",
            open_reservation=use.open_reservation,
        )
        return failed(Verdict.MANUAL, Reason.ALREADY_USED, cause)
    if use.open_reservation not in {None, case.transaction}:
        return failed(
            Verdict.DENY,
            Reason.ALREADY_USED,
            Text("reserved by {open_reservation}", open_reservation=use.open_reservation),
        )
    return held(Reason.ALREADY_USED, count)


def unused_elsewhere(case: Case) -> CheckFinding:
    """USED_AT_OTHER_GATE: another gate of the site consumed the last use."""
    use = case.known.use
    if use.used_at is not None and use.used >= uses_allowed(case.permit, case.known.declaration):
        return failed(Verdict.DENY, Reason.USED_AT_OTHER_GATE, Text("at {used_at}", used_at=use.used_at))
    if claimed(case) is ClaimCode.USED_AT_OTHER_GATE:
        return failed(Verdict.DENY, Reason.USED_AT_OTHER_GATE, by_claim(case))
    return held(Reason.USED_AT_OTHER_GATE)


def unreserved_elsewhere(case: Case) -> CheckFinding:
    """RESERVED_ELSEWHERE: another gate of the site lets a vehicle pass with it now."""
    if claimed(case) is ClaimCode.RESERVED_ELSEWHERE:
        return failed(Verdict.MANUAL, Reason.RESERVED_ELSEWHERE, by_claim(case))
    return held(Reason.RESERVED_ELSEWHERE)


def ledger_reached(case: Case) -> CheckFinding:
    """LEDGER_UNREACHABLE: the home gate of the vehicle's permits did not answer."""
    if claimed(case) is ClaimCode.LEDGER_UNREACHABLE:
        return failed(Verdict.MANUAL, Reason.LEDGER_UNREACHABLE, by_claim(case))
    return held(Reason.LEDGER_UNREACHABLE, by_claim(case))


def claimed(case: Case) -> ClaimCode | None:
    """What became of the claim at the home gate; None: none was made."""
    return None if case.known.claim is None else case.known.claim.code


def by_claim(case: Case) -> str:
    """What the home gate said, in words; empty where it was not asked."""
    claim = case.known.claim
    if claim is None:
        return ""
    words: list[str] = [CLAIMS[claim.code]]
    words += [Text("at {gate}", gate=claim.gate)] if claim.gate else []
    words += [claim.detail] if claim.detail else []
    return joined(words)
