"""The whole decision on one transaction, in two steps, because between them the permit ledger is asked.

    assessment = assess(evidence, context, trust, utc)
    use = ledger.use_of(assessment.permit.permit_id) if assessment.permit else UseState()
    decision = judge(assessment, rules, use, final=final)

`assess` finds the permit that the evidence speaks for; `judge` adds the plate and the use, in the fixed order of the
checks, and decides. Neither raises: whatever goes wrong inside them is MANUAL with INTERNAL_ERROR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from agent.core.decision import Check, Decision, Reason, Verdict
from agent.core.permit.checks import PermitResult, verify_permit
from agent.core.plates.match import DEFAULT_RULES, MatchRules, MatchVerdict, match
from agent.core.plates.vote import vote

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.observations import Presentation, Reading
    from agent.core.permit.checks import GateContext
    from agent.core.permit.claims import Permit
    from agent.core.permit.trust import TrustList
    from agent.core.plates.match import PlateMatch

_T = TypeVar("_T")

# A text that fails with one of these was no permit at all: any other QR code that happens to be in view.
_FOREIGN = frozenset(
    {
        Reason.PAYLOAD_TOO_LARGE,
        Reason.NOT_A_PERMIT,
        Reason.VERSION_UNSUPPORTED,
        Reason.ENCODING_INVALID,
        Reason.STRUCTURE_INVALID,
    }
)
# It is the gate that does not know, not the permit that is wrong.
_OURS = frozenset({Reason.CLOCK_UNTRUSTED, Reason.DATA_TOO_OLD})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one transaction has seen so far. `presentations`: newest last; a payload seen again changes nothing."""

    transaction: str
    presentations: tuple[Presentation, ...] = ()
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgementRules:
    """What a lane asks for.

    `without_plate`: for a permit that declares no plate, an officer, or nothing more. `anti_passback_s`: for so long a
    vehicle that passed may not pass the same way again, whatever its permit says; 0: it may.
    """

    match: MatchRules = DEFAULT_RULES
    without_plate: Literal["manual", "pass"] = "manual"
    anti_passback_s: float = 0.0


@dataclass(frozen=True, slots=True)
class UseState:
    """What the permit ledger says of a permit.

    `used`: consumed uses. `open_reservation`: the transaction that reserved a use and has not finished, or None.
    `interrupted`: that reservation is from before a restart, so nobody knows whether the vehicle passed.
    `passed_s`: how long ago the vehicle last passed, by this or another permit, if that was the same way as now.
    """

    used: int = 0
    open_reservation: str | None = None
    interrupted: bool = False
    passed_s: float | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the presentations say. `permit`: the verified permit; it may still be expired or for another lane.

    `checks`: those on the chosen text, in order. `reason`: OK, or that of the last check, which failed.
    """

    evidence: Evidence
    checks: tuple[Check, ...]
    permit: Permit | None
    reason: Reason


def assess(evidence: Evidence, context: GateContext, trust: TrustList, utc: float) -> Assessment:
    """Verify every distinct payload at one time (Unix seconds) and choose the one that counts. Never raises.

    A valid permit counts before a refused one, a refused one before a text that is no permit; among equals the newest.
    Two valid permits with different ids are QR_MULTIPLE.
    """
    return _shielded(
        lambda: _assess(evidence, context, trust, utc),
        lambda name: Assessment(evidence, (_internal(name),), None, Reason.INTERNAL_ERROR),
    )


def judge(assessment: Assessment, rules: JudgementRules, use: UseState, *, final: bool) -> Decision:
    """Decide on an assessed transaction. Never raises.

    `use`: the ledger's word on `assessment.permit`. `final`: no more evidence will come, so RETRY is no answer.
    """
    return _shielded(
        lambda: _judge(assessment, rules, use, final),
        lambda name: Decision(
            Verdict.MANUAL, Reason.INTERNAL_ERROR, (*assessment.checks, _internal(name)), assessment.permit
        ),
    )


def _shielded(work: Callable[[], _T], otherwise: Callable[[str], _T]) -> _T:
    """Do the work; after any exception take the other answer, made with the exception's class name.

    The one place of the core that catches everything: a fault in a decision must end at an officer, not in an open
    barrier and not in a lane that stands still. The name goes into the decision, and with it into the journal.
    """
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - see above
        return otherwise(type(error).__name__)


def _internal(name: str) -> Check:
    return Check(Reason.INTERNAL_ERROR, ok=False, detail=name)


# ------------------------------------------------------------------------------------------------ the permit


def _assess(evidence: Evidence, context: GateContext, trust: TrustList, utc: float) -> Assessment:
    payloads = dict.fromkeys(shown.payload for shown in reversed(evidence.presentations))
    results = [verify_permit(payload, context, trust, utc) for payload in payloads]
    seen = Check(Reason.QR_NONE, bool(results), f"{len(results)} texts")
    if not results:
        return Assessment(evidence, (seen,), None, Reason.QR_NONE)
    valid = [result.permit for result in results if result.permit is not None and result.reason is Reason.OK]
    ids = {permit.permit_id for permit in valid}
    if len(ids) > 1:
        several = Check(Reason.QR_MULTIPLE, ok=False, detail=f"{len(ids)} valid permits")
        return Assessment(evidence, (seen, several), None, Reason.QR_MULTIPLE)
    chosen = min(results, key=_rank)
    single = Check(Reason.QR_MULTIPLE, ok=True, detail=_ignored(results, chosen))
    return Assessment(evidence, (seen, single, *chosen.checks), chosen.permit, chosen.reason)


def _rank(result: PermitResult) -> int:
    if result.reason is Reason.OK:
        return 0
    return 2 if result.reason in _FOREIGN else 1


def _ignored(results: list[PermitResult], chosen: PermitResult) -> str:
    others = [str(result.reason) for result in results if result is not chosen]
    return f"ignored: {', '.join(others)}" if others else ""


# ----------------------------------------------------------------------------------------------- the verdict


class _Trail:
    """The checks made so far, and the decision that they lead to."""

    def __init__(self, assessment: Assessment, *, final: bool) -> None:
        self._checks = list(assessment.checks)
        self._permit = assessment.permit
        self._final = final
        self.match: PlateMatch | None = None

    def held(self, reason: Reason, detail: str = "") -> None:
        self._checks.append(Check(reason, ok=True, detail=detail))

    def failed(self, verdict: Verdict, reason: Reason, detail: str) -> Decision:
        self._checks.append(Check(reason, ok=False, detail=detail))
        return self.end(verdict, reason)

    def again(self, otherwise: Verdict, reason: Reason, detail: str) -> Decision:
        return self.failed(otherwise if self._final else Verdict.RETRY, reason, detail)

    def end(self, verdict: Verdict, reason: Reason) -> Decision:
        return Decision(verdict, reason, tuple(self._checks), self._permit, self.match)


def _judge(assessment: Assessment, rules: JudgementRules, use: UseState, final: bool) -> Decision:
    trail = _Trail(assessment, final=final)
    if assessment.reason is not Reason.OK:
        return trail.end(_verdict_on_permit(assessment.reason, final), assessment.reason)
    if assessment.permit is None:
        raise ValueError("an assessment that is OK and has no permit")
    refused = _judge_plate(assessment.permit, assessment.evidence.readings, rules, trail)
    refused = refused or _judge_use(assessment.permit, assessment.evidence.transaction, use, trail)
    refused = refused or _judge_passback(rules.anti_passback_s, use.passed_s, trail)
    return refused or trail.end(Verdict.PASS, Reason.OK)


def _verdict_on_permit(reason: Reason, final: bool) -> Verdict:
    if reason is Reason.QR_NONE or reason in _FOREIGN:
        return Verdict.DENY if final else Verdict.RETRY
    if reason in _OURS or reason in {Reason.QR_MULTIPLE, Reason.INTERNAL_ERROR}:
        return Verdict.MANUAL
    return Verdict.DENY


def _judge_plate(
    permit: Permit, readings: tuple[Reading, ...], rules: JudgementRules, trail: _Trail
) -> Decision | None:
    if permit.plate is None:
        if rules.without_plate == "pass":
            trail.held(Reason.PLATE_UNREADABLE, "not judged, the permit declares no plate")
            return None
        return trail.failed(Verdict.MANUAL, Reason.PLATE_UNREADABLE, "the permit declares no plate")
    voted = vote(readings)
    if voted is None:
        return trail.again(Verdict.MANUAL, Reason.PLATE_UNREADABLE, f"{len(readings)} readings")
    trail.held(Reason.PLATE_UNREADABLE, f"{len(readings)} readings")
    trail.match = found = match(voted, permit.plate, rules.match)
    score = f"score {found.score:.2f} from {found.frames} frames"
    if found.verdict is MatchVerdict.UNSURE:
        return trail.again(Verdict.MANUAL, Reason.PLATE_UNSURE, score)
    trail.held(Reason.PLATE_UNSURE, score)
    if found.verdict is MatchVerdict.MISMATCH:
        return trail.failed(Verdict.DENY, Reason.PLATE_MISMATCH, score)
    trail.held(Reason.PLATE_MISMATCH, score)
    return None


def _judge_use(permit: Permit, transaction: str, use: UseState, trail: _Trail) -> Decision | None:
    if use.used >= permit.max_uses:
        return trail.failed(Verdict.DENY, Reason.ALREADY_USED, f"used {use.used} of {permit.max_uses} times")
    if use.interrupted:
        cause = f"reserved by {use.open_reservation} before a restart, the passage is not known"
        return trail.failed(Verdict.MANUAL, Reason.ALREADY_USED, cause)
    if use.open_reservation not in {None, transaction}:
        return trail.failed(Verdict.DENY, Reason.ALREADY_USED, f"reserved by {use.open_reservation}")
    trail.held(Reason.ALREADY_USED, f"used {use.used} of {permit.max_uses} times")
    return None


def _judge_passback(window_s: float, passed_s: float | None, trail: _Trail) -> Decision | None:
    """Refuse the way just gone: a permit that was handed back, or a second permit for the vehicle that is through."""
    if not window_s:
        return None
    if passed_s is not None and passed_s < window_s:
        return trail.failed(
            Verdict.DENY, Reason.PASSBACK, f"passed this way {passed_s:.0f} s ago, not yet {window_s:.0f}"
        )
    trail.held(Reason.PASSBACK, "" if passed_s is None else f"passed this way {passed_s:.0f} s ago")
    return None
