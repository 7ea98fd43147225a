"""How fresh the lists are: by the ages of those that the gate cannot do without."""

from dataclasses import replace

import pytest

from agent.core.lists.freshness import DataState, FreshnessRules, ListStanding, standing_of
from agent.core.model.list_kinds import ListKind
from agent.core.permit.issue import DAY_S, Issuer, trust_list
from tests.support.pki.permits import KEY, NOW

HOUR_S = 3600
FRESH, STALE_OK, KNOWN_ONLY, TOO_OLD = DataState
DECLARATIONS, REVOCATIONS, WATCH = ListKind
RULES = FreshnessRules(required=frozenset({DECLARATIONS, REVOCATIONS}))
NONE = FreshnessRules()
TRUST = replace(trust_list([Issuer("KHE", KEY)], NOW - DAY_S, 7), expires_at=NOW + DAY_S)


def listed(kind, age_s, version=3):
    return ListStanding(kind, version, NOW - age_s, 10)


def both(declarations_s, revocations_s=0):
    return (listed(DECLARATIONS, declarations_s), listed(REVOCATIONS, revocations_s))


AGES = {
    "now": (0, FRESH),
    "the last second of fresh": (900, FRESH),
    "a second later": (901, STALE_OK),
    "the last second of stale": (4 * HOUR_S, STALE_OK),
    "a second after stale": (4 * HOUR_S + 1, KNOWN_ONLY),
    "the last second of all": (DAY_S, KNOWN_ONLY),
    "a second after all": (DAY_S + 1, TOO_OLD),
    "a year": (365 * DAY_S, TOO_OLD),
}


@pytest.mark.parametrize(("age_s", "state"), AGES.values(), ids=AGES)
def test_the_age_of_a_required_list_gives_the_state(age_s, state):
    standing = standing_of(both(age_s), TRUST, RULES, NOW)
    assert (standing.state, standing.age_s) == (state, age_s)


@pytest.mark.parametrize(("age_s", "state"), AGES.values(), ids=AGES)
def test_the_worst_list_counts_whichever_it_is(age_s, state):
    for standings in (both(age_s, 0), both(0, age_s), reversed(both(age_s, 0))):
        standing = standing_of(standings, TRUST, RULES, NOW)
        assert (standing.state, standing.age_s) == (state, age_s)


@pytest.mark.parametrize(("age_s", "state"), AGES.values(), ids=AGES)
def test_a_list_that_is_here_ages_whether_it_is_required_or_not(age_s, state):
    """M6: revocations ten days old read FRESH where no list was required."""
    for rules in (RULES, NONE):
        standing = standing_of((*both(0), listed(WATCH, age_s, 99)), TRUST, rules, NOW)
        assert (standing.state, standing.age_s) == (state, age_s)
        assert standing.versions == {DECLARATIONS: 3, REVOCATIONS: 3, WATCH: 99}


def test_a_list_that_is_neither_here_nor_required_changes_nothing():
    standing = standing_of((), TRUST, NONE, NOW)
    assert (standing.state, standing.age_s) == (FRESH, None)


@pytest.mark.parametrize("held", [(), (listed(DECLARATIONS, 0),), (listed(REVOCATIONS, 0), listed(WATCH, 0))])
def test_a_required_list_that_never_came_is_too_old(held):
    standing = standing_of(held, TRUST, RULES, NOW)
    assert (standing.state, standing.age_s) == (TOO_OLD, None)


ENDS = {
    "a day to go": (-DAY_S, FRESH),
    "a second to go": (-1, FRESH),
    "at its end": (0, STALE_OK),
    "a minute after": (60, STALE_OK),
    "the last second of stale": (4 * HOUR_S, STALE_OK),
    "a second after stale": (4 * HOUR_S + 1, KNOWN_ONLY),
    "the last second of all": (DAY_S, KNOWN_ONLY),
    "a second after all": (DAY_S + 1, TOO_OLD),
}


@pytest.mark.parametrize(("late_s", "state"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("rules", [NONE, RULES], ids=["none required", "two required"])
def test_the_trust_list_ages_from_its_end_on(late_s, state, rules):
    standing = standing_of(both(0), replace(TRUST, expires_at=NOW - late_s), rules, NOW)
    assert (standing.state, standing.trust) == (state, 7)


def test_the_worse_of_trust_list_and_lists_counts():
    ended = replace(TRUST, expires_at=NOW - 60)
    assert standing_of(both(0), ended, RULES, NOW).state is STALE_OK
    assert standing_of(both(5 * HOUR_S), ended, RULES, NOW).state is KNOWN_ONLY
    assert standing_of(both(0), replace(TRUST, expires_at=NOW - 5 * HOUR_S), RULES, NOW).state is KNOWN_ONLY


def test_without_a_trust_list_nothing_is_fresh():
    standing = standing_of(both(0), None, RULES, NOW)
    assert (standing.state, standing.age_s, standing.trust) == (TOO_OLD, 0, 0)


JUMPS = {
    "an hour ahead": (HOUR_S, STALE_OK, HOUR_S),
    "a week ahead": (7 * DAY_S, TOO_OLD, 7 * DAY_S),
    "an hour behind": (-HOUR_S, FRESH, 0),
    "years behind": (-NOW, FRESH, 0),
}


@pytest.mark.parametrize(("jump_s", "state", "age_s"), JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_ages_the_lists_or_finds_them_new_and_nothing_else(jump_s, state, age_s):
    standing = standing_of(both(0), replace(TRUST, expires_at=NOW + 30 * DAY_S), RULES, NOW + jump_s)
    assert (standing.state, standing.age_s) == (state, age_s)


def test_other_ages_may_be_configured():
    rules = FreshnessRules(10, 10, 20, frozenset({WATCH}))
    found = [standing_of((listed(WATCH, age),), TRUST, rules, NOW).state for age in (10, 11, 20, 21)]
    assert found == [FRESH, KNOWN_ONLY, KNOWN_ONLY, TOO_OLD]
