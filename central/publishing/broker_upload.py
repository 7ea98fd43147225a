"""Uploads a site's lists to its broker, so that a gate finds a complete list there at any time.

Uploads chunks and deltas first, then the head that names them. Removes the content of an older head only after the new
head is there. Reads first what the broker has. So the same code restores what a broker lost, and removes what a crash
left behind.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from agent.core.lists import ListError, ListFault, open_head, read_head
from agent.core.model import ListKind
from agent.lists import (
    CONTENT_TYPE_CBOR,
    CONTENT_TYPE_CHUNK,
    ChunkTopic,
    DeltaTopic,
    HeadTopic,
    ListTopics,
    WantTopic,
)
from agent.mqtt import Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agent.core.permit import TrustList
    from agent.mqtt import Incoming, OneShotClient
    from central.publishing.publisher import Publisher
    from central.publishing.publisher_database import PublisherDatabase

SETTLE_S = 2.0
AGAIN_AFTER_S = 10.0


class UploadError(Exception):
    """The broker refuses a part of a list, or what it has does not fit to what the publisher knows; says what to do."""


@dataclass(slots=True)
class Stock:
    """What a broker has retained of a site's lists: topic to SHA-256 of its payload, and the heads themselves."""

    digests: dict[str, bytes] = field(default_factory=dict)
    heads: dict[ListKind, bytes] = field(default_factory=dict)


def survey(client: OneShotClient, site: int, settle_s: float = SETTLE_S) -> Stock:
    """Look at what a broker has; over when nothing of it came for `settle_s`. Raises OneShotClientError.

    What gates ask for meanwhile is left: one that asks on and on must not keep the lists of all others from being
    brought. From then on the client hears the gates that cannot find what they need.
    """
    topics = ListTopics(site)
    stock = Stock()
    client.subscribe(f"{topics.root}/#")
    until = time.monotonic() + settle_s
    for message in client.messages(settle_s):
        place = topics.parse(message.topic)
        if not message.payload or place is None or isinstance(place, WantTopic):
            if time.monotonic() > until:
                break
            continue
        until = time.monotonic() + settle_s
        stock.digests[message.topic] = sha256(message.payload).digest()
        if isinstance(place, HeadTopic):
            stock.heads[place.kind] = message.payload
    return stock


def seen_version(stock: Stock, kind: ListKind, trust: TrustList, site: int, utc: float) -> int:
    """Return the version of the head that a broker has, 0 without one: what gates may have seen.

    Raises:
        UploadError: that head is by no key that may sign lists now, so nobody can tell whether it is true.
    """
    data = stock.heads.get(kind)
    if data is None:
        return 0
    try:
        return open_head(data, trust, site, utc).said.version
    except ListError as error:
        if error.fault is ListFault.EXPIRED:
            return read_head(data).said.version
        raise UploadError(
            f"the broker has a head of the {kind} that cannot be trusted ({error}). If it is yours, of a key that has "
            "ended,"
            f" say --version-floor{_claimed(data)}; if it is not, "
            f"find out who may write to {ListTopics(site).head(kind)}"
        ) from None


def _claimed(data: bytes) -> str:
    try:
        return f" {read_head(data).said.version}"
    except ListError:
        return ""


class BrokerUpload:
    """The way to one broker over one connected client. Methods raise OneShotClientError too.

    `stock`: what `survey` found there. `sent` hears of every message that was published, in bytes.
    """

    def __init__(
        self,
        client: OneShotClient,
        publisher: Publisher,
        database: PublisherDatabase,
        site: int,
        stock: Stock,
        sent: Callable[[int], None] = lambda _size: None,
    ) -> None:
        self._client = client
        self._publisher = publisher
        self._database = database
        self._topics = ListTopics(site)
        self._there = stock.digests
        self._sent = sent
        self._answered_at: defaultdict[ListKind, float] = defaultdict(lambda: -AGAIN_AFTER_S)

    def publish_trust(self, text: bytes) -> None:
        """Bring the trust list there."""
        self._publish_part(self._topics.trust, text, "text/plain")

    def publish_lists(self, kinds: Iterable[ListKind] = tuple(ListKind), *, afresh: bool = False) -> None:
        """Bring lists there as they are now, under a head signed now. `afresh`: also what should be there already."""
        for kind in kinds:
            self._publish_list(kind, afresh=afresh)

    def _publish_list(self, kind: ListKind, *, afresh: bool) -> None:
        head = self._publisher.head(kind)
        standing = self._database.standing(kind)
        if head is None or standing is None:
            return
        wanted = {self._topics.head(kind)}
        for number, ref in enumerate(self._database.refs(kind)):
            topic = self._topics.chunk(kind, standing.snapshot, number)
            wanted.add(topic)
            if afresh or self._there.get(topic) != ref.digest:
                self._publish_part(topic, self._database.chunk(kind, number), CONTENT_TYPE_CHUNK)
        for version, data in self._database.deltas(kind):
            topic = self._topics.delta(kind, version)
            wanted.add(topic)
            if afresh or self._there.get(topic) != sha256(data).digest():
                self._publish_part(topic, data, CONTENT_TYPE_CBOR)
        self._publish_part(self._topics.head(kind), head, CONTENT_TYPE_CBOR)
        for topic in list(self._stale(kind, wanted)):
            self._publish(Outgoing(topic, b"", retain=True))
            del self._there[topic]

    def _stale(self, kind: ListKind, wanted: set[str]) -> Iterator[str]:
        for topic in self._there:
            place = self._topics.parse(topic)
            if isinstance(place, ChunkTopic | DeltaTopic) and place.kind is kind and topic not in wanted:
                yield topic

    def answer_request(self, message: Incoming) -> str | None:
        """Send a list again where a gate says that it cannot find it, at most every 10 s; what to tell of that."""
        place = self._topics.parse(message.topic)
        if not isinstance(place, WantTopic):
            return None
        now = time.monotonic()
        if now < self._answered_at[place.kind] + AGAIN_AFTER_S:
            return None
        self._answered_at[place.kind] = now
        self.publish_lists([place.kind], afresh=True)
        gate, have = _asked(message.payload)
        standing = self._database.standing(place.kind)
        if standing is not None and have > standing.version:
            return (
                f"{gate} has {place.kind} {have}, newer than {standing.version} here: begin again with --version-floor"
            )
        return f"{gate} cannot find the {place.kind} after version {have}: they were sent again"

    def pending_bytes(self, kinds: Iterable[ListKind] = tuple(ListKind)) -> int:
        """How much of the snapshots the broker lacks."""
        return sum(self._pending_bytes(kind) for kind in kinds)

    def _pending_bytes(self, kind: ListKind) -> int:
        standing = self._database.standing(kind)
        if standing is None:
            return 0
        refs = enumerate(self._database.refs(kind))
        topics = ((self._topics.chunk(kind, standing.snapshot, number), ref) for number, ref in refs)
        return sum(ref.size for topic, ref in topics if self._there.get(topic) != ref.digest)

    def _publish_part(self, topic: str, payload: bytes, content_type: str) -> None:
        self._publish(Outgoing(topic, payload, retain=True, content_type=content_type))
        self._there[topic] = sha256(payload).digest()
        self._sent(len(payload))

    def _publish(self, message: Outgoing) -> None:
        receipt = self._client.publish(message)
        if receipt.refused:
            raise UploadError(f"the broker refuses {message.topic}: {receipt.words}")


def _asked(payload: bytes) -> tuple[str, int]:
    """Who asks and what it has; whatever else was sent counts as nobody with nothing."""
    try:
        said = json.loads(payload[:1024])
    except (ValueError, RecursionError):
        said = None
    match said:
        case {"gate": str(gate), "have": int(have)} if type(have) is int:
            return ascii(gate[:64]).strip("'"), have
    return "a gate", 0
