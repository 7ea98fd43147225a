"""Acknowledgements that are forged, replayed, another gate's or of another history: the gate forgets nothing (M1).

Over a real broker at which the attacker may publish whatever they like. Before, one unsigned publish moved the
watermark from 0 to 30.
"""

import json
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from agent.core.crypto import JwsType, jws
from agent.core.crypto.keys import SigningKey
from agent.core.events.acknowledgement import AckPolicy, sign_ack
from agent.core.events.chain import Point
from agent.core.events.checkpoint import checkpoint_of
from agent.mqtt.delivery_settings import DeliverySettings
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, UTC, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, publish, stored
from tests.support.waiting import PATIENCE_S, eventually, scaled

pytestmark = needs_mosquitto

ACK = f"gate/v1/{GATE}/ack"
KEY = SigningKey.from_seed(bytes(range(32)))
GATE_KEY = SigningKey.from_seed(b"g" * 32)
ATTACKER = SigningKey.from_seed(b"a" * 32)
POLICY = AckPolicy(GATE, {"central": KEY.public})
COUNT = 30


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


class World:
    """A gate with events of which central has none: its journal, its link, and who was told what."""

    def __init__(self, journal, port):
        self.journal, self.port = journal, port
        self.told, self.heard = [], []
        self.link = None

    def on_head_witnessed(self, stream, seq, *, hash_matches):
        self.heard.append((stream, seq, hash_matches))

    @contextmanager
    def running(self, policy=POLICY):
        """The link is up, and every event was handed to the broker: any of them may be acknowledged."""
        with linked(
            self.journal,
            quick(self.port, status_every_s=0.2, connect_timeout_s=scaled(5.0), answer_timeout_s=scaled(5.0)),
            DeliverySettings(resend_s=60.0),
            acks=policy,
            witness=self,
            note=self.told.append,
        ) as self.link:
            eventually(lambda: self.link.uplink.view.sent == self.journal.head)
            yield self

    def point(self, seq):
        return Point(self.journal.stream, seq, self.journal.digest_at(seq))

    def count(self, code):
        return self.link.uplink.view.acks[code]

    def forget_all(self):
        """How many events go when all that is acknowledged may go."""
        return self.journal.prune(0.0, 0)

    def events(self):
        return [(event.code, event.count) for event in self.told]


@pytest.fixture
def world(tmp_path, broker):
    with journal_at(tmp_path / "journal.sqlite") as journal:
        record(journal, COUNT)
        yield World(journal, broker.port)


def status_of(world):
    """The gate's retained status."""
    return json.loads(eventually(lambda: stored(world.port, f"gate/v1/{GATE}/status"))["payload"])


def unsigned(world):
    return json.dumps({"stream": world.journal.stream, "seq": COUNT})


def wearing(world, signature):
    """An acknowledgement of everything with this as its signature."""
    return json.dumps({"stream": world.journal.stream, "seq": COUNT, "signature": signature})


def true_signature(world, **changes):
    point = world.point(COUNT)
    said = {"gate": GATE, "stream": point.stream, "seq": point.seq, "digest": point.digest} | changes
    return jws.sign(json.dumps(said).encode(), KEY, "central", JwsType.ACKNOWLEDGEMENT)


def spoilt(text):
    """The same text with another last letter of its payload."""
    head, payload, signature = text.split(".")
    return f"{head}.{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}.{signature}"


FORGERIES = {
    "nobody signed it": ("unsigned", unsigned),
    "signed by the attacker in central's name": (
        "signature_invalid",
        lambda world: sign_ack(GATE, world.point(COUNT), ATTACKER, "central"),
    ),
    "signed by the attacker": ("key_unknown", lambda world: sign_ack(GATE, world.point(COUNT), ATTACKER, "mine")),
    "the gate's own checkpoint of this very event": (
        "malformed",
        lambda world: wearing(world, checkpoint_of(world.point(COUNT), GATE, GATE_KEY, UTC)),
    ),
    "another kind of text by central's key": (
        "malformed",
        lambda world: wearing(world, jws.sign(b"{}", KEY, "central", JwsType.COMMAND)),
    ),
    "another statement by central's key": (
        "malformed",
        lambda world: wearing(world, jws.sign(b'{"seq":30}', KEY, "central", JwsType.ACKNOWLEDGEMENT)),
    ),
    "a signature of less, worn by more": ("malformed", lambda world: wearing(world, true_signature(world, seq=5))),
    "a signature that was altered": ("signature_invalid", lambda world: wearing(world, spoilt(true_signature(world)))),
    "no algorithm": (
        "malformed",
        lambda world: wearing(world, "eyJhbGciOiJub25lIn0." + true_signature(world).split(".")[1] + "."),
    ),
    "another gate's": ("foreign_gate", lambda world: sign_ack("khorgos-04", world.point(COUNT), KEY, "central")),
    "another stream's": (
        "foreign_stream",
        lambda world: sign_ack(GATE, Point("another", COUNT, world.point(COUNT).digest), KEY, "central"),
    ),
    "of another history": (
        "wrong_head",
        lambda world: sign_ack(GATE, Point(world.journal.stream, COUNT, "0" * 64), KEY, "central"),
    ),
    "the hash of another event": (
        "wrong_head",
        lambda world: sign_ack(GATE, Point(world.journal.stream, COUNT, world.point(7).digest), KEY, "central"),
    ),
    "more than was recorded": (
        "beyond_head",
        lambda world: sign_ack(GATE, Point(world.journal.stream, COUNT + 1, "0" * 64), KEY, "central"),
    ),
}


@pytest.mark.parametrize(("code", "forge"), FORGERIES.values(), ids=FORGERIES)
def test_nothing_is_forgotten_for_an_acknowledgement_that_central_did_not_make(world, code, forge):
    """M1: each forgery, retained and not, moves nothing, is counted, and is told once."""
    with world.running():
        for options in ((), ("-r",)):
            publish(world.port, ACK, forge(world), *options)
        eventually(lambda: world.count(code) == 2)
        view = world.link.uplink.view
        assert sum(view.acks.values()) == 2
        if code != "foreign_stream":  # that alone may be the last word about a journal that was replaced
            eventually(lambda: [name for name, _ in world.events()] == [code])
    assert world.journal.watermark == 0
    assert world.forget_all() == 0
    assert [event.seq for event in world.journal.range(1, COUNT)] == list(range(1, COUNT + 1))


def test_before_there_were_signatures_one_publish_made_the_gate_forget(world):
    """M1, as it was, and still is where the configuration has no key of central: the status says so."""
    with world.running(AckPolicy(GATE)):
        publish(world.port, ACK, unsigned(world))
        eventually(lambda: world.journal.watermark == COUNT)
        assert status_of(world)["acks_signed"] is False
    assert world.forget_all() == COUNT


def test_central_signs_and_is_believed_whatever_is_shouted_between(world):
    """M1: the right central gets through among forgeries, and the status tells that only its word counts."""
    with world.running(), Central(world.port, GATE, key=KEY):
        for code, forge in FORGERIES.values():
            before = world.count(code)
            publish(world.port, ACK, forge(world))
            eventually(lambda: world.count(code) > before)  # noqa: B023
        record(world.journal, 1)
        eventually(lambda: world.journal.watermark == COUNT + 1)
        eventually(lambda: world.link.uplink.view.trouble == "")
        eventually(lambda: status_of(world)["seq_acked"] == COUNT + 1)
        status = status_of(world)
        assert (status["acks_signed"], status["acks"]["wrong_head"]) == (True, 2)


def test_an_acknowledgement_of_before_that_is_sent_again_changes_nothing(world, monkeypatch):
    """M1: a replayed signature is true and old; it never lowers the watermark, and is no event by itself."""
    monkeypatch.setattr("agent.mqtt.acknowledgements.BEHIND_S", PATIENCE_S)  # the five take long on a busy machine
    old = sign_ack(GATE, world.point(10), KEY, "central")
    with world.running():
        publish(world.port, ACK, sign_ack(GATE, world.point(20), KEY, "central"))
        eventually(lambda: world.journal.watermark == 20)
        for _ in range(5):
            publish(world.port, ACK, old)
        eventually(lambda: world.count("behind") == 5)
        publish(world.port, ACK, sign_ack(GATE, world.point(21), KEY, "central"))
        eventually(lambda: world.journal.watermark == 21)
    assert world.events() == []
    assert world.heard[-1] == (world.journal.stream, 21, True)
    assert all(matches for _, _, matches in world.heard)


def test_a_flood_of_forgeries_is_few_events_and_every_one_is_counted(world):
    """M1: nobody fills the journal by shouting; signatures are checked at a bounded rate."""
    with world.running():
        forged = sign_ack(GATE, world.point(COUNT), ATTACKER, "central").decode() + "\n"
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(world.port), "-V", "5", "-q", "1", "-t", ACK, "-l"]
        subprocess.run(command, input=forged.encode() * 700, check=True, timeout=PATIENCE_S)
        eventually(lambda: world.count("signature_invalid") + world.count("rate_limited") == 700)
        eventually(world.events)
        right = sign_ack(GATE, world.point(COUNT), KEY, "central")
        eventually(lambda: publish(world.port, ACK, right) or world.journal.watermark == COUNT)
    assert {name for name, _ in world.events()} <= {"signature_invalid", "rate_limited"}
    assert len(world.events()) <= 2


def test_a_gate_that_was_put_back_to_an_older_copy_is_told_what_central_holds(tmp_path, broker):
    """M1, H3: central's signature is a witness; other events under the same numbers are noticed, none is forgotten."""
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    with journal_at(path) as journal:
        record(journal, 10)
    shutil.copy(path, copy)
    with journal_at(path) as journal:
        record(journal, 10)
        held = [Point(journal.stream, seq, journal.digest_at(seq)) for seq in (10, 15, 20)]
    with journal_at(copy) as journal:
        record(journal, 7)  # other events than those that central holds under 11 to 17
        world = World(journal, broker.port)
        with world.running():
            for point in held:
                publish(world.port, ACK, sign_ack(GATE, point, KEY, "central"))
            eventually(lambda: len(world.heard) == 3)
            eventually(lambda: {"wrong_head", "beyond_head"} <= {name for name, _ in world.events()})
        assert world.heard == [(journal.stream, 10, True), (journal.stream, 15, False), (journal.stream, 20, None)]
        assert journal.watermark == 10
