"""What a gate takes of another's session: nothing before an answer to a fresh nonce, and nothing twice or late after it
(trust L4).
"""

from dataclasses import replace

import pytest

from agent.core.site.messages import Hello, SiteFault
from agent.core.site.peer_session import (
    ANSWER_S,
    ASK_AGAIN_S,
    FRESH_S,
    LEAST_PAUSE_S,
    RENEW_S,
    PeerSession,
)
from agent.core.site.signed_messages import Place

AT = 1_000.0
OLD, NEW = "01" * 16, "02" * 16
NONCE, OTHER, THEIRS = "0a" * 16, "0b" * 16, "0c" * 16
CHALLENGED = PeerSession().challenge(NONCE, AT)
PROVEN = CHALLENGED.greeted(Hello(answer=NONCE, rows_number=50), Place(NEW, 7), AT)
MET = replace(PROVEN, hears=True)


class TestAGateThatWasNotChallenged:
    def test_is_taken_at_no_word(self):
        assert PeerSession().accept(Place(NEW, 1), AT, to_all=False) is SiteFault.NO_SESSION

    def test_is_not_believed_an_empty_session(self):
        assert PeerSession().accept(Place("", 1), AT, to_all=False) is SiteFault.NO_SESSION

    def test_proves_nothing_by_an_answer_to_no_nonce(self):
        assert PeerSession().greeted(Hello(answer=NONCE), Place(NEW, 1), AT) is SiteFault.NO_SESSION
        assert PeerSession().greeted(Hello(), Place(NEW, 1), AT) is SiteFault.NO_SESSION

    def test_is_answered_where_it_challenges_and_has_proven_nothing_by_that(self):
        found = PeerSession().greeted(Hello(challenge=THEIRS), Place(NEW, 1), AT)
        assert (found.hears, found.session, found.met(AT)) == (True, "", False)
        assert found.accept(Place(NEW, 2), AT, to_all=False) is SiteFault.NO_SESSION


class TestAnAnswer:
    def test_to_the_nonce_proves_the_session_and_its_numbers(self):
        assert (PROVEN.session, PROVEN.number, PROVEN.rows_number, PROVEN.nonce) == (NEW, 7, 50, "")
        assert PROVEN.proven(AT)

    @pytest.mark.parametrize("answer", ["", OTHER, THEIRS])
    def test_to_anything_else_proves_nothing(self, answer):
        assert CHALLENGED.greeted(Hello(answer=answer), Place(OLD, 7), AT) is SiteFault.NO_SESSION

    def test_that_comes_too_late_proves_nothing(self):
        """It may be of a session that is long over."""
        late = AT + ANSWER_S + 0.1
        assert CHALLENGED.greeted(Hello(answer=NONCE), Place(OLD, 7), late) is SiteFault.NO_SESSION

    def test_that_comes_twice_proves_nothing_the_second_time(self):
        for session in (OLD, NEW):
            found = PROVEN.greeted(Hello(answer=NONCE), Place(session, 3), AT)
            assert found is (SiteFault.REPLAYED if session == NEW else SiteFault.NO_SESSION)

    def test_once_more_to_a_nonce_that_was_sent_twice_changes_nothing(self):
        found = PROVEN.greeted(Hello(answer=NONCE), Place(NEW, 8), AT)
        assert found == replace(PROVEN, number=8)

    def test_in_a_new_session_ends_the_old_one(self):
        challenged = PROVEN.challenge(OTHER, AT + 1)
        found = challenged.greeted(Hello(answer=OTHER, rows_number=2), Place(OLD, 3), AT + 1)
        assert (found.session, found.number, found.rows_number) == (OLD, 3, 2)
        assert found.accept(Place(NEW, 8), AT + 1, to_all=False) is SiteFault.NO_SESSION

    def test_in_the_same_session_takes_no_number_back(self):
        """Whoever repeats an old message must find it refused after a renewal as well."""
        ahead = replace(PROVEN, number=90, rows_number=80).challenge(OTHER, AT + 1)
        found = ahead.greeted(Hello(answer=OTHER, rows_number=2), Place(NEW, 3), AT + 1)
        assert (found.number, found.rows_number, found.challenged_at) == (90, 80, AT + 1)

    def test_ends_what_was_told_to_all_before_the_answer_before_it(self):
        """What a broker keeps back would be good for as long as it lets the answers through."""
        after = PROVEN.challenge(OTHER, AT + 1).greeted(Hello(answer=OTHER, rows_number=60), Place(NEW, 8), AT + 1)
        assert (after.rows_number, after.missed) == (50, 0), "this answer may have overtaken them"
        later = after.challenge(NONCE, AT + 2).greeted(Hello(answer=NONCE, rows_number=61), Place(NEW, 9), AT + 2)
        assert (later.rows_number, later.missed) == (60, 10)
        assert later.accept(Place(NEW, 60), AT + 2, to_all=True) is SiteFault.REPLAYED
        assert later.accept(Place(NEW, 61), AT + 2, to_all=True).rows_number == 61

    def test_of_a_gate_that_was_not_proven_any_more_ends_all_that_was_told_before(self):
        late = AT + FRESH_S + 1
        found = PROVEN.challenge(OTHER, late).greeted(Hello(answer=OTHER, rows_number=60), Place(NEW, 8), late)
        assert (found.rows_number, found.missed) == (60, 10)

    def test_is_good_for_a_time_that_counts_from_its_challenge(self):
        answered = CHALLENGED.greeted(Hello(answer=NONCE), Place(NEW, 7), AT + ANSWER_S)
        assert answered.proven(AT + FRESH_S)
        assert not answered.proven(AT + FRESH_S + 0.1)


class TestAMessage:
    @pytest.mark.parametrize(
        ("place", "to_all", "fault"),
        [
            (Place(NEW, 8), False, None),
            (Place(NEW, 7), False, SiteFault.REPLAYED),
            (Place(NEW, 1), False, SiteFault.REPLAYED),
            (Place(NEW, 51), True, None),
            (Place(NEW, 50), True, SiteFault.REPLAYED),
            (Place(NEW, 8), True, SiteFault.REPLAYED),
            (Place(OLD, 8), False, SiteFault.NO_SESSION),
            (Place(OLD, 51), True, SiteFault.NO_SESSION),
            (Place("", 8), False, SiteFault.NO_SESSION),
        ],
    )
    def test_is_taken_where_it_is_new_in_the_session_that_was_proven(self, place, to_all, fault):
        found = PROVEN.accept(place, AT, to_all=to_all)
        assert (found if isinstance(found, SiteFault) else None) is fault

    def test_is_taken_once(self):
        once = PROVEN.accept(Place(NEW, 8), AT, to_all=False)
        assert once.accept(Place(NEW, 8), AT, to_all=False) is SiteFault.REPLAYED

    def test_is_not_taken_after_a_later_one(self):
        later = PROVEN.accept(Place(NEW, 10), AT, to_all=False)
        assert later.missed == 2
        for number in (8, 9):
            assert later.accept(Place(NEW, number), AT, to_all=False) is SiteFault.REPLAYED

    def test_to_one_gate_and_one_to_all_are_numbered_apart(self):
        found = PROVEN.accept(Place(NEW, 53), AT, to_all=True)
        assert (found.rows_number, found.number, found.missed) == (53, 7, 2)
        assert found.accept(Place(NEW, 8), AT, to_all=False).number == 8

    def test_that_was_withheld_for_long_is_not_taken(self):
        assert PROVEN.accept(Place(NEW, 8), AT + FRESH_S + 0.1, to_all=False) is SiteFault.NO_SESSION


class TestAChallengeOfTheOther:
    def test_takes_a_number_of_its_session(self):
        found = PROVEN.greeted(Hello(challenge=THEIRS), Place(NEW, 9), AT)
        assert (found.hears, found.number, found.missed) == (True, 9, 1)
        assert found.met(AT)

    def test_that_is_repeated_is_refused(self):
        assert PROVEN.greeted(Hello(challenge=THEIRS), Place(NEW, 7), AT) is SiteFault.REPLAYED

    def test_of_a_former_session_ends_nothing(self):
        """It cannot be told from that of a gate that has just begun anew, so it is answered; that is all."""
        found = MET.greeted(Hello(challenge=THEIRS), Place(OLD, 900), AT)
        assert found == MET

    def test_with_the_answer_makes_a_meeting(self):
        found = CHALLENGED.greeted(Hello(challenge=THEIRS, answer=NONCE), Place(NEW, 1), AT)
        assert found.met(AT)
        assert not found.met(AT + FRESH_S + 0.1)


class TestAskingAgain:
    def test_is_due_at_once_then_by_and_by_and_when_the_answer_grows_old(self):
        assert PeerSession().due_at() < 0
        assert CHALLENGED.due_at() == AT + ASK_AGAIN_S
        assert PROVEN.due_at() == AT + RENEW_S

    def test_repeats_the_nonce_while_its_answer_may_come(self):
        """So that an answer that is on its way is not made worthless by those who repeat old messages."""
        again = CHALLENGED.challenge(OTHER, AT + ANSWER_S)
        assert (again.nonce, again.drawn_at, again.asked_at) == (NONCE, AT, AT + ANSWER_S)
        assert again.challenge(OTHER, AT + ANSWER_S + 0.1).nonce == OTHER

    def test_has_its_pause_whatever_is_said(self):
        assert not CHALLENGED.may_ask(AT + LEAST_PAUSE_S / 2)
        assert CHALLENGED.may_ask(AT + LEAST_PAUSE_S + 0.01)

    def test_begins_anew_with_a_new_connection_of_this_gate(self):
        found = MET.challenge(OTHER, AT).reconnected()
        assert (found.hears, found.nonce, found.may_ask(AT)) == (False, "", True)
        assert found.accept(Place(NEW, 8), AT, to_all=False).number == 8
