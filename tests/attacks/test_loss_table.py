"""Every part of the state lost in every way, at a gate alone: nothing passes twice, and nothing is silent."""

import pytest

from tests.attacks.loss_table import cases, loss


@pytest.mark.parametrize(("part", "way"), cases())
def test_with_a_head_file_nothing_comes_back_to_life_and_nothing_is_silent(tmp_path, part, way):
    """H2, H3, H4, at a gate that reaches nobody."""
    row = loss(tmp_path, part, way)
    assert (row.used_twice, row.revoked_alive, row.unlocked, row.silent) == (False, False, False, False), row
    assert row.whole_by != "not yet"
