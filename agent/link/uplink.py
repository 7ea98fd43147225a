"""The uplink: journal to MQTT, in order, until central says that it has it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from agent.link.acks import AckCounts, AckFault, read_ack
from agent.link.events_out import event_message
from agent.link.flow import AckMode, Flow, FlowSettings
from agent.link.messages import Incoming, LinkDown, LinkUp, Receipt, Subscription
from agent.link.news import pass_on_news
from agent.link.topics import Topics
from agent.link.uplink_view import AckState, UplinkView

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.link.outbox import Outbox, StoredEvent
    from agent.link.session import Session

log = logging.getLogger(__name__)

TURN_S = 0.5
NOTE_EVERY_S = 0.1
FAULT_PAUSE_S = 1.0
STOP_S = 5.0


_Item = LinkUp | LinkDown | Incoming | tuple[int, Receipt] | None


class Uplink:
    """One thread that sends what the journal holds above the watermark.

    `observe` hears, on the uplink's thread, whenever `ack` or `trouble` of the view changes; it must not block.
    To be made before the session is started.
    """

    def __init__(
        self,
        session: Session,
        outbox: Outbox,
        gate: str,
        settings: FlowSettings | None = None,
        *,
        observe: Callable[[UplinkView], None] = lambda _view: None,
    ) -> None:
        self._settings = FlowSettings() if settings is None else settings
        self._session = session
        self._outbox = outbox
        self._topics = Topics(gate)
        self._observe = observe
        self._inbox: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._flow = Flow(self._settings, outbox.watermark)
        self._noted = outbox.watermark
        self._noted_at = 0.0
        self._connection: int | None = None
        self._acks = AckCounts()
        self._ack_heard_at: float | None = None
        self._refused = 0
        self._refusals: dict[int, str] = {}
        self._fault = ""
        self._view = self._make_view()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self._news = threading.Thread(
            target=pass_on_news,
            args=(outbox, partial(self._inbox.put, None), self._stopping),
            name="uplink-news",
            daemon=True,
        )
        session.listen(self._inbox.put)
        if self._settings.ack_mode is AckMode.WATERMARK:
            session.subscribe(Subscription(self._topics.ack, self._inbox.put, qos=0, stored=True))

    @property
    def view(self) -> UplinkView:
        """The state of the uplink."""
        return self._view

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()
        self._news.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop sending, note the watermark, within `timeout_s`; whether the threads have ended by then."""
        deadline = time.monotonic() + timeout_s
        self._stopping.set()
        self._inbox.put(None)
        threads = [thread for thread in (self._thread, self._news) if thread.ident is not None]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # ------------------------------------------------------------------------------------------------------ the threads

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._guarded(self._turn)
        self._guarded(self._note)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            # A journal that cannot be read or written now can be later: the thread must see that day.
            fault = repr(error)
            if fault != self._fault:
                log.exception("the uplink could not work; it tries again every %g s", FAULT_PAUSE_S)
            self._fault = fault
            self._stopping.wait(FAULT_PAUSE_S)
        else:
            self._fault = ""

    def _turn(self) -> None:
        owes_note = self._flow.watermark > self._noted
        self._take_all(NOTE_EVERY_S if owes_note else TURN_S)
        now = time.monotonic()
        if self._connection is not None:
            self._watch(now)
            self._send()
        if self._flow.watermark > self._noted and (now - self._noted_at >= NOTE_EVERY_S or self._stopping.is_set()):
            self._note()
        self._show()

    def _take_all(self, timeout_s: float) -> None:
        try:
            item = self._inbox.get(timeout=timeout_s)
            while True:
                self._take(item)
                item = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _take(self, item: _Item) -> None:
        match item:
            case LinkUp(number, limits):
                self._connection = number
                self._flow.connected(limits.receive_maximum, time.monotonic())
            case LinkDown():
                self._went_down()
            case Incoming():
                self._take_ack(item)
            case (int(seq), Receipt() as receipt):
                self._take_receipt(seq, receipt)
            case _:
                pass

    # --------------------------------------------------------------------------------------------------- what comes in

    def _went_down(self) -> None:
        self._connection = None
        guilty = self._flow.disconnected(time.monotonic())
        if guilty is not None:
            self._refuse(guilty, "the broker ends the connection over it; it is kept, and left out for now")

    def _take_receipt(self, seq: int, receipt: Receipt) -> None:
        if receipt.lost:
            return
        self._flow.answered(seq, time.monotonic(), taken=receipt.taken)
        if receipt.taken:
            self._refusals.pop(seq, None)
        elif receipt.refused or self._settings.ack_mode is AckMode.PUBACK:
            self._refuse(seq, receipt.words)

    def _refuse(self, seq: int, words: str) -> None:
        self._refused += 1
        if not self._refusals:
            log.error("event %d does not get through: %s", seq, words)
        self._refusals[seq] = words

    def _take_ack(self, message: Incoming) -> None:
        answer = read_ack(message.payload, stream=self._outbox.stream, head=self._outbox.head)
        if isinstance(answer, AckFault):
            self._acks.count(answer)
            # An acknowledgement of the stream before this one, still retained at the broker, is no fault.
            level = logging.DEBUG if answer is AckFault.FOREIGN_STREAM else logging.WARNING
            log.log(level, "an acknowledgement is not taken: %s", answer.value)
            return
        self._acks.count(None)
        now = time.monotonic()
        self._ack_heard_at = now
        self._flow.acknowledged(answer, now)

    # ----------------------------------------------------------------------------------------------------- what goes out

    def _watch(self, now: float) -> None:
        again = self._flow.ticked(now)
        if again:
            log.warning("the watermark stands still at %d; %d events are sent again", self._flow.watermark, again)
        timeout_s = self._settings.puback_timeout_s
        if self._flow.owed_s(now) > timeout_s:
            self._session.reconnect(f"the broker has not answered an event for {timeout_s:g} s")

    def _send(self) -> None:
        while not self._stopping.is_set():
            want = self._flow.want()
            if want is None:
                return
            events = self._outbox.unacknowledged(want.after, want.limit)
            if want.upto is not None:
                events = [event for event in events if event.seq <= want.upto]
                if not events:
                    self._flow.passed(want.upto)
            if not all(self._send_one(event) for event in events) or (want.upto is None and not events):
                return

    def _send_one(self, event: StoredEvent) -> bool:
        if not self._flow.needs(event.seq):
            self._flow.passed(event.seq)
            return True
        message = event_message(self._topics, event)
        sent = self._session.publish(message, partial(self._put_receipt, event.seq), connection=self._connection)
        if sent:
            self._flow.sent(event.seq, time.monotonic())
        return sent

    def _put_receipt(self, seq: int, receipt: Receipt) -> None:
        self._inbox.put((seq, receipt))

    def _note(self) -> None:
        """Tell the journal the watermark; not at every single one, because each costs a write to the disk."""
        watermark = self._flow.watermark
        if watermark > self._noted:
            self._outbox.acknowledge(self._outbox.stream, watermark)
            self._noted = watermark
            self._noted_at = time.monotonic()

    # ------------------------------------------------------------------------------------------------------------ view

    def _show(self) -> None:
        before, self._view = self._view, self._make_view()
        if (before.ack, before.trouble) != (self._view.ack, self._view.trouble):
            self._session.announce()
            self._observe(self._view)

    def _ack_state(self, now: float) -> AckState:
        if self._settings.ack_mode is AckMode.PUBACK:
            return AckState.NONE
        if self._connection is not None and self._flow.still_s(now) > self._settings.resend_s:
            return AckState.SILENT
        return AckState.WAITING if self._ack_heard_at is None else AckState.HEARD

    def _trouble(self) -> str:
        for seq in [seq for seq in self._refusals if seq <= self._flow.watermark]:
            del self._refusals[seq]
        if self._fault:
            return f"the journal: {self._fault}"
        if not self._refusals:
            return ""
        first = min(self._refusals)
        return f"event {first} does not get through: {self._refusals[first]}"

    def _make_view(self) -> UplinkView:
        return UplinkView(
            ack_mode=self._settings.ack_mode,
            ack=self._ack_state(time.monotonic()),
            sent=self._flow.cursor,
            under_way=self._flow.under_way,
            refused=self._refused,
            resent=self._flow.resent,
            quarantine=tuple(sorted(self._flow.quarantine)),
            trouble=self._trouble(),
            acks=self._acks.as_mapping(),
        )
