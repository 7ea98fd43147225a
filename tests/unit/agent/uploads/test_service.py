"""Uploads of a running gate: what is asked for, what is put where, what goes over MQTT, and what is told."""

import hashlib
from contextlib import contextmanager

import pytest

from agent.assembly.upload_routes import shelves
from agent.core.events.event_types import BundleSent, EvidenceSent, UploadFailed
from agent.core.model.upload_fault import UploadFault
from agent.store.evidence.bundles import BundleStore
from agent.store.evidence.evidence_store import EvidenceStore
from agent.uploads.presigned_url import SignedPlace
from agent.uploads.service import WANTED_LIMIT, UploadDependencies, UploadRules, UploadService
from agent.uploads.upload_destinations import PLACES_LIMIT, REFUSED_LIMIT, Places
from tests.support.uploads import object_store as store_does
from tests.support.uploads.object_store import ObjectStore
from tests.support.waiting import PATIENCE_S, eventually, scaled


def picture(number):
    jpeg = b"\xff\xd8" + number.to_bytes(2) + bytes(place % 256 for place in range(2998))
    return hashlib.sha256(jpeg).hexdigest(), jpeg


class Gate:
    """The stores of a gate and what it records. `at`: its monotonic clock, which a test may put forward."""

    def __init__(self, folder):
        self.folder = folder
        self.at = 1000.0
        self.noted = []
        self.announced = 0
        self.ready = True
        self.pictures = EvidenceStore(folder / "evidence", 1 << 24)
        self.bundles = BundleStore(folder / "bundles")
        self.shelves = shelves(self.pictures, self.bundles)
        self.names = []

    def keep(self, count):
        for number in range(count):
            name, jpeg = picture(number)
            self.pictures.keep(name, jpeg)
            self.names.append(name)
        self.pictures.request(self.names)

    def announce(self):
        self.announced += 1

    def note(self, event):
        self.noted.append(event)

    @contextmanager
    def service(self, store=None, **rules):
        hosts = () if store is None else (store.host,)
        given = {"hosts": hosts, "look_s": 0.01, "first_pause_s": 0.01, "deadline_s": PATIENCE_S} | rules
        dependencies = UploadDependencies(self.note, lambda: self.ready, self.announce, lambda: self.at)
        service = UploadService(self.shelves, UploadRules(**given), dependencies)
        service.start()
        try:
            yield service
        finally:
            assert service.stop(scaled(5))

    def over_mqtt(self, service):
        return [service.turn_over_mqtt(shelf) for shelf in self.shelves]


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


@pytest.fixture
def store():
    with ObjectStore().running() as running:
        yield running


def urls(store, names):
    return [(name, store.url(name)) for name in names]


def test_what_waits_is_asked_for_and_put_where_central_says(gate, store):
    gate.keep(3)
    with gate.service(store) as service:
        eventually(lambda: [one.sha256 for one in service.wanted] == gate.names)
        assert [(one.bytes, one.what) for one in service.wanted] == [(3002, "picture")] * 3
        assert gate.announced == 1
        assert service.grant(urls(store, gate.names), 60).granted == tuple(gate.names)
        eventually(lambda: len(gate.noted) == 3)
        eventually(lambda: service.wanted == () and len(gate.pictures.outgoing) == 0)
    assert gate.noted == [EvidenceSent(picture=name, bytes=3002, via="store", host=store.host) for name in gate.names]
    assert [store.taken(name) for name in gate.names] == [picture(number)[1] for number in range(3)]
    assert service.outcomes == {"done": 3}
    assert service.trouble == ""


def test_a_bundle_is_put_and_gone(gate, store):
    name = gate.bundles.keep(b"PK a bundle")
    with gate.service(store) as service:
        service.grant(urls(store, [name]), 60)
        eventually(lambda: gate.noted == [BundleSent(bundle=name, bytes=11, via="store", host=store.host)])
        eventually(lambda: gate.bundles.size(name) is None)
    assert store.taken(name) == b"PK a bundle"
    assert "Content-Type: application/zip" in store.requests[0]


def test_without_hosts_nothing_is_asked_for_and_all_goes_over_mqtt(gate, store):
    gate.keep(1)
    with gate.service() as service:
        refused = service.grant(urls(store, gate.names), 60)
        assert refused.refused == {gate.names[0]: UploadFault.HOST_NOT_ALLOWED}
        assert gate.over_mqtt(service) == [gate.names[0], None]
    assert (gate.announced, service.wanted, store.requests) == (0, (), [])


def test_a_stolen_key_of_central_cannot_send_pictures_to_a_host_of_its_own(gate, store):
    gate.keep(1)
    with ObjectStore().running() as thief, gate.service(store) as service:
        found = service.grant([(gate.names[0], thief.url("loot"))], 60)
        assert found.refused == {gate.names[0]: UploadFault.HOST_NOT_ALLOWED}
        assert thief.host in found.detail
        store.faults.append(store_does.redirecting(thief.url("loot")))
        service.grant(urls(store, gate.names), 60)
        (failed,) = eventually(lambda: list(gate.noted))
        assert (failed.code, failed.host) == (UploadFault.REDIRECTED, store.host)
        assert thief.requests == []


def test_nothing_secret_of_a_url_is_told(gate, store, caplog):
    gate.keep(1)
    store.faults.append(store_does.refusing(403, "SignatureDoesNotMatch"))
    with gate.service(store) as service:
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: gate.noted)
        told = f"{gate.noted} {service.trouble} {caplog.text}"
    assert "SignatureDoesNotMatch" in told
    assert "s3cret" not in told
    assert "X-Amz" not in told


def test_a_store_in_trouble_is_tried_again_until_it_is_well(gate, store):
    gate.keep(2)
    store.faults += [store_does.refusing(503), store_does.keeping_half, store_does.hanging_up]
    with gate.service(store) as service:
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: step(gate) and len(gate.noted) == 2)
    assert {type(event) for event in gate.noted} == {EvidenceSent}
    assert service.outcomes["done"] == 2
    assert service.outcomes["failed"] == service.outcomes["digest_wrong"] == 1


def step(gate):
    """The gate's clock goes on, so that pauses end."""
    gate.at += 0.05
    return True


def test_a_refused_place_is_told_and_another_is_asked_for(gate, store):
    gate.keep(1)
    store.faults.append(store_does.refusing(403, "AccessDenied"))
    with gate.service(store) as service:
        eventually(lambda: service.wanted)
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: gate.noted)
        eventually(lambda: service.wanted)
        assert gate.noted == [
            UploadFailed(
                what="picture",
                sha256=gate.names[0],
                code=UploadFault.REFUSED,
                host=store.host,
                detail="the store answers 403 AccessDenied",
                message=gate.noted[0].message,
            )
        ]
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: len(gate.noted) == 2)
    assert isinstance(gate.noted[1], EvidenceSent)


def test_a_place_whose_time_is_over_is_left(gate, store):
    gate.keep(1)
    gate.ready = False
    with gate.service(store) as service:
        service.grant(urls(store, gate.names), 60)
        gate.at += 61
        (failed,) = eventually(lambda: list(gate.noted))
        assert failed.code is UploadFault.EXPIRED
        gate.ready = True
        eventually(lambda: service.wanted)
    assert store.requests == []


def test_what_waits_too_long_goes_over_mqtt(gate, store):
    gate.keep(1)
    name = gate.bundles.keep(b"PK")
    with gate.service(store, fallback_s=900) as service:
        eventually(lambda: len(service.wanted) == 2)
        assert gate.over_mqtt(service) == [None, None]
        gate.at += 901
        eventually(lambda: service.wanted == ())
        assert gate.over_mqtt(service) == [gate.names[0], name]


def test_what_the_store_refuses_again_and_again_goes_over_mqtt(gate, store):
    gate.keep(1)
    with gate.service(store) as service:
        for number in range(REFUSED_LIMIT):
            eventually(lambda: step(gate) and service.wanted)
            store.faults.append(store_does.refusing(403))
            service.grant(urls(store, gate.names), 600)
            eventually(lambda number=number: service.outcomes.get("refused") == number + 1)
        eventually(lambda: gate.over_mqtt(service) == [gate.names[0], None])
        assert service.wanted == ()


def test_what_is_too_large_is_not_asked_for(gate, store):
    gate.keep(1)
    with gate.service(store, max_bytes=1000) as service:
        assert service.grant(urls(store, gate.names), 60).refused == {gate.names[0]: UploadFault.TOO_LARGE}
        eventually(lambda: gate.over_mqtt(service) == [gate.names[0], None])
        assert service.wanted == ()


def test_it_waits_for_the_store_where_mqtt_is_not_to_be_used(gate, store):
    gate.keep(1)
    with gate.service(store, fallback_s=0) as service:
        gate.at += 1e6
        eventually(lambda: service.wanted)
        assert gate.over_mqtt(service) == [None, None]


def test_events_go_first(gate, store):
    gate.keep(1)
    gate.ready = False
    with gate.service(store) as service:
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: service.wanted == ())
        assert store.requests == []
        gate.ready = True
        eventually(lambda: gate.noted)


def test_a_restart_in_the_middle_asks_again_and_puts_it_whole(gate, store):
    gate.keep(1)
    store.faults.append(store_does.silent)
    with gate.service(store) as service:
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: store.requests)
    assert gate.noted == []
    again = Gate(gate.folder)
    with again.service(store) as service:
        eventually(lambda: [one.sha256 for one in service.wanted] == gate.names)
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: again.noted)
    assert store.taken(gate.names[0]) == picture(0)[1]


def test_a_kept_picture_that_did_not_wait_can_be_granted_and_one_that_is_not_kept_cannot(gate, store):
    name, jpeg = picture(5)
    gate.pictures.keep(name, jpeg)
    with gate.service(store) as service:
        found = service.grant(urls(store, [name, "ab" * 32]), 60)
        assert (found.granted, found.refused) == ((name,), {"ab" * 32: UploadFault.UNKNOWN})
        eventually(lambda: gate.noted)


def test_few_are_asked_for_at_a_time(gate, store):
    gate.keep(WANTED_LIMIT + 5)
    with gate.service(store) as service:
        eventually(lambda: len(service.wanted) == WANTED_LIMIT)
        service.grant(urls(store, gate.names[:WANTED_LIMIT]), 60)
        eventually(lambda: [one.sha256 for one in service.wanted] == gate.names[WANTED_LIMIT:])


def test_no_more_is_asked_for_than_there_is_room_for(gate, store):
    gate.keep(PLACES_LIMIT + 3)
    gate.ready = False
    with gate.service(store) as service:
        found = service.grant(urls(store, gate.names), 60)
        assert (len(found.granted), set(found.refused.values())) == (PLACES_LIMIT, {UploadFault.TOO_MANY})
        eventually(lambda: service.worker.runs and service.wanted == ())
        gate.ready = True
        eventually(lambda: service.wanted)


def test_a_flood_of_failures_is_few_events_that_count_them(gate, store):
    gate.keep(40)
    store.faults += [store_does.refusing(403)] * 40
    with gate.service(store) as service:
        service.grant(urls(store, gate.names), 60)
        eventually(lambda: service.outcomes.get("refused") == 40)
    assert len(gate.noted) <= 12
    assert sum(event.count for event in gate.noted) == 40


def test_places_are_bounded():
    places = Places()
    place = SignedPlace.parse("http://127.0.0.1:9/a", ["127.0.0.1:9"])
    given = [places.give(f"{number}", place, 10.0, 0.0) for number in range(300)]
    assert given.count(True) == 256
    assert places.give("0", place, 20.0, 0.0)
