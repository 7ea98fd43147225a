"""Keeps the lists in step over the gate's MQTT client.

The shell around `agent.core.lists.sync`, on a thread of its own. It verifies each message before it uses it. It writes
chunks to disk as they arrive, and keeps only as many deltas in memory as the step machine holds. An unknown key may be
in a trust list that arrives a moment later. So the thread requests data with such a key again after that, and reports a
refusal only then.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.core.lists import Connected, Disconnected, ListError, ListFault, SyncRules
from agent.core.model import ListKind
from agent.lists.message_queue import ListMessageQueue
from agent.lists.mqtt_list import MqttList
from agent.lists.topics import ChunkTopic, DeltaTopic, HeadTopic, ListTopics, TrustTopic
from agent.mqtt import Incoming, LinkDown, LinkUp, Subscription
from agent.service.worker import Backoff, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.model import Instant
    from agent.lists.intake import ListIntake
    from agent.mqtt import MqttClient

log = logging.getLogger(__name__)

TURN_S: Final = 0.25
FAULT_PAUSE_S: Final = 1.0
LOOK_S: Final = 0.5
SETTLE_S: Final = 2.0
AGAIN_S: Final = 5.0
"""Between two times that everything stored is asked for again."""
REFUSED_PAUSE_S: Final = 0.002
"""After what is refused, and after each trust list: a flood must not take the computer from those who decide."""
STOP_S: Final = 5.0
LIMIT_S: Final = 600.0
"""Applying a long list takes a while on a slow disk."""

_OF_A_KEY: Final = frozenset({ListFault.KEY_UNKNOWN, ListFault.KEY_EXPIRED, ListFault.KEY_REVOKED})


class ListSync:
    """Subscribes when it is made, before the client starts; works from `start` to `stop`.

    `gate`: the gate's id; `site`: whose lists. `now` reads the clocks. `settle_s`: after a connect, for the trust list
    to come, before a key that is not in it is told as unknown.
    """

    def __init__(  # noqa: PLR0913 - the seams of the composition root
        self,
        gate: str,
        site: int,
        client: MqttClient,
        intake: ListIntake,
        now: Callable[[], Instant],
        *,
        rules: SyncRules | None = None,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._client = client
        self._intake = intake
        self._now = now
        self._settle_s = settle_s
        self._messages = ListMessageQueue()
        self._topics = topics = ListTopics(site)
        rules = SyncRules() if rules is None else rules
        self._lists = {
            kind: MqttList(kind, gate, topics, client, intake, rules, self._messages.add_item) for kind in ListKind
        }
        self._standing = [Subscription(topics.trust, self._messages.add_item, qos=1, stored=True)]
        for mqtt_list in self._lists.values():
            self._standing += mqtt_list.standing_subscriptions
        client.subscribe(*self._standing)
        client.listen(self._messages.add_item)
        self._up = False
        self._up_at = self._looked_at = self._again_at = float("-inf")
        self._trust_version = 0
        self._settling = self._unheard = False
        # Whatever was wrong with one message, the next is taken soon.
        self.worker = Worker("list-sync", self._run, limit_s=LIMIT_S, backoff=Backoff(TURN_S, FAULT_PAUSE_S))

    def start(self) -> None:
        """Begin to work."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop, within a bounded time; whether the thread has ended by then.

        A list in the middle of its way is given up.
        """
        self.worker.ask_to_stop()
        self._intake.stop()
        return self.worker.join(timeout_s)

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self.worker.stopping:
            self.worker.touch()
            self._turn()

    def _turn(self) -> None:
        item = self._messages.next_item(TURN_S)
        at = self._now().at
        match item:
            case LinkUp():
                self._up, self._up_at, self._settling, self._unheard = True, at, True, False
                for mqtt_list in self._lists.values():
                    mqtt_list.handle_event(Connected(at))
            case LinkDown():
                self._up = False
                for mqtt_list in self._lists.values():
                    mqtt_list.handle_event(Disconnected())
            case Incoming():
                self._process_message(item, at)
            case None:
                pass
        if at - self._looked_at >= LOOK_S:
            self._looked_at = at
            self._check_lists(at)

    def _process_message(self, message: Incoming, at: float) -> None:
        if not message.payload:
            return  # what was stored there is deleted
        error: ListError | None = None
        match self._topics.parse(message.topic):
            case TrustTopic():
                self._intake.take_trust(message.payload, "mqtt")
                self.worker.wait(REFUSED_PAUSE_S)  # the one in force, sent again and again, costs as much
                return
            case HeadTopic(kind):
                error = self._lists[kind].take_head(message.payload, at)
            case DeltaTopic(kind, version):
                error = self._lists[kind].take_delta(version, message.payload, at)
            case ChunkTopic(kind, snapshot, number):
                error = self._lists[kind].take_chunk(snapshot, number, message.payload, at)
            case _:
                log.debug("a message on %s is not a part of a list", message.topic)
                return
        if error is not None:
            self._refused(kind, error)

    def _refused(self, kind: ListKind, error: ListError) -> None:
        of_a_key = error.fault in _OF_A_KEY
        self._unheard = self._unheard or of_a_key
        if not (of_a_key and self._settling):
            self._intake.refuse(kind.value, error.fault, str(error), "mqtt")
        self.worker.wait(REFUSED_PAUSE_S)

    def _check_lists(self, at: float) -> None:
        for mqtt_list in self._lists.values():
            mqtt_list.check_progress(at)
        again = self._has_news_of_keys(at)
        if at - self._again_at >= AGAIN_S and self._messages.overflowed():
            log.warning("the lists came faster than the gate can process them; it asks for all stored messages again")
            self._again_at, again = at, True
        if again and self._up:
            self._unheard = False
            self._client.subscribe(*self._standing)

    def _has_news_of_keys(self, at: float) -> bool:
        """Whether what was refused for its key may be good now.

        Another trust list is in force, or had its time to come.
        """
        trust = self._intake.trust()
        version = 0 if trust is None else trust.version
        news = version != self._trust_version
        self._trust_version = version
        if self._settling and at - self._up_at >= self._settle_s:
            self._settling, news = False, True
        return news and self._unheard
