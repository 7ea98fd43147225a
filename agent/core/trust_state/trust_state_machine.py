"""The step of the trust state: its change by a fact from a witness. docs/trust-state.md has it as a table.

One witness is enough to make a part behind or lost. A part becomes whole again only if that is proved, or if two people
accept it. No fact reduces what is known: floors, former streams and places only rise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from agent.core.trust_state.facts import (
    Accepted,
    ClockTold,
    FloorNamed,
    HeadFileWritten,
    HeadNamed,
    JournalReplaced,
    ListsSeen,
    OrderGiven,
    OrdersShown,
    RowsShown,
    StreamBegun,
    WitnessGone,
)
from agent.core.trust_state.heads import take_head, take_replacement
from agent.core.trust_state.lost_ledger import WHOLE, lose, show_ledger, whole_ledger
from agent.core.trust_state.state import (
    PartStanding,
    StatePart,
    TrustState,
    Wholeness,
    merged,
    remembered,
)
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.trust_state.facts import Fact
    from agent.core.trust_state.lost_ledger import TrustRules


@dataclass(frozen=True, slots=True)
class PartChange:
    """What became of a part. `cause`: why, in words, also where it is whole again."""

    part: StatePart
    before: Wholeness
    after: Wholeness
    cause: str


def step(state: TrustState, fact: Fact, rules: TrustRules) -> tuple[TrustState, tuple[PartChange, ...]]:
    """Return the state after a fact, and what has changed of its parts. Never raises."""
    after, why = _taken(state, fact, rules)
    if not after.ledger.whole and not isinstance(fact, Accepted):
        after, shown = show_ledger(after)
        why = shown or why
    changes = []
    for part in StatePart:
        was, now = state.standing(part), after.standing(part)
        if was.state is not now.state:
            changes.append(PartChange(part, was.state, now.state, why if now.whole else now.cause))
    return after, tuple(changes)


def _taken(state: TrustState, fact: Fact, rules: TrustRules) -> tuple[TrustState, str]:  # noqa: C901, PLR0911, PLR0912
    """The state after a fact, and why a part is whole again by it."""
    match fact:
        case StreamBegun():
            return replace(state, began_utc=fact.utc), ""
        case HeadNamed():
            return take_head(state, fact, rules)
        case WitnessGone():
            return lose(state, fact.cause, rules), ""
        case JournalReplaced():
            return take_replacement(state, fact, rules), ""
        case OrdersShown():
            return _orders_shown(state, fact)
        case OrderGiven():
            return _order_given(state, fact)
        case RowsShown():
            held = state.rows_held
            for head in fact.held:
                held = remembered(held, head.stream, head.seq)
            return replace(state, rows_held=held), ""
        case FloorNamed():
            return _lists_weighed(replace(state, floors=merged(state.floors, fact.versions)))
        case ListsSeen():
            seen = merged((), fact.versions)
            return _lists_weighed(replace(state, held=seen, floors=merged(state.floors, seen)))
        case ClockTold():
            return _clock_told(state, fact, rules)
        case HeadFileWritten():
            return replace(state, unwitnessed=fact.trouble), ""
        case Accepted():
            return _accepted(state, fact)
        case _:
            assert_never(fact)


# --------------------------------------------------------------------------------------------------------------- ledger


def _clock_told(state: TrustState, fact: ClockTold, rules: TrustRules) -> tuple[TrustState, str]:
    if state.ledger.whole:
        return state, ""
    if state.lost_utc is None:
        return replace(state, lost_utc=fact.utc), ""
    if fact.utc < state.lost_utc + rules.longest_life_s:
        return state, ""
    return whole_ledger(state), Text("every permit that was issued before has expired")


# --------------------------------------------------------------------------------------------------------------- orders


def _orders_shown(state: TrustState, fact: OrdersShown) -> tuple[TrustState, str]:
    """A record as new as anything that is known shows the orders; one without place in the former streams shows none.

    Nor does one of the end of an older copy: it was put back with it, and there was more. Nor one that does not know a
    stream that came after it: its orders are from before that.

    Where a witness is gone, nothing says what is the newest.
    """
    later = {one.stream for one in state.former} - fact.former - {fact.at.stream}
    newest = state.is_newest(fact.at.stream, fact.at.seq) and not later
    if state.orders.whole or not newest or any(not one.stream for one in state.missing):
        return state, ""
    return replace(state, orders=WHOLE, unordered=frozenset()), Text("the head file held the orders of all lanes")


def _order_given(state: TrustState, fact: OrderGiven) -> tuple[TrustState, str]:
    left = state.unordered - {fact.lane}
    if state.orders.whole or left:
        return replace(state, unordered=left), ""
    return replace(state, orders=WHOLE, unordered=left), Text("every lane has its orders again")


# ---------------------------------------------------------------------------------------------------------------- lists


def _lists_weighed(state: TrustState) -> tuple[TrustState, str]:
    if state.held is None:
        return state, ""
    held = dict(state.held)
    short = [(name, floor, held.get(name, 0)) for name, floor in state.demanded if held.get(name, 0) < floor]
    if not short:
        return replace(state, lists=WHOLE), Text("every list has at least the version that it had")
    words = [
        Text("{name}: version {held} is here, {floor} was in force", name=name, held=version, floor=floor)
        for name, floor, version in short
    ]
    worst = Wholeness.LOST if any(not version for _, _, version in short) else Wholeness.BEHIND
    return replace(state, lists=PartStanding(worst, joined(words, "; "))), ""


# ------------------------------------------------------------------------------------------------------------- accepted


def _accepted(state: TrustState, fact: Accepted) -> tuple[TrustState, str]:
    """Two different persons take what is here. A stream that must not go on is no matter of acceptance."""
    first, second = fact.persons
    if not first or not second or first == second:
        return state, ""
    if StatePart.JOURNAL in fact.parts and state.journal.state is Wholeness.LOST:
        state = replace(state, journal=WHOLE)
    if StatePart.LEDGER in fact.parts and not state.ledger.whole:
        accepted_utc = state.accepted_utc if fact.utc is None else fact.utc
        state = replace(whole_ledger(state), accepted_utc=accepted_utc)
    if StatePart.ORDERS in fact.parts and not state.orders.whole:
        state = replace(state, orders=WHOLE, unordered=frozenset())
    if StatePart.LISTS in fact.parts and not state.lists.whole:
        state, _ = _lists_weighed(replace(state, waived=merged(state.waived, state.floors)))
    return state, Text("accepted by {first} and {second}", first=first, second=second)
