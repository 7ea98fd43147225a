"""The publisher that ships and the gate that ships, over a real broker that loses what it had stored."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from agent.core.events.event_types import ListsRefused
from agent.core.model.instant import Instant
from agent.core.model.list_rows import DeclarationStatus
from agent.lists.topics import ListTopics
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from central.publishing.broker_upload import BrokerUpload, survey
from central.publishing.publisher import Publisher
from central.publishing.publisher_database import PublisherDatabase
from tests.support.lists.gates import ListGate
from tests.support.lists.lists import (
    DECLARATIONS,
    LISTS_KEY,
    REVOCATIONS,
    SITE,
    declarations,
    revocations,
    trust_text,
    trusted,
)
from tests.support.mqtt.linking import local
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.pki.permits import NOW
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = needs_mosquitto
ROWS = declarations(1500)


class Stopped:
    """A clock that stands at the time of the tests' lists."""

    def now(self):
        return Instant(at=0.0, utc=NOW + 1.0)


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def publisher(tmp_path):
    catalogue = PublisherDatabase.open(tmp_path / "central", SITE)
    yield Publisher(catalogue, SITE, LISTS_KEY, Stopped()), catalogue
    catalogue.close()


@contextmanager
def at_the_broker(broker, publisher):
    with OneShotClient(local(broker.port)) as client:
        upload = BrokerUpload(client, *publisher, SITE, survey(client, SITE, 0.2))
        upload.publish_trust(trust_text(trusted()))
        upload.publish_lists()
        yield upload, client


def test_a_gate_follows_every_change_of_a_publisher(tmp_path, broker, publisher):
    central, _ = publisher
    central.replace(DECLARATIONS, ROWS[:1200])
    central.replace(REVOCATIONS, [])
    with at_the_broker(broker, publisher) as (upload, _), ListGate(tmp_path, broker.port) as gate:
        gate.wait_version(DECLARATIONS, 1).wait_version(REVOCATIONS, 1)
        central.change(REVOCATIONS, revocations(ROWS[:2]))
        central.change(DECLARATIONS, [replace(ROWS[0], status=DeclarationStatus.HELD)], [ROWS[1].permit_id])
        upload.publish_lists()
        gate.wait_version(DECLARATIONS, 2).wait_version(REVOCATIONS, 2)
        assert gate.registry.declaration(ROWS[0].permit_id).status is DeclarationStatus.HELD
        assert gate.registry.declaration(ROWS[1].permit_id) is None
        central.replace(DECLARATIONS, ROWS[900:])
        upload.publish_lists()
        gate.wait_version(DECLARATIONS, 3)
        assert gate.registry.standings()[0].rows == 600
        assert gate.noted(ListsRefused) == [], "what is deleted at the broker is no list that is refused"


def test_a_gate_that_was_away_for_many_changes_comes_back_to_a_broker_that_lost_them(tmp_path, broker, publisher):
    central, _ = publisher
    central.replace(DECLARATIONS, ROWS[:100])
    with at_the_broker(broker, publisher), ListGate(tmp_path, broker.port) as gate:
        gate.wait_version(DECLARATIONS, 1)
    for row in ROWS[100:130]:
        central.change(DECLARATIONS, [row])
    broker.kill()
    broker.start()
    with OneShotClient(local(broker.port)) as client:
        upload = BrokerUpload(client, *publisher, SITE, survey(client, SITE, 0.2))
        client.publish(Outgoing(ListTopics(SITE).head(DECLARATIONS), central.head(DECLARATIONS), retain=True))
        with ListGate(tmp_path, broker.port) as gate:
            requests = (upload.answer_request(message) for message in client.messages(PATIENCE_S))
            assert "cannot find the declarations after version 1" in next(filter(None, requests))
            gate.wait_version(DECLARATIONS, 31)
            assert gate.registry.standings()[0].rows == 130


def test_a_gate_of_another_time_hears_that_nothing_changed(tmp_path, broker, publisher):
    central, _ = publisher
    central.replace(DECLARATIONS, ROWS[:3])
    with at_the_broker(broker, publisher) as (upload, _), ListGate(tmp_path, broker.port) as gate:
        gate.wait_version(DECLARATIONS, 1)
        said = gate.registry.standings()[0].issued_at
        upload.publish_lists()
        eventually(lambda: gate.registry.standings()[0].issued_at > said, what="central's next word")
