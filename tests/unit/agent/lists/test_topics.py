import pytest

from agent.core.model.list_kinds import ListKind
from agent.lists.topics import ChunkTopic, DeltaTopic, HeadTopic, ListTopics, TrustTopic, WantTopic

TOPICS = ListTopics(9411)
KIND = ListKind.DECLARATIONS


@pytest.mark.parametrize(
    ("topic", "place"),
    [
        (TOPICS.trust, TrustTopic()),
        (TOPICS.head(KIND), HeadTopic(KIND)),
        (TOPICS.chunk(KIND, 12, 0), ChunkTopic(KIND, 12, 0)),
        (TOPICS.delta(ListKind.WATCH, 1 << 31), DeltaTopic(ListKind.WATCH, 1 << 31)),
        (TOPICS.want(ListKind.REVOCATIONS), WantTopic(ListKind.REVOCATIONS)),
    ],
)
def test_a_topic_says_what_it_is_for(topic, place):
    assert topic.startswith("site/v1/9411/lists/")
    assert TOPICS.parse(topic) == place


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "site/v1/9411/lists",
        "site/v1/9411/lists/",
        "site/v1/9411/lists/trust/",
        "site/v1/941/lists/trust",
        "site/v1/9411/lists/bank/head",
        "site/v1/9411/lists/declarations",
        "site/v1/9411/lists/declarations/delta/",
        "site/v1/9411/lists/declarations/delta/01",
        "site/v1/9411/lists/declarations/delta/-1",
        "site/v1/9411/lists/declarations/delta/+",
        "site/v1/9411/lists/declarations/delta/1/2",
        "site/v1/9411/lists/declarations/delta/" + "9" * 5000,
        "site/v1/9411/lists/declarations/delta/\u0661",
        "site/v1/9411/lists/declarations/snap/1",
        "site/v1/9411/lists/declarations/snap/1/2/3",
        "gate/v1/9411/lists/declarations/head",
    ],
)
def test_what_is_no_topic_of_the_lists_is_none(topic):
    assert TOPICS.parse(topic) is None


def test_the_filters_take_in_what_they_are_for():
    assert TOPICS.chunks(KIND, 12) == "site/v1/9411/lists/declarations/snap/12/+"
    assert TOPICS.deltas(KIND) == "site/v1/9411/lists/declarations/delta/+"


@pytest.mark.parametrize("site", [0, -1, 1 << 32])
def test_a_site_that_is_no_number_of_one_has_no_topics(site):
    with pytest.raises(ValueError, match="is no site"):
        ListTopics(site)
