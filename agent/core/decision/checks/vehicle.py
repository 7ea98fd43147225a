"""What is known of the vehicle and of the permit's uses: its VIN, its last passages, the ledger, the other gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.decision.checks.case import failed, held, noted
from agent.core.decision.knowledge import uses_allowed
from agent.core.model import Reason, Verdict
from agent.core.permit import vin
from agent.core.site import CLAIMS, ClaimCode
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.decision.checks.case import Case, CheckFinding


def checked_digit(case: Case) -> CheckFinding:
    """VIN_CHECKSUM: a VIN of a maker in China carries a wrong check digit."""
    if vin.check_digit_differs(case.permit.vin):
        return noted(case.rules.wrong_check_digit, Reason.VIN_CHECKSUM, Text("the check digit of the VIN differs"))
    return held(Reason.VIN_CHECKSUM)


def not_exited(case: Case) -> CheckFinding | None:
    """VIN_ALREADY_EXITED: this vehicle went the same way under another permit, says this gate or the home gate."""
    if _claimed(case) is ClaimCode.VIN_ALREADY_EXITED:
        return failed(Verdict.MANUAL, Reason.VIN_ALREADY_EXITED, _by_claim(case))
    if not case.rules.already_exited_s:
        return None
    exit_ = case.known.other_exit
    if exit_ is None:
        return held(Reason.VIN_ALREADY_EXITED)
    permit, when = exit_.permit_id.hex(), f"{exit_.utc:.0f}"
    detail = (
        Text("under permit {permit} at {gate} at {when}", permit=permit, gate=exit_.gate, when=when)
        if exit_.gate
        else Text("under permit {permit} at {when}", permit=permit, when=when)
    )
    return failed(Verdict.MANUAL, Reason.VIN_ALREADY_EXITED, detail)


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
    if _claimed(case) is ClaimCode.USED_AT_OTHER_GATE:
        return failed(Verdict.DENY, Reason.USED_AT_OTHER_GATE, _by_claim(case))
    return held(Reason.USED_AT_OTHER_GATE)


def unreserved_elsewhere(case: Case) -> CheckFinding:
    """RESERVED_ELSEWHERE: another gate of the site lets a vehicle pass with it now."""
    if _claimed(case) is ClaimCode.RESERVED_ELSEWHERE:
        return failed(Verdict.MANUAL, Reason.RESERVED_ELSEWHERE, _by_claim(case))
    return held(Reason.RESERVED_ELSEWHERE)


def ledger_reached(case: Case) -> CheckFinding:
    """LEDGER_UNREACHABLE: the home gate of the vehicle's permits did not answer."""
    if _claimed(case) is ClaimCode.LEDGER_UNREACHABLE:
        return failed(Verdict.MANUAL, Reason.LEDGER_UNREACHABLE, _by_claim(case))
    return held(Reason.LEDGER_UNREACHABLE, _by_claim(case))


def not_back(case: Case) -> CheckFinding | None:
    """PASSBACK: the way just gone, by a permit handed back, or a second one for the vehicle that is through."""
    window_s, passed_s = case.rules.anti_passback_s, case.known.use.passed_s
    if not window_s:
        return None
    if passed_s is None:
        return held(Reason.PASSBACK)
    ago = Text("passed this way {passed_s} s ago", passed_s=f"{passed_s:.0f}")
    if passed_s < window_s:
        return failed(
            Verdict.DENY,
            Reason.PASSBACK,
            Text("{ago}, {said}", ago=ago, said=Text("not yet {window_s}", window_s=f"{window_s:.0f}")),
        )
    return held(Reason.PASSBACK, ago)


def _claimed(case: Case) -> ClaimCode | None:
    return None if case.known.claim is None else case.known.claim.code


def _by_claim(case: Case) -> str:
    claim = case.known.claim
    if claim is None:
        return ""
    words: list[str] = [CLAIMS[claim.code]]
    words += [Text("at {gate}", gate=claim.gate)] if claim.gate else []
    words += [claim.detail] if claim.detail else []
    return joined(words)
