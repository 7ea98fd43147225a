"""Two persons take a state that is not whole as it is."""

import pytest

from agent.console.access import Person, Role
from agent.console.errors import RefusedError
from agent.console.state_acceptance import LIFE_S, StateAcceptances, acceptable
from agent.core.trust_state import Head, HeadNamed, StatePart, TrustRules, TrustState, Witness, WitnessGone, step

RULES = TrustRules(frozenset({"in"}), 1e6)
LOST, _ = step(TrustState(), WitnessGone("the head file is gone"), RULES)
BEHIND, _ = step(TrustState(), HeadNamed(Witness.STATUS, Head("s", 9), Head("s", 8)), RULES)
ANNA, ALAN = (Person(name, Role.ADMIN, "10.0.0.1") for name in ("anna", "alan"))
TIM, TOM = (Person(name, Role.TECHNICIAN, "10.0.0.2") for name in ("tim", "tom"))


@pytest.fixture
def acceptances():
    return StateAcceptances()


@pytest.mark.parametrize(("first", "second"), [(ANNA, ALAN), (ANNA, TIM), (TIM, ANNA)])
def test_the_second_person_confirms_where_one_of_the_two_is_an_admin(acceptances, first, second):
    assert acceptances.give(first, "the disk was replaced", LOST, 0.0) is None
    proposal = acceptances.give(second, "I saw it", LOST, 10.0)
    assert (proposal.person, proposal.cause) == (first.name, "the disk was replaced")
    assert proposal.parts == {StatePart.LEDGER, StatePart.ORDERS}
    assert acceptances.waiting(LOST, 10.0) is None


def test_two_technicians_are_not_enough_and_an_admin_can_still_confirm(acceptances):
    acceptances.give(TIM, "the disk", LOST, 0.0)
    with pytest.raises(RefusedError, match="admin"):
        acceptances.give(TOM, "yes", LOST, 1.0)
    assert acceptances.give(ANNA, "yes", LOST, 2.0).person == "tim"


def test_nobody_confirms_his_own_word(acceptances):
    acceptances.give(ANNA, "the disk", LOST, 0.0)
    with pytest.raises(RefusedError, match="another person"):
        acceptances.give(ANNA, "the disk", LOST, 1.0)


def test_a_proposal_is_good_for_some_minutes_and_for_the_state_that_was_seen(acceptances):
    acceptances.give(ANNA, "the disk", LOST, 0.0)
    assert acceptances.waiting(LOST, LIFE_S) is not None
    assert acceptances.give(TIM, "late", LOST, LIFE_S + 1) is None
    worse, _ = step(LOST, HeadNamed(Witness.HEAD_FILE, Head("r", 3), Head("s", 0), fresh=True), RULES)
    assert acceptances.give(ANNA, "another loss", worse, LIFE_S + 2) is None


def test_a_state_that_is_whole_and_a_stream_that_must_end_are_nothing_to_accept(acceptances):
    for state in (TrustState(), BEHIND):
        assert acceptable(state) == ()
        with pytest.raises(RefusedError, match="nothing to accept"):
            acceptances.give(ANNA, "so be it", state, 0.0)
