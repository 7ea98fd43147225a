"""Gates of a site over the shipped broker: mutual TLS, the access list, and what it keeps from whom."""

from dataclasses import replace

import pytest

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.core.site.claim_answers import ClaimCode
from agent.devices.port_supervisor import PortState
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.site.link import CLIENT_SUFFIX, SiteLink, SiteTopics, site_settings
from agent.site.service import SiteService
from agent.store.journal.journal import Journal
from tests.support.mqtt.linking import journal_at, linked, quick
from tests.support.mqtt.mosquitto import SAMPLE, SampleBroker, needs_mosquitto
from tests.support.site.sites import KEYS, SITE, membership_of, request, rules, vehicle_of
from tests.support.store.journals import FakeClock
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = needs_mosquitto
TWO = ("east", "north")
TOPICS = SiteTopics(SITE)
QUIET_S = 0.3
PATIENT = rules(claim_timeout_s=60.0)
KEEPALIVE_S = 600
"""No connection ends because a gate was held up."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broker")
    sample = SampleBroker(folder, *TWO, *(f"{gate}{CLIENT_SUFFIX}" for gate in TWO))
    lines = (SAMPLE / "site-gates.acl").read_text()
    assert "user gate-1.site\ntopic read site/v1/9411/to/gate-1\n" in lines
    with (folder / "gates.acl").open("a") as rules:
        rules.writelines(lines.replace("site/v1/9411/", f"site/v1/{SITE}/").replace("gate-1", gate) for gate in TWO)
    with sample as running:
        yield running


class OverTls:
    """A gate at the broker."""

    def __init__(self, broker, folder, gate):
        address = BrokerAddress("localhost", broker.port, tls=True)
        self.journal = Journal.open(folder / f"{gate}.db", gate=gate, boot="b", clock=FakeClock(), max_bytes=1 << 26)
        settings = site_settings(gate, (address,), TlsFiles(*broker.files(f"{gate}{CLIENT_SUFFIX}")))
        self.link = SiteLink(replace(settings, keepalive_s=KEEPALIVE_S), SITE, membership_of(gate, TWO).peers)
        self.service = SiteService(
            membership_of(gate, TWO), KEYS[gate], self.journal, self.journal.site, self.link, PATIENT
        )
        self.answers = []
        self.service.start()

    def claim(self, asked):
        word = self.service.claim(asked, self.answers.append)
        return word or eventually(lambda: self.answers and self.answers.pop())

    def close(self):
        assert self.service.stop(PATIENCE_S)
        self.journal.close()


@pytest.fixture
def gates(broker, tmp_path):
    both = [OverTls(broker, tmp_path, gate) for gate in TWO]
    eventually(lambda: all(not gate.service.status()["missing"] for gate in both), what="both ledgers complete")
    yield both
    for gate in both:
        gate.close()


def test_gates_share_a_permit_over_the_shipped_broker(gates, broker):
    east, north = gates
    asked = request(vehicle_of("east", TWO), "t1")
    assert north.claim(asked).code is ClaimCode.GRANTED
    with north.service.reserving([], []):
        pass
    assert east.claim(request(asked.vehicle, "t2")).code is ClaimCode.RESERVED_ELSEWHERE
    assert broker.says(f"as north{CLIENT_SUFFIX}")
    assert not broker.says("Denied PUBLISH")


def test_a_session_of_the_site_tells_nothing_of_itself(gates, broker):
    eventually(lambda: all(gate.link.view.state is PortState.UP for gate in gates))
    assert not broker.says("gate/v1/")


def test_a_gate_hears_what_is_for_it_and_rows_and_nothing_else(gates, broker):
    east, north = gates
    # Its own certificate lets a gate say nothing to the others: the one for the site does.
    with OneShotClient(
        BrokerAddress("localhost", broker.port, tls=True),
        tls=TlsFiles(*broker.files("north")),
        timeout_s=PATIENCE_S,
    ) as stranger:
        for topic in (f"site/v1/{SITE}/#", TOPICS.to("north"), TOPICS.rows("+")):
            stranger.subscribe(topic)
        asked = request(vehicle_of("east", TWO), "t9", permit=b"q" * 8)
        assert north.claim(asked).code is ClaimCode.GRANTED
        north.journal.record([], [])
        heard = {message.topic for message in stranger.messages(QUIET_S)}
        assert not {topic for topic in heard if "/to/" in topic}
        assert not {topic for topic in heard if "/rows/" in topic}
        assert stranger.publish(Outgoing(TOPICS.rows("north"), b"x")).refused
        assert stranger.publish(Outgoing(TOPICS.to("east"), b"noise")).refused
    assert north.link.send_to_gate("east", b"noise")
    eventually(lambda: east.service.status()["refused"].get("not_signed"))


def test_a_gate_is_connected_to_central_and_to_its_site_at_one_broker(gates, broker, tmp_path):
    east, _ = gates
    address = BrokerAddress("localhost", broker.port, tls=True)
    settings = quick(address, gate="east", tls=TlsFiles(*broker.files("east")), keepalive_s=KEEPALIVE_S)
    with journal_at(tmp_path / "journal.db") as journal, linked(journal, settings) as link:
        eventually(lambda: link.client.view.state is PortState.UP, what="the way to central")
        # What comes back on one shows that the other has not ended it.
        assert east.link.send_to_gate("north", b"noise")
        assert link.client.publish(Outgoing("gate/v1/east/health", b"{}"))
        assert (east.link.view.connections, link.client.view.connections) == (1, 1)
        eventually(lambda: (east.link.view.state, link.client.view.state) == (PortState.UP, PortState.UP))
