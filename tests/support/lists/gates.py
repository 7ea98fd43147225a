"""A gate that keeps lists, and a central side that publishes them, over a real broker."""

import time
from contextlib import contextmanager

from agent.core.lists.sync_io import SyncRules
from agent.core.model.instant import Instant
from agent.lists.intake import ListIntake
from agent.lists.mqtt_sync import ListSync
from agent.lists.topics import ListTopics
from agent.mqtt.client import MqttClient
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.store.registry.chunk_spool import ChunkSpool
from tests.support.lists.lists import SITE, trust_text, trusted
from tests.support.mqtt.linking import GATE, Observer, local, quick
from tests.support.pki.permits import NOW
from tests.support.store.registries import open_registry
from tests.support.waiting import PATIENCE_S, eventually, scaled
from tests.unit.agent.mqtt.test_client import Card

QUICK = SyncRules(settle_s=0.2, quiet_s=0.4, cap_s=2.0, retry_s=0.3)


class ListGate:
    """Registry, intake and sync of a gate in `folder`, at the broker of this port; `events` are what it noted."""

    def __init__(self, folder, port, *, registry=None, rules=QUICK, site=SITE, **session):
        self.folder = folder
        self.events = []
        self.observer = Observer()
        self.utc = NOW + 5.0
        self.registry = open_registry(folder / "registry.db") if registry is None else registry
        self.intake = ListIntake(self.registry, ChunkSpool(folder / "incoming"), self.now, self.events.append)
        self.client = MqttClient(quick(port, **session), Card(), observe=self.observer)
        self.sync = ListSync(GATE, site, self.client, self.intake, self.now, rules=rules, settle_s=0.5)

    def __enter__(self):
        self.sync.start()
        self.client.start()
        return self

    def __exit__(self, *_):
        assert self.client.stop(scaled(5)), "the client did not stop in time"
        assert self.sync.stop(scaled(10)), "the sync did not stop in time"
        self.registry.close()

    def now(self):
        return Instant(at=time.monotonic(), utc=self.utc)

    def wait_up(self):
        eventually(self.observer.is_up, what="the link")
        return self

    def version(self, kind):
        return next((each.version for each in self.registry.standings() if each.kind is kind), 0)

    def wait_version(self, kind, version):
        eventually(lambda: self.version(kind) == version, what=f"version {version} of the {kind}")
        return self

    def noted(self, kind):
        return [event for event in list(self.events) if isinstance(event, kind)]


class ListSender:
    """Central's end of lists: publishes them, and retains what is to be retained."""

    def __init__(self, one_shot, site=SITE):
        self.one_shot = one_shot
        self.topics = ListTopics(site)

    def put(self, topic, payload, *, retain=True):
        assert not self.one_shot.publish(Outgoing(topic, payload, retain=retain)).refused

    def trust(self, *keys, **changes):
        self.put(self.topics.trust, trust_text(trusted(*keys, **changes)))

    def chunks(self, snap, *, only=None):
        for number, chunk in enumerate(snap.packed):
            if only is None or number in only:
                self.put(self.topics.chunk(snap.head.kind, snap.head.snapshot, number), chunk)

    def head(self, kind, data):
        self.put(self.topics.head(kind), data)

    def whole(self, snap):
        self.chunks(snap)
        self.head(snap.head.kind, snap.data)

    def delta(self, kind, version, data, *, retain=True):
        self.put(self.topics.delta(kind, version), data, retain=retain)


@contextmanager
def central_at(port, site=SITE):
    with OneShotClient(local(port), timeout_s=PATIENCE_S) as one_shot:
        yield ListSender(one_shot, site)
