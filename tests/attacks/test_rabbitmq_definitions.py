"""What the shipped definitions for RabbitMQ allow, rule by rule; the same at a real cluster: tests/cluster (M5)."""

import json
import re
import subprocess
import sys
from itertools import product

import pytest

from tests.support.mqtt.mosquitto import SAMPLE
from tests.support.mqtt.neighbourhood import FILTERS, GATES, HEARD, LISTS, SAID, SITES, TOPICS

SCRIPT = SAMPLE.parent / "rabbitmq" / "definitions.py"
AT_RABBITMQ = (*GATES, "central")
LOOKALIKES = (
    *("gate/v1/gate-1/event/a/b", "gate/v1.gate-2/status", "gate.v1.gate-2.status", "gate/v1/gate-1.gate-2/status"),
    *("gate/v1/gate-1/status\n", "gate/v1/gate-2/status\n", "gate/v1/gate-1x/status", "xgate/v1/gate-1/status"),
)


def written(*arguments):
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def rules():
    """What each may write and read, as regular expressions over topics with dots, and its rights on queues."""
    (first, ours), (second, theirs) = SITES.items()
    made = written("--site", str(first), *ours)
    more = written("--site", str(second), "--add", *theirs)
    topics = [*made["topic_permissions"], *more["topic_permissions"]]
    rights = [*made["permissions"], *more["permissions"]]
    return {
        "write": {one["user"]: one["write"].replace("{username}", one["user"]) for one in topics},
        "read": {one["user"]: one["read"].replace("{username}", one["user"]) for one in topics},
        "configure": {one["user"]: one["configure"] for one in rights},
    }


def key(topic):
    """The routing key, or the binding key, that RabbitMQ makes of a topic or a filter."""
    table = str.maketrans({"/": ".", ".": "/", "+": "*"})
    return topic.translate(table)


def allowed(rules, what, actor, topic):
    return re.search(rules[what][actor], key(topic)) is not None


def may_write(actor, topic):
    if actor == "central":
        return bool(re.fullmatch(r"gate/v1/[^/]+/(ack|cmd/.+)|site/v1/\d+/lists/.+", topic))
    site = next(site for site, gates in SITES.items() if actor in gates)
    said = r"(event/.+|status|birth|health|res/.+|evidence/.+)"
    return bool(re.fullmatch(rf"gate/v1/{actor}/{said}|site/v1/{site}/lists/[a-z]+/want", topic))


def may_read(actor, topic):
    if actor == "central":
        said = r"(event/.*|status|birth|health|res/.*|evidence/.*)"
        return bool(re.fullmatch(rf"gate/v1/[^/]*/{said}|site/v1/\d+/lists(/.+)?", topic))
    site = next(site for site, gates in SITES.items() if actor in gates)
    return bool(re.fullmatch(rf"gate/v1/{actor}/(ack|status|cmd/?.*)|site/v1/{site}/lists(/.+)?", topic))


def matches(topic_filter, topic):
    """Whether a filter without $share covers a topic."""
    pattern = re.escape(topic_filter).replace(r"\+", "[^/]*")
    pattern = "(/.*)?".join(pattern.split(r"/\#")) if r"/\#" in pattern else pattern.replace(r"\#", ".*")
    return re.fullmatch(pattern, topic) is not None


@pytest.mark.parametrize("actor", AT_RABBITMQ)
def test_each_says_what_it_may_and_nothing_else(rules, actor):
    """M5"""
    said = {topic for topic in (*TOPICS, *LOOKALIKES) if allowed(rules, "write", actor, topic)}
    # The end of a line is the end of the text to PCRE: below its own name only.
    assert {topic for topic in said if not may_write(actor, topic.removesuffix("\n"))} == set()
    assert said >= {topic for topic in TOPICS if may_write(actor, topic)}


@pytest.mark.parametrize("actor", AT_RABBITMQ)
def test_no_filter_that_is_let_in_covers_what_its_client_may_not_hear(rules, actor):
    """M5: RabbitMQ judges a subscription once, by its filter; whatever matches it comes."""
    own = [f"gate/v1/{actor}/{leaf}" for leaf in ("#", "+", "cmd/#", "cmd/+", "+/open", "status/#", "status/+", "st+")]
    exact = [f"gate/v1/{gate}/{leaf}" for gate, leaf in product(GATES, (*SAID, *HEARD))]
    lists = [f"site/v1/{site}/lists/{leaf}" for site, leaf in product(SITES, (*LISTS, "#", "+/head"))]
    for topic_filter in (*FILTERS, *own, *exact, *lists):
        if allowed(rules, "read", actor, topic_filter):
            covered = {topic for topic in TOPICS if matches(topic_filter, topic)}
            assert {topic for topic in covered if not may_read(actor, topic)} == set(), topic_filter


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_may_read_its_own_status_and_no_other(rules, gate):
    """H3: the retained status is a witness of the gate's journal."""
    for each in GATES:
        assert allowed(rules, "read", gate, f"gate/v1/{each}/status") == (each == gate)
    assert not allowed(rules, "read", gate, "gate/v1/+/status")
    assert not allowed(rules, "read", gate, f"gate/v1/{gate}/#")


@pytest.mark.parametrize(("gate", "other"), [(one, two) for one in AT_RABBITMQ for two in AT_RABBITMQ if one != two])
def test_nobody_makes_the_queues_of_another(rules, gate, other):
    """M5: a session lives in queues that are named after the client id."""
    for kind, tail in product(("subscription", "will"), ("", "qos0", "qos1", ".doctorqos1")):
        assert not re.search(rules["configure"][gate], f"mqtt-{kind}-{other}{tail}")
    assert not re.search(rules["configure"][gate], "events")


NAMES = (
    *("a.b", "gate-1|gate-2", ".*", "", "a b", "#", "*", "g" * 65, "gate-1\n"),
    *("group", "central", "central-worker-1", "gate-1qos1", "gate-1qos0"),
)
"""The last ones are the beginnings of central's queues, and the queues of gate-1."""


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_would_mean_more_than_one_gate_is_refused(name):
    """M5"""
    done = subprocess.run([sys.executable, SCRIPT, name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("gate", GATES)
def test_commands_to_groups_are_heard_by_gates_and_written_by_central_alone(rules, gate):
    """They are signed besides: the group stands under the signature."""
    for topic in ("gate/v1/group/north/cmd/rebirth", "gate/v1/group/north/cmd/#"):
        assert allowed(rules, "read", gate, topic)
    assert allowed(rules, "write", "central", "gate/v1/group/north/cmd/rebirth")
    for topic in ("gate/v1/group/north/cmd/rebirth", "gate/v1/group/north/res/rebirth", f"gate/v1/group/{gate}/cmd/x"):
        assert not allowed(rules, "write", gate, topic)
    for topic in ("gate/v1/group/#", "gate/v1/group/north/#", "gate/v1/group/north/res/#", "gate/v1/+/north/cmd/#"):
        assert not allowed(rules, "read", gate, topic)
    assert not allowed(rules, "write", "central", "gate/v1/group/north/res/rebirth")
