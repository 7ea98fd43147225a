"""Characters that look alike: which one it is, the place says."""

from __future__ import annotations

import pytest

from agent.core.model.observations import Reading
from agent.core.plates.lookalike_characters import RIVAL_SHARE, TWINS, with_twins
from agent.core.plates.match import MatchVerdict, match
from agent.core.plates.recogniser_columns import Columns
from agent.core.plates.vote import vote


def test_twins_are_twins_of_each_other() -> None:
    assert all(TWINS[twin] == character != twin for character, twin in TWINS.items())


def test_each_counts_in_part_for_the_other_and_nothing_else_changes() -> None:
    seen = Columns(({"O": 0.75, "D": 0.25}, {"A": 1.0}, {"0": 0.5, "O": 0.5}), (1e-7,) * 3)
    shared = with_twins(seen)

    assert shared.shares[0] == {"O": 0.75, "D": 0.25, "0": pytest.approx(RIVAL_SHARE * 0.75)}
    assert shared.shares[1] is seen.shares[1]
    assert shared.shares[2] == {
        "0": pytest.approx(0.5 + RIVAL_SHARE * 0.5),
        "O": pytest.approx(0.5 + RIVAL_SHARE * 0.5),
    }
    assert shared.rest == seen.rest


def test_a_plate_that_only_a_twin_parts_from_another_of_a_usual_format_does_not_pass_for_it() -> None:
    """857 IMB 02 of Kazakhstan, whose I the network takes for a 1: then it has the form of a Tajik one."""
    positions = tuple(((character, 0.99),) for character in "8571MB02")
    voted = vote([Reading("8571MB02", positions, "tajikistan", 0.9, "front", frame, frame * 0.1) for frame in (1, 2)])

    assert match(voted, "8571MB02").verdict is MatchVerdict.UNSURE
    assert match(voted, "857IMB02").verdict is not MatchVerdict.MISMATCH
