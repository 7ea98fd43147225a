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


class RecordedClaims(OwnClaims):
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
def claims():
    return RecordedClaims()


def by(whom="permit"):
    return Draft(AccessGranted(grant="t1-1", by=whom), "1", "t1", UTC)


def change(use=1, transaction="t1", permit=PERMIT, state=LedgerState.RESERVED):
    return LedgerChange(permit, use, state, transaction)


# ------------------------------------------------------------------------------------------------------- their lives


def test_a_claim_begins_as_it_was_asked_and_lives_for_its_time(claims):
    before_at = time.monotonic()
    live = claims.ask(timeout_s=TIMEOUT_S)
    after_at = time.monotonic()
    assert isinstance(live, LiveClaim)
    assert (live.request, live.home, live.granted) == (asked(), "south", None)
    assert before_at + TIMEOUT_S <= live.until_at <= after_at + TIMEOUT_S
    assert (claims.dead, claims.heard) == ([], [])


def test_each_claim_has_an_id_of_its_own_also_of_one_transaction(claims):
    ids = []
    for _ in range(100):
        live = claims.ask()
        ids.append(live.id)
        claims.end(live)
    assert len(set(ids)) == 100
    assert all(name.startswith("t1:") and len(name) == len("t1:") + 12 for name in ids)


def test_it_knows_the_claims_of_its_own_process_from_all_others(claims):
    live = claims.ask()
    assert claims.made(live.id)
    claims.end(live)
    assert claims.made(live.id), "also when they are over"
    another = OwnClaims("east", 5.0, lambda _live: None)
    assert not another.made(live.id)
    for claim_id in ("", "t1", "t1:", live.id.partition(":")[2][1:], "018f3c1e-7a52-7cc3-9e1b-2f4b6a0c5d11"):
        assert not claims.made(claim_id)


def test_the_same_transaction_waits_for_the_same_word(claims):
    live = claims.ask()
    assert claims.ask() is None
    word = claims.grant(live, ClaimCode.GRANTED, 2)
    assert claims.heard == [word, word]
    assert claims.ask() is word
    assert claims.heard == [word, word], "who is answered at once is not told again"


@pytest.mark.parametrize("granted", [False, True])
def test_another_transaction_is_refused_while_a_claim_on_its_permit_is_alive(claims, granted):
    live = claims.granted() if granted else claims.ask()
    refused = ClaimAnswer(
        ClaimCode.RESERVED_ELSEWHERE, gate="east", detail="another lane of this gate is using it"
    )  # fmt: skip
    assert claims.ask(asked("t2")) == refused
    assert isinstance(claims.ask(asked("t2", OTHER)), LiveClaim), "a claim on another permit is another claim"
    claims.end(live)
    assert isinstance(claims.ask(asked("t2")), LiveClaim)


@pytest.mark.parametrize("code", [ClaimCode.GRANTED, ClaimCode.FLAGGED])
def test_a_grant_is_held_for_so_long_from_the_word_on(claims, code):
    live = claims.ask(timeout_s=1.0)
    before_at = time.monotonic()
    word = claims.grant(live, code, 2)
    after_at = time.monotonic()
    assert word == ClaimAnswer(code, 2, hold_until_at=live.until_at)
    assert before_at + HOLD_S <= live.until_at <= after_at + HOLD_S
    assert live.granted is word


def test_a_claim_is_granted_once_and_never_after_its_death(claims):
    live = claims.granted()
    assert claims.grant(live, ClaimCode.GRANTED, 2) is None
    assert live.granted.use == 1
    dead = claims.ask(asked(permit=OTHER))
    claims.end(dead)
    assert claims.grant(dead, ClaimCode.GRANTED, 1) is None
    claims.ask(asked(permit=OTHER))
    assert claims.grant(dead, ClaimCode.GRANTED, 1) is None, "though another on its permit is alive"
    assert dead.granted is None


def test_a_grant_that_was_not_used_in_time_is_over_when_it_is_asked_for_again():
    claims = RecordedClaims(hold_s=0.0)
    late = claims.granted()
    again = claims.ask()
    assert isinstance(again, LiveClaim)
    assert again.id != late.id
    assert claims.dead == [late]
    assert claims.find(PERMIT, late.id) is None


@pytest.mark.parametrize("word", [None, DENIED])
def test_a_claim_ends_once_with_the_answer_to_all_who_wait(claims, word):
    live = claims.ask()
    claims.ask()
    assert claims.end(live, word)
    assert claims.heard == ([] if word is None else [word, word])
    assert claims.dead == [live]
    assert not claims.end(live, DENIED)
    assert (len(claims.heard), claims.dead) == (0 if word is None else 2, [live])


def test_who_was_answered_is_not_told_of_the_end(claims):
    live = claims.granted()
    assert claims.end(live, DENIED)
    assert [word.code for word in claims.heard] == [ClaimCode.GRANTED]
    assert live.waiting == []


def test_the_end_of_a_dead_claim_leaves_the_one_after_it(claims):
    dead = claims.ask()
    claims.end(dead)
    alive = claims.ask()
    assert not claims.end(dead)
    assert claims.find(PERMIT, alive.id) is alive


# --------------------------------------------------------------------------------------------------------- questions


def test_claims_are_found_by_permit_and_id(claims):
    live, other = claims.ask(), claims.ask(asked(permit=OTHER))
    found = {
        (permit, name): claims.find(permit, name) for permit, name in product((PERMIT, OTHER), (live.id, other.id))
    }
    assert [one for one in found.values() if one] == [live, other]
    assert found[PERMIT, live.id] is live
    assert claims.find(b"unknown.", live.id) is None


def test_claims_are_found_by_their_end_their_home_and_their_vehicle(claims):
    assert claims.next_end_at() is None
    first = claims.ask(asked("t1", PERMIT, "V1"), "south", 10.0)
    second = claims.ask(asked("t2", OTHER, "V2"), "north", 20.0)
    assert claims.next_end_at() == first.until_at
    assert claims.overdue(first.until_at - 0.001) == []
    assert claims.overdue(first.until_at) == [first]
    assert claims.overdue(second.until_at) == [first, second]
    assert (claims.of_home("south"), claims.of_home("north"), claims.of_home("east")) == ([first], [second], [])
    assert (claims.of_vehicle("V1"), claims.of_vehicle("V2"), claims.of_vehicle("V3")) == ([first], [second], [])


# --------------------------------------------------------------------------------------------------------- reserving


def test_what_was_granted_is_reserved_once_and_its_claim_is_over(claims):
    live = claims.granted(2)
    claims.reserve(change(2))
    assert claims.dead == [live]
    with pytest.raises(LedgerConflictError):
        claims.reserve(change(2))
    assert not claims.end(live), "it is told once"


REFUSED = {
    "never claimed": lambda _claims: None,
    "asked and not granted": lambda claims: claims.ask(),
    "granted to another transaction": lambda claims: claims.granted(transaction="t2"),
    "another use granted": lambda claims: claims.granted(2),
    "another permit granted": lambda claims: claims.granted(permit=OTHER),
    "granted and over": lambda claims: claims.end(claims.granted()),
}


@pytest.mark.parametrize("before", REFUSED.values(), ids=REFUSED)
def test_nothing_is_reserved_on_a_permit_without_its_live_grant(claims, before):
    before(claims)
    told = len(claims.dead)
    message = (
        f"use 1 of permit {PERMIT.hex()} cannot become RESERVED: no gate of the site has granted it to transaction t1,"
        " or the grant has expired"
    )
    with pytest.raises(LedgerConflictError) as refused, claims.reserving([by()], [change()]):
        pytest.fail("it was let through")
    assert str(refused.value) == message
    assert len(claims.dead) == told, "nothing was used up"


def test_of_several_changes_each_needs_its_grant(claims):
    live = claims.granted()
    with pytest.raises(LedgerConflictError):
        claims.reserve(change(), change(permit=OTHER))
    assert claims.find(PERMIT, live.id) is live
    other = claims.granted(permit=OTHER)
    claims.reserve(change(), change(permit=OTHER))
    assert claims.dead == [live, other]


FREE = {
    "an officer opens": ([by("operator")], change()),
    "a release": ([by()], change(state=LedgerState.RELEASED)),
    "a use that is consumed": ([by()], change(state=LedgerState.CONSUMED)),
    "nothing opens": ([], change()),
}


@pytest.mark.parametrize(("events", "made"), FREE.values(), ids=FREE)
def test_what_no_permit_opens_needs_no_grant_and_uses_none_up(claims, events, made):
    live = claims.granted(2)
    claims.reserve(made, events=events)
    assert claims.find(PERMIT, live.id) is live
    assert claims.dead == []


def test_a_reservation_that_was_not_recorded_leaves_the_claim_alive(claims):
    live = claims.granted()

    def unplug():
        with claims.reserving([by()], [change()]):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        unplug()
    assert claims.find(PERMIT, live.id) is live
    assert claims.dead == []
    claims.reserve(change())
