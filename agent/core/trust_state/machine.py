"""The step of the trust state: what a witnessed fact makes of it. docs/trust-state.md has it as a table.

A part becomes behind or lost at once, by one witness; it becomes whole only where that is shown, or accepted by two
persons. No fact makes less of what was known: floors, former streams and places only rise.
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
    Witness,
    WitnessGone,
)
from agent.core.trust_state.state import (
    PartStanding,
    RowsWanted,
    StatePart,
    TrustState,
    Wholeness,
    merged,
    remembered,
)
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.trust_state.facts import Fact

_WHOLE = PartStanding()
_UNKNOWN = RowsWanted("")
"""Rows of which nobody can say how many there were."""

WITNESSES = {
    Witness.HEAD_FILE: Text("the head file"),
    Witness.STATUS: Text("the gate's own status at the broker"),
    Witness.SITE: Text("another gate of the site"),
    Witness.CENTRAL: Text("central"),
    Witness.JOURNAL: Text("the journal"),
}
"""What each witness is called."""


@dataclass(frozen=True, slots=True)
class TrustRules:
    """`lanes`: the lanes of the gate. `longest_life_s`: no permit holds longer than that after it was issued."""

    lanes: frozenset[str]
    longest_life_s: float


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
        after, shown = _ledger_shown(after)
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
            return _head_named(state, fact, rules)
        case WitnessGone():
            return _lost(state, fact.cause, rules), ""
        case JournalReplaced():
            return _replaced(state, fact, rules), ""
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


# ------------------------------------------------------------------------------------------------------- journal, heads


def _head_named(state: TrustState, fact: HeadNamed, rules: TrustRules) -> tuple[TrustState, str]:
    named, own = fact.named, fact.own
    for earlier in fact.former:
        if state.former_seq(earlier.stream) is None and earlier.stream != own.stream:
            state = replace(state, former=remembered(state.former, earlier.stream, earlier.seq))
    if named.stream == own.stream:
        if named.seq <= own.seq and fact.agrees is not False:
            return state, ""
        return _behind(state, _why_behind(fact)), ""
    known = state.former_seq(named.stream)
    if known is not None:
        return _former_named(state, fact, known, rules)
    if not fact.fresh and not _is_earlier(state, fact):
        return _behind(state, _why_behind(fact)), ""
    # It was before this stream, which knows nothing of it.
    state = replace(state, former=remembered(state.former, named.stream, named.seq))
    if _is_accepted(state, fact):
        return state, ""
    cause = Text(
        "{witness} names event {seq} of stream {stream}, of which nothing is here",
        witness=WITNESSES[fact.witness],
        seq=named.seq,
        stream=named.stream,
    )
    state = _lost(state, cause, rules, _wanted(fact))
    return replace(state, journal=PartStanding(Wholeness.LOST, cause)), ""


def _is_earlier(state: TrustState, fact: HeadNamed) -> bool:
    """Whether a head was told before the stream of now began. A replayed one must not end a stream."""
    return state.began_utc is not None and fact.utc is not None and fact.utc < state.began_utc


def _why_behind(fact: HeadNamed) -> str:
    witness, named, own = WITNESSES[fact.witness], fact.named, fact.own
    if named.stream != own.stream:
        return Text(
            "{witness} names stream {stream}, which this journal does not know: it is an older copy",
            witness=witness,
            stream=named.stream,
        )
    if named.seq > own.seq:
        return Text(
            "{witness} names event {seq}, but the journal ends at {head}: it is an older copy",
            witness=witness,
            seq=named.seq,
            head=own.seq,
        )
    return Text(
        "{witness} names another event {seq} than the journal has: the journal went on from an older copy",
        witness=witness,
        seq=named.seq,
    )


def _behind(state: TrustState, cause: str) -> TrustState:
    """The stream must not go on. What is missing is weighed once another has begun."""
    if state.journal.state is Wholeness.BEHIND:
        return state
    return replace(state, journal=PartStanding(Wholeness.BEHIND, cause))


def _former_named(state: TrustState, fact: HeadNamed, known: int, rules: TrustRules) -> tuple[TrustState, str]:
    named = fact.named
    if named.seq > known:
        state = replace(state, former=remembered(state.former, named.stream, named.seq))
        if not _is_accepted(state, fact):
            cause = Text(
                "{witness} names event {seq} of stream {stream}, of which only {known} were here",
                witness=WITNESSES[fact.witness],
                seq=named.seq,
                stream=named.stream,
                known=known,
            )
            state = _lost(state, cause, rules, _wanted(fact))
    elif any(one.stream == named.stream for one in state.missing):
        wanted = _wanted(fact)
        older = any(one.stream == named.stream and one.older for one in state.missing)
        state = replace(state, missing=_placed(state.missing, replace(wanted, exact=wanted.exact and not older)))
    if fact.witness is Witness.CENTRAL and state.journal.state is Wholeness.LOST and _stored(state, fact):
        return replace(state, journal=_WHOLE), Text("central has stored all events of the stream that is lost")
    return state, ""


def _is_accepted(state: TrustState, fact: HeadNamed) -> bool:
    """Whether two persons have taken since what was lost before a head was told."""
    return fact.utc is not None and state.accepted_utc is not None and fact.utc < state.accepted_utc


def _wanted(fact: HeadNamed) -> RowsWanted:
    """What a head says of the rows. The head file holds every reservation: it is written behind each."""
    return RowsWanted(fact.named.stream, fact.place or 0, fact.witness is Witness.HEAD_FILE and fact.place is not None)


def _stored(state: TrustState, fact: HeadNamed) -> bool:
    """Whether central has the newest of the former streams to its end."""
    return state.former[-1].stream == fact.named.stream and fact.named.seq >= state.former[-1].seq


def _replaced(state: TrustState, fact: JournalReplaced, rules: TrustRules) -> TrustState:
    former = fact.former
    if former is not None:
        state = replace(state, former=remembered(state.former, former.stream, former.seq))
    if fact.ledger_whole and fact.orders_whole:
        return state
    if not fact.ledger_whole:
        exact = fact.place is not None and not fact.older
        wanted = _UNKNOWN if former is None else RowsWanted(former.stream, fact.place or 0, exact, fact.older)
        state = _ledger_lost(state, fact.cause, wanted)
    if not fact.orders_whole:
        state = _orders_lost(state, fact.cause, rules)
    return replace(state, journal=PartStanding(Wholeness.LOST, fact.cause))


# --------------------------------------------------------------------------------------------------------------- ledger


def _lost(state: TrustState, cause: str, rules: TrustRules, wanted: RowsWanted | None = None) -> TrustState:
    """Uses and orders may be missing."""
    return _orders_lost(_ledger_lost(state, cause, wanted or _UNKNOWN), cause, rules)


def _ledger_lost(state: TrustState, cause: str, wanted: RowsWanted) -> TrustState:
    ledger = state.ledger if not state.ledger.whole else PartStanding(Wholeness.LOST, cause)
    return replace(state, ledger=ledger, missing=_placed(state.missing, wanted), lost_utc=None)


def _placed(missing: tuple[RowsWanted, ...], wanted: RowsWanted) -> tuple[RowsWanted, ...]:
    """What is missing, with this. Of one stream the furthest place counts."""
    same = next((one for one in missing if one.stream == wanted.stream), None)
    if same is None:
        return (*missing, wanted)
    both = RowsWanted(
        same.stream, max(same.place, wanted.place), same.exact or wanted.exact, same.older or wanted.older
    )
    return tuple(both if one is same else one for one in missing)


def _ledger_shown(state: TrustState) -> tuple[TrustState, str]:
    """The ledger is whole again where the other gates held, and gave, everything that is missing."""
    held = {one.stream: one.seq for one in state.rows_held}
    shown = all(one.exact and held.get(one.stream, 0) >= one.place for one in state.missing)
    if not shown or not state.missing:
        return state, ""
    return _ledger_whole(state), Text("the other gates of the site held all uses, and gave them")


def _ledger_whole(state: TrustState) -> TrustState:
    return replace(state, ledger=_WHOLE, missing=(), lost_utc=None)


def _clock_told(state: TrustState, fact: ClockTold, rules: TrustRules) -> tuple[TrustState, str]:
    if state.ledger.whole:
        return state, ""
    if state.lost_utc is None:
        return replace(state, lost_utc=fact.utc), ""
    if fact.utc < state.lost_utc + rules.longest_life_s:
        return state, ""
    return _ledger_whole(state), Text("every permit that was issued before has ended")


# --------------------------------------------------------------------------------------------------------------- orders


def _orders_lost(state: TrustState, cause: str, rules: TrustRules) -> TrustState:
    orders = state.orders if not state.orders.whole else PartStanding(Wholeness.LOST, cause)
    return replace(state, orders=orders, unordered=rules.lanes) if rules.lanes else state


def _orders_shown(state: TrustState, fact: OrdersShown) -> tuple[TrustState, str]:
    """A record as new as anything that is known shows the orders; one without place in the former streams shows none.

    Where a witness is gone, nothing says what is the newest.
    """
    newest = state.former_seq(fact.at.stream)
    if state.orders.whole or newest is None or fact.at.seq < newest or any(not one.stream for one in state.missing):
        return state, ""
    return replace(state, orders=_WHOLE, unordered=frozenset()), Text("the head file held the orders of all lanes")


def _order_given(state: TrustState, fact: OrderGiven) -> tuple[TrustState, str]:
    left = state.unordered - {fact.lane}
    if state.orders.whole or left:
        return replace(state, unordered=left), ""
    return replace(state, orders=_WHOLE, unordered=left), Text("every lane has its orders again")


# ---------------------------------------------------------------------------------------------------------------- lists


def _lists_weighed(state: TrustState) -> tuple[TrustState, str]:
    if state.held is None:
        return state, ""
    held = dict(state.held)
    short = [(name, floor, held.get(name, 0)) for name, floor in state.demanded if held.get(name, 0) < floor]
    if not short:
        return replace(state, lists=_WHOLE), Text("every list has at least the version that it had")
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
        state = replace(state, journal=_WHOLE)
    if StatePart.LEDGER in fact.parts and not state.ledger.whole:
        state = replace(_ledger_whole(state), accepted_utc=fact.utc)
    if StatePart.ORDERS in fact.parts and not state.orders.whole:
        state = replace(state, orders=_WHOLE, unordered=frozenset())
    if StatePart.LISTS in fact.parts and not state.lists.whole:
        state, _ = _lists_weighed(replace(state, waived=merged(state.waived, state.floors)))
    return state, Text("accepted by {first} and {second}", first=first, second=second)
