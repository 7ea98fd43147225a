"""Checks what the gate knows about the vehicle: its VIN, and its last passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.decision.checks.check_input import failed, held, noted
from agent.core.decision.checks.permit_uses import by_claim, claimed
from agent.core.model import Reason, Verdict
from agent.core.permit import vin
from agent.core.site import ClaimCode
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding


def checked_digit(case: Case) -> CheckFinding:
    """VIN_CHECKSUM: a VIN of a maker in China carries a wrong check digit."""
    if vin.check_digit_differs(case.permit.vin):
        return noted(case.rules.wrong_check_digit, Reason.VIN_CHECKSUM, Text("the check digit of the VIN differs"))
    return held(Reason.VIN_CHECKSUM)


def not_exited(case: Case) -> CheckFinding | None:
    """VIN_ALREADY_EXITED: this vehicle went the same way under another permit, says this gate or the home gate."""
    if claimed(case) is ClaimCode.VIN_ALREADY_EXITED:
        return failed(Verdict.MANUAL, Reason.VIN_ALREADY_EXITED, by_claim(case))
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


def not_back(case: Case) -> CheckFinding | None:
    """PASSBACK: the way just gone, by a permit handed back, or a second one for the vehicle that is through."""
    window_s, passed_s = case.rules.anti_passback_s, case.known.use.passed_s
    if not window_s:
        return None
    if passed_s is None:
        return held(Reason.PASSBACK)
    ago = Text("passed in this direction {passed_s} s ago", passed_s=f"{passed_s:.0f}")
    if passed_s < window_s:
        return failed(
            Verdict.DENY,
            Reason.PASSBACK,
            Text("{ago}, {said}", ago=ago, said=Text("less than {window_s} s ago", window_s=f"{window_s:.0f}")),
        )
    return held(Reason.PASSBACK, ago)
