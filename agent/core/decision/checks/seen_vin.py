"""Checks the VIN on the vehicle: whether it was read, read well enough, and is the declared one.

Nothing here refuses a vehicle. A different VIN in view may be on a second label, or on a vehicle behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision.checks.check_input import failed, held, unclear
from agent.core.decision.second_factor import ASKS_VIN, declares_vin
from agent.core.model import Reason, Verdict
from agent.core.plates import MatchVerdict
from drivers.text import Text, joined, ngettext

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding
    from agent.core.vin_match import VinMatch

_SAID: Final = {
    MatchVerdict.MATCH: Text("the declared VIN was read"),
    MatchVerdict.UNSURE: Text("it may be the declared VIN or another VIN"),
    MatchVerdict.MISMATCH: Text("another VIN was read"),
}


def readable(case: Case) -> CheckFinding | None:
    """VIN_UNREADABLE: no VIN was read; or none is declared that one could be held against."""
    if case.tie not in ASKS_VIN:
        return None
    if not declares_vin(case.permit):
        return failed(Verdict.MANUAL, Reason.VIN_UNREADABLE, Text("the permit declares no VIN"))
    if case.vin is None:
        return unclear(Reason.VIN_UNREADABLE, case.vins_read)
    return held(Reason.VIN_UNREADABLE, case.vins_read)


def sure(case: Case) -> CheckFinding | None:
    """VIN_UNSURE: what was read may be the declared VIN and may be another."""
    found = case.vin
    if found is None or case.tie not in ASKS_VIN:
        return None
    if found.verdict is MatchVerdict.UNSURE:
        return unclear(Reason.VIN_UNSURE, _seen(found))
    return held(Reason.VIN_UNSURE, _seen(found))


def matching(case: Case) -> CheckFinding | None:
    """VIN_MISMATCH: another VIN was read, and the declared one was not. Where the VIN is not asked for, a note."""
    found = case.vin
    if found is None:
        return None
    if case.tie in ASKS_VIN:
        made = unclear if found.verdict is MatchVerdict.MISMATCH else held
        return made(Reason.VIN_MISMATCH, _seen(found))
    return held(Reason.VIN_MISMATCH, _noted(case, found))


def _noted(case: Case, found: VinMatch) -> Text:
    said = Text("the VIN decides") if case.relied_on.vin else Text("the VIN does not decide")
    return joined([_seen(found), said], "; ")


def _seen(found: VinMatch) -> Text:
    """What was read in words: never the VIN itself, which stands in a field of its own."""
    parts = [
        Text(
            "{said} ({source}, score {score} from {frames} frames)",
            said=_SAID[found.verdict],
            source=found.source.value,
            score=f"{found.score:.2f}",
            frames=found.frames,
        )
    ]
    beside = found.others if found.verdict is MatchVerdict.MATCH else found.others - 1
    if beside > 0:
        parts.append(ngettext("{count} other VIN is in view", "{count} other VINs are in view", beside, count=beside))
    if any(one.compared != "equal" and one.check_digit_differs for one in found.sightings):
        parts.append(Text("a check digit differs, so one may be misread"))
    return joined(parts, "; ")
