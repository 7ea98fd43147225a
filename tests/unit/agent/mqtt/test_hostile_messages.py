"""Hostile messages on every topic that a gate listens to, through a real broker: nothing happens,
and all is counted.
"""

import time

import pytest

from agent.core.commands.command import Refusal
from agent.mqtt.command_refusals import EVENTS_A_MINUTE
from tests.support.mqtt.hostile_site import HostileSite
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto

pytestmark = needs_mosquitto

MESSAGES = 450
SEED = 20_261_124


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


def test_every_hostile_message_is_refused_by_its_check_and_counted(broker, tmp_path):
    site = HostileSite(broker.port, tmp_path / "journal.db", checked=True)
    with site.running():
        site.assault(MESSAGES, SEED)
        connections = site.link.client.view.connections
        acks = site.link.uplink.view.acks
    counts, _events = site.refusals()
    assert site.effects == []
    assert site.crashes.found == []
    assert connections == 1
    assert sum(counts.values()) == site.refusable
    assert len(site.sent) >= 34, "not every kind of assault was made"
    # The gate is in no group here: test_group_commands has what is refused of those.
    of_groups = {Refusal.WRONG_GROUP, Refusal.CLOCK_UNSURE}
    expected = set(Refusal) - {Refusal.RATE_LIMITED, Refusal.GATE_FAULT} - of_groups
    assert set(counts) == {code.value for code in expected}
    assert (acks["taken"], acks["malformed"] > 0, acks["foreign_stream"] > 0, acks["beyond_head"] > 0) == (
        0,
        True,
        True,
        True,
    )
    assert site.journal.real.watermark == 0
    assert [kind for kind, _ in site.journal.events if kind == "command.executed"] == ["command.executed"] * 2
    site.journal.close()


def test_a_flood_at_full_speed_costs_few_events_and_no_effect(broker, tmp_path):
    began_at = time.monotonic()
    site = HostileSite(broker.port, tmp_path / "journal.db", checked=False)
    with site.running():
        site.assault(MESSAGES, SEED + 1)
        assert site.link.client.view.connections == 1
    counts, events = site.refusals()
    assert site.effects == []
    assert site.crashes.found == []
    assert counts["RATE_LIMITED"] > 0
    assert site.refusable <= sum(counts.values()) <= site.refusable + site.sent["replayed"] + site.tries
    assert events < 80 + EVENTS_A_MINUTE * (time.monotonic() - began_at) / 60, "so many at once, and so many a minute"
    site.journal.close()
