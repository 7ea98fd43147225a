"""Characters that look alike: which one it is, the place says."""

from __future__ import annotations

import pytest

from agent.core.plates.recogniser_columns import Columns
from agent.core.plates.twins import TWIN_SHARE, TWINS, with_twins


def test_twins_are_twins_of_each_other() -> None:
    assert all(TWINS[twin] == character != twin for character, twin in TWINS.items())


def test_each_counts_in_part_for_the_other_and_nothing_else_changes() -> None:
    seen = Columns(({"O": 0.75, "D": 0.25}, {"A": 1.0}, {"0": 0.5, "O": 0.5}), (1e-7,) * 3)
    shared = with_twins(seen)

    assert shared.shares[0] == {"O": 0.75, "D": 0.25, "0": pytest.approx(TWIN_SHARE * 0.75)}
    assert shared.shares[1] is seen.shares[1]
    assert shared.shares[2] == {"0": pytest.approx(0.5 + TWIN_SHARE * 0.5), "O": pytest.approx(0.5 + TWIN_SHARE * 0.5)}
    assert shared.rest == seen.rest
