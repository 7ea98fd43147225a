"""Compares the result of other rules for a vehicle with what really happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.model import Reason, Verdict
from agent.core.replay.recorded import NotJudged, NotJudgedError
from agent.core.replay.rejudgement import Answer, judged_again, recorded_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.replay.recorded import RecordedVehicle
    from agent.core.replay.rejudgement import ReplayRules

_ENDS = frozenset({Verdict.PASS, Verdict.DENY})


@dataclass(frozen=True, slots=True)
class Compared:
    """One vehicle. `then`: what was answered, None where nothing was; `now`: what the other rules answer.

    `not_judged`: why `now` is not known. Both None: there was nothing to judge, as of a vehicle that left before.
    """

    vehicle: RecordedVehicle
    then: Answer | None = None
    now: Answer | None = None
    not_judged: NotJudged | None = None

    @property
    def differs(self) -> bool:
        """Whether the other rules answer something else, or for another reason."""
        if self.then is None or self.now is None:
            return False
        return (self.then.verdict, self.then.reason) != (self.now.verdict, self.now.reason)

    @property
    def check(self) -> Reason | None:
        """The check that makes the difference: what fails now, or what failed then; None where nothing differs."""
        if not self.differs or self.then is None or self.now is None:
            return None
        return self.then.reason if self.now.verdict is Verdict.PASS else self.now.reason

    def detail(self, answer: Answer | None) -> str:
        """What that check saw in one of the two answers, in words; empty where it was not made."""
        made = () if answer is None else answer.checks
        return next((one.detail for one in made if one.reason is self.check), "")


def compared(vehicle: RecordedVehicle, rules: Mapping[str, ReplayRules]) -> Compared:
    """Judge a vehicle again by the rules of its lane; `rules`: by lane.

    Each decision is judged in its turn, until one lets the vehicle pass or refuses it, as the lane does.
    """
    decisions = [one for one in vehicle.decisions if one is not None]
    if len(decisions) < len(vehicle.decisions):
        return Compared(vehicle, not_judged=NotJudged.UNREADABLE)
    if not decisions:
        return Compared(vehicle)
    then = _last(recorded_answer(one) for one in decisions)
    of_lane = rules.get(vehicle.lane)
    if of_lane is None:
        return Compared(vehicle, then, not_judged=NotJudged.NO_SUCH_LANE)
    try:
        now = _last(judged_again(one, vehicle.transaction, of_lane) for one in decisions)
    except NotJudgedError as error:
        return Compared(vehicle, then, not_judged=error.cause)
    return Compared(vehicle, then, now)


def _last(answers: Iterable[Answer]) -> Answer:
    """The answer that counts: the first that ends the reading, else an officer's turn, else the newest."""
    given: list[Answer] = []
    for answer in answers:
        given.append(answer)
        if answer.verdict in _ENDS:
            return answer
    manual = [one for one in given if one.verdict is Verdict.MANUAL]
    return (manual or given)[-1]
