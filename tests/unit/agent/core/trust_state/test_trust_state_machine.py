"""The table of the trust state: what each witnessed fact makes of it."""

import json

import pytest

from agent.core.trust_state import (
    Accepted,
    ClockTold,
    FloorNamed,
    Head,
    HeadFileWritten,
    HeadNamed,
    JournalReplaced,
    ListsSeen,
    OrderGiven,
    OrdersShown,
    RowsShown,
    StatePart,
    StreamBegun,
    TrustRules,
    TrustState,
    Wholeness,
    Witness,
    WitnessGone,
    hold_of,
    state_as_json,
    state_from_json,
    step,
)
from drivers.text import Text

WHOLE, BEHIND, LOST = Wholeness
DAY_S = 86_400.0
UTC = 1_795_000_000.0
RULES = TrustRules(frozenset({"in", "out"}), 180 * DAY_S)
OWN = Head("now", 100)
ALL = frozenset(StatePart)


def after(*facts, state=None, rules=RULES):
    """The state after these facts."""
    found = TrustState() if state is None else state
    for fact in facts:
        found, _changes = step(found, fact, rules)
    return found


def named(stream="now", seq=100, witness=Witness.STATUS, own=OWN, **said):
    return HeadNamed(witness, Head(stream, seq), own, **said)


def parts(state):
    return tuple(state.standing(part).state for part in StatePart)


GONE = named("before", 50, Witness.HEAD_FILE, Head("now", 0), fresh=True, place=7)
OLDER = JournalReplaced(Head("before", 40), 5, older=True, ledger_whole=False, orders_whole=False, cause="older")
TORN = JournalReplaced(Head("before", 50), None, older=False, ledger_whole=False, orders_whole=True, cause="torn")
RESCUED = JournalReplaced(Head("before", 50), 7, older=False, ledger_whole=True, orders_whole=True, cause="damaged")
LATER_TORN = JournalReplaced(Head("later", 20), 9, older=False, ledger_whole=True, orders_whole=False, cause="torn")

# What is known before, the fact, and journal, ledger, lists, orders after it.
ROWS = {
    "its own head": ((), named(), (WHOLE, WHOLE, WHOLE, WHOLE)),
    "an earlier head of its own": ((), named(seq=1), (WHOLE, WHOLE, WHOLE, WHOLE)),
    "the same event": ((), named(seq=90, agrees=True), (WHOLE, WHOLE, WHOLE, WHOLE)),
    "more than is here": ((), named(seq=101), (BEHIND, WHOLE, WHOLE, WHOLE)),
    "another event in the place": ((), named(seq=90, agrees=False), (BEHIND, WHOLE, WHOLE, WHOLE)),
    "more rows of the ledger than are here": (
        (),
        named(seq=90, agrees=True, place=8, own_place=7),
        (BEHIND, WHOLE, WHOLE, WHOLE),
    ),
    "as many rows as are here": (
        (),
        named(seq=90, agrees=True, place=7, own_place=7),
        (WHOLE, WHOLE, WHOLE, WHOLE),
    ),
    "a stream that came later": ((), named("later", 1), (BEHIND, WHOLE, WHOLE, WHOLE)),
    "a stream from before this one began": (
        (StreamBegun(UTC),),
        named("first", 9, utc=UTC - 1),
        (LOST, LOST, WHOLE, LOST),
    ),
    "the head file, by a clock that was wrong": (
        (StreamBegun(UTC),),
        named("later", 9, Witness.HEAD_FILE, utc=0.0),
        (BEHIND, WHOLE, WHOLE, WHOLE),
    ),
    "a stream after this one began": (
        (StreamBegun(UTC),),
        named("later", 9, utc=UTC + 1),
        (BEHIND, WHOLE, WHOLE, WHOLE),
    ),
    "a journal that is gone": ((), GONE, (LOST, LOST, WHOLE, LOST)),
    "the lost stream once more": ((GONE,), GONE, (LOST, LOST, WHOLE, LOST)),
    "a journal put aside as older": ((), OLDER, (LOST, LOST, WHOLE, LOST)),
    "a journal put aside with a torn ledger": ((), TORN, (LOST, LOST, WHOLE, WHOLE)),
    "a journal put aside and rescued whole": ((), RESCUED, (WHOLE, WHOLE, WHOLE, WHOLE)),
    "more of a stream that was rescued whole": (
        (RESCUED,),
        named("before", 51, Witness.HEAD_FILE, place=8),
        (WHOLE, LOST, WHOLE, LOST),
    ),
    "a witness that is gone": ((), WitnessGone("gone"), (WHOLE, LOST, WHOLE, LOST)),
    "all rows of the site, as far as the head file says": (
        (GONE,),
        RowsShown((Head("before", 7),)),
        (LOST, WHOLE, WHOLE, LOST),
    ),
    "all rows of the site, but fewer": ((GONE,), RowsShown((Head("before", 6),)), (LOST, LOST, WHOLE, LOST)),
    "all rows of the site, of an older copy": ((OLDER,), RowsShown((Head("before", 5),)), (LOST, LOST, WHOLE, LOST)),
    "all rows, after the head file said more than the copy": (
        (OLDER, named("before", 50, Witness.HEAD_FILE, place=7)),
        RowsShown((Head("before", 7),)),
        (LOST, WHOLE, WHOLE, LOST),
    ),
    "all rows, where the head file is as old as the copy": (
        (OLDER, named("before", 40, Witness.HEAD_FILE, place=5), named("before", 50, Witness.STATUS, place=7)),
        RowsShown((Head("before", 7),)),
        (LOST, LOST, WHOLE, LOST),
    ),
    "the head file of a torn journal, after the rows": (
        (TORN, RowsShown((Head("before", 7),))),
        named("before", 45, Witness.HEAD_FILE, place=7),
        (LOST, WHOLE, WHOLE, WHOLE),
    ),
    "a stream in which nothing was used": (
        (),
        named("before", 50, Witness.HEAD_FILE, Head("now", 0), fresh=True, place=0),
        (LOST, WHOLE, WHOLE, LOST),
    ),
    "a day": ((GONE, ClockTold(UTC)), ClockTold(UTC + DAY_S), (LOST, LOST, WHOLE, LOST)),
    "the end of every permit": ((GONE, ClockTold(UTC)), ClockTold(UTC + 180 * DAY_S), (LOST, WHOLE, WHOLE, LOST)),
    "the orders of the lost stream": ((GONE,), OrdersShown(Head("before", 50)), (LOST, LOST, WHOLE, WHOLE)),
    "the orders of an older copy, put back with it": (
        (OLDER,),
        OrdersShown(Head("before", 40)),
        (LOST, LOST, WHOLE, LOST),
    ),
    "the orders of the head file that is newer than the copy": (
        (OLDER, named("before", 50, Witness.HEAD_FILE, place=7)),
        OrdersShown(Head("before", 50)),
        (LOST, LOST, WHOLE, WHOLE),
    ),
    "orders that are older than the loss": ((GONE,), OrdersShown(Head("before", 49)), (LOST, LOST, WHOLE, LOST)),
    "orders, where a witness is gone": (
        (GONE, WitnessGone("gone")),
        OrdersShown(Head("before", 50)),
        (LOST, LOST, WHOLE, LOST),
    ),
    "orders from before the stream that was lost": (
        (GONE, Accepted(ALL, ("anna", "bek"), UTC), LATER_TORN),
        OrdersShown(Head("before", 50)),
        (LOST, WHOLE, WHOLE, LOST),
    ),
    "the orders of the stream that was lost, which knows those before": (
        (GONE, Accepted(ALL, ("anna", "bek"), UTC), LATER_TORN),
        OrdersShown(Head("later", 20), frozenset({"before"})),
        (LOST, WHOLE, WHOLE, WHOLE),
    ),
    "an order of one lane": ((GONE,), OrderGiven("in"), (LOST, LOST, WHOLE, LOST)),
    "an order of every lane": ((GONE, OrderGiven("in")), OrderGiven("out"), (LOST, LOST, WHOLE, WHOLE)),
    "central has the lost stream": ((GONE,), named("before", 50, Witness.CENTRAL), (WHOLE, LOST, WHOLE, LOST)),
    "central has less of it": ((GONE,), named("before", 49, Witness.CENTRAL), (LOST, LOST, WHOLE, LOST)),
    "central has the lost stream, of which others were known to come before": (
        (TORN, named("before", 50, Witness.HEAD_FILE, former=(Head("first", 9),))),
        named("before", 50, Witness.CENTRAL),
        (WHOLE, LOST, WHOLE, WHOLE),
    ),
    "central has more of a stream before the one that is lost": (
        (GONE, Accepted(ALL, ("anna", "bek"), UTC), LATER_TORN),
        named("before", 60, Witness.CENTRAL),
        (LOST, LOST, WHOLE, LOST),
    ),
    "a list below its floor": (
        (FloorNamed(Witness.STATUS, (("revocations", 9),)),),
        ListsSeen((("revocations", 8),)),
        (WHOLE, WHOLE, BEHIND, WHOLE),
    ),
    "a list that is gone": ((ListsSeen((("trust", 2),)),), ListsSeen(()), (WHOLE, WHOLE, LOST, WHOLE)),
    "a list that is there again": (
        (ListsSeen((("trust", 2),)), ListsSeen((("trust", 1),))),
        ListsSeen((("trust", 3),)),
        (WHOLE, WHOLE, WHOLE, WHOLE),
    ),
    "a floor before anybody looked": ((), FloorNamed(Witness.STATUS, (("trust", 2),)), (WHOLE, WHOLE, WHOLE, WHOLE)),
    "two persons": (
        (GONE, ListsSeen((("trust", 2),)), ListsSeen(())),
        Accepted(ALL, ("anna", "bek"), UTC),
        (WHOLE, WHOLE, WHOLE, WHOLE),
    ),
    "the same person twice": ((GONE,), Accepted(ALL, ("anna", "anna"), UTC), (LOST, LOST, WHOLE, LOST)),
    "one person": ((GONE,), Accepted(ALL, ("anna", ""), UTC), (LOST, LOST, WHOLE, LOST)),
    "two persons, the ledger alone": (
        (GONE,),
        Accepted(frozenset({StatePart.LEDGER}), ("anna", "bek"), UTC),
        (LOST, WHOLE, WHOLE, LOST),
    ),
    "two persons, a stream that must not go on": (
        (named(seq=101),),
        Accepted(ALL, ("anna", "bek"), UTC),
        (BEHIND, WHOLE, WHOLE, WHOLE),
    ),
    "a head from before two persons accepted": (
        (GONE, Accepted(ALL, ("anna", "bek"), UTC), StreamBegun(UTC - 60)),
        named("first", 9, utc=UTC - 90),
        (WHOLE, WHOLE, WHOLE, WHOLE),
    ),
    "a head from before two persons accepted, by a clock that nobody trusted": (
        (GONE, Accepted(ALL, ("anna", "bek"), None), StreamBegun(UTC - 60)),
        named("first", 9, utc=UTC - 90),
        (LOST, LOST, WHOLE, LOST),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_fact_makes_this_of_the_state(name):
    before, fact, wanted = ROWS[name]
    assert parts(after(*before, fact)) == wanted


def test_every_change_is_told_with_its_cause():
    state, changes = step(TrustState(), GONE, RULES)
    assert [(one.part, one.before, one.after) for one in changes] == [
        (StatePart.JOURNAL, WHOLE, LOST),
        (StatePart.LEDGER, WHOLE, LOST),
        (StatePart.ORDERS, WHOLE, LOST),
    ]
    assert {one.cause for one in changes} == {
        "the head file names event 50 of stream before, but the gate has nothing of it"
    }
    state, changes = step(state, Accepted(ALL, ("anna", "bek"), UTC), RULES)
    assert {one.cause for one in changes} == {"accepted by anna and bek"}


def test_a_state_that_is_whole_holds_nothing():
    hold = hold_of(TrustState())
    assert (hold.cause, hold.ledger, hold.floors) == ("", "", ())


def test_a_stream_that_must_not_go_on_holds_every_permit():
    assert "the journal ends at 100" in hold_of(after(named(seq=101))).cause


def test_a_head_that_cannot_be_written_holds_every_permit_until_it_can():
    failing = after(HeadFileWritten("no space"))
    assert hold_of(failing).cause == "no space"
    assert hold_of(after(HeadFileWritten(), state=failing)).cause == ""


def test_a_lost_ledger_holds_permits_that_were_issued_before_a_trusted_clock_told_the_time():
    lost = after(GONE)
    assert hold_of(lost).ledger
    assert hold_of(lost).issued_after_utc == float("inf")
    assert hold_of(after(ClockTold(UTC), state=lost)).issued_after_utc == UTC + 3600


def test_another_loss_begins_the_time_anew():
    lost = after(GONE, ClockTold(UTC), WitnessGone("gone"))
    assert hold_of(lost).issued_after_utc == float("inf")


def test_floors_only_rise_and_the_highest_counts():
    state = after(
        FloorNamed(Witness.STATUS, (("trust", 5), ("watch", 1))),
        FloorNamed(Witness.HEAD_FILE, (("trust", 4), ("revocations", 2))),
        ListsSeen((("trust", 3),)),
    )
    assert hold_of(state).floors == (("revocations", 2), ("trust", 5), ("watch", 1))


def test_an_accepted_floor_holds_nothing_until_a_higher_one_is_named():
    state = after(FloorNamed(Witness.STATUS, (("trust", 5),)), ListsSeen((("trust", 3),)))
    state = after(Accepted(ALL, ("anna", "bek"), UTC), FloorNamed(Witness.STATUS, (("trust", 5),)), state=state)
    assert hold_of(state).floors == ()
    assert not after(FloorNamed(Witness.STATUS, (("trust", 6),)), state=state).lists.whole


def test_a_state_is_kept_as_text_and_read_back():
    state = after(GONE, ClockTold(UTC), ListsSeen((("trust", 2),)), OrderGiven("in"))
    assert state_from_json(state_as_json(state)) == state


def test_the_words_of_a_kept_state_can_still_be_told_in_every_language():
    kept = state_from_json(state_as_json(after(GONE, HeadFileWritten("plain words"))))
    assert isinstance(kept.ledger.cause, Text)
    assert kept.ledger.cause == after(GONE).ledger.cause
    assert kept.ledger.cause.pattern == "{witness} names event {seq} of stream {stream}, but the gate has nothing of it"
    assert isinstance(kept.ledger.cause.values["witness"], Text)
    assert (kept.unwitnessed, isinstance(kept.unwitnessed, Text)) == ("plain words", False)


@pytest.mark.parametrize(
    "cause", [[], {}, {"id": 7, "args": {}}, {"id": "{a}", "args": {"b": "c"}}, {"id": "a", "args": {"b": []}}]
)
def test_words_that_are_none_are_refused(cause):
    text = json.dumps({"ledger": {"state": "lost", "cause": cause}})
    with pytest.raises(ValueError, match="no trust state"):
        state_from_json(text)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"journal": 1}', '{"ledger": {"state": "fine"}}'])
def test_what_is_no_state_is_refused(text):
    with pytest.raises(ValueError, match="no trust state"):
        state_from_json(text)
