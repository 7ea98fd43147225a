"""The claims of this gate: one a permit, answered once, reserved by nobody else, and never alive again once dead."""

import time
from itertools import product

import pytest

from agent.core.events.event_types import AccessGranted, Draft
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode, ClaimRequest
from agent.site.own_claims import LiveClaim, OwnClaims
from agent.store.errors import LedgerConflictError
from tests.support.store.journals import UTC

PERMIT, OTHER = b"permit-a", b"permit-b"
HOLD_S = TIMEOUT_S = 60.0
DENIED = ClaimAnswer(ClaimCode.LEDGER_UNREACHABLE, gate="south")


def asked(transaction="t1", permit=PERMIT, vehicle="V1"):
    return ClaimRequest(permit, vehicle, "export", 3, transaction)


class Desk(OwnClaims):
    """Own claims with what became of them."""

    def __init__(self, hold_s=HOLD_S):
        self.dead, self.heard = [], []
        super().__init__("east", hold_s, self.dead.append)

    def ask(self, request=None, home="south", timeout_s=TIMEOUT_S):
        return self.begin(request or asked(), home, self.heard.append, timeout_s)

    def granted(self, use=1, **claim):
        live = self.ask(asked(**claim))
        self.grant(live, ClaimCode.GRANTED, use)
        return live

    def reserve(self, *changes, events=None):
        with self.reserving([by()] if events is None else events, changes):
            pass


@pytest.fixture
def desk():
    return Desk()


def by(whom="permit"):
    return Draft(AccessGranted(grant="t1-1", by=whom), "1", "t1", UTC)


def change(use=1, transaction="t1", permit=PERMIT, state=LedgerState.RESERVED):
    return LedgerChange(permit, use, state, transaction)


# ------------------------------------------------------------------------------------------------------- their lives


def test_a_claim_begins_as_it_was_asked_and_lives_for_its_time(desk):
    before_at = time.monotonic()
    live = desk.ask(timeout_s=TIMEOUT_S)
    after_at = time.monotonic()
    assert isinstance(live, LiveClaim)
    assert (live.request, live.home, live.granted) == (asked(), "south", None)
    assert before_at + TIMEOUT_S <= live.until_at <= after_at + TIMEOUT_S
    assert (desk.dead, desk.heard) == ([], [])


def test_each_claim_has_an_id_of_its_own_also_of_one_transaction(desk):
    ids = []
    for _ in range(100):
        live = desk.ask()
        ids.append(live.id)
        desk.end(live)
    assert len(set(ids)) == 100
    assert all(name.startswith("t1:") and len(name) == len("t1:") + 12 for name in ids)


def test_it_knows_the_claims_of_its_own_process_from_all_others(desk):
    live = desk.ask()
    assert desk.made(live.id)
    desk.end(live)
    assert desk.made(live.id), "also when they are over"
    another = OwnClaims("east", 5.0, lambda _live: None)
    assert not another.made(live.id)
    for claim_id in ("", "t1", "t1:", live.id.partition(":")[2][1:], "018f3c1e-7a52-7cc3-9e1b-2f4b6a0c5d11"):
        assert not desk.made(claim_id)


def test_the_same_transaction_waits_for_the_same_word(desk):
    live = desk.ask()
    assert desk.ask() is None
    word = desk.grant(live, ClaimCode.GRANTED, 2)
    assert desk.heard == [word, word]
    assert desk.ask() is word
    assert desk.heard == [word, word], "who is answered at once is not told again"


@pytest.mark.parametrize("granted", [False, True])
def test_another_transaction_is_refused_while_a_claim_on_its_permit_is_alive(desk, granted):
    live = desk.granted() if granted else desk.ask()
    refused = ClaimAnswer(
        ClaimCode.RESERVED_ELSEWHERE, gate="east", detail="another lane of this gate has it in hand"
    )  # fmt: skip
    assert desk.ask(asked("t2")) == refused
    assert isinstance(desk.ask(asked("t2", OTHER)), LiveClaim), "a claim on another permit is another claim"
    desk.end(live)
    assert isinstance(desk.ask(asked("t2")), LiveClaim)


@pytest.mark.parametrize("code", [ClaimCode.GRANTED, ClaimCode.FLAGGED])
def test_a_grant_is_held_for_so_long_from_the_word_on(desk, code):
    live = desk.ask(timeout_s=1.0)
    before_at = time.monotonic()
    word = desk.grant(live, code, 2)
    after_at = time.monotonic()
    assert word == ClaimAnswer(code, 2, hold_until_at=live.until_at)
    assert before_at + HOLD_S <= live.until_at <= after_at + HOLD_S
    assert live.granted is word


def test_a_claim_is_granted_once_and_never_after_its_death(desk):
    live = desk.granted()
    assert desk.grant(live, ClaimCode.GRANTED, 2) is None
    assert live.granted.use == 1
    dead = desk.ask(asked(permit=OTHER))
    desk.end(dead)
    assert desk.grant(dead, ClaimCode.GRANTED, 1) is None
    desk.ask(asked(permit=OTHER))
    assert desk.grant(dead, ClaimCode.GRANTED, 1) is None, "though another on its permit is alive"
    assert dead.granted is None


def test_a_grant_that_was_not_used_in_time_is_over_when_it_is_asked_for_again():
    desk = Desk(hold_s=0.0)
    late = desk.granted()
    again = desk.ask()
    assert isinstance(again, LiveClaim)
    assert again.id != late.id
    assert desk.dead == [late]
    assert desk.find(PERMIT, late.id) is None


@pytest.mark.parametrize("word", [None, DENIED])
def test_a_claim_ends_once_with_the_word_to_whoever_waits(desk, word):
    live = desk.ask()
    desk.ask()
    assert desk.end(live, word)
    assert desk.heard == ([] if word is None else [word, word])
    assert desk.dead == [live]
    assert not desk.end(live, DENIED)
    assert (len(desk.heard), desk.dead) == (0 if word is None else 2, [live])


def test_who_was_answered_is_not_told_of_the_end(desk):
    live = desk.granted()
    assert desk.end(live, DENIED)
    assert [word.code for word in desk.heard] == [ClaimCode.GRANTED]
    assert live.waiting == []


def test_the_end_of_a_dead_claim_leaves_the_one_after_it(desk):
    dead = desk.ask()
    desk.end(dead)
    alive = desk.ask()
    assert not desk.end(dead)
    assert desk.find(PERMIT, alive.id) is alive


# --------------------------------------------------------------------------------------------------------- questions


def test_claims_are_found_by_permit_and_id(desk):
    live, other = desk.ask(), desk.ask(asked(permit=OTHER))
    found = {(permit, name): desk.find(permit, name) for permit, name in product((PERMIT, OTHER), (live.id, other.id))}
    assert [one for one in found.values() if one] == [live, other]
    assert found[PERMIT, live.id] is live
    assert desk.find(b"unknown.", live.id) is None


def test_claims_are_found_by_their_end_their_home_and_their_vehicle(desk):
    assert desk.next_end_at() is None
    first = desk.ask(asked("t1", PERMIT, "V1"), "south", 10.0)
    second = desk.ask(asked("t2", OTHER, "V2"), "north", 20.0)
    assert desk.next_end_at() == first.until_at
    assert desk.overdue(first.until_at - 0.001) == []
    assert desk.overdue(first.until_at) == [first]
    assert desk.overdue(second.until_at) == [first, second]
    assert (desk.of_home("south"), desk.of_home("north"), desk.of_home("east")) == ([first], [second], [])
    assert (desk.of_vehicle("V1"), desk.of_vehicle("V2"), desk.of_vehicle("V3")) == ([first], [second], [])


# --------------------------------------------------------------------------------------------------------- reserving


def test_what_was_granted_is_reserved_once_and_its_claim_is_over(desk):
    live = desk.granted(2)
    desk.reserve(change(2))
    assert desk.dead == [live]
    with pytest.raises(LedgerConflictError):
        desk.reserve(change(2))
    assert not desk.end(live), "it is told once"


REFUSED = {
    "never claimed": lambda _desk: None,
    "asked and not granted": lambda desk: desk.ask(),
    "granted to another transaction": lambda desk: desk.granted(transaction="t2"),
    "another use granted": lambda desk: desk.granted(2),
    "another permit granted": lambda desk: desk.granted(permit=OTHER),
    "granted and over": lambda desk: desk.end(desk.granted()),
}


@pytest.mark.parametrize("before", REFUSED.values(), ids=REFUSED)
def test_nothing_is_reserved_on_a_permit_without_its_live_grant(desk, before):
    before(desk)
    told = len(desk.dead)
    message = (
        f"use 1 of permit {PERMIT.hex()} cannot become RESERVED: no gate of the site has granted it to transaction t1,"
        " or the grant is over"
    )
    with pytest.raises(LedgerConflictError) as refused, desk.reserving([by()], [change()]):
        pytest.fail("it was let through")
    assert str(refused.value) == message
    assert len(desk.dead) == told, "nothing was used up"


def test_of_several_changes_each_needs_its_grant(desk):
    live = desk.granted()
    with pytest.raises(LedgerConflictError):
        desk.reserve(change(), change(permit=OTHER))
    assert desk.find(PERMIT, live.id) is live
    other = desk.granted(permit=OTHER)
    desk.reserve(change(), change(permit=OTHER))
    assert desk.dead == [live, other]


FREE = {
    "an officer opens": ([by("operator")], change()),
    "a release": ([by()], change(state=LedgerState.RELEASED)),
    "a use that is consumed": ([by()], change(state=LedgerState.CONSUMED)),
    "nothing opens": ([], change()),
}


@pytest.mark.parametrize(("events", "made"), FREE.values(), ids=FREE)
def test_what_no_permit_opens_needs_no_grant_and_uses_none_up(desk, events, made):
    live = desk.granted(2)
    desk.reserve(made, events=events)
    assert desk.find(PERMIT, live.id) is live
    assert desk.dead == []


def test_a_reservation_that_was_not_recorded_leaves_the_claim_alive(desk):
    live = desk.granted()

    def unplug():
        with desk.reserving([by()], [change()]):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        unplug()
    assert desk.find(PERMIT, live.id) is live
    assert desk.dead == []
    desk.reserve(change())
