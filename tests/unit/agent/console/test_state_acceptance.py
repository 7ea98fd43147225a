"""Two persons take a state that is not whole as it is."""

import pytest

from agent.console.access import Person, Role
from agent.console.errors import RefusedError
from agent.console.state_acceptance import LIFE_S, StateAcceptances, acceptable, mark_of
from agent.core.trust_state import Head, HeadNamed, StatePart, TrustRules, TrustState, Witness, WitnessGone, step

RULES = TrustRules(frozenset({"in"}), 1e6)
LOST, _ = step(TrustState(), WitnessGone("the head file is gone"), RULES)
WORSE, _ = step(LOST, HeadNamed(Witness.HEAD_FILE, Head("r", 3), Head("s", 0), fresh=True), RULES)
BEHIND, _ = step(TrustState(), HeadNamed(Witness.STATUS, Head("s", 9), Head("s", 8)), RULES)
ANNA, ALAN = (Person(name, Role.ADMIN, "10.0.0.1") for name in ("anna", "alan"))
TIM, TOM = (Person(name, Role.TECHNICIAN, "10.0.0.2") for name in ("tim", "tom"))


@pytest.fixture
def roles():
    """Who may log in, and as what; tests take it away."""
    return {one.name: one.role for one in (ANNA, ALAN, TIM, TOM)}


@pytest.fixture
def acceptances(roles):
    return StateAcceptances(roles.get)


def give(acceptances, person, cause, state, at, shown=None):
    """Give the word of somebody who has just looked; `shown`: what his page showed instead."""
    mark = mark_of(state, acceptances.waiting(state, at)) if shown is None else shown
    return acceptances.give(person, cause, mark, state, at)


@pytest.mark.parametrize(("first", "second"), [(ANNA, ALAN), (ANNA, TIM), (TIM, ANNA)])
def test_the_second_person_confirms_where_one_of_the_two_is_an_admin(acceptances, first, second):
    assert give(acceptances, first, "the disk was replaced", LOST, 0.0) is None
    proposal = give(acceptances, second, "I saw it", LOST, 10.0)
    assert (proposal.person, proposal.cause) == (first.name, "the disk was replaced")
    assert proposal.parts == {StatePart.LEDGER, StatePart.ORDERS}
    assert acceptances.waiting(LOST, 10.0) is None


def test_two_technicians_are_not_enough_and_an_admin_can_still_confirm(acceptances):
    give(acceptances, TIM, "the disk", LOST, 0.0)
    with pytest.raises(RefusedError, match="admin"):
        give(acceptances, TOM, "yes", LOST, 1.0)
    assert give(acceptances, ANNA, "yes", LOST, 2.0).person == "tim"


def test_nobody_confirms_his_own_word(acceptances):
    give(acceptances, ANNA, "the disk", LOST, 0.0)
    with pytest.raises(RefusedError, match="Another person"):
        give(acceptances, ANNA, "the disk", LOST, 1.0)


def test_a_proposal_is_good_for_some_minutes_and_for_the_state_that_was_seen(acceptances):
    give(acceptances, ANNA, "the disk", LOST, 0.0)
    assert acceptances.waiting(LOST, LIFE_S) is not None
    assert give(acceptances, TIM, "late", LOST, LIFE_S + 1) is None
    assert give(acceptances, ANNA, "another loss", WORSE, LIFE_S + 2) is None


def test_nobody_proposes_or_confirms_more_than_his_page_showed(acceptances):
    assert acceptable(LOST) != acceptable(WORSE)
    early = mark_of(LOST, None)
    with pytest.raises(RefusedError, match="have changed since your page was loaded"):
        give(acceptances, ANNA, "the disk", WORSE, 0.0, shown=early)
    assert acceptances.waiting(WORSE, 0.0) is None
    give(acceptances, TIM, "the disk", WORSE, 1.0)
    for shown in (early, mark_of(WORSE, None), mark_of(LOST, acceptances.waiting(WORSE, 1.0)), ""):
        with pytest.raises(RefusedError, match="have changed since your page was loaded"):
            give(acceptances, ANNA, "yes", WORSE, 2.0, shown=shown)


def test_nobody_confirms_another_proposal_than_his_page_showed(acceptances):
    give(acceptances, TIM, "the disk was replaced", LOST, 0.0)
    shown = mark_of(LOST, acceptances.waiting(LOST, 1.0))
    give(acceptances, TOM, "never mind", LOST, LIFE_S + 1)
    with pytest.raises(RefusedError, match="have changed since your page was loaded"):
        give(acceptances, ANNA, "yes", LOST, LIFE_S + 2, shown=shown)
    assert give(acceptances, ANNA, "yes", LOST, LIFE_S + 3).person == "tom"


def test_who_proposed_it_counts_as_what_he_is_when_it_is_confirmed(acceptances, roles):
    give(acceptances, ANNA, "the disk", LOST, 0.0)
    roles["anna"] = Role.TECHNICIAN
    with pytest.raises(RefusedError, match="admin"):
        give(acceptances, TIM, "yes", LOST, 1.0)
    shown = mark_of(LOST, acceptances.waiting(LOST, 1.0))
    for gone in (Role.VIEWER, None):
        roles["anna"] = gone
        with pytest.raises(RefusedError, match="have changed since your page was loaded"):
            give(acceptances, ALAN, "yes", LOST, 2.0, shown=shown)
    assert acceptances.waiting(LOST, 2.0) is None


def test_a_state_that_is_whole_and_a_stream_that_must_end_are_nothing_to_accept(acceptances):
    for state in (TrustState(), BEHIND):
        assert acceptable(state) == ()
        with pytest.raises(RefusedError, match="nothing to accept"):
            give(acceptances, ANNA, "so be it", state, 0.0)
