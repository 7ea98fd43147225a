"""A gate that is killed in the middle of a command does it once at most, and never lies about it."""

import pytest

from tests.faults.command_kills import Round, judge
from tests.support.mqtt.mosquitto import needs_mosquitto

pytestmark = needs_mosquitto

KILLS = 20


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_gate_that_is_killed_again_and_again_does_no_command_twice(tmp_path):
    tried = Round(tmp_path, seed=4)
    ended = tried.run(KILLS)
    assert judge(ended, tried.journal) == []
    assert len(ended) == KILLS
