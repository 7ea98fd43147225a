"""State that is lost at one gate of a site: the others hold what it lost, and let it go no further without."""

import pytest

from agent.core.model.ledger import LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.messages import RowsRequest
from agent.core.trust_state import StatePart, Wholeness, opened_head
from agent.store.errors import JournalCorruptError
from tests.support.site.sites import AT_EAST, KEYS, outcome, passes, request, said_in
from tests.support.site.witnessed_sites import witnessed_site
from tests.support.store.journals import device
from tests.support.waiting import eventually

Q, R = b"\x02" * 8, b"\x03" * 8


@pytest.fixture
def three(tmp_path):
    with witnessed_site(tmp_path) as found:
        yield found


def ledger(gate):
    return gate.trust.state.ledger.state


def told(gate, other):
    """The record of another gate's head that a gate holds."""
    text = eventually(lambda: gate.journal.site.told_head(other), what="a record of the head")
    return opened_head(text, KEYS[other].public)


def damaged(gate):
    try:
        gate.journal.checkpoint()
    except JournalCorruptError as error:
        return str(error)
    return ""


def test_a_journal_that_is_gone_is_whole_again_once_all_rows_came_back(three):
    """H2: fetched from the site, and shown: the others held the row log as far as the head file says it went."""
    passes(three.east, request(AT_EAST, "t1"))
    three.quiet()
    east = three.lose("east")
    eventually(lambda: ledger(east) is Wholeness.WHOLE, what="the ledger is shown")
    (shown,) = eventually(
        lambda: [one for one in east.events("state.changed") if (one["part"], one["state"]) == ("ledger", "whole")],
        what="it is told",
    )
    assert shown["persons"] == []
    for gate in three.gates.values():
        assert outcome(gate, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "east")
    assert outcome(east, request(AT_EAST, "t3", permit=Q))[0] is ClaimCode.GRANTED


def test_a_use_that_nobody_heard_of_keeps_the_ledger_lost(three):
    """H2: the last row had not reached the others: what they hold does not show all, and the gate grants nothing."""
    passes(three.east, request(AT_EAST, "t1"))
    three.quiet()
    three.hub.lose("rows")
    passes(three.east, request(AT_EAST, "t2", permit=Q))
    three.stop("east")
    three.hub.lose()
    three._remove("east")
    east = three.start("east")
    eventually(east.ready, what="all that the others know")
    assert ledger(east) is Wholeness.LOST
    for gate in three.gates.values():
        assert outcome(gate, request(AT_EAST, "t3", permit=Q))[0] is ClaimCode.LEDGER_UNREACHABLE
    east.trust.accept(frozenset(StatePart), "anna", "bek")
    assert outcome(east, request(AT_EAST, "t4", permit=R))[0] is ClaimCode.GRANTED


def test_a_copy_that_went_on_for_as_many_rows_as_it_lacks_is_noticed_by_its_events(tmp_path):
    """H3: the places of its row log fit; the others name the hash of the event that they heard of."""
    with witnessed_site(tmp_path, head_file=False) as three:
        three.copy("east")
        passes(three.east, request(AT_EAST, "t1"))
        three.quiet()
        three.east.link.cut()
        three.east.link.connect()  # so that the others have heard the newest head
        newest = three.east.journal.head
        eventually(lambda: told(three.north, "east").seq >= newest, what="the newest head")
        three.hub.lose("want", "rows")
        east = three.put_back("east")
        passes(east, request(AT_EAST, "t2", permit=Q))
        east.journal.record([device() for _ in range(newest)])
        assert east.journal.site.head() == 2
        three.hub.lose()
        east.link.cut()
        east.link.connect()
        eventually(lambda: damaged(east), what="the fork is noticed")
        assert "another event" in damaged(east)
        assert outcome(east, request(AT_EAST, "t3", permit=R))[0] is ClaimCode.LEDGER_UNREACHABLE


def test_an_older_copy_is_fetched_whole_and_goes_on_in_a_new_stream(three):
    """H3: the head file notices it at the start; what the site held makes it whole."""
    three.copy("east")
    passes(three.east, request(AT_EAST, "t1"))
    three.quiet()
    stream = three.east.journal.stream
    east = three.put_back("east")
    assert east.journal.stream != stream
    eventually(lambda: ledger(east) is Wholeness.WHOLE, what="the ledger is shown")
    eventually(
        lambda: outcome(east, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "east"), what="the use is known"
    )


def test_a_use_that_was_given_back_in_an_older_copy_and_used_since_stays_used(three):
    """H3: in the copy the vehicle had turned back; another one went through by the same permit afterwards."""
    turned = request(AT_EAST, "t1")
    assert three.east.claim(turned).code is ClaimCode.GRANTED
    three.east.reserve(turned)
    three.east.settle(turned, LedgerState.RELEASED)
    three.copy("east")
    passes(three.east, request(AT_EAST, "t2"))
    three.quiet()
    east = three.put_back("east")
    eventually(lambda: ledger(east) is Wholeness.WHOLE, what="the ledger is shown")
    assert east.journal.use_state(turned.permit_id).used == 1
    assert outcome(east, request(AT_EAST, "t3")) == (ClaimCode.USED_AT_OTHER_GATE, "east")


def test_another_gate_that_lost_its_journal_passes_nothing_twice_either(three):
    """H2, H3: not the home gate itself, but one that had used a permit."""
    asked = request(AT_EAST, "t1", permit=Q)
    passes(three.north, asked)
    three.quiet()
    north = three.lose("north")
    eventually(lambda: ledger(north) is Wholeness.WHOLE, what="the ledger is shown")
    assert outcome(north, request(AT_EAST, "t2", permit=Q))[0] is ClaimCode.USED_AT_OTHER_GATE
    assert north.journal.use_state(Q).used == 1


def test_a_use_in_doubt_stays_in_doubt(three):
    asked = request(AT_EAST, "t1", permit=Q)
    assert three.east.claim(asked).code is ClaimCode.GRANTED
    three.east.reserve(asked)
    three.quiet()
    east = three.lose("east")
    eventually(lambda: ledger(east) is Wholeness.WHOLE, what="the ledger is shown")
    assert east.journal.use_state(Q).in_doubt


def answers_of_999(hub):
    """How often a gate has told what it has behind that place."""
    said = [said_in(text)["said"] for kind, _receivers, text in list(hub.past) if kind == "rows"]
    return sum(one["after"] == 999 for one in said)


def test_a_hostile_gate_that_says_more_than_it_can_show_ends_no_stream(three):
    """A gate of the site with a key of its own names places and heads that never were: nothing follows from it."""
    passes(three.east, request(AT_EAST, "t1"))
    three.quiet()
    stream, mine = three.east.journal.stream, three.north.trust.site_record()
    for count, heads in enumerate(((), (mine,), ("a.b.c",)), 1):
        wants = RowsRequest(stream=stream, after=999, heads=heads)
        assert three.north.service._sessions.send("east", wants)
        eventually(lambda count=count: answers_of_999(three.hub) == count, what="an answer: the word was weighed")
    assert outcome(three.east, request(AT_EAST, "t2", permit=Q))[0] is ClaimCode.GRANTED
    assert damaged(three.east) == ""
    assert three.east.trust.state.whole
