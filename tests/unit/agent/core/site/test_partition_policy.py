"""What a gate does while the gates of its site cannot ask one another."""

import pytest

from agent.core.site.partition_policy import PartitionPolicy


@pytest.mark.parametrize(
    ("policy", "connected", "decides"),
    [
        (PartitionPolicy.HOME_GATE, True, True),
        (PartitionPolicy.HOME_GATE, False, True),
        (PartitionPolicy.DENY, True, True),
        (PartitionPolicy.DENY, False, False),
        (PartitionPolicy.ALLOW_AND_FLAG, True, True),
        (PartitionPolicy.ALLOW_AND_FLAG, False, True),
    ],
)
def test_a_home_gate_decides_alone_unless_the_policy_denies_that(policy, connected, decides):
    assert policy.decides_as_home(connected=connected) is decides


def test_only_one_policy_lets_a_vehicle_pass_unasked():
    assert [policy for policy in PartitionPolicy if policy.passes_unasked] == [PartitionPolicy.ALLOW_AND_FLAG]
