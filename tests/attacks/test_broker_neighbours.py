"""Every broker configuration that ships, against a neighbour with a certificate of its own and no good intentions.

The brokers are mosquitto, made of the sample files alone; beside them comes one line for a witness who may see and do
everything. What may be done is written down once more in tests/support/mqtt/neighbourhood.py, apart from the files: all
else must be refused.
"""

import os
import re
import subprocess
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from tests.support.mqtt.mosquitto import SAMPLE, Broker, SampleBroker, needs_mosquitto
from tests.support.mqtt.neighbour import NOT_AUTHORISED, Neighbour
from tests.support.mqtt.neighbourhood import (
    ACTORS,
    BROKER_OF,
    FILTERS,
    GATES,
    HOSTILE,
    LISTS,
    SAID,
    SITES,
    TOPICS,
    UNLISTED,
    WITNESS,
    may_read,
    may_write,
    own_topic,
)
from tests.support.pki.certificates import Authority
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
SYSTEM = ("$SYS/#", "$SYS/broker/clients/total", "$SYS/broker/log/#", "$CONTROL/#", "$share/any/$SYS/#")


class EveryAccessList(SampleBroker):
    """One broker with all the sample's access lists: of gates, of the gates of a site, and of the brokers of sites.

    Each gate and each site has its lines, as the head of each file asks. Certificates: of all actors, and some with
    names that are none.
    """

    STRANGE = ("+", "#", "gate-1/status", "gate-1/#")

    def __init__(self, folder):
        super().__init__(folder, "gate-1", *(actor for actor in HOSTILE if actor != "gate-1"))
        self._issue(folder)
        (folder / "gates.acl").write_text("\n".join([*self._rules(), f"user {WITNESS}", "topic readwrite #", ""]))

    def _issue(self, folder):
        """More certificates: the witness comes in where central does; the strange ones where gates do."""
        page = (SAMPLE / "README.md").read_text().split("```sh\n")[1].split("```")[0]
        functions = page.split("# Once:")[0] + page[page.index("# issue NAME") : page.index("# For each broker")]
        names = [f'issue {WITNESS} clientAuth "" central-ca']
        for number, strange in enumerate(self.STRANGE):
            # OpenSSL takes these as the beginning of a further part of the name.
            subject = re.sub(r"([/+])", r"\\\1", strange)
            lines = functions.replace('-subj "/CN=$1"', f"-subj '/CN={subject}'")
            assert lines != functions
            names.append(f"({lines}\nissue strange-{number} clientAuth)")
        self._sh(folder, functions + "\n".join(names))

    @staticmethod
    def _sh(folder, commands):
        subprocess.run(["sh", "-eu", "-c", commands], cwd=folder, check=True, capture_output=True)

    @staticmethod
    def _rules():
        of_gates, of_sites = (SAMPLE / "gates.acl").read_text(), (SAMPLE / "sites.acl").read_text()
        between = (SAMPLE / "site-gates.acl").read_text()
        common, each_gate = of_gates.split("user gate-1\n")
        head, of_site = of_sites.split("user site-1\n")
        assert not re.search(r"^(topic|pattern|user)", head, re.MULTILINE)
        once, each = of_site.split("# Gate by gate.\n")
        yield common
        for site, gates in SITES.items():
            yield f"user {BROKER_OF[site]}\n" + once.replace("9411", str(site)).replace("site-1", BROKER_OF[site])
            for gate in gates:
                yield each.replace("gate-1", gate)
            for gate in gates:
                yield f"user {gate}\n" + each_gate.replace("9411", str(site)).replace("gate-1", gate)
                yield between.replace("9411", str(site)).replace("gate-1", gate)

    def port_of(self, name):
        return self.central_port if name in {"central", WITNESS} else self.port

    def names_of_certificates(self):
        """What file the certificate of each strange name is in."""
        return {strange: f"strange-{number}" for number, strange in enumerate(self.STRANGE)}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with EveryAccessList(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def witness(broker):
    with Neighbour(broker, WITNESS) as found:
        yield found


def clear(witness):
    """Take away what is retained at the topics."""
    witness.pour(TOPICS, b"", retain=True)


# ------------------------------------------------------------------------------------------------------------- writing


@needs_mosquitto
@pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
@pytest.mark.parametrize("actor", ACTORS)
def test_each_says_what_it_may_and_nothing_else(broker, witness, actor, retain):
    """M5, L4: every topic there is, and every one that looks like it, said by each with its own certificate."""
    witness.subscribe("#")
    with Neighbour(broker, actor) as client:
        codes = client.pour(TOPICS, b"forged", retain=retain)
    taken = {topic for topic, code in zip(TOPICS, codes, strict=True) if code != NOT_AUTHORISED}
    witness.publish("fence", b"end")
    witness.hears("fence", b"end")
    came = {topic for topic, payload, _retained in witness.heard if payload == b"forged"}
    clear(witness)
    assert taken == came == {topic for topic in TOPICS if may_write(actor, topic)}


@needs_mosquitto
@pytest.mark.parametrize("actor", HOSTILE)
@pytest.mark.parametrize(
    "topic", ["$SYS/broker/clients/total", "$CONTROL/dynamic-security/v1", "$share/x/gate/v1/gate-1/status", "$other"]
)
def test_nobody_writes_where_the_broker_speaks(broker, actor, topic):
    """M5"""
    with Neighbour(broker, actor) as client:
        assert client.publish(topic) == NOT_AUTHORISED


@needs_mosquitto
@pytest.mark.parametrize("actor", [actor for actor in HOSTILE if actor != "gate-1"])
def test_nobody_takes_away_what_another_has_left(broker, witness, actor):
    """M5: an empty retained message would clear the status that shows a gate its own loss of state."""
    left = [topic for topic in TOPICS if not may_write(actor, topic)]
    witness.pour(left, b"left", retain=True)
    with Neighbour(broker, actor) as client:
        client.pour(left, b"", retain=True)
    with Neighbour(broker, WITNESS) as look:
        look.subscribe("#")
        look.publish("fence", b"end")
        look.hears("fence", b"end")
        assert {topic for topic, payload, retained in look.heard if retained and payload == b"left"} == set(left)
    clear(witness)


@needs_mosquitto
@pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
@pytest.mark.parametrize("actor", ["gate-2", "gate-2.site", "site-2", UNLISTED])
def test_no_will_says_what_its_client_may_not(broker, witness, actor, retain):
    """M5: a will is said by the broker, after its client is gone."""
    forbidden = [
        topic for topic in TOPICS if not may_write(actor, topic) and topic.startswith(("gate/v1/gate-1", "site"))
    ]
    allowed = f"gate/v1/{actor}/status"
    witness.subscribe("#")
    for topic in (*forbidden, allowed):
        with Neighbour(broker, actor, will=(topic, retain)) as client:
            client.vanish()
    witness.hears(allowed, f"will of {actor}".encode())
    witness.publish("fence", b"end")
    witness.hears("fence", b"end")
    assert {one[0] for one in witness.heard if one[1] == f"will of {actor}".encode()} == {allowed}
    clear(witness)


# ------------------------------------------------------------------------------------------------------------- reading


@needs_mosquitto
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
@pytest.mark.parametrize("topic_filter", FILTERS)
def test_each_hears_what_it_may_and_nothing_else(broker, witness, topic_filter, shared):
    """M5: whatever one subscribes to, by wildcards and by $share: of what is live and what is retained."""
    witness.pour(TOPICS, b"kept", retain=True)
    with ExitStack() as stack:
        clients = {actor: stack.enter_context(Neighbour(broker, actor)) for actor in ACTORS}
        for actor, client in clients.items():
            client.subscribe(f"$share/of-{actor}/{topic_filter}" if shared else topic_filter)
            client.subscribe(own_topic(actor))
        witness.pour(TOPICS, b"told")
        for actor in ACTORS:
            witness.publish(own_topic(actor), b"end")
        for actor, client in clients.items():
            client.hears(own_topic(actor), b"end")
            heard = {topic for topic, payload, _retained in client.heard if payload != b"end"} - {own_topic(actor)}
            assert {topic for topic in heard if not may_read(actor, topic)} == set(), actor
            if topic_filter == "#" and not shared:
                wanted = {topic for topic in TOPICS if may_read(actor, topic)} - {own_topic(actor)}
                assert heard & set(TOPICS) == wanted, f"{actor} hears all that it may"
    clear(witness)


@needs_mosquitto
@pytest.mark.parametrize("topic_filter", SYSTEM)
def test_nobody_hears_what_the_broker_says_of_its_clients(broker, witness, topic_filter):
    """M5: who is connected, and from where."""
    with ExitStack() as stack:
        clients = {actor: stack.enter_context(Neighbour(broker, actor)) for actor in HOSTILE}
        for actor, client in clients.items():
            client.subscribe(topic_filter)
            client.subscribe(own_topic(actor))
        for actor, client in clients.items():
            witness.publish(own_topic(actor), b"end")
            client.hears(own_topic(actor), b"end")
            assert [topic for topic, _payload, _retained in client.heard if topic.startswith("$")] == []


@needs_mosquitto
@pytest.mark.parametrize("gate", GATES)
def test_a_gate_hears_its_own_status_after_a_restart_and_no_other(broker, witness, gate):
    """H3: the retained status is a witness of the gate's journal; it was said with the gate's own key."""
    for each in GATES:
        with Neighbour(broker, each) as client:
            assert client.publish(f"gate/v1/{each}/status", b"kept", retain=True) != NOT_AUTHORISED
    with Neighbour(broker, gate) as client:
        for each in GATES:
            client.subscribe(f"gate/v1/{each}/status")
        client.hears(f"gate/v1/{gate}/status", b"kept")
        witness.publish(own_topic(gate), b"end")
        client.subscribe(own_topic(gate))
        witness.publish(own_topic(gate), b"end")
        client.hears(own_topic(gate), b"end")
        assert {one[0] for one in client.heard if one[0].endswith("status")} == {f"gate/v1/{gate}/status"}
    clear(witness)


# ---------------------------------------------------------------------------------------------- what a group is dealt


@needs_mosquitto
def test_who_knows_the_name_of_a_group_takes_its_share_away_and_reads_nothing_of_it(broker):
    """mosquitto 2.0 deals a message to a member of the group first and asks the access list then; no file forbids it.

    So the names of groups are secret (below), and what is taken away comes again: only the watermark ends an event.
    """
    with (
        Neighbour(broker, "central", client_id="central-1") as central,
        Neighbour(broker, "gate-2") as thief,
        Neighbour(broker, "gate-1") as gate,
    ):
        central.subscribe("$share/events/gate/v1/+/event/#")
        thief.subscribe("$share/events/gate/v1/+/event/#")
        events = [f"e{number}".encode() for number in range(20)]
        for event in events:
            gate.publish("gate/v1/gate-1/event/x", event)
        central.subscribe("gate/v1/gate-1/health")
        gate.publish("gate/v1/gate-1/health", b"end")
        central.hears("gate/v1/gate-1/health", b"end")
        assert len(central.heard) - 1 == len(events) // 2
        assert thief.heard == []


@pytest.fixture
def consumer(monkeypatch):
    """The module of the reference consumer, which is a script in a folder of its own."""
    folder = ROOT / "examples" / "central"
    monkeypatch.syspath_prepend(str(folder))
    spec = spec_from_file_location("attacked_consumer", folder / "central.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_mosquitto
def test_nobody_takes_a_share_of_what_the_shipped_consumer_is_dealt(broker, consumer):
    """The consumer's group is named after central's private key: it cannot be guessed."""
    _ca, certificate, key = broker.files("central")
    shipped = consumer.options_of(
        [
            "--database",
            "sqlite:x",
            "--broker",
            "mqtts://b",
            "--share",
            "--certificate",
            str(certificate),
            "--key",
            str(key),
        ]
    )
    group = consumer.group_of(shipped)
    assert re.fullmatch(r"\$share/events-[0-9a-f]{32}/", group)
    with (
        Neighbour(broker, "central", client_id="central-1") as central,
        Neighbour(broker, "gate-2") as thief,
        Neighbour(broker, "gate-1") as gate,
    ):
        central.subscribe(f"{group}gate/v1/+/event/#")
        for guess in ("events", "central", "events-", shipped.name):
            thief.subscribe(f"$share/{guess}/gate/v1/+/event/#")
        events = [f"e{number}".encode() for number in range(20)]
        for event in events:
            gate.publish("gate/v1/gate-1/event/x", event)
        for event in events:
            central.hears("gate/v1/gate-1/event/x", event)
        assert thief.heard == []


# ------------------------------------------------------------------------------------------------- names of clients


@needs_mosquitto
@pytest.mark.parametrize("kept_s", [0, 3600], ids=["anew", "going on"])
@pytest.mark.parametrize("victim", ["gate-1", "gate-1.site", "site-1", "central", "central-worker-1"])
@pytest.mark.parametrize("actor", ["gate-2", "gate-2.site", "site-2", UNLISTED])
def test_nobody_takes_the_session_of_another_by_its_name(broker, witness, actor, victim, kept_s):
    """M5: by the same client id, with a new session and with the old one, and what waits in it."""
    name = "central" if victim.startswith("central") else victim
    with Neighbour(broker, name, client_id=victim, kept_s=3600) as away:
        away.subscribe(own_topic(name))
    witness.publish(own_topic(name), b"while away")
    with Neighbour(broker, actor, client_id=victim, kept_s=kept_s) as rogue:
        rogue.subscribe(own_topic(actor))
        witness.publish(own_topic(actor), b"end")
        rogue.hears(own_topic(actor), b"end")
        assert [one for one in rogue.heard if one[0] != own_topic(actor)] == []
    with Neighbour(broker, name, client_id=victim, kept_s=3600) as back:
        back.hears(own_topic(name), b"while away")
        with Neighbour(broker, actor, client_id=victim, kept_s=kept_s):
            witness.publish(own_topic(name), b"still here")
            back.hears(own_topic(name), b"still here")
        assert back.ended == []
    for each in (name, actor):
        with Neighbour(broker, each, client_id=victim):
            pass  # no session stays for the next test


@needs_mosquitto
@pytest.mark.parametrize("actor", HOSTILE)
def test_nobody_but_central_comes_in_where_central_does(broker, actor):
    """M5: there ids are free."""
    assert Neighbour(broker, actor, port=broker.central_port).connect() in {None, NOT_AUTHORISED}


@needs_mosquitto
@pytest.mark.parametrize("actor", ["gate-2", "gate-2.site", "site-2", UNLISTED])
def test_an_older_mqtt_opens_nothing(broker, witness, actor):
    """M5: a client of MQTT 3.1.1 is told of no refusal; what it says goes nowhere, and nothing comes."""
    witness.subscribe("#")
    with Neighbour(broker, actor, version=mqtt.MQTTv311, client_id=actor) as client:
        for topic_filter in ("#", "$share/any/#", "gate/v1/+/status"):
            client.subscribe(topic_filter)
        client.pour(TOPICS, b"forged")
        witness.pour(TOPICS, b"told")
        client.subscribe(own_topic(actor))
        witness.publish(own_topic(actor), b"end")
        client.hears(own_topic(actor), b"end")
    witness.publish("fence", b"end")
    witness.hears("fence", b"end")
    came = {topic for topic, payload, _retained in witness.heard if payload == b"forged"}
    assert came == {topic for topic in TOPICS if may_write(actor, topic)}
    assert {topic for topic, _payload, _retained in client.heard if not may_read(actor, topic)} == set()


class WithFiles:
    """A broker whose clients show other certificates."""

    def __init__(self, broker, certificate=None, key=None):
        self.port_of = broker.port_of
        self.files = lambda name: (broker.files(name)[0], certificate, key)


@needs_mosquitto
@pytest.mark.parametrize("port", ["gates", "central"])
@pytest.mark.parametrize("shown", ["nothing", "its own authority's"])
def test_nobody_comes_in_without_a_certificate_of_the_right_authority(broker, tmp_path, shown, port):
    """M5"""
    files = (None, None) if shown == "nothing" else Authority(tmp_path).issue("gate-1")
    rogue = Neighbour(
        WithFiles(broker, *files),
        "gate-1",
        client_id="gate-1",
        port=broker.port if port == "gates" else broker.central_port,
    )
    assert rogue.connect() in {None, NOT_AUTHORISED}


@needs_mosquitto
@pytest.mark.parametrize("username", ["central", "gate-1", WITNESS, ""])
def test_nobody_is_another_by_a_user_name(broker, username):
    """M5: the name in the certificate counts, and no other."""
    with Neighbour(broker, "gate-2", username=username) as client:
        assert client.publish("gate/v1/gate-1/status") == NOT_AUTHORISED
        assert client.publish("gate/v1/gate-1/ack") == NOT_AUTHORISED
        assert client.publish("gate/v1/gate-2/health") != NOT_AUTHORISED


@needs_mosquitto
@pytest.mark.parametrize("name", EveryAccessList.STRANGE)
def test_a_certificate_for_a_wildcard_is_good_for_nothing_of_others(broker, witness, name):
    """M5: an authority that signs any name is fooled; the access list is not."""
    client = Neighbour(broker, broker.names_of_certificates()[name])
    if client.connect() != 0:
        return
    witness.pour(TOPICS, b"kept", retain=True)
    for topic_filter in ("#", "gate/v1/+/status", "gate/v1/gate-1/#"):
        client.subscribe(topic_filter)
    codes = client.pour(TOPICS, b"forged")
    client.__exit__()
    clear(witness)
    assert {topic for topic, code in zip(TOPICS, codes, strict=True) if code != NOT_AUTHORISED} == set()
    assert {one[0] for one in client.heard} == set()


# --------------------------------------------------------------------------------------- the bridge between two brokers


class BridgedSite(Broker):
    """The broker of site 9411, by its samples, bridged to the centre that all are at."""

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
        self._conf.write_text(("user root\n" if os.geteuid() == 0 else "") + text)
        self._certificates = certificates

    def port_of(self, _name):
        return self.port

    def files(self, name):
        return self._certificates / "ca.crt", self._certificates / f"{name}.crt", self._certificates / f"{name}.key"


@pytest.fixture
def bridged(broker, tmp_path):
    topics_in = re.findall("^topic .* in 1$", (SAMPLE / "site-bridge.conf").read_text(), re.MULTILINE)

    def subscribed():
        return broker.log.read_text(errors="replace").count("Sending SUBACK to site-1")

    before = subscribed()
    with BridgedSite(tmp_path, broker, broker.files("gate-1")[0].parent) as site:
        eventually(lambda: subscribed() >= before + len(topics_in), what="the bridge at the centre")
        yield site


@needs_mosquitto
def test_through_a_bridge_goes_what_a_gate_may_say_and_nothing_between_the_gates_of_the_site(bridged, witness):
    """M5, L4: a hostile gate at a site says everything; the centre hears what that gate may say of itself."""
    witness.subscribe("#")
    for actor in ("gate-2", "gate-2.site"):
        with Neighbour(bridged, actor) as client:
            client.pour(TOPICS, b"forged")
    with Neighbour(bridged, "gate-2") as client:
        client.publish("gate/v1/gate-2/health", b"end")
    witness.hears("gate/v1/gate-2/health", b"end")
    came = {topic for topic, payload, _retained in witness.heard if payload == b"forged"}
    asked = {f"site/v1/9411/lists/{leaf}" for leaf in LISTS if leaf.endswith("want")}
    assert came == {f"gate/v1/gate-2/{leaf}" for leaf in SAID} | asked
    clear(witness)


@needs_mosquitto
def test_through_a_bridge_come_the_words_for_the_gates_of_the_site_and_no_others(bridged, broker, witness):
    """M5: what central says to the gates of another site does not come to this site's broker."""
    with Neighbour(bridged, "gate-1") as gate:
        gate.subscribe("#")
        witness.pour(TOPICS, b"told")
        witness.publish("gate/v1/gate-1/cmd/open", b"end")
        gate.hears("gate/v1/gate-1/cmd/open", b"end")
    passed = set(re.findall(r"Received PUBLISH from local\.site-1 [^'\n]*'([^'\n]*)'", bridged.log.read_text()))
    assert "gate/v1/gate-1/cmd/open" in passed
    assert {topic for topic in passed if not may_read("site-1", topic)} == set()


# ---------------------------------------------------------------------------------------------------- all that ships

MOSQUITTO = {
    *("mosquitto.conf", "central-listener.conf", "gates.acl", "site-gates.acl", "sites.acl", "site-bridge.conf"),
    "README.md",
}
RABBITMQ = {"rabbitmq.conf", "definitions.py", "enabled_plugins", "README.md"}
LOOKS_LIKE_ONE = re.compile(
    r"^(listener \d|acl_file |pattern (read|write)|topic (read|write|readwrite|deny) |connection \w+$|mqtt\.listeners)",
    re.MULTILINE,
)


def test_every_broker_file_that_ships_is_attacked_here_or_at_the_cluster():
    """A new sample, wherever it is put, fails here until it is attacked too."""
    found = set()
    for folder in ("config", "examples", "packaging", "docs", "systemd", "agent", "central"):
        for path in (ROOT / folder).rglob("*"):
            if "__pycache__" in path.parts:  # another process may be writing there
                continue
            if path.is_file() and path.suffix not in {
                ".png",
                ".svg",
                ".onnx",
                ".mp3",
                ".opus",
                ".pyc",
                ".webp",
                ".woff2",
            }:
                text = path.read_text(errors="ignore")
                if LOOKS_LIKE_ONE.search(text):
                    found.add(path.relative_to(ROOT).as_posix())
    known = {f"config/mosquitto/{name}" for name in MOSQUITTO} | {f"config/rabbitmq/{name}" for name in RABBITMQ}
    assert found - known == set()
    assert {path.name for path in (ROOT / "config" / "mosquitto").iterdir()} == MOSQUITTO
    assert {path.name for path in (ROOT / "config" / "rabbitmq").iterdir() if path.is_file()} == RABBITMQ
