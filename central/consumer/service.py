"""The consumer at work: take, store, settle, tell; and begin again after whatever fails."""

from __future__ import annotations

import logging
import random
from contextlib import closing
from itertools import cycle
from typing import TYPE_CHECKING, Final, Protocol

from central.consumer.store import EventStore
from central.database import DatabaseError, claim, connect, ensure_months

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from central.consumer.source_interface import Source
    from central.consumer.store import AckKey
    from central.database import Database, Role

log = logging.getLogger(__name__)
PAUSE_S: Final = 0.5
PAUSE_CAP_S: Final = 30.0
TURN_S: Final = 1.0


class Stop(Protocol):
    """Says when to stop; a threading.Event is one."""

    def is_set(self) -> bool:
        """Whether to stop."""

    def wait(self, timeout_s: float, /) -> bool:
        """Wait for it, at most so long; whether to stop."""


class ConsumerService:
    """One worker. `sources`: each makes a connection to one broker; they are taken in turn. `now`: central's time, UTC.

    `name`, `role`: of this central. For the service manager: `works` is called when both connections do, `alive` with
    each turn.
    """

    def __init__(  # noqa: PLR0913 - one argument a part
        self,
        sources: Sequence[Callable[[], Source]],
        database_url: str,
        now: Callable[[], datetime],
        *,
        name: str,
        role: Role,
        ack_key: AckKey | None = None,
        works: Callable[[], None] = lambda: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._sources = sources
        self._database_url = database_url
        self._now = now
        self._name, self._role, self._ack_key = name, role, ack_key
        self._works, self._alive = works, alive
        self._done = 0

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Trouble of the database or a broker ends both connections; then all begins again.

        Raises IdentityError: the database is that of another central.
        """
        pause_s = PAUSE_S
        for source in cycle(self._sources):
            if stop.is_set():
                return
            self._done = 0
            try:
                with closing(connect(self._database_url)) as database:
                    claim(database, self._name, self._role)
                    ensure_months(database, self._now())
                    self._work(source, database, stop)
            except OSError as error:
                log.warning("the broker: %s; trying again", error)
            except DatabaseError as error:
                log.warning("the database: %s; trying again", " ".join(str(error).split()))
            pause_s = PAUSE_S if self._done else pause_s
            self._alive()
            # Full jitter: workers, and gates, that lost the same broker must not come back in the same moment.
            stop.wait(random.uniform(0, pause_s))  # noqa: S311 - no secret
            pause_s = min(2 * pause_s, PAUSE_CAP_S)

    def _work(self, make: Callable[[], Source], database: Database, stop: Stop) -> None:
        store = EventStore(database, self._now, self._role, self._ack_key)
        with closing(make()) as source:
            self._works()
            log.info("works as %s, role %s", self._name, self._role.value)
            while not stop.is_set():
                self._alive()
                batch = source.next_batch(TURN_S)
                if batch:
                    answers = store.store(batch)
                    source.settle(batch, answers)  # committed: now the broker and the gates may forget
                    self._done += 1
