"""The canonical form of a lane: what no rule of the lane tells apart is the same state.

Times are kept relative to now. Every limit that the lane's rules compare a time with is a whole number of ticks, so
that the following lose nothing:
* ages are cut at the longest limit that any rule of that state compares them with; of a state that reads no `since`,
  none is kept;
* `clear_since` and `free_since` count from `since` at the earliest, as the rules take them;
* ids are renamed: the open transaction is T, its pulses T-1, T-2, those of others O1, O2;
* of presentations and readings of one text one is kept: only whether there is any, and whether a new one is new,
  counts; of VINs as many as the lane keeps of one text;
* what only words events, or keeps an alarm from being repeated, is left out.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Final

from agent.core.decision import Decision
from agent.core.lane.seen_vins import awaits_vin
from agent.core.lane.state import (
    GATHERING,
    UNDECIDED,
    HandledVehicle,
    InputState,
    Lane,
    LaneState,
    Pulse,
    Transaction,
)
from agent.core.model import (
    LedgerChange,
    LedgerState,
    Presentation,
    Reading,
    Reason,
    Signals,
    Verdict,
    VinReading,
    VinSource,
)
from tests.model.lane_inputs import OPEN_TRANSACTION, PERMIT

if TYPE_CHECKING:
    from collections.abc import Hashable

    from agent.core.lane.lane_state_machine import LaneRules

_LONG_AGO: Final = -99.0
_TURNED_AWAY: Final = "gone"
_ASKS: Final = GATHERING | {LaneState.MANUAL}
_DECIDED: Final = {
    True: Decision(Verdict.MANUAL, Reason.OK, (), PERMIT),
    False: Decision(Verdict.MANUAL, Reason.OK, (), None),
}

_AWAITS_VIN: Final = Decision(Verdict.RETRY, Reason.VIN_UNREADABLE, (), PERMIT)
_MOST_ALIKE: Final = 4
"""How many VINs of one text a lane keeps."""

Names = dict[str, str]
Form = tuple[Any, ...]


class LaneForms:
    """The forms of the lanes of one kind. `tested`: whether test pulses are ordered, which ask when somebody was
    seen. `vins`: whether VINs are waited for, which asks when the vehicle came."""

    def __init__(self, rules: LaneRules, *, tested: bool, vins: bool = False) -> None:
        self._rules = rules
        self._vins = vins
        self._reads_seen_at = rules.blind or tested
        self._kept: list[Hashable] = []
        self._last: tuple[Form, Lane] = ((), Lane.start(rules, 1))
        self._numbers: dict[Hashable, int] = {}
        self._longest = 1.0 + max(
            rules.read_s + rules.decide_s,
            2 * rules.decide_s,
            rules.open_s,
            rules.enter_s,
            rules.pass_s,
            rules.clear_s + rules.close_s,
            rules.deny_again_s,
            rules.stale_s,
            rules.grant_s,
            rules.gone_s,
            rules.blind_passage_s,
        )
        self._reads_s = {
            LaneState.INIT: max(rules.close_s, rules.pass_s),
            LaneState.PRESENT: rules.read_s + rules.decide_s,
            LaneState.DECIDING: 2 * rules.decide_s,
            LaneState.MANUAL: rules.deny_again_s,
            LaneState.DENIED: rules.deny_again_s,
            LaneState.OPENING: rules.open_s,
            LaneState.OPEN: max(rules.enter_s, rules.clear_s, rules.blind_passage_s),
            LaneState.CLEARING: rules.clear_s + rules.close_s,
            LaneState.CLOSING: max(rules.close_s, rules.clear_s),
            LaneState.VIOLATION: rules.clear_s,
        }

    def form(self, lane: Lane, now: float) -> tuple[Form, Names]:
        """The form of a lane at that time, and what its transactions and grants are called there."""
        since = lane.since if lane.since == inf else max(-self._reads_s.get(lane.state, 0.0), lane.since - now)
        names = _names(lane)
        arm_free_at = self._arm_free_at(lane, now)
        form = (
            lane.state,
            since,
            self._number(self._input_state(lane, since, now)),
            None if lane.transaction is None else self._number(self._transaction(lane, lane.transaction, names, now)),
            self._number(self._early(lane, now)),
            self._number(self._handled(lane, now)),
            max(-(self._rules.gone_s + 1), lane.seen_at - now) if self._reads_seen_at else -inf,
            lane.relay_up,
            lane.readers_up,
            self._number(_pulses(lane, names, now)),
            lane.closing_pulse,
            *self._lowering(lane, now),
            lane.closes_unreported,
            lane.ordered_hold is not None,
            lane.contact_hold,
            lane.interlock_free,
            lane.arm_in_use,
            lane.arm_entered if self._rules.neighbours else False,
            arm_free_at,
            -inf if now - lane.leaving_since >= self._rules.read_s else lane.leaving_since - now,
            self._number(lane.lockout),
            None if lane.turned_away is None else lane.turned_away.use,
        )
        return form, names

    def lane(self, form: Form) -> Lane:
        """The lane of a form, at time 0. The same one again and again, while the inputs of a state are tried."""
        if form is not self._last[0]:
            self._last = form, self._made(form)
        return self._last[1]

    def _made(self, form: Form) -> Lane:
        (
            state,
            since,
            inputs,
            transaction,
            early,
            handled,
            seen_at,
            relay_up,
            readers_up,
            pulses,
            closing_pulse,
            *rest,
        ) = form
        (
            close_orders,
            lowered_at,
            closes_unreported,
            ordered_hold,
            contact_hold,
            interlock_free,
            *rest,
        ) = rest
        (arm_in_use, arm_entered, arm_free_at, leaving_since, lockout, turned_away) = rest
        return Lane(
            rules=self._rules,
            serial=1,
            state=state,
            since=since,
            input_state=self._kept[inputs],
            transaction=None if transaction is None else self._kept[transaction],
            # Who was refused is there until it leaves, and is named as one with an open transaction is.
            served=OPEN_TRANSACTION if state is LaneState.DENIED else "",
            early=self._kept[early],
            handled=self._kept[handled],
            seen_at=seen_at,
            relay_up=relay_up,
            readers_up=readers_up,
            pulses=self._kept[pulses],
            closing_pulse=closing_pulse,
            close_orders=close_orders,
            lowered_at=lowered_at,
            closes_unreported=closes_unreported,
            raised_alarms=(),
            ordered_hold="officer" if ordered_hold else None,
            contact_hold=contact_hold,
            interlock_free=interlock_free,
            arm_in_use=arm_in_use,
            arm_entered=arm_entered,
            arm_free_at=arm_free_at,
            leaving_since=leaving_since,
            lockout=self._kept[lockout],
            turned_away=None if turned_away is None else _use(turned_away, _TURNED_AWAY),
        )

    def cut_age(self, age_at: float, limit_s: float) -> float:
        """A time relative to now, no older than one tick more than a limit."""
        return age_at if age_at == -inf else max(-(limit_s + 1), age_at)

    # --------------------------------------------------------------------------------------------------------- private

    def _number(self, value: Hashable) -> int:
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._kept)
            self._kept.append(value)
        return number

    def _input_state(self, lane: Lane, since: float, now: float) -> InputState:
        known, signals, rules = lane.input_state, lane.input_state.signals, self._rules
        # Samples of up to two ticks ago come late: an older one is like another, but for the arm that was in use.
        oldest = -self._longest if rules.neighbours else -3.0
        at = signals.at if signals.at == -inf else max(oldest, signals.at - now)
        clear_since, free_since = (
            one if one == inf else _LONG_AGO if since == inf else max(since, one - now)
            for one in (known.clear_since, known.free_since)
        )
        return InputState(
            Signals(
                at,
                signals.presence,
                signals.safety,
                signals.photocell,
                signals.opened,
                signals.closed,
                signals.key,
                signals.hold,
            ),
            self.cut_age(known.known_at - now, rules.stale_s),
            clear_since,
            free_since,
            known.was_free if rules.neighbours else False,
        )

    def _arm_free_at(self, lane: Lane, now: float) -> float:
        """When the other direction ended to use the arm; nobody asks before that, nor once a newer sample is there."""
        at = lane.arm_free_at
        waits = not lane.arm_in_use and (lane.state is LaneState.YIELDING or lane.input_state.signals.at <= at)
        return max(-self._longest, at - now) if isfinite(at) and waits else -inf

    def _lowering(self, lane: Lane, now: float) -> tuple[int, float]:
        """How many close pulses were ordered, and when the newest: both count while the arm comes down."""
        if lane.state is not LaneState.CLOSING or not lane.close_orders:
            return 0, -inf
        longest = max(self._rules.close_s, self._rules.pass_s)
        return min(lane.close_orders, max(2, int(self._rules.pass_s))), max(-longest, lane.lowered_at - now)

    def _transaction(self, lane: Lane, it: Transaction, names: Names, now: float) -> Transaction:
        asks = lane.state in _ASKS
        permit = it.decision is not None and it.decision.permit is not None
        waits = self._vins and lane.state in UNDECIDED and awaits_vin(it.decision)
        return Transaction(
            OPEN_TRANSACTION,
            self._began_at(lane, it, now),
            it.arrived,
            presentations=tuple(_seen(text) for text in sorted({one.payload for one in it.presentations})),
            readings=_in_turn(it.readings),
            payloads=tuple(sorted(it.payloads)),
            asked=it.asked and asks,
            final=it.final and asks,
            decision=_AWAITS_VIN if waits else None if it.decision is None else _DECIDED[permit],
            waits_for=it.waits_for,
            use=it.use if permit else 0,
            by=it.by,
            grant=None if it.grant is None else names[it.grant],
            grants=max(min(it.grants, 2), sum(name.startswith("T-") for name in names.values())),
            pulse=it.pulse,
            reserved=None if it.reserved is None else _use(it.reserved.use, OPEN_TRANSACTION),
            seen_under=it.seen_under,
            unblocked=it.unblocked,
            entered=it.entered,
            released=it.released,
            violations=it.violations,
            plates=tuple(_read(text) for text in sorted({one.text for one in it.plates})),
            tested=it.tested,
            vins=_labels(it.vins) if asks else (),
        )

    def _began_at(self, lane: Lane, it: Transaction, now: float) -> float:
        """When the vehicle came: asked for only while a VIN may be waited for."""
        if not self._vins or lane.state not in _ASKS:
            return _LONG_AGO
        return max(-(self._rules.read_s + self._rules.decide_s + 1), it.began_at - now)

    def _early(self, lane: Lane, now: float) -> tuple[Presentation | Reading | VinReading, ...]:
        """The newest of each text, in the order in which they came; then the newest VINs."""
        newest: dict[bytes | str, Presentation | Reading] = {}
        vins: list[float] = []
        for one in lane.early:
            at = one.at - now
            if at < -self._rules.gone_s:
                continue
            if isinstance(one, VinReading):
                vins.append(at)
                continue
            key = one.payload if isinstance(one, Presentation) else one.text
            newest.pop(key, None)
            newest[key] = _seen(one.payload, at) if isinstance(one, Presentation) else _read(one.text, at)
        return (*newest.values(), *(_label(number, at) for number, at in enumerate(vins[-_MOST_ALIKE:])))

    def _handled(self, lane: Lane, now: float) -> tuple[HandledVehicle, ...]:
        """Those that are void by now keep their places, which are few, and nothing else."""
        gone_s = self._rules.gone_s
        return tuple(
            replace(one, seen_at=one.seen_at - now)
            if now - one.seen_at <= gone_s
            else HandledVehicle(frozenset(), -(gone_s + 1), one.passed)
            for one in lane.handled
        )


def _names(lane: Lane) -> Names:
    """New names of the open transaction and of all grants that are under way."""
    it, names = lane.transaction, {}
    own = it.id if it is not None else None
    if it is not None:
        names[it.id] = OPEN_TRANSACTION
    if lane.turned_away is not None:
        names[lane.turned_away.transaction] = _TURNED_AWAY
    mine = [one.grant for one in lane.pulses if own is not None and one.transaction == own]
    if it is not None and it.grant is not None and it.grant not in mine:
        mine.append(it.grant)
    names |= {grant: f"T-{number}" for number, grant in enumerate(mine, 1)}
    others = sorted(
        (one for one in lane.pulses if own is None or one.transaction != own),
        key=lambda one: (one.deadline, one.transaction is None, one.grant),
    )
    return names | {one.grant: f"O{number}" for number, one in enumerate(others, 1)}


def _pulses(lane: Lane, names: Names, now: float) -> tuple[Pulse, ...]:
    def whose(transaction: str | None) -> str | None:
        if transaction is None:
            return None
        own = lane.transaction is not None and transaction == lane.transaction.id
        return OPEN_TRANSACTION if own else "another"

    pulses = [Pulse(names[one.grant], whose(one.transaction), one.deadline - now) for one in lane.pulses]
    return tuple(sorted(pulses, key=lambda one: (one.deadline, one.grant)))


def _use(use: int, transaction: str) -> LedgerChange:
    return LedgerChange(PERMIT.permit_id, use, LedgerState.RESERVED, transaction, PERMIT.vin, "export")


def _in_turn(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """One of each text, in the order in which each was read last: the newest counts while no plate is known."""
    places = sorted(range(len(readings)), key=lambda place: (readings[place].at, readings[place].frame, place))
    texts = dict.fromkeys(readings[place].text for place in reversed(places))
    return tuple(_read(text, _LONG_AGO + number) for number, text in enumerate(reversed(texts)))


def _labels(vins: tuple[VinReading, ...]) -> tuple[VinReading, ...]:
    """As many as there are, of the one text that is explored."""
    return tuple(_label(number) for number in range(len(vins)))


def _label(number: int, at: float = _LONG_AGO) -> VinReading:
    return VinReading(PERMIT.vin, VinSource.CODE_128, "c", 1 + number, at)


def _seen(payload: bytes, at: float = _LONG_AGO) -> Presentation:
    return Presentation(payload, "q", "c", 0, at)


def _read(text: str, at: float = _LONG_AGO) -> Reading:
    return Reading(text, (), "k", 0.9, "c", 0, at)
