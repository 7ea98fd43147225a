"""Judges one recorded decision again by other rules, with the product's own judgement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.decision import judge
from agent.core.model import Check, Reason, Verdict
from agent.core.replay.known_facts import known_facts
from agent.core.replay.listed_facts import ReplayRules
from agent.core.replay.recorded import NotJudged, NotJudgedError

if TYPE_CHECKING:
    from agent.core.events import AccessDecided

__all__ = ["Answer", "ReplayRules", "judged_again", "recorded_answer"]

_OF_THE_LANE: Final = frozenset({Reason.INTERLOCKED, Reason.LANE_LOCKED, Reason.GATE_FAULT, Reason.INTERNAL_ERROR})
"""What keeps a vehicle back that may pass: no rule changes it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a vehicle. `checks`: those behind it, in order.

    `unproven`: it would pass, but then its pictures would have been read again and another gate asked for the use,
    which was not done at the time.
    """

    verdict: Verdict
    reason: Reason
    checks: tuple[Check, ...] = ()
    unproven: bool = False


def recorded_answer(record: AccessDecided) -> Answer:
    """What was answered."""
    return Answer(record.verdict, record.reason, tuple(Check(one.reason, one.ok, one.detail) for one in record.checks))


def judged_again(record: AccessDecided, transaction: str, rules: ReplayRules) -> Answer:
    """Answer again, by other rules and on what was known then. Raises NotJudgedError.

    The draw for an officer is chance and not repeated: who was drawn stays so where there is a draw.
    """
    then, facts = recorded_answer(record), record.facts
    if facts is None:
        if then.reason in _OF_THE_LANE and not any(one.reason is Reason.PERMIT_REVOKED for one in then.checks):
            return then  # before anything was judged
        raise NotJudgedError(NotJudged.EARLIER_VERSION)
    given = known_facts(record, facts, transaction, rules)
    undrawn = replace(rules.judgement, sample_share=0.0)
    found = judge(given.assessment, undrawn, given.known, final=facts.final, before=given.before)
    if found.verdict is not Verdict.PASS:
        return Answer(found.verdict, found.reason, found.checks)
    if then.reason in _OF_THE_LANE or (then.reason is Reason.SAMPLED and rules.judgement.sample_share):
        return then
    unproven = facts.claim is None or (facts.second is not None and given.known.second is None)
    return Answer(found.verdict, found.reason, found.checks, unproven=unproven)
