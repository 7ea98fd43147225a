"""Which plates near an edge of the picture are whole, and what one that is cut is worth."""

from __future__ import annotations

import pytest

from agent.core.plates.picture_edge import PlateSide, is_cut


@pytest.mark.parametrize(
    ("side", "cut"),
    [
        pytest.param(PlateSide(3.0), False, id="far from the edge"),
        pytest.param(PlateSide(0.1), False, id="just far enough"),
        pytest.param(PlateSide(0.05), True, id="near, and nothing seen behind it: its outline alone tells nothing"),
        pytest.param(PlateSide(0.0), True, id="at the edge"),
        pytest.param(PlateSide(-0.2), True, id="beyond the edge"),
        pytest.param(PlateSide(0.05, end_seen=True), False, id="near, and its end is seen"),
        pytest.param(PlateSide(0.0, end_seen=True), False, id="at the edge, with its rim in the picture"),
    ],
)
def test_a_plate_is_cut_where_its_end_is_not_seen(side: PlateSide, cut: bool) -> None:
    clear = PlateSide(1.0)

    for place in range(4):
        sides = [clear] * 4
        sides[place] = side
        assert is_cut(sides) is cut


def test_one_end_that_is_seen_does_not_speak_for_another() -> None:
    assert is_cut([PlateSide(0.02, end_seen=True), PlateSide(2.0), PlateSide(0.02), PlateSide(2.0)])
