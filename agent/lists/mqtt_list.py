"""Keeps one list in step: what arrived for it, what waits, and the effects of the step machine."""

from __future__ import annotations

import json
import logging
from collections import deque
from typing import TYPE_CHECKING, assert_never

from agent.core.lists import (
    ApplyDelta,
    ApplySnapshot,
    ChunkSeen,
    DeltaSeen,
    DropSnapshot,
    Failed,
    FetchChunks,
    FetchDeltas,
    FetchSnapshot,
    HeadSeen,
    HeldDelta,
    Known,
    ListError,
    ListFault,
    Refresh,
    Reject,
    RequestList,
    SyncState,
    Tick,
    step,
)
from agent.lists.topics import CONTENT_TYPE_WANT
from agent.mqtt import Outgoing, Subscription
from agent.service.cleanup import on_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.core.lists import ChangeResult, Effect, ListDelta, ListHead, OpenedList, SyncEvent, SyncRules
    from agent.core.model import ListKind
    from agent.lists.intake import ListIntake
    from agent.lists.topics import ListTopics
    from agent.mqtt import Incoming, MqttClient

log = logging.getLogger(__name__)

DELTAS_A_TIME = 16


class MqttList:
    """Belongs to one thread. `at` is monotonic seconds; `handle` takes what the subscriptions bring."""

    def __init__(  # noqa: PLR0913, PLR0917 - the seams of one list
        self,
        kind: ListKind,
        gate: str,
        topics: ListTopics,
        client: MqttClient,
        intake: ListIntake,
        rules: SyncRules,
        handle: Callable[[Incoming], None],
    ) -> None:
        self.kind = kind
        self._gate = gate
        self._topics = topics
        self._client = client
        self._intake = intake
        self._rules = rules
        self._handle = handle
        self._state = SyncState()
        self._heads: list[OpenedList[ListHead]] = []
        self._deltas: dict[HeldDelta, OpenedList[ListDelta]] = {}
        self._extra: set[str] = set()

    @property
    def standing_subscriptions(self) -> list[Subscription]:
        """What is subscribed to always: the head, and all deltas."""
        return [self._subscription(self._topics.head(self.kind)), self._subscription(self._topics.deltas(self.kind))]

    def check_progress(self, at: float) -> None:
        """See whether time, or another process, has changed something."""
        known = self._intake.known(self.kind)
        if known is not None and known != (self._state.version, self._state.issued_at):
            self.handle_event(Known(*known, at))
        self.handle_event(Tick(at))

    def take_head(self, data: bytes, at: float) -> ListError | None:
        """Take in a head that came; why it is none."""
        opened = self._intake.open_head(data, self.kind)
        if isinstance(opened, ListError):
            return opened
        self._heads.append(opened)
        self.handle_event(HeadSeen(opened.said, at))
        return None

    def take_delta(self, version: int, data: bytes, at: float) -> ListError | None:
        """Take in a delta that came to the topic of this version; why it is none. One that is past is not looked at."""
        if version <= self._state.version:
            return None
        opened = self._intake.open_delta(data, self.kind)
        if isinstance(opened, ListError):
            return opened
        held = HeldDelta(opened.said.since, opened.said.version, len(data))
        self._deltas[held] = opened
        self.handle_event(DeltaSeen(held, at))
        return None

    def take_chunk(self, snapshot: int, number: int, data: bytes, at: float) -> ListError | None:
        """Take in a chunk that came, if it is one that is missing; the intake says what is wrong with it."""
        fetching = self._state.fetching
        if fetching is None or fetching.snapshot != snapshot or number not in self._state.missing:
            return None
        outcome = self._intake.keep_chunk(self.kind, fetching.chunks[number], data)
        if outcome.done:
            self.handle_event(ChunkSeen(snapshot, number, at))
        elif outcome.fault is not ListFault.CHUNK_WRONG:
            self.handle_event(Failed(outcome.fault, at))
        return None

    def handle_event(self, sync_event: SyncEvent) -> None:
        """Go on from what happened."""
        queue, at = deque([sync_event]), getattr(sync_event, "at", 0.0)
        while queue:
            self._state, effects = step(self._state, queue.popleft(), self._rules)
            with on_failure(lambda: self._leave_change(at)):
                for effect in effects:
                    queue.extend(self._do(effect, at))
        self._drop_unwanted()

    def _leave_change(self, at: float) -> None:
        """Have what failed in an unforeseen way tried again later: a change under way lets no other be begun."""
        self._state, _effects = step(self._state, Failed(None, at), self._rules)

    def _do(self, effect: Effect, at: float) -> Iterable[SyncEvent]:
        match effect:
            case ApplyDelta() | ApplySnapshot() | Refresh():
                return self._changed(self._change(effect), at)
            case FetchSnapshot(head):
                return self._fetch_snapshot(head, at)
            case FetchChunks(head, numbers):
                self._ask_for(self._topics.chunk(self.kind, head.snapshot, number) for number in numbers)
            case FetchDeltas(first):
                self._ask_for(self._topics.delta(self.kind, first + more) for more in range(DELTAS_A_TIME))
                self._client.subscribe(*self.standing_subscriptions)
            case DropSnapshot(head):
                self._client.unsubscribe(self._topics.chunks(self.kind, head.snapshot))
                self._ask_for(())
                self._intake.drop_chunks(self.kind)
            case RequestList(have):
                self._want(have)
            case Reject(fault, detail):
                self._intake.refuse(self.kind.value, fault, detail, "mqtt")
            case _:
                assert_never(effect)
        return ()

    def _change(self, change: ApplyDelta | ApplySnapshot | Refresh) -> ChangeResult:
        if isinstance(change, ApplyDelta):
            return self._intake.apply_delta(self._deltas[change.delta], "mqtt")
        head = next(each for each in self._heads if each.said == change.head)
        if isinstance(change, Refresh):
            return self._intake.refresh(head, "mqtt")
        return self._intake.apply_spooled(head, "mqtt")

    def _changed(self, outcome: ChangeResult, at: float) -> Iterable[SyncEvent]:
        known = self._intake.known(self.kind)
        if known is None:
            return (Failed(None, at),)
        failed = () if outcome.done else (Failed(outcome.fault, at),)
        return (*failed, Known(*known, at))

    def _fetch_snapshot(self, head: ListHead, at: float) -> Iterable[SyncEvent]:
        there = self._intake.begin_chunks(head)
        if there is None:
            return (Failed(ListFault.DISK_FULL, at),)
        self._client.subscribe(self._subscription(self._topics.chunks(self.kind, head.snapshot)))
        return [ChunkSeen(head.snapshot, number, at) for number in there]

    def _want(self, have: int) -> None:
        payload = json.dumps({"gate": self._gate, "have": have}).encode()
        log.info("the gate has no delta from version %d of the %s, and asks for it", have, self.kind)
        self._client.publish(Outgoing(self._topics.want(self.kind), payload, content_type=CONTENT_TYPE_WANT))

    def _ask_for(self, topics: Iterable[str]) -> None:
        """Subscribe to these topics, each by its name, and no more to those before.

        Some brokers store, but find no wildcards.
        """
        wanted = set(topics)
        self._client.unsubscribe(*(self._extra - wanted))
        self._extra = wanted
        if wanted:
            self._client.subscribe(*(self._subscription(topic) for topic in sorted(wanted)))

    def _subscription(self, topic_filter: str) -> Subscription:
        return Subscription(topic_filter, self._handle, qos=1, stored=True)

    def _drop_unwanted(self) -> None:
        state = self._state
        self._heads = [each for each in self._heads if each.said in (state.head, state.fetching)][-2:]
        kept = set(state.deltas)
        self._deltas = {held: opened for held, opened in self._deltas.items() if held in kept}
