"""Pictures and support bundles on their way to central: one at a time, behind the events, until the broker has them."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.core.events import EvidenceSent
from agent.core.model import ReportOnce
from agent.devices import PortState
from agent.mqtt.messages import Outgoing
from agent.mqtt.receipt import Receipt
from agent.service.worker import Backoff, Worker
from agent.store.errors import EvidenceError, JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.broker import Topics
    from agent.core.events import Event
    from agent.mqtt.client import MqttClient
    from agent.store.evidence import OutgoingPictures

log = logging.getLogger(__name__)

CONTENT_TYPE = "image/jpeg"
STOP_S = 2.0
LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """How pictures are sent.

    `tries`: a picture is given up after so many refusals, connections that ended within `quick_s` over it, or failures
    to read it. `look_s`: between looks at
    whether something may be sent. `retry_s`: after a picture did not get through. `answer_s`: for how long the broker
    may owe an answer before the connection counts as broken; a large picture on a slow line takes its time.
    """

    tries: int = 3
    quick_s: float = 5.0
    look_s: float = 0.5
    retry_s: float = 10.0
    answer_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is sent where it is no picture. `sent`: the event that says so, of a name and a size.

    `turn`: whose turn it is, None while none is to go over MQTT. `leave` takes one out of the queue.
    """

    name: str
    content_type: str
    sent: Callable[[str, int], Event]
    turn: Callable[[], str | None]
    leave: Callable[[str], None]


class SentStore(Protocol):
    """A store of what waits to be sent, by its SHA-256."""

    @property
    def outgoing(self) -> OutgoingPictures:
        """What waits."""
        ...

    def get(self, sha256: str, /) -> bytes | None:
        """Its bytes; None where it is not kept. Raises EvidenceError."""
        ...


class EvidenceUpload:
    """One thread that sends what waits in the store's queue: pictures, where `consignment` does not say otherwise.

    `ready` says whether the events are through, so that it is the pictures' turn. `note` records that one was sent.
    What the broker took is out of the queue: whether central has it, central must see by the event.
    """

    def __init__(  # noqa: PLR0913 - the seams of a sender
        self,
        client: MqttClient,
        topics: Topics,
        pictures: SentStore,
        note: Callable[[Event], None],
        ready: Callable[[], bool],
        settings: EvidenceSettings | None = None,
        *,
        consignment: Consignment | None = None,
    ) -> None:
        outgoing = pictures.outgoing
        self._consignment = consignment or Consignment(
            "evidence",
            CONTENT_TYPE,
            lambda name, size: EvidenceSent(picture=name, bytes=size),
            outgoing.first,
            outgoing.remove,
        )
        self._client = client
        self._topics = topics
        self._pictures = pictures
        self._note = note
        self._ready = ready
        self._settings = EvidenceSettings() if settings is None else settings
        self._failures: dict[str, int] = {}
        self._trouble = ""
        self._reported = ReportOnce()
        self.worker = Worker(
            f"{self._consignment.name}-sender",
            self._run,
            limit_s=LIMIT_S,
            backoff=Backoff(self._settings.retry_s, self._settings.retry_s),
        )

    @property
    def waiting(self) -> int:
        """How many pictures wait to be sent."""
        return len(self._pictures.outgoing)

    @property
    def trouble(self) -> str:
        """Why the last picture did not get through, in words; empty when it did."""
        return self._trouble

    def start(self) -> None:
        """Begin to send."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop; what is under way is sent again after the next start. Returns whether the thread has ended in time."""
        return self.worker.stop(timeout_s)

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        pause_s = 0.0
        while not self.worker.wait(pause_s):
            try:
                pause_s = self._turn()
            except (EvidenceError, JournalError, OSError) as error:
                # A disk or journal in trouble may be well later: the thread must see that day.
                self._trouble = str(error)
                if self._reported.is_new(self._trouble):
                    log.exception("a picture could not be sent")
                pause_s = self._settings.retry_s

    def _turn(self) -> float:
        """Send one picture if it may be; returns after how many seconds to look again."""
        name = self._consignment.turn()
        if name is None or self._client.view.state is not PortState.UP or not self._ready():
            return self._settings.look_s
        try:
            jpeg = self._pictures.get(name)
        except (EvidenceError, OSError) as error:
            self._count(name, str(error))
            return self._settings.retry_s
        if jpeg is None:
            log.warning("picture %s is already deleted: it cannot be sent", name)
            self._leave(name)
            return 0.0
        began_at = time.monotonic()
        receipt = self._publish(name, jpeg)
        if receipt is None:
            return self._settings.look_s
        if receipt.taken:
            self._note(self._consignment.sent(name, len(jpeg)))
            self._leave(name)
            self._trouble = ""
            self._reported.clear()
            return 0.0
        self._failed(name, receipt, time.monotonic() - began_at)
        return self._settings.retry_s

    def _publish(self, name: str, jpeg: bytes) -> Receipt | None:
        """Publish and wait for what becomes of it; None when it could not be handed over now, or the agent stops."""
        answered = threading.Event()
        receipts: list[Receipt] = []

        def done(receipt: Receipt) -> None:
            receipts.append(receipt)
            answered.set()

        message = Outgoing(
            topic=self._topics.evidence(name),
            payload=jpeg,
            content_type=self._consignment.content_type,
            user_properties=(("gate", self._topics.gate), ("sha256", name)),
        )
        connection = self._client.view.connections
        if not self._client.publish(message, done, connection=connection):
            return None
        deadline = time.monotonic() + self._settings.answer_s
        while not answered.wait(self._settings.look_s):
            self.worker.touch()
            if self.worker.stopping:
                return None
            if self._client.view.connections != connection:
                return Receipt(None)  # a network thread that hung was left behind, and what it owes with it
            if time.monotonic() > deadline:
                self._client.reconnect(
                    Text(
                        "the broker has not answered a picture for {answer_s} s",
                        answer_s=f"{self._settings.answer_s:g}",
                    )
                )
                deadline += self._settings.answer_s
        return receipts[0]

    def _failed(self, name: str, receipt: Receipt, after_s: float) -> None:
        if not receipt.refused and not (receipt.lost and after_s < self._settings.quick_s):
            # A line that broke, or nobody who subscribes: no fault of the picture, and the next would fare no better.
            self._trouble = Text("picture {name} cannot be delivered: {words}", name=name[:12], words=receipt.words)
            return
        self._count(name, receipt.words)

    def _count(self, name: str, words: str) -> None:
        """One more failure of this picture: the others go first now, or it is given up."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        if failures < self._settings.tries:
            self._trouble = Text("picture {name} cannot be delivered: {words}", name=name[:12], words=words)
            self._pictures.outgoing.postpone(name)
            return
        log.error("picture %s could not be sent in %d tries; the gate stops trying: %s", name, failures, words)
        self._trouble = Text("picture {name} was given up: {words}", name=name[:12], words=words)
        self._leave(name)

    def _leave(self, name: str) -> None:
        self._consignment.leave(name)
        self._failures.pop(name, None)
