"""What the wall clock gains on the monotonic one, and from when on that is a step."""

import pytest

from agent.core.clock.clock_step import STEP_S, gain_s, step_between_s
from agent.core.model.instant import Instant

BEFORE = Instant(at=100.0, utc=1_000_000.0)


@pytest.mark.parametrize("gained_s", [0.0, 1.0, -1.0, STEP_S - 0.5, 0.5 - STEP_S])
def test_less_than_a_step_is_no_step(gained_s):
    now = Instant(at=110.0, utc=1_000_010.0 + gained_s)
    assert gain_s(BEFORE, now) == gained_s
    assert step_between_s(BEFORE, now) is None


@pytest.mark.parametrize("gained_s", [STEP_S, -STEP_S, 3600.0, -86_400.0])
def test_a_step_is_told_with_its_size_in_both_directions(gained_s):
    assert step_between_s(BEFORE, Instant(at=110.0, utc=1_000_010.0 + gained_s)) == gained_s
