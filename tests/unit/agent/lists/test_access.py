"""The shipped access list of mosquitto, for lists: central publishes, a gate reads those of its site and may ask for
them.
"""

from itertools import takewhile

import pytest

from agent.core.model.list_kinds import ListKind
from agent.lists.topics import ListTopics
from agent.mqtt.messages import Outgoing
from central.publishing.broker_upload import survey
from tests.support.lists.lists import DECLARATIONS, REVOCATIONS, SITE
from tests.support.mqtt.certified_client import entrance
from tests.support.mqtt.mosquitto import SampleBroker, needs_mosquitto
from tests.support.waiting import PATIENCE_S

pytestmark = needs_mosquitto
TOPICS, THEIRS = ListTopics(SITE), ListTopics(7)
QUIET_S = 0.3


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broker")
    sample = SampleBroker(folder, "gate-1", "gate-2")
    rules = (folder / "gates.acl").read_text()
    assert f"topic read site/v1/{SITE}/lists/#" in rules.partition("user gate-1\n")[2].partition("user ")[0]
    with sample as running:
        yield running


@pytest.fixture
def enter(broker):
    """Connect as a gate or as central, by certificate."""
    with entrance(broker) as entered:
        yield entered


def test_the_lists_reach_the_gates_of_their_site_and_no_others(enter):
    central, ours, theirs = enter("central"), enter("gate-1"), enter("gate-2")
    for topic in (
        TOPICS.head(DECLARATIONS),
        TOPICS.chunk(DECLARATIONS, 1, 0),
        TOPICS.delta(DECLARATIONS, 2),
        TOPICS.trust,
    ):
        assert not central.publish(Outgoing(topic, b"signed", retain=True)).refused
    assert not central.publish(Outgoing(THEIRS.head(DECLARATIONS), b"signed", retain=True)).refused
    ours.subscribe("site/v1/+/lists/#")
    theirs.subscribe("site/v1/+/lists/#")
    central.publish(Outgoing(TOPICS.trust, b"the last"))
    came = takewhile(lambda message: message.payload != b"the last", ours.messages(PATIENCE_S))
    assert len([message.topic for message in came if message.topic.startswith(TOPICS.root)]) == 4
    assert list(theirs.messages(QUIET_S)) == []


def test_a_gate_reads_no_lists_of_another_site(enter):
    central, ours = enter("central"), enter("gate-1")
    central.publish(Outgoing(THEIRS.head(DECLARATIONS), b"signed", retain=True))
    ours.subscribe(f"{THEIRS.root}/#")
    assert list(ours.messages(QUIET_S)) == []


def test_a_gate_asks_for_the_lists_of_its_site_and_central_hears_it(enter):
    central, ours, theirs = enter("central"), enter("gate-1"), enter("gate-2")
    assert survey(central, SITE, QUIET_S).heads.keys() <= set(ListKind)
    assert ours.publish(Outgoing(TOPICS.want(DECLARATIONS), b"{}")).taken
    assert theirs.publish(Outgoing(TOPICS.want(DECLARATIONS), b"{}")).refused
    assert ours.publish(Outgoing(TOPICS.want(REVOCATIONS), b"the last")).taken
    came = takewhile(lambda message: message.payload != b"the last", central.messages(PATIENCE_S))
    # What is stored may still be on its way where the survey was over too soon.
    assert [message.topic for message in came if not message.retained] == [TOPICS.want(DECLARATIONS)]


@pytest.mark.parametrize(
    "topic", [TOPICS.head(DECLARATIONS), TOPICS.trust, TOPICS.chunk(DECLARATIONS, 1, 0), THEIRS.trust]
)
def test_a_gate_publishes_no_list(enter, topic):
    assert enter("gate-1").publish(Outgoing(topic, b"forged", retain=True)).refused
