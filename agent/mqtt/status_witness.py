"""The gate's own retained `status` as a witness: what it last said of its head, read again at every connect.

The broker keeps it outside the gate, and the gate's key has signed it. A broker can withhold it or show an older one,
which then shows nothing; it can make none.
"""

from __future__ import annotations

import json
import logging
import queue
from typing import TYPE_CHECKING, Final

from agent.mqtt.messages import LinkDown, LinkUp, Subscription
from agent.service.worker import Worker
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.broker import Topics
    from agent.mqtt.client import MqttClient
    from agent.mqtt.messages import Incoming

log = logging.getLogger(__name__)

STOP_S: Final = 1.0
LIMIT_S: Final = 60.0
BYTES_LIMIT: Final = 262_144
"""Of the longest status that is looked at: it names every device of the gate."""
INBOX_LIMIT: Final = 16
"""Items that wait. A broker keeps one status: whoever sends more has nothing to say."""


class StatusWitness:
    """Hands the signed head in the retained status on to `take`, on a thread of its own, once a connection.

    `take` may raise JournalError. To be made before the client starts.
    """

    def __init__(self, client: MqttClient, topics: Topics, take: Callable[[str], None]) -> None:
        self._client = client
        self._topic = topics.status
        self._take = take
        self._inbox: queue.SimpleQueue[Incoming | LinkUp | LinkDown | None] = queue.SimpleQueue()
        self._awaited = True
        self.worker = Worker("status-witness", self._run, limit_s=LIMIT_S)
        client.subscribe(self._subscription())
        client.listen(self._inbox.put)

    def _subscription(self) -> Subscription:
        return Subscription(self._topic, self._enqueue, qos=0, stored=True)

    def _enqueue(self, message: Incoming) -> None:
        """Take the message that the broker had kept, on the network thread; later ones are this gate's own of now."""
        if message.retained and len(message.payload) <= BYTES_LIMIT and self._inbox.qsize() < INBOX_LIMIT:
            self._inbox.put(message)

    def start(self) -> None:
        """Begin to look."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End, within `timeout_s`; whether the thread has."""
        self.worker.ask_to_stop()
        self._inbox.put(None)
        return self.worker.join(timeout_s)

    def _run(self) -> None:
        while not self.worker.stopping:
            with self.worker.resting():
                item = self._inbox.get()
            match item:
                case None:
                    return
                case LinkUp():
                    pass  # what the broker had kept may have come before
                case LinkDown():
                    # Wanted again on the next connection, where the broker has what this one left.
                    self._awaited = True
                    self._client.subscribe(self._subscription())
                case _:
                    self._look(item)

    def _look(self, message: Incoming) -> None:
        """Look at the first status of a connection. What comes behind it was said on this very connection."""
        self._client.unsubscribe(self._topic)
        if not self._awaited:
            return
        self._awaited = False
        head = head_in(message.payload)
        if not head:
            return
        try:
            self._take(head)
        except JournalError as error:
            log.error("the retained status cannot be compared with the journal: %s", error)  # noqa: TRY400 - no bug


def head_in(payload: bytes) -> str:
    """The signed head in a status message; "" where it holds none. Never raises, whatever the bytes."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    head = said.get("head") if isinstance(said, dict) else None
    return head if isinstance(head, str) else ""
