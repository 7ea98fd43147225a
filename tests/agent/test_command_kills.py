"""A gate that is killed in the middle of a command does it once at most, and never lies about it."""

import pytest

from tests.command_kills import Round, judge
from tests.mosquitto import needs_mosquitto

pytestmark = needs_mosquitto


def prove(folder, kills, seed):
    tried = Round(folder, seed)
    ended = tried.run(kills)
    assert judge(ended, tried.journal) == []
    assert len(ended) == kills


def test_a_killed_gate_does_no_command_twice(tmp_path):
    prove(tmp_path, 2, 3)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_gate_that_is_killed_again_and_again_does_no_command_twice(tmp_path):
    prove(tmp_path, 20, 4)
