"""One lane as a machine: `agent.core.lane.lane_state_machine`, with what the loop around it does where a record fails.

Every kind of lane, with inputs of the world at each tick: what it samples, what readers see, answers, officers' orders,
reports of pulses, neighbours, devices that come and go, records that fail, and restarts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Final

from agent.core.decision import Decision
from agent.core.lane.effects import Effect, Record
from agent.core.lane.lane_state_machine import LaneRules, step
from agent.core.lane.state import Lane, LaneLockout, LaneState
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    InterlockChanged,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.model import Instant, LedgerState, Reason, Signals, Verdict
from agent.lane.loop import _binding, _opens
from tests.model.explorer import VARIANT, Outcome
from tests.model.lane_forms import LaneForms
from tests.model.lane_inputs import UTC, Choice, LaneInputs, words_of
from tests.model.lane_monitor import Known, LaneMonitor, placed, told

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from agent.core.lane.step_inputs import Input
    from tests.model.lane_forms import Form

TIMINGS: Final[dict[str, float]] = {
    "read_s": 2.0,
    "decide_s": 1.0,
    "open_s": 1.0,
    "enter_s": 2.0,
    "pass_s": 2.0,
    "clear_s": 1.0,
    "close_s": 1.0,
    "deny_again_s": 1.0,
    "stale_s": 1.0,
    "grant_s": 2.0,
    "gone_s": 1.0,
    "blind_passage_s": 1.0,
}
"""Whole ticks, as short as each rule can still be told from its neighbours."""
_MOST_UNDER_WAY: Final = 2
_MOST_FAILURES: Final = 3
_PATIENCE: Final = 60
_RESTS: Final = frozenset({LaneState.IDLE, LaneState.OUT_OF_SERVICE})
_RETRY: Final = Decision(Verdict.RETRY, Reason.QR_UNSTABLE, (), None)


@dataclass(frozen=True)
class LaneKind:
    """A lane to explore: its rules beside TIMINGS, and the inputs that it gets. `sees`: moves that it must have
    made."""

    rules: dict[str, Any] = field(default_factory=dict)
    choice: Choice = field(default_factory=Choice)
    sees: tuple[tuple[str, str], ...] = (("deciding", "opening"),)

    def lane_rules(self) -> LaneRules:
        """All rules."""
        timings: dict[str, Any] = {**TIMINGS, **self.rules}
        return LaneRules("lane", 7, "export", **timings)


State = tuple[Any, ...]


class LaneMachine:
    """One kind of lane. A state is the form of the lane and what the monitor knows."""

    def __init__(self, kind: LaneKind) -> None:
        self._kind = kind
        self.rules = kind.lane_rules()
        self.choice = kind.choice
        tested = any(order in kind.choice.orders for order in (CommandKind.TEST_OPEN, CommandKind.TEST_CLOSE))
        self.forms = LaneForms(self.rules, tested=tested, vins=kind.choice.vins)
        self.feed = LaneInputs(self.rules, kind.choice)
        self._reports = {
            grant: tuple(self.feed.of_pulse(grant)) for grant in ("T-1", "T-2", "T-3", "O1", "O2", "O3", "O4")
        }
        self._close_reports = tuple(self.feed.of_close())
        self._rests: dict[Form, bool] = {}
        self._quiet = next(self.feed.samples())
        self.oldest_s = 3.0

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        words = [("a start", LaneLockout())]
        if CommandKind.LOCK in self.choice.orders:
            words += [("a locked start", LaneLockout("boss")), ("a start out of service", LaneLockout("", "boss"))]
        for word, lockout in words:
            yield word, self._started(lockout)
        yield from self._rested()

    def inputs(self, state: Any) -> Iterator[str]:
        lane = self.forms.lane(state[0])
        if len(lane.pulses) > _MOST_UNDER_WAY or lane.closes_unreported > _MOST_UNDER_WAY:
            return
        yield from self.feed.always
        asked = lane.transaction is not None and lane.transaction.asked
        for text in self.feed.answers:
            if asked or text.startswith("decision PASS +"):
                yield text
        for pulse in lane.pulses:
            yield from self._reports[pulse.grant]
        if lane.closes_unreported:
            yield from self._close_reports
        if self.choice.restarts:
            yield "restart +0"

    def outcomes(self, state: Any, label: str) -> Iterator[Outcome]:
        lane, known = self.forms.lane(state[0]), state[1]
        if label == "restart +0":
            yield Outcome(label, self._started(lane.lockout), (), None)
            return
        ticks, item = self.feed.made(label)
        yield from self.fed(lane, known, item, label, ticks)

    def fed(self, lane: Lane, known: Known, item: Input, label: str, ticks: int) -> Iterator[Outcome]:
        """One input as `agent.lane.loop.LaneLoop` feeds it, with every way in which its record can fail."""
        due: list[tuple[str, Input, int]] = [(label, item, 0)]
        while due:
            text, fed, failures = due.pop(0)
            after, effects = step(lane, fed)
            then, breaches = self.watched(lane, known, fed, after, effects)
            form, names = self.forms.form(after, ticks)
            now = placed(then, names, ticks, self.rules.stale_s, self.oldest_s)
            yield Outcome(text, (form, now), breaches, (lane.state.value, after.state.value))
            if failures < _MOST_FAILURES:
                decision = item.decision if isinstance(item, Decided) else None
                for reason in self._failures(effects):
                    failed = RecordFailed(item.now, reason, decision, item)
                    due.append((f"{text}{VARIANT}{reason}", failed, failures + 1))

    def watched(
        self, lane: Lane, known: Known, item: Input, after: Lane, effects: tuple[Effect, ...]
    ) -> tuple[Known, tuple[str, ...]]:
        """What the monitor knows after a step, and what it found."""
        known, turned = told(known, self.rules, item)
        monitor = LaneMonitor(self.rules, known, item, turned, lane.state, after.state, [])
        known = monitor.check(effects)
        if after.turned_away is None and known.turned_away:
            known = Known(*(getattr(known, name) if name != "turned_away" else "" for name in Known.__slots__))
        shown = (after.transaction is not None, bool(after.lockout.locked_by), bool(after.lockout.out_of_service_by))
        monitor.expect(
            shown == (known.served is not None, known.locked, known.out_of_service),
            "rule 5 and 10: what the lane shows is what was recorded",
        )
        return known, tuple(monitor.breaches)

    def judged(self, state: Any) -> Iterator[str]:
        """In a sound world, with nobody there, a lane comes to rest."""
        if not self._comes_to_rest(state[0]):
            yield "never comes to rest in a sound world with nobody there"

    def never_seen(self, moved: Iterable[Hashable]) -> Iterator[str]:
        seen = set(moved)
        yield from (f"{before} to {after}" for before, after in self._kind.sees if (before, after) not in seen)

    def told(self, state: Any) -> str:
        lane = self.forms.lane(state[0])
        words = [lane.state.value]
        if lane.pulses:
            words.append(f"{len(lane.pulses)} pulses under way")
        if lane.transaction is not None and lane.transaction.reserved is not None:
            words.append("its use reserved")
        return ", ".join(words)

    # --------------------------------------------------------------------------------------------------------- private

    def _rested(self) -> Iterator[tuple[str, State]]:
        """A lane at rest with its devices up, from which more is within reach; where its inputs lead there."""
        state = self._started(LaneLockout())
        sample = "tick +1" if self.rules.blind else f"{words_of(self.rules, self._quiet)} +1"
        for label in ("relay up +0", *(["way free +0"] if self.rules.neighbours else []), sample):
            if label not in self.feed.makes:
                return
            ticks, item = self.feed.made(label)
            outcome: Any = next(self.fed(self.forms.lane(state[0]), state[1], item, label, ticks)).state
            state = outcome
        yield "a lane at rest", state

    def _started(self, lockout: LaneLockout) -> State:
        lane = Lane.start(self.rules, 1, lockout)
        form, _names = self.forms.form(lane, 0.0)
        known = Known(
            free=not self.rules.neighbours,
            locked=bool(lockout.locked_by),
            out_of_service=bool(lockout.out_of_service_by),
        )
        return form, known

    def _failures(self, effects: tuple[Effect, ...]) -> Iterator[Reason]:
        """Why the loop cannot do what a step asks for."""
        if _opens(effects) and self.rules.neighbours:
            yield Reason.INTERLOCKED
        if not _binding(effects):
            return
        yield Reason.GATE_FAULT
        for effect in effects:
            if isinstance(effect, Record) and any(row.state is LedgerState.RESERVED for row in effect.ledger):
                yield Reason.ALREADY_USED

    def _comes_to_rest(self, form: Form) -> bool:
        trail: list[Form] = []
        at = form
        while at not in self._rests and at not in trail and len(trail) < _PATIENCE:
            if self._at_rest(self.forms.lane(at)):
                self._rests[at] = True
                break
            trail.append(at)
            at = self.quiet(at)
        rests = self._rests.get(at, False)
        for one in trail:
            self._rests[one] = rests
        return rests

    @staticmethod
    def _at_rest(lane: Lane) -> bool:
        held = lane.state is LaneState.HELD_OPEN and lane.ordered_hold is not None
        return held or lane.state in _RESTS

    def quiet(self, form: Form) -> Form:
        """One tick of a sound world: devices are up, the way is free, reports and answers come, nobody is there."""
        lane = self.forms.lane(form)
        for item, _ticks in self.quiet_items(lane):
            lane, _effects = step(lane, item)
        return self.forms.form(lane, 1.0)[0]

    def quiet_items(self, lane: Lane, *, alone: bool = True) -> list[tuple[Input, float]]:
        """What comes into a lane within one tick of a sound world, and how many ticks are over with it: 1 at the
        end."""
        now, later = Instant(0.0, UTC), Instant(1.0, UTC)
        items: list[Input] = []
        if not lane.relay_up:
            items.append(RelayChanged(now, up=True))
        if not lane.readers_up:
            items.append(ReadersChanged(now, up=True))
        if alone and self.rules.neighbours and (not lane.interlock_free or lane.arm_in_use):
            items.append(InterlockChanged(now, free=True))
        items += [Pulsed(now, pulse.grant, "open", "delivered") for pulse in lane.pulses]
        items += [Pulsed(now, None, "close", "delivered")] * lane.closes_unreported
        if lane.transaction is not None and lane.transaction.asked:
            items.append(Decided(now, _RETRY, 0, "", inf))
        quiet = self._quiet
        values = (quiet.presence, quiet.safety, quiet.photocell, quiet.opened, quiet.closed, quiet.key, quiet.hold)
        items += [Sampled(later, Signals(1.0, *values)), Ticked(later)]
        return [(item, 1.0 if item is items[-1] else 0.0) for item in items]
