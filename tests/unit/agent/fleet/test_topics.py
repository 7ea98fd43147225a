"""The topics of fleet documents."""

import pytest

from agent.core.fleet import Audience, DocumentKind
from agent.fleet import FleetTopics

TOPICS = FleetTopics(17)


@pytest.mark.parametrize("audience", ["all", "group:north", "group:next", "gate:gate-7", "gate:next"])
@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("kind", list(DocumentKind))
def test_each_kind_audience_and_stage_has_a_topic_of_its_own(kind, audience, staged):
    topic = TOPICS.topic(kind, Audience.parse(audience), staged=staged)
    assert topic.startswith("site/v1/17/lists/fleet/")
    found = TOPICS.parse(topic)
    assert (found.kind, found.audience.text, found.staged) == (kind, audience, staged)


@pytest.mark.parametrize(
    "topic",
    [
        "site/v1/18/lists/fleet/configuration/all",
        "site/v1/17/lists/trust",
        "site/v1/17/lists/fleet",
        "site/v1/17/lists/fleet/configuration",
        "site/v1/17/lists/fleet/firmware/all",
        "site/v1/17/lists/fleet/configuration/gate",
        "site/v1/17/lists/fleet/configuration/all/later",
        "site/v1/17/lists/fleet/configuration/gate/a/b",
    ],
)
def test_other_topics_are_none(topic):
    assert TOPICS.parse(topic) is None


def test_a_gate_asks_for_its_own_and_without_wildcards():
    topics = TOPICS.of_gate("gate-7", ("north",))
    assert len(topics) == len(set(topics)) == 18
    assert not [topic for topic in topics if "+" in topic or "#" in topic]
