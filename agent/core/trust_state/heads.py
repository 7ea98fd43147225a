"""What follows from a head that a witness reports, and from a journal that was moved aside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.core.trust_state.facts import HeadNamed, Witness
from agent.core.trust_state.lost_ledger import UNKNOWN_ROWS, WHOLE, lose, lose_ledger, lose_orders, with_wanted
from agent.core.trust_state.state import (
    FormerStream,
    PartStanding,
    RowsWanted,
    TrustState,
    Wholeness,
    remembered,
    with_earlier,
)
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.trust_state.facts import JournalReplaced
    from agent.core.trust_state.lost_ledger import TrustRules

WITNESSES: Final = {
    Witness.HEAD_FILE: Text("the head file"),
    Witness.STATUS: Text("the gate's own status at the broker"),
    Witness.SITE: Text("another gate of the site"),
    Witness.CENTRAL: Text("central"),
    Witness.JOURNAL: Text("the journal"),
}
"""What each witness is called."""


def take_head(state: TrustState, fact: HeadNamed, rules: TrustRules) -> tuple[TrustState, str]:
    """The state after a head that a witness names, and why the journal is whole again by it."""
    named, own = fact.named, fact.own
    unknown = [
        FormerStream(one.stream, one.seq)
        for one in fact.former
        if state.former_seq(one.stream) is None and one.stream != own.stream
    ]
    state = replace(state, former=with_earlier(state.former, unknown))
    if named.stream == own.stream:
        if named.seq <= own.seq and fact.agrees is not False and not fact.lacks_rows:
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
        "{witness} names event {seq} of stream {stream}, but the gate has nothing of it",
        witness=WITNESSES[fact.witness],
        seq=named.seq,
        stream=named.stream,
    )
    state = lose(state, cause, rules, _wanted(fact))
    return replace(state, journal=PartStanding(Wholeness.LOST, cause)), ""


def _is_earlier(state: TrustState, fact: HeadNamed) -> bool:
    """Whether a head was told before the stream of now began. A replayed one must not end a stream.

    Nobody replays the head file, and the clock by which it was told may have been wrong.
    """
    if fact.witness is Witness.HEAD_FILE:
        return False
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
    if fact.agrees is not False:
        return Text(
            "{witness} names place {place} of the permit ledger, but it ends at {own}: it is an older copy",
            witness=witness,
            place=fact.place,
            own=fact.own_place,
        )
    return Text(
        "{witness} names another event {seq} than the journal has: the journal continued from an older copy",
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
                "{witness} names event {seq} of stream {stream}, but the gate had only {known}",
                witness=WITNESSES[fact.witness],
                seq=named.seq,
                stream=named.stream,
                known=known,
            )
            state = lose(state, cause, rules, _wanted(fact))
    elif any(one.stream == named.stream for one in state.missing):
        wanted = _wanted(fact)
        older = any(one.stream == named.stream and one.older for one in state.missing)
        state = replace(state, missing=with_wanted(state.missing, replace(wanted, exact=wanted.exact and not older)))
    if fact.witness is Witness.CENTRAL and state.journal.state is Wholeness.LOST and _stored(state, fact):
        return replace(state, journal=WHOLE), Text("central has stored all events of the stream that is lost")
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


def take_replacement(state: TrustState, fact: JournalReplaced, rules: TrustRules) -> TrustState:
    """The state after a journal was moved aside."""
    former = fact.former
    if former is not None:
        known = remembered(state.former, former.stream, former.seq, went_on=fact.older)
        state = replace(state, former=known)
    if fact.ledger_whole and fact.orders_whole:
        return state
    if not fact.ledger_whole:
        exact = fact.place is not None and not fact.older
        wanted = UNKNOWN_ROWS if former is None else RowsWanted(former.stream, fact.place or 0, exact, fact.older)
        state = lose_ledger(state, fact.cause, wanted)
    if not fact.orders_whole:
        state = lose_orders(state, fact.cause, rules)
    return replace(state, journal=PartStanding(Wholeness.LOST, fact.cause))
