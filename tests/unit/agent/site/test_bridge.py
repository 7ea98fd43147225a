"""A site's broker bridged to the centre's, both from the samples: a gate at the site, central at the centre."""

import os
from contextlib import contextmanager

import pytest

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.broker.topics import Topics
from agent.devices.port_supervisor import PortState
from agent.lists.topics import ListTopics
from agent.mqtt.central_link import CentralLink
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.messages import Outgoing, Subscription
from agent.mqtt.one_shot_client import OneShotClient
from agent.mqtt.presence import GateIdentity
from tests.support.lists.lists import DECLARATIONS
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, clock, journal_at, linked, local, quick, record
from tests.support.mqtt.mosquitto import SAMPLE, Broker, SampleBroker, needs_mosquitto
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.broker, needs_mosquitto]
SITE = "site-1"


class CentreBroker(SampleBroker):
    """The centre: the sample for gates, with the site's lines in its access list."""

    def __init__(self, folder):
        super().__init__(folder, GATE, SITE)
        rules = folder / "gates.acl"
        text = rules.read_text() + (SAMPLE / "sites.acl").read_text()
        rules.write_text(text.replace("user gate-1\n", f"user {GATE}\n").replace("gate/v1/gate-1/", f"gate/v1/{GATE}/"))


class SiteBroker(Broker):
    """The site: the sample for gates and then the sample of the bridge, with certificates of the centre's CA."""

    def __init__(self, folder, centre, certificates):
        super().__init__(folder)
        text = (SAMPLE / "mosquitto.conf").read_text() + (SAMPLE / "site-bridge.conf").read_text()
        for example, real in (
            ("listener 8883", f"listener {self.port} 127.0.0.1"),
            ("address centre.example:8883", f"address localhost:{centre.port}"),
            ("/etc/mosquitto/certs/", f"{certificates}/"),
            ("/etc/mosquitto/gates.acl", str(certificates / "gates.acl")),
            ("/var/lib/mosquitto/", f"{folder}/"),
            ("restart_timeout 2 30", "restart_timeout 1"),
        ):
            assert example in text
            text = text.replace(example, real)
        user = "user root\n" if os.geteuid() == 0 else ""
        self._conf.write_text(user + text)


@pytest.fixture
def brokers(tmp_path):
    centre_folder, site_folder = tmp_path / "centre", tmp_path / "site"
    centre_folder.mkdir()
    site_folder.mkdir()
    with CentreBroker(centre_folder) as centre, SiteBroker(site_folder, centre, centre_folder) as site:
        eventually(lambda: centre.says(f"as {SITE} "), what="the bridge at the centre")
        yield centre, site


def at_site(centre, site):
    return quick(local(site.port, tls=True, host="localhost"), tls=TlsFiles(*centre.files(GATE)))


@contextmanager
def commanded(journal, settings, came):
    """A link that hears commands; they go to the list `came`."""
    link = CentralLink(settings, DeliverySettings(), GateIdentity(GATE, "0", "b1", {}), journal, clock)
    link.client.subscribe(Subscription(Topics(GATE).commands, came.append, qos=1))
    link.start()
    try:
        yield link
    finally:
        assert link.stop(PATIENCE_S), "the link did not stop in time"


def test_no_event_is_lost_when_the_site_or_the_centre_is_killed_and_the_centre_acknowledges(brokers, tmp_path):
    centre, site = brokers
    delivery = DeliverySettings(resend_s=1.0)
    with (
        journal_at(tmp_path / "journal.sqlite") as journal,
        Central(centre.central_port, GATE, tls=centre.files("central")) as central,
        linked(journal, at_site(centre, site), delivery) as link,
    ):
        record(journal, 50)
        eventually(lambda: journal.watermark == 50, 30, "the watermark through the bridge")
        for broker in (centre, site):
            broker.kill()
            record(journal, 50)
            broker.start()
            record(journal, 50)
            eventually(lambda: journal.watermark == journal.head, 40, "all acknowledged by the centre")
        # A backlog at the site, and then the site dies with it.
        centre.kill()
        eventually(lambda: link.client.view.state is PortState.UP, what="the gate connected to the site")
        record(journal, 50)
        site.kill()
        centre.start()
        site.start()
        eventually(lambda: journal.watermark == journal.head, 40, "all acknowledged by the centre")
        stored = [event.payload for event in journal.range(1, journal.head)]
    assert [central.events[seq] for seq in sorted(central.events)] == stored


def test_a_command_comes_down_with_expiry_and_correlation_and_its_result_goes_up(brokers, tmp_path):
    centre, site = brokers
    came = []
    topics = Topics(GATE)
    address = BrokerAddress("localhost", centre.central_port, tls=True)
    with (
        journal_at(tmp_path / "journal.sqlite") as journal,
        OneShotClient(address, tls=TlsFiles(*centre.files("central")), timeout_s=PATIENCE_S) as central,
    ):
        central.subscribe(topics.result("open"))
        with commanded(journal, at_site(centre, site), came) as link:
            eventually(lambda: link.client.view.state is PortState.UP, what="the gate connected to the site")
            assert not central.publish(
                Outgoing(topics.command("open"), b"signed", expiry_s=30, correlation=b"c-1")
            ).refused
            (command,) = eventually(lambda: came, what="the command at the gate")
            result = Outgoing(topics.result("open"), b"{}", expiry_s=3600, correlation=command.correlation)
            assert link.client.publish(result)
            answer = next(central.messages(PATIENCE_S))
    assert (command.payload, command.correlation, command.retained) == (b"signed", b"c-1", False)
    assert 0 < command.expiry_s <= 30
    assert (answer.payload, answer.correlation) == (b"{}", b"c-1")
    assert 0 < answer.expiry_s <= 3600


def test_the_lists_come_down_and_stay_at_the_site_and_what_a_gate_cannot_find_is_asked_for_upwards(brokers):
    centre, site = brokers
    topics = ListTopics(9411)
    certificates = {name: TlsFiles(*centre.files(name)) for name in ("central", GATE)}
    kept = (topics.trust, topics.head(DECLARATIONS), topics.chunk(DECLARATIONS, 3, 0), topics.delta(DECLARATIONS, 4))
    gone = topics.delta(DECLARATIONS, 2)

    def at_the_site():
        with OneShotClient(BrokerAddress("localhost", site.port, tls=True), tls=certificates[GATE]) as gate:
            gate.subscribe(f"{topics.root}/#")
            return {message.topic for message in gate.messages(0.3) if message.retained}

    with OneShotClient(
        BrokerAddress("localhost", centre.central_port, tls=True), tls=certificates["central"], timeout_s=PATIENCE_S
    ) as central:
        for topic in (*kept, gone):
            assert not central.publish(Outgoing(topic, b"signed", retain=True)).refused
        eventually(lambda: at_the_site() == {*kept, gone}, what="the lists at the site")
        central.publish(Outgoing(gone, b"", retain=True))
        eventually(lambda: at_the_site() == set(kept), what="what is gone at the centre gone at the site")
        central.subscribe(topics.want(DECLARATIONS))
        with OneShotClient(BrokerAddress("localhost", site.port, tls=True), tls=certificates[GATE]) as gate:
            gate.publish(Outgoing(topics.want(DECLARATIONS), b'{"gate":"x","have":0}'))
            assert next(central.messages(PATIENCE_S)).payload == b'{"gate":"x","have":0}'
