"""Pictures on their way to central, over a real broker."""

import hashlib
import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from agent.assembly.upload_routes import consignment, shelves
from agent.broker.topics import Topics
from agent.core.events.event_types import BundleSent, EvidenceSent
from agent.devices.port_supervisor import PortState
from agent.mqtt.evidence_upload import EvidenceSettings, EvidenceUpload
from agent.store.evidence.bundles import BundleStore
from agent.store.evidence.evidence_store import EvidenceStore
from agent.uploads import UploadDependencies, UploadRules, UploadService
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, Observer, linked, quick, record
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.waiting import eventually, scaled

ROOT = f"gate/v1/{GATE}"
QUICK = EvidenceSettings(look_s=0.02, retry_s=0.05, quick_s=scaled(5.0))


def picture(number, size=3000):
    jpeg = b"\xff\xd8\xff\xe0" + bytes((number * 7 + place) % 256 for place in range(size)) + b"\xff\xd9"
    return hashlib.sha256(jpeg).hexdigest(), jpeg


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


@pytest.fixture
def store(tmp_path):
    made = EvidenceStore(tmp_path / "evidence", 1 << 24)
    for number in range(5):
        made.keep(*picture(number))
    return made


def names(*numbers):
    return [picture(number)[0] for number in numbers]


@contextmanager
def sending(link, store, settings=QUICK, ready=None):
    """A sender that runs; `sent` is what it noted."""
    sent = []
    sender = EvidenceUpload(
        link.client,
        Topics(GATE),
        store,
        sent.append,
        (lambda: link.uplink.caught_up) if ready is None else ready,
        settings,
    )
    sender.sent = sent
    sender.start()
    try:
        yield sender
    finally:
        assert sender.stop(scaled(5)), "the sender did not stop in time"


FORMAT = '{"topic": "%t", "qos": %q, "retain": %r, "type": "%C", "properties": "%P", "hex": "%x"}'


class Album(Listener):
    """Hears pictures; mosquitto_sub gives their bytes in hex."""

    def __init__(self, port):
        super().__init__(port, f"{ROOT}/evidence/#", options=("-F", FORMAT))

    @property
    def pictures(self):
        return {m["topic"].rpartition("/")[2]: bytes.fromhex(m["hex"]) for m in list(self.messages)}


@needs_mosquitto
def test_a_picture_that_is_asked_for_arrives_byte_for_byte_with_its_name(broker, journal, store):
    with Album(broker.port) as album, linked(journal, quick(broker.port)) as link, sending(link, store) as sender:
        assert store.request(names(1)).queued == tuple(names(1))
        eventually(lambda: album.pictures == {names(1)[0]: picture(1)[1]})
        eventually(lambda: sender.sent == [EvidenceSent(picture=names(1)[0], bytes=len(picture(1)[1]))])
        eventually(lambda: (sender.waiting, sender.trouble) == (0, ""))
    (message,) = album.messages
    assert (message["topic"], message["qos"], message["retain"]) == (f"{ROOT}/evidence/{names(1)[0]}", 1, 0)
    assert message["type"] == "image/jpeg"
    assert message["properties"].split() == [f"gate:{GATE}", f"sha256:{names(1)[0]}"]
    assert store.get(names(1)[0]) == picture(1)[1], "it stays at the gate"


@needs_mosquitto
def test_pictures_survive_a_killed_broker_and_a_restarted_gate(broker, journal, store, tmp_path):
    store.request(names(0, 1, 2))
    with linked(journal, quick(broker.port)) as link, sending(link, store, ready=lambda: False):
        eventually(lambda: link.client.view.state is PortState.UP)
    broker.kill()
    again = EvidenceStore(tmp_path / "evidence", 1 << 24)
    with linked(journal, quick(broker.port)) as link, sending(link, again) as sender:
        again.request(names(3))
        broker.start()
        eventually(lambda: "no one subscribes" in sender.trouble)
        with Album(broker.port) as album:
            eventually(lambda: set(album.pictures) == set(names(0, 1, 2, 3)))
            assert all(album.pictures[name] == again.get(name) for name in album.pictures)
        eventually(lambda: {event.picture for event in sender.sent} == set(names(0, 1, 2, 3)))
        eventually(lambda: (sender.waiting, sender.trouble) == (0, ""))
    assert len(EvidenceStore(tmp_path / "evidence", 1 << 24).outgoing) == 0


def pictures_of(messages):
    return [message for message in list(messages) if "/evidence/" in message["topic"]]


@needs_mosquitto
def test_events_go_before_pictures(broker, journal, store):
    store.request(names(0, 1, 2, 3, 4))
    record(journal, 2000)
    with (
        Central(broker.port, GATE),
        Listener(broker.port, f"{ROOT}/event/#", f"{ROOT}/evidence/#", options=("-F", FORMAT)) as listener,
        linked(journal, quick(broker.port)) as link,
        sending(link, store),
    ):
        eventually(lambda: len({message["topic"] for message in pictures_of(listener.messages)}) == 5, within_s=20)
        messages = list(listener.messages)
    first = messages.index(pictures_of(messages)[0])
    # An event whose acknowledgement is late comes again: what counts is that each came before any picture.
    seqs = [json.loads(bytes.fromhex(message["hex"]))["seq"] for message in messages[:first]]
    assert list(dict.fromkeys(seqs)) == list(range(1, 2001))


@needs_mosquitto
def test_a_picture_that_the_access_list_refuses_is_given_up_in_words_and_harms_no_event(tmp_path, journal, store):
    rules = tmp_path / "acl"
    rules.write_text("".join(f"topic readwrite {ROOT}/{name}\n" for name in ("status", "birth", "ack", "event/#")))
    rules.chmod(0o644)
    with (
        Broker(tmp_path, listener=("allow_anonymous true", f"acl_file {rules}")) as broker,
        Central(broker.port, GATE),
        linked(journal, quick(broker.port)) as link,
        sending(link, store) as sender,
    ):
        store.request(names(0, 1))
        record(journal, 10)
        eventually(lambda: sender.waiting == 0)
        assert "was given up" in sender.trouble
        assert "access list" in sender.trouble
        eventually(lambda: journal.watermark == 10)
        assert link.client.view.connections == 1
        assert sender.sent == []
    assert store.get(names(0)[0]) is not None, "it can be asked for again"


@needs_mosquitto
def test_a_picture_larger_than_the_broker_takes_is_given_up_without_losing_the_connection(tmp_path, journal, store):
    big = picture(9, 30_000)
    store.keep(*big)
    with (
        Broker(tmp_path, "max_packet_size 20000") as broker,
        Album(broker.port) as album,
        linked(journal, quick(broker.port)) as link,
        sending(link, store) as sender,
    ):
        store.request([big[0], *names(0)])
        eventually(lambda: sender.waiting == 0)
        eventually(lambda: set(album.pictures) == set(names(0)))
        assert link.client.view.connections == 1
        assert [event.picture for event in sender.sent] == names(0)


def test_a_picture_over_which_the_broker_hangs_up_is_given_up_after_some_tries(journal, store):
    with RoughBroker(kick_on=names(1)[0].encode()) as rough, linked(journal, quick(rough.port)) as link:
        with sending(link, store) as sender:
            store.request(names(1, 2))
            eventually(lambda: sender.waiting == 0)
            assert [event.picture for event in sender.sent] == names(2)
        kicks = sum(f"{ROOT}/evidence/{names(1)[0]}" in dict(published) for published in rough.connections)
    assert kicks == QUICK.tries


@needs_mosquitto
def test_a_picture_that_is_not_kept_any_more_leaves_the_queue(broker, journal, store):
    store.request(names(0, 1))
    with Album(broker.port) as album, linked(journal, quick(broker.port)) as link:
        store.prune(4e9, synced=True)
        assert store.prune(5e9, synced=True) == 5
        with sending(link, store) as sender:
            eventually(lambda: sender.waiting == 0)
        assert album.pictures == {}
        assert sender.sent == []


@needs_mosquitto
def test_a_store_in_trouble_is_told_and_does_not_end_the_sending(broker, journal, store, mocker):
    store.request(names(0))
    fails = iter([OSError("for the test")] * 2)
    get = store.get

    def failing_twice(name):
        for error in fails:
            raise error
        return get(name)

    mocker.patch.object(store, "get", failing_twice)
    with Album(broker.port) as album, linked(journal, quick(broker.port)) as link, sending(link, store) as sender:
        eventually(lambda: set(album.pictures) == set(names(0)))
        eventually(lambda: sender.trouble == "" and sender.waiting == 0)


@needs_mosquitto
def test_a_picture_that_was_altered_on_the_disk_is_given_up_and_holds_up_no_other(broker, journal, store, tmp_path):
    store.request(names(0, 1))
    (bad,) = (tmp_path / "evidence").rglob(f"{names(0)[0]}.jpg")
    bad.write_bytes(b"another")
    with Album(broker.port) as album, linked(journal, quick(broker.port)) as link, sending(link, store) as sender:
        eventually(lambda: sender.waiting == 0)
        # The broker takes a picture before it hands it on.
        eventually(lambda: set(album.pictures) == set(names(1)))
        assert "was altered on the disk" in sender.trouble
        assert [event.picture for event in sender.sent] == names(1)


@needs_mosquitto
def test_a_journal_in_trouble_makes_a_picture_come_twice_and_never_not_at_all(broker, journal, store, mocker):
    with Album(broker.port) as album, linked(journal, quick(broker.port)) as link, sending(link, store) as sender:
        noted = mocker.patch.object(sender, "_note", side_effect=[OSError("the journal cannot be written"), None])
        store.request(names(0))
        eventually(lambda: sender.waiting == 0)
        eventually(lambda: len(album.messages) == 2)
        assert noted.call_count == 2


def test_stopping_while_the_broker_owes_an_answer_is_bounded_and_the_picture_stays(journal, store):
    with RoughBroker(pubacks=False) as rough, linked(journal, quick(rough.port)) as link:
        store.request(names(0))
        with sending(link, store):
            eventually(lambda: any("/evidence/" in topic for published in rough.connections for topic, _ in published))
    assert store.outgoing.first() == names(0)[0]


def test_a_broker_that_never_answers_for_a_picture_is_left(journal, store):
    slow = EvidenceSettings(look_s=0.02, retry_s=0.05, answer_s=0.2)
    observer = Observer()
    with RoughBroker(pubacks=False) as rough, linked(journal, quick(rough.port), observe_link=observer) as link:
        store.request(names(0))
        with sending(link, store, slow):
            eventually(lambda: "has not answered a picture for 0.2 s" in observer.details())


class AnotherConnection:
    """A client whose network thread hung with the picture under way: another connection stands, no receipt comes."""

    def __init__(self):
        self.view = SimpleNamespace(state=PortState.UP, connections=1)
        self.reconnects = []
        self.reconnect = self.reconnects.append

    def publish(self, _message, _done, *, connection):
        self.view = SimpleNamespace(state=PortState.UP, connections=connection + 1)
        return True


def test_a_picture_that_was_under_way_on_a_connection_left_behind_is_sent_again_and_ends_no_other(store):
    client = AnotherConnection()
    sender = EvidenceUpload(client, Topics(GATE), store, lambda _event: None, lambda: True, QUICK)
    store.request(names(0))
    assert sender._turn() == QUICK.retry_s
    assert "the connection ended before the broker answered" in sender.trouble
    assert (sender.waiting, client.reconnects) == (1, [])


@needs_mosquitto
def test_a_bundle_goes_over_mqtt_as_what_it_is_where_there_is_no_store(broker, journal, store, tmp_path):
    bundles = BundleStore(tmp_path / "bundles")
    name = bundles.keep(b"PK a bundle")
    _, shelf = shelves(store, bundles)
    service = UploadService([shelf], UploadRules(), UploadDependencies(print, lambda: True, print))
    sent = []
    with Album(broker.port) as album, linked(journal, quick(broker.port)) as link:
        sender = EvidenceUpload(
            link.client,
            Topics(GATE),
            bundles,
            sent.append,
            lambda: True,
            QUICK,
            consignment=consignment(shelf, service),
        )
        sender.start()
        eventually(lambda: sent == [BundleSent(bundle=name, bytes=11, via="mqtt")])
        eventually(lambda: bundles.size(name) is None)
        eventually(lambda: album.pictures == {name: b"PK a bundle"})
        assert sender.stop(scaled(5))
    assert [message["type"] for message in album.messages] == ["application/zip"]
