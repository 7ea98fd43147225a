"""A short form of the races: with kills of a gate and of the broker, losses of state, and a split where namespaces can
be made.
"""

import pytest

from tests.races.network import why_no_namespaces
from tests.races.races import Plan, run, table
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.waiting import scaled

pytestmark = [needs_mosquitto, pytest.mark.broker]
LACKING = why_no_namespaces()
PATIENCE_S = scaled(1.0)


def test_no_permit_passes_twice_while_a_gate_and_the_broker_are_killed(tmp_path):
    result = run(Plan("home_gate", 60, kills=1, broker_kills=1, splits=0, patience_s=PATIENCE_S), tmp_path)
    assert result.passes, table([result])


@pytest.mark.skipif(bool(LACKING), reason=LACKING or "namespaces can be made")
def test_no_permit_passes_twice_while_the_network_is_split(tmp_path):
    result = run(Plan("home_gate", 60, kills=0, broker_kills=0, splits=1, patience_s=PATIENCE_S), tmp_path)
    assert result.passes, table([result])


def test_no_permit_passes_twice_while_journals_are_lost_and_put_back(tmp_path):
    plan = Plan("home_gate", 120, kills=0, broker_kills=0, splits=0, restores=3, patience_s=PATIENCE_S)
    result = run(plan, tmp_path)
    assert result.passes, table([result])
