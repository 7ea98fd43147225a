"""Every part of the state lost in every way: nothing passes twice, nothing comes back to life, and nothing is silent.

At a gate that reaches nobody, at one that central answers, and at one of two gates; with a head file, and without one
where others hold the head.
"""

import pytest

from tests.attacks.loss_table import NEWER, TWO, cells, loss

NOTHING_RESCUED = {"gone", "empty", "a pipe", "a folder", "another gate's", NEWER}
HEAD_FILE = {True: "a head file", False: "no head file"}


@pytest.mark.parametrize(
    ("part", "way", "situation", "head_file"),
    [pytest.param(*cell, id=", ".join((*cell[:3], HEAD_FILE[cell[3]]))) for cell in cells()],
)
def test_nothing_comes_back_to_life_somebody_is_told_and_it_becomes_whole_again(
    tmp_path, part, way, situation, head_file
):
    """H2, H3, H4. Whatever lies in the place of a file, the agent starts, and an officer can act."""
    row = loss(tmp_path, part, way, situation, head_file=head_file)
    assert (row.used_twice, row.revoked_alive, row.unlocked) == (False, False, False), row
    assert row.officer
    assert row.acted, row
    assert row.whole_by != "not yet"
    if part == "gate key" or (part == "journal" and way in NOTHING_RESCUED and situation != TWO):
        assert row.waited, row
