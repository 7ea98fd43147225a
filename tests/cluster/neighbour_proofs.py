"""The shipped configuration of RabbitMQ against a neighbour with a certificate and no good intentions: run by
`make test-cluster`. RabbitMQ ends the connection of who says or asks what is forbidden.
"""

from contextlib import contextmanager

import pytest

from tests.attacks.test_rabbitmq_definitions import LOOKALIKES, may_read, may_write
from tests.support.lists.lists import SITE
from tests.support.mqtt.neighbour import Neighbour
from tests.support.mqtt.neighbourhood import FILTERS, TOPICS
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(300)
ROGUE, VICTIM = "gate-1", "gate-2"
REFUSED = 0x80


class Entrance:
    """The first node, as a place where clients come in."""

    def __init__(self, cluster):
        self._cluster = cluster
        self.files = cluster.files

    def port_of(self, _name):
        return self._cluster.nodes[0].mqtts


@pytest.fixture
def entrance(cluster):
    assert SITE == 9411, "the tables of the neighbourhood are those of this site"
    return Entrance(cluster)


@contextmanager
def entered(entrance, name, **options):
    with Neighbour(entrance, name, client_id=options.pop("client_id", name), **options) as client:
        yield client


def refused(code):
    """Whether an answer is a refusal: a code that says so, or the end of the connection."""
    return code is None or (code[0] if isinstance(code, list) else code) >= REFUSED


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize(
    "topic", [topic for topic in (*TOPICS, *LOOKALIKES) if not may_write(ROGUE, topic.removesuffix("\n"))]
)
def test_a_gate_says_nothing_but_its_own(entrance, topic, retain):
    """M5"""
    with entered(entrance, ROGUE) as rogue:
        assert refused(rogue.publish(topic, retain=retain)), topic


@pytest.mark.parametrize(
    "topic_filter",
    [one for one in FILTERS if any(c in one for c in "#+") or not may_read(ROGUE, one)],
)
@pytest.mark.parametrize("shared", [False, True])
def test_a_gate_hears_nothing_but_its_own(entrance, topic_filter, shared):
    """M5: where a filter is let in, nothing comes by it that is not for this gate."""
    wanted = f"$share/any/{topic_filter}" if shared else topic_filter
    with entered(entrance, ROGUE) as rogue, entered(entrance, VICTIM) as victim:
        if refused(rogue.subscribe(wanted)):
            return
        rogue.subscribe(f"gate/v1/{ROGUE}/cmd/#")
        victim.publish(f"gate/v1/{VICTIM}/status", b"not for others", retain=True)
        with entered(entrance, "central", client_id="central-neighbours") as central:
            central.publish(f"gate/v1/{VICTIM}/cmd/open", b"not for others")
            central.publish(f"gate/v1/{ROGUE}/cmd/open", b"end")
        rogue.hears(f"gate/v1/{ROGUE}/cmd/open", b"end")
        assert [one for one in rogue.heard if not may_read(ROGUE, one[0])] == []


def test_a_gate_hears_its_own_status_and_no_other(entrance):
    """H3: at the node where it was left."""
    for gate in (ROGUE, VICTIM):
        with entered(entrance, gate) as client:
            assert not refused(client.publish(f"gate/v1/{gate}/status", b"kept", retain=True))
    with entered(entrance, ROGUE) as rogue:
        assert not refused(rogue.subscribe(f"gate/v1/{ROGUE}/status"))
        rogue.hears(f"gate/v1/{ROGUE}/status", b"kept")
    with entered(entrance, ROGUE) as rogue:
        assert refused(rogue.subscribe(f"gate/v1/{VICTIM}/status"))


@pytest.mark.parametrize("leaf", ["status", "ack", "cmd/open"])
def test_a_will_says_nothing_that_its_client_may_not(entrance, leaf):
    """M5: the second will, which is allowed, shows that the first one has had its time."""
    own = f"gate/v1/{ROGUE}/health"
    with (
        entered(entrance, VICTIM) as victim,
        entered(entrance, "central", client_id="central-neighbours") as central,
    ):
        for topic in ("status", "ack", "cmd/#"):
            assert not refused(victim.subscribe(f"gate/v1/{VICTIM}/{topic}"))
        assert not refused(central.subscribe(own))
        for topic in (f"gate/v1/{VICTIM}/{leaf}", own):
            rogue = Neighbour(entrance, ROGUE, client_id=ROGUE, will=(topic, False))
            if rogue.connect() == 0:
                rogue.vanish()
        central.hears(own, f"will of {ROGUE}".encode())
        central.publish(f"gate/v1/{VICTIM}/ack", b"end")
        victim.hears(f"gate/v1/{VICTIM}/ack", b"end")
        assert [one for one in victim.heard if one[1].startswith(b"will")] == []


@pytest.mark.parametrize("victim", [VICTIM, "central"])
def test_a_client_id_of_another_ends_its_connection_and_gives_nothing_of_its_session(entrance, victim):
    """M5: what RabbitMQ cannot forbid, config/rabbitmq/README.md: the connection ends. The session stays closed."""
    with entered(entrance, victim) as there:
        own = f"gate/v1/{VICTIM}/ack" if victim == VICTIM else f"gate/v1/{VICTIM}/health"
        there.subscribe(own)
        rogue = Neighbour(entrance, ROGUE, client_id=victim)
        if rogue.connect() == 0:
            assert refused(rogue.subscribe(f"gate/v1/{ROGUE}/ack")), "a queue by another's name"
            assert rogue.heard == []
        eventually(lambda: there.ended, what="the connection that is ended")
    with entered(entrance, victim) as back:
        assert not refused(back.subscribe(own))
