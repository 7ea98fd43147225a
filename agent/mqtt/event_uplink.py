"""The uplink: sends the journal over MQTT, in order, until central acknowledges it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, assert_never

from agent.broker import Topics
from agent.core.events import ACK_BYTES_LIMIT, AckPolicy, Alarm, AlarmRaised
from agent.core.model import ReportOnce
from agent.mqtt.acknowledgements import Acknowledgements, Sending
from agent.mqtt.delivery_settings import AckMode, DeliverySettings
from agent.mqtt.delivery_window import DeliveryWindow
from agent.mqtt.event_sender import EventReceipt, EventSender
from agent.mqtt.journal_notifier import notify_of_records
from agent.mqtt.messages import Incoming, LinkDown, LinkUp, Subscription
from agent.mqtt.replay import RANGES_LIMIT, Replays, plan
from agent.mqtt.silence_detector import SilenceDetector
from agent.mqtt.stall_detector import StallDetector
from agent.mqtt.uplink_view import AckState, UplinkView
from agent.service.worker import Backoff, Worker
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.events import Event
    from agent.mqtt.acknowledgements import HeadListener
    from agent.mqtt.client import MqttClient
    from agent.mqtt.replay import ReplayPlan
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

TURN_S = 0.5
NOTE_EVERY_S = 0.1
FAULT_PAUSE_S = 1.0
FAULT_CAP_S = 5.0
STOP_S = 5.0
LIMIT_S = 60.0
INBOX_LIMIT = 1_000
RETAINED_S = 5.0
SLOW_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class _Range:
    """What central asks to have sent again."""

    first: int
    last: int


_Item = LinkUp | LinkDown | Incoming | EventReceipt | _Range | None


class Uplink:
    """One thread that sends what the journal holds above the watermark, and what central asks for once more.

    `acks`: whose acknowledgements are taken; by default anybody's. `witness`: hears what central's signature says of
    the gate's history. `observe` hears, on the uplink's thread, whenever `ack` or `trouble` of the view changes; it
    must not block. `note` records an event about the uplink itself. To be made before the client is started.
    """

    def __init__(  # noqa: PLR0913 - the seams of the composition root
        self,
        client: MqttClient,
        outbox: Journal,
        gate: str,
        settings: DeliverySettings | None = None,
        *,
        acks: AckPolicy | None = None,
        witness: HeadListener | None = None,
        observe: Callable[[UplinkView], None] = lambda _view: None,
        note: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._settings = DeliverySettings() if settings is None else settings
        self._client = client
        self._outbox = outbox
        self._topics = Topics(gate)
        self._observe = observe
        self._record = note
        self._inbox: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._delivery = DeliveryWindow(self._settings, outbox.watermark, outbox.head)
        self._replays = Replays()
        self._sender = EventSender(client, outbox, self._topics, self._delivery, self._replays, self._inbox.put)
        self._asking = threading.Lock()
        self._asked = 0
        self._noted = outbox.watermark
        self._noted_at = 0.0
        self._acks = Acknowledgements(AckPolicy(gate) if acks is None else acks, outbox, witness)
        self._refused = 0
        self._refusals: dict[int, str] = {}
        self._replay_trouble = ""
        self._fault = ""
        self._reported = ReportOnce()
        self._stall_detector = StallDetector(self._settings.stall_s)
        self._silence_detector = SilenceDetector(self._settings.silent_s)
        self._acknowledged_at = self._up_at = 0.0
        self._view = self._make_view()
        self._worker = Worker("uplink", self._run, limit_s=LIMIT_S, backoff=Backoff(cap_s=FAULT_CAP_S))
        self._news = Worker("uplink-news", self._pass_on_news, limit_s=LIMIT_S)
        client.listen(self._inbox.put)
        if self._settings.ack_mode is AckMode.WATERMARK:
            client.subscribe(Subscription(self._topics.ack, self._enqueue_acknowledgement, qos=0, stored=True))

    @property
    def view(self) -> UplinkView:
        """The state of the uplink."""
        return self._view

    @property
    def caught_up(self) -> bool:
        """Whether the link is up and everything recorded was handed to the broker."""
        return self._sender.connected and self._delivery.cursor >= self._outbox.head

    def replay(self, stream: str, first: int, last: int) -> ReplayPlan:
        """Send the events from `first` to `last` again, byte for byte; returns what of it will be sent.

        From any thread; the sending goes on behind new events, over reconnects, until the agent stops. Raises
        ValueError in words for another stream, for a range that is not kept or not there yet, and when too many ranges
        wait; and what the outbox raises when it cannot be read.
        """
        if stream != self._outbox.stream:
            message = Text("the stream of this journal is {stream}", stream=self._outbox.stream)
            raise ValueError(message)
        found = plan(first, last, tail=self._outbox.tail, head=self._outbox.head)
        with self._asking:
            if self._replays.waiting + self._asked >= RANGES_LIMIT:
                message = Text(
                    "{ranges_limit} ranges are already waiting to be sent again: ask again later",
                    ranges_limit=RANGES_LIMIT,
                )
                raise ValueError(message)
            self._asked += 1
        log.info("events %d to %d are sent again because central asks for them", found.first, found.last)
        self._inbox.put(_Range(found.first, found.last))
        return found

    def start(self) -> None:
        """Begin to send."""
        self._worker.start()
        self._news.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop sending, note the watermark, within `timeout_s`; whether the threads have ended by then."""
        deadline = time.monotonic() + timeout_s
        for worker in self.workers:
            worker.ask_to_stop()
        self._inbox.put(None)
        ended = [worker.join(deadline - time.monotonic()) for worker in self.workers]
        return all(ended)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Its threads."""
        return (self._worker, self._news)

    def _enqueue_acknowledgement(self, message: Incoming) -> None:
        """Take over an acknowledgement, on the network thread. What is too much is left: central says it again."""
        if self._inbox.qsize() < INBOX_LIMIT:
            self._inbox.put(replace(message, payload=message.payload[: ACK_BYTES_LIMIT + 1]))

    # ------------------------------------------------------------------------------------------------------ the threads

    def _run(self) -> None:
        while not self._worker.stopping:
            self._guarded(self._turn)
        self._guarded(self._note)

    def _pass_on_news(self) -> None:
        notify_of_records(self._outbox, partial(self._inbox.put, None), self._news)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (JournalError, OSError) as error:
            # A journal that cannot be read or written now can be later: the thread must see that day.
            self._fault = repr(error)
            if self._reported.is_new(self._fault):
                log.exception("the uplink failed; it tries again every %g s", FAULT_PAUSE_S)
            self._show()  # no turn comes so far while this lasts
            self._worker.wait(FAULT_PAUSE_S)
        else:
            self._fault = ""
            self._reported.clear()

    def _turn(self) -> None:
        owes_note = self._delivery.watermark > self._noted
        self._process_inbox(NOTE_EVERY_S if owes_note else TURN_S)
        now = time.monotonic()
        if self._sender.connected:
            self._watch(now)
            while not self._worker.stopping and self._sender.send():
                self._worker.touch()
        for event in self._acks.due(now):
            log.error("an acknowledgement is not accepted: %s", event.code)
            self._record(event)
        # The view changes before the journal: a status shows both, and must not show an event as acknowledged while it
        # still says that nothing came from central.
        self._show()
        if self._delivery.watermark > self._noted and (now - self._noted_at >= NOTE_EVERY_S or self._worker.stopping):
            self._note()
        self._report_stall(now)

    def _report_stall(self, now: float) -> None:
        """Record that events have not got through for long. A link that is down is told by its own change."""
        trouble = self._view.trouble
        if not trouble and self._view.ack is AckState.SILENT:
            trouble = Text(
                "central has acknowledged nothing beyond event {watermark}", watermark=self._delivery.watermark
            )
        stalled = self._stall_detector.watch(trouble if self._sender.connected else "", now)
        if stalled:
            log.error("events cannot be delivered: %s", stalled)
            self._record(AlarmRaised(alarm=Alarm.DELIVERY_STALLED, detail=stalled))

    def _process_inbox(self, timeout_s: float) -> None:
        """Process what waits, but only so much at once: a broker that never pauses must not keep events back."""
        try:
            with self._worker.resting():
                item = self._inbox.get(timeout=timeout_s)
            for _ in range(INBOX_LIMIT):
                self._process_item(item)
                item = self._inbox.get_nowait()
            self._process_item(item)
        except queue.Empty:
            return

    def _process_item(self, item: _Item) -> None:
        match item:
            case LinkUp(number, limits):
                self._sender.begin(number)
                self._acks.connected()
                self._up_at = time.monotonic()
                self._delivery.connected(limits.receive_maximum, self._up_at)
            case LinkDown():
                self._went_down()
            case Incoming():
                self._process_acknowledgement(item)
            case EventReceipt():
                self._process_receipt(item)
            case _Range(first, last):
                with self._asking:
                    self._asked -= 1
                    self._replays.add(first, last)
                self._replay_trouble = ""
            case None:
                pass
            case _:
                assert_never(item)

    # --------------------------------------------------------------------------------------------------- what comes in

    def _went_down(self) -> None:
        self._sender.end()
        now = time.monotonic()
        quarantined = self._delivery.disconnected(now)
        if quarantined is not None:
            self._refuse(
                quarantined, Text("the broker ends the connection because of it; it is kept, and skipped for now")
            )
        quarantined = self._replays.disconnected(now)
        if quarantined is not None:
            self._refuse_replay(quarantined, Text("the broker ends the connection because of it; it is skipped"))

    def _process_receipt(self, answer: EventReceipt) -> None:
        receipt, seq = answer.receipt, answer.seq
        if receipt.lost:
            return
        if answer.replayed:
            self._replays.answered(seq)
            if not receipt.taken:
                self._refuse_replay(seq, receipt.words)
            return
        self._delivery.answered(seq, time.monotonic(), taken=receipt.taken, refused=receipt.refused)
        if receipt.taken:
            self._refusals.pop(seq, None)
        elif receipt.refused or self._settings.ack_mode is AckMode.PUBACK:
            self._refuse(seq, receipt.words)

    def _refuse_replay(self, seq: int, words: str) -> None:
        self._refused += 1
        if not self._replay_trouble:
            self._replay_trouble = Text(
                "event {seq} cannot be delivered when it is sent again: {words}", seq=seq, words=words
            )
            log.error("%s", self._replay_trouble)

    def _refuse(self, seq: int, words: str) -> None:
        self._refused += 1
        if not self._refusals:
            log.error("event %d cannot be delivered: %s", seq, words)
        self._refusals[seq] = words

    def _process_acknowledgement(self, message: Incoming) -> None:
        now = self._acknowledged_at = time.monotonic()
        # What comes just after connecting may be an old acknowledgement that the broker retained.
        if now - self._up_at > RETAINED_S:
            self._silence_detector.note_message()
        outbox, delivery = self._outbox, self._delivery
        silent = self._ack_state(now) is AckState.SILENT
        sending = Sending(
            outbox.stream, outbox.head, delivery.handed, delivery.watermark, self._sender.sent_now, silent
        )
        watermark = self._acks.accept(message, sending, now)
        if watermark is not None:
            delivery.acknowledged(watermark, now)

    # ---------------------------------------------------------------------------------------------------- what goes out

    def _watch(self, now: float) -> None:
        again = self._delivery.ticked(now)
        if again:
            log.warning("the watermark stays at %d; events to send again: %d", self._delivery.watermark, again)
        timeout_s = self._settings.puback_timeout_s
        if max(self._delivery.owed_s(now), self._replays.owed_s(now)) > timeout_s:
            self._client.reconnect(
                Text("the broker has not answered an event for {timeout_s} s", timeout_s=f"{timeout_s:g}")
            )
        silent_s = min(self._delivery.still_s(now), now - self._acknowledged_at)
        waits = self._settings.ack_mode is AckMode.WATERMARK and not self._delivery.nobody
        # A central that is known to be slow has twice its time; of one that was never measured nothing is known.
        slow_s = 0.0 if self._delivery.answer_s is None else SLOW_FACTOR * self._delivery.patience_s
        if waits and self._silence_detector.watch(silent_s, slow_s):
            self._client.reconnect(
                Text(
                    "nothing from central for {silent_s} s: the broker may have lost the subscription",
                    silent_s=f"{silent_s:.0f}",
                )
            )

    def _note(self) -> None:
        """Tell the journal the watermark; not at every single one, because each costs a write to the disk."""
        watermark = self._delivery.watermark
        if watermark > self._noted:
            self._outbox.acknowledge(self._outbox.stream, watermark)
            self._noted = watermark
            self._noted_at = time.monotonic()

    # ------------------------------------------------------------------------------------------------------------ view

    def _show(self) -> None:
        before, self._view = self._view, self._make_view()
        if (before.ack, before.trouble) != (self._view.ack, self._view.trouble):
            self._client.announce()
            self._observe(self._view)

    def _ack_state(self, now: float) -> AckState:
        if self._settings.ack_mode is AckMode.PUBACK:
            return AckState.NONE
        # A central that always takes long is slow, not silent.
        if self._sender.connected and self._delivery.still_s(now) > self._silent_after_s():
            return AckState.SILENT
        return AckState.HEARD if self._acks.any_accepted else AckState.WAITING

    def _silent_after_s(self) -> float:
        return max(self._settings.resend_s, self._delivery.patience_s)

    def _trouble(self) -> str:
        for seq in [seq for seq in self._refusals if seq <= self._delivery.watermark]:
            del self._refusals[seq]
        if self._fault:
            return Text("the journal: {fault}", fault=self._fault)
        if self._acks.trouble:
            return self._acks.trouble
        if not self._refusals:
            return self._replay_trouble
        first = min(self._refusals)
        return Text("event {first} cannot be delivered: {refusals}", first=first, refusals=self._refusals[first])

    def _make_view(self) -> UplinkView:
        return UplinkView(
            ack_mode=self._settings.ack_mode,
            ack=self._ack_state(time.monotonic()),
            sent=self._delivery.cursor,
            under_way=self._delivery.under_way,
            refused=self._refused,
            resent=self._delivery.resent,
            answer_s=self._delivery.answer_s,
            resend_after_s=self._delivery.patience_s,
            quarantine=tuple(sorted(self._delivery.quarantine)),
            trouble=self._trouble(),
            acks=self._acks.counts,
            acks_signed=None if self._settings.ack_mode is AckMode.PUBACK else self._acks.signed_only,
            replays=self._replays.waiting,
            replayed=self._replays.sent_events,
        )
