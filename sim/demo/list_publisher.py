"""The part of the demo's central system that publishes the lists of the site over MQTT."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.broker import BrokerAddress
from agent.clock import Clock
from agent.core.model import ListKind
from agent.mqtt import OneShotClient
from central.publishing import BrokerUpload, Publisher, PublisherDatabase, survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from agent.core.crypto import SigningKey
    from agent.core.model import Declaration, Revocation

SETTLE_S = 0.3
"""A broker on this machine has shown all it has after so long."""


class DemoListPublisher:
    """Declares and revokes; of one thread. Methods raise OneShotClientError, CatalogueError and ListError."""

    def __init__(self, database: PublisherDatabase, site: int, key: SigningKey, broker_port: int) -> None:
        self._database = database
        self._site = site
        self._publisher = Publisher(database, site, key, Clock())
        self._broker = BrokerAddress("127.0.0.1", broker_port, tls=False)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, site: int, key: SigningKey, broker_port: int) -> Iterator[DemoListPublisher]:
        """An office whose memory is a file in `folder`, closed at the end."""
        database = PublisherDatabase.open(folder, site)
        try:
            yield cls(database, site, key, broker_port)
        finally:
            database.close()

    def declare(self, declarations: Iterable[Declaration]) -> None:
        """Publish these as all declarations of the site, with nothing revoked yet."""
        self._publisher.replace(ListKind.DECLARATIONS, declarations)
        self._publisher.replace(ListKind.REVOCATIONS, ())
        self._bring(ListKind.DECLARATIONS, ListKind.REVOCATIONS)

    def revoke(self, revocation: Revocation) -> int:
        """Publish a revocation; return the version of the list that says so."""
        change = self._publisher.change(ListKind.REVOCATIONS, [revocation])
        self._bring(ListKind.REVOCATIONS)
        return change.version

    def _bring(self, *kinds: ListKind) -> None:
        with OneShotClient(self._broker) as client:
            BrokerUpload(
                client, self._publisher, self._database, self._site, survey(client, self._site, SETTLE_S)
            ).publish_lists(kinds)
