"""Takes proven events from the central database and tells the collector of each vehicle that ended; at least once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

from central.database import ReaderPosition, begin_reader, next_events, take
from central.traces.collector_client import CollectorError, SpansRefusedError
from central.traces.vehicle_span import vehicle_span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from central.database import Database, StoredEvent
    from central.traces.vehicle_span import VehicleSpan

READER: Final = "traces"
"""The name under which this program is noted in the table `readers`."""
CLOSED: Final = "transaction.closed"
IDLE_S: Final = 1.0
PAUSE_S: Final = 5.0
BACK: Final = 2_000
"""How many events before its end a transaction is looked for: those of one vehicle lie near one another."""

# A transaction that central got in two months has its events in two partitions.
_EVENTS: Final = """
SELECT payload FROM events WHERE stream_id = %s AND seq BETWEEN %s AND %s AND transaction_id = %s ORDER BY seq
"""
_TRANSACTION: Final = "SELECT transaction_id FROM events WHERE stream_id = %s AND seq = %s"

log = logging.getLogger(__name__)


class Sender(Protocol):
    """A CollectorClient, as the service uses it."""

    def send(self, spans: Sequence[VehicleSpan]) -> str:
        """Send spans; in words what was not taken. Raises CollectorError, SpansRefusedError."""


class Stop(Protocol):
    """Asked to stop."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for it, at most so long; whether it came."""


class TraceService:
    """Reads and sends in the caller's thread. `untraced`: also vehicles whose declaration carries no trace."""

    def __init__(self, database: Database, sender: Sender, *, untraced: bool = True) -> None:
        self._database = database
        self._sender = sender
        self._untraced = untraced
        self._trouble = ""

    def run(self, stop: Stop, works: Callable[[], None] = lambda: None) -> None:
        """Go on until it is to stop. `works` is called at each turn. Raises DatabaseError."""
        if begin_reader(self._database, READER, from_now=True):
            log.info("begins with the current events")
        pause_s = 0.0
        while not stop.wait(pause_s):
            works()
            try:
                pause_s = 0.0 if self.turn() else IDLE_S
            except CollectorError as error:
                pause_s = PAUSE_S
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    log.warning("the collector does not accept spans; they wait: %s", error)

    def turn(self) -> int:
        """Send what is proven and not sent yet, once; how many events were taken. Raises CollectorError, DatabaseError.

        An event counts as taken when its span was sent, or need not be.
        """
        stored = next_events(self._database, READER)
        spans = [span for one in stored if (span := self._span(one)) is not None]
        if spans:
            self._send(spans)
            self._recovered()
        last = {one.stream_id: one.seq for one in stored}
        if last:
            take(self._database, READER, [ReaderPosition(stream, seq) for stream, seq in last.items()])
        return len(stored)

    def _span(self, stored: StoredEvent) -> VehicleSpan | None:
        if stored.type != CLOSED:
            return None
        row = self._database.execute(_TRANSACTION, (stored.stream_id, stored.seq)).fetchone()
        if row is None or row[0] is None:
            log.warning("%s: event %d closes no transaction; it has no span", stored.gate, stored.seq)
            return None
        first = max(1, stored.seq - BACK)
        rows = self._database.execute(_EVENTS, (stored.stream_id, first, stored.seq, row[0])).fetchall()
        span = vehicle_span(stored.gate, [bytes(payload) for (payload,) in rows])
        if span is None:
            log.warning("%s: the events of transaction %s violate the contract", stored.gate, row[0])
            return None
        return span if span.sampled and (self._untraced or span.traced) else None

    def _send(self, spans: Sequence[VehicleSpan]) -> None:
        """Send all; where they are refused, one after the other, so that one bad span does not cost the others."""
        try:
            untaken = self._sender.send(spans)
        except SpansRefusedError as error:
            if len(spans) == 1:
                (one,) = spans
                log.error("%s: the collector refuses span %s: %s", one.gate, one.span["spanId"], error)  # noqa: TRY400
                return
            for span in spans:
                self._send([span])
        else:
            if untaken:
                log.warning("the collector: %s", untaken)

    def _recovered(self) -> None:
        if self._trouble:
            self._trouble = ""
            log.info("the collector accepts spans again")
