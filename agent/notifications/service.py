"""Notices of a running gate: one thread that follows the journal, and sends what people are to be told.

It reads the journal through a reader of its own, so that nothing that is recorded waits for it, and keeps one small
file beside it: after a restart it goes on where it was, and sends what was not sent yet.
"""

from __future__ import annotations

import logging
import random
import threading
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.core.model import ReportOnce, TokenBucket
from agent.core.notices import (
    Outbox,
    Watch,
    certificates_seen,
    event_seen,
    failed,
    lost,
    next_message,
    offered,
    sent,
    ticked,
)
from agent.notifications.channels import channel_rules, channels_of, watch_rules
from agent.notifications.delivery import ChannelView, DeliveryError
from agent.notifications.kept_state import NAME, KeptState, keep, load
from agent.notifications.page_notices import NoticeBoard
from agent.notifications.wording import message_of, test_message
from agent.service.parallel import Job
from agent.service.worker import Backoff, Worker
from agent.store.errors import JournalError
from agent.store.journal import JournalReader, opened
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import time
    from pathlib import Path

    from agent.core.model import Instant
    from agent.core.notices import ChannelRules, Notice, NoticeKind, WatchRules
    from agent.i18n import Language
    from agent.notifications.delivery import Channel, Rendered
    from agent.settings import Settings

log = logging.getLogger(__name__)

LIMIT_S: Final = 60.0
LATE_S: Final = 150.0
"""An attempt takes a minute at most, and the resolver before it some 30 s."""
STOP_S: Final = 2.5
LOOK_S: Final = 1.0
CERTIFICATES_EVERY_S: Final = 3600.0
EVENTS_A_TURN: Final = 2000
"""So much of a journal that was not looked at for long is read between two looks at what is to be sent."""
DONE: Final = "done"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """What the configuration says. `most_an_hour`: messages a channel. `shown`: kinds that open pages show."""

    gate: str
    language: Language
    watch: WatchRules
    channels: tuple[Channel, ...]
    rules: Mapping[str, ChannelRules]
    most_an_hour: int
    shown: frozenset[NoticeKind]

    @classmethod
    def of(cls, settings: Settings) -> NotificationSettings:
        """Those of a gate's settings."""
        general = settings.notifications
        return cls(
            settings.gate.id,
            general.language,
            watch_rules(settings),
            channels_of(settings),
            channel_rules(settings),
            general.most_an_hour,
            frozenset(general.browser_kinds if general.browser else ()),
        )


@dataclass(frozen=True, slots=True)
class NotificationDependencies:
    """What the service works with.

    `state`: the folder of the journal. `head`: sequence number of its newest event. `begin`: what it was before this
    run recorded anything: a journal that was not followed before is followed from there on. `expiries`: what ends when,
    as kind, subject and Unix seconds. `local`: the time of day at the gate; None: the clock is not trusted.
    """

    state: Path
    head: Callable[[], int]
    begin: int
    now: Callable[[], Instant]
    local: Callable[[], time | None]
    expiries: Callable[[], Sequence[tuple[str, str, float]]]
    look_s: float = LOOK_S


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A message under way. `began_at`: monotonic seconds. `dropped`: how many dropped notices it reports."""

    job: Job[DeliveryError | None]
    began_at: float
    dropped: int


class NotificationService:
    """For all threads but what its own thread does. Without channels it only shows notices in open pages."""

    def __init__(self, settings: NotificationSettings, dependencies: NotificationDependencies) -> None:
        self._settings = settings
        self._dependencies = dependencies
        self._file = dependencies.state / NAME
        self._journal = dependencies.state / "journal.db"
        self._kept: KeptState | None = None
        self._looked_at = -CERTIFICATES_EVERY_S
        per_s = settings.most_an_hour / 3600
        self._buckets = {one.name: TokenBucket(per_s, max(1.0, settings.most_an_hour / 4)) for one in settings.channels}
        self._views = {one.name: ChannelView(one.name, one.place) for one in settings.channels}
        self._lock = threading.Lock()
        self._attempts: dict[str, _Attempt] = {}
        self._reported = ReportOnce()
        self._trouble = ""
        self._news: list[Notice] = []
        self._written_seq = 0
        self.board = NoticeBoard(uuid.uuid4().hex)
        self.worker = Worker("notifications", self._run, limit_s=LIMIT_S, backoff=Backoff())

    @property
    def views(self) -> tuple[ChannelView, ...]:
        """How each channel does."""
        return tuple(self._views.values())

    @property
    def trouble(self) -> str:
        """Why notices cannot be made or kept now, in words; "" for nothing."""
        return self._trouble

    def start(self) -> None:
        """Begin to follow the journal."""
        self.worker.start()

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop; what is not sent is sent after the next start. Returns whether the thread has ended in time."""
        return self.worker.stop(timeout_s)

    def send_test(self, name: str) -> None:
        """Send a test message by a channel now, on the caller's thread; waits a bounded time. Raises DeliveryError."""
        channel = next((one for one in self._settings.channels if one.name == name), None)
        if channel is None:
            raise DeliveryError(Text("{channel} is not set up", channel=name))
        utc = self._dependencies.now().utc
        message = test_message(_new_id(), self._settings.gate, utc, self._settings.language)
        try:
            channel.send(message, utc)
        except DeliveryError as error:
            self._note_failure(name, error.detail, utc)
            raise
        self._note_success(name, utc)

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while True:
            try:
                self._turn()
                self._trouble = ""
                self._reported.clear()
            except (JournalError, OSError, ValueError) as error:
                # A disk or journal in trouble may be well later: the thread must see that day.
                self._trouble = str(error)
                if self._reported.is_new(self._trouble):
                    log.warning("notices cannot be made: %s", error)
            if self.worker.wait(self._dependencies.look_s):
                return

    def _turn(self) -> None:
        before = self._known()
        self._news.clear()
        kept = self._with_certificates(self._with_events(before))
        watch, notices = ticked(kept.watch, self._dependencies.now().utc, self._settings.watch)
        kept = self._with_notices(kept.model_copy(update={"watch": watch}), notices)
        self._keep(before, kept)
        # Only now: where the file cannot be written all this is read again, and must not be shown again.
        for notice in self._news:
            log.info("notice %s: %s", notice.key, "raised" if notice.raised else "cleared")
            if notice.kind in self._settings.shown:
                self.board.show(notice)
        self._news.clear()
        for channel in self._settings.channels:
            self._deliver(channel)

    def _known(self) -> KeptState:
        """What was kept. A file that cannot be read is left behind: what is to come matters more."""
        if self._kept is None:
            try:
                self._kept = load(self._file) or KeptState()
            except ValueError as error:
                log.warning("what was not sent yet is lost: %s", error)
                self._kept = KeptState()
        return self._kept

    def _keep(self, before: KeptState, kept: KeptState) -> None:
        # A position that moved alone is not worth a write each second: what is read again says the same again only
        # where something was told of it, and then more has changed than the position.
        worth = (kept.watch, kept.outboxes, kept.stream) != (before.watch, before.outboxes, before.stream)
        if worth or self._news or kept.seq - self._written_seq >= EVENTS_A_TURN:
            keep(self._file, kept)
            self._written_seq = kept.seq
        self._kept = kept
        for name in tuple(self._views):
            self._count(name, kept.outboxes.get(name, Outbox()))

    def _with_events(self, kept: KeptState) -> KeptState:
        if kept.stream and self._dependencies.head() == kept.seq:
            return kept
        with JournalReader(self._journal) as journal:
            standing = journal.standing()
            if kept.stream != standing.head.stream or kept.seq > standing.head.seq:
                # The first start, or another journal: what was before this run is no news.
                begin = min(self._dependencies.begin, standing.head.seq)
                kept = kept.model_copy(update={"stream": standing.head.stream, "seq": begin, "watch": Watch()})
            last = min(standing.head.seq, kept.seq + EVENTS_A_TURN)
            for event in journal.events(kept.seq + 1, last):
                watch, notices = event_seen(kept.watch, opened(event), self._settings.watch)
                kept = self._with_notices(kept.model_copy(update={"watch": watch, "seq": event.seq}), notices)
        return kept.model_copy(update={"seq": max(kept.seq, last)})

    def _with_certificates(self, kept: KeptState) -> KeptState:
        now = self._dependencies.now()
        if now.at - self._looked_at < CERTIFICATES_EVERY_S:
            return kept
        self._looked_at = now.at
        watch, notices = certificates_seen(kept.watch, self._dependencies.expiries(), now.utc, self._settings.watch)
        return self._with_notices(kept.model_copy(update={"watch": watch}), notices)

    def _with_notices(self, kept: KeptState, notices: Sequence[Notice]) -> KeptState:
        if not notices:
            return kept
        outboxes = {name: kept.outboxes.get(name, Outbox()) for name in self._views}
        self._news += notices
        for notice in notices:
            for name, outbox in outboxes.items():
                outboxes[name] = offered(outbox, notice, self._settings.rules[name])
        return kept.model_copy(update={"outboxes": outboxes})

    # -------------------------------------------------------------------------------------------------------- delivery

    def _deliver(self, channel: Channel) -> None:
        """Begin an attempt, where one is due and none is under way; or take what came of the one that was."""
        attempt = self._attempts.get(channel.name)
        if attempt is None:
            self._begin(channel)
        elif attempt.job.runs:
            self._note_late(channel.name, attempt)
        else:
            del self._attempts[channel.name]
            self._end(channel.name, attempt)

    def _begin(self, channel: Channel) -> None:
        now = self._dependencies.now()
        rules, bucket = self._settings.rules[channel.name], self._buckets[channel.name]
        outbox, message = next_message(
            self._known().outboxes.get(channel.name, Outbox()),
            rules,
            utc=now.utc,
            local=self._dependencies.local(),
            may=lambda: bucket.try_acquire(now.at),
            new_id=_new_id,
        )
        # The id is on the disk before the message leaves: after a kill it is sent again as the same one.
        self._put_back(channel.name, outbox)
        if message is None:
            return
        rendered = message_of(message, self._settings.gate, outbox.dropped, self._settings.language)
        # On a thread of its own: one that hangs holds up neither the other channel nor a stop.
        job = Job(f"notices by {channel.name}", partial(_outcome, channel, rendered, now.utc))
        self._attempts[channel.name] = _Attempt(job, now.at, outbox.dropped)

    def _end(self, name: str, attempt: _Attempt) -> None:
        error = attempt.job.result(0.0)
        utc, outbox = self._dependencies.now().utc, self._known().outboxes.get(name, Outbox())
        if error is None:
            self._note_success(name, utc)
            told = max(0, outbox.dropped - attempt.dropped)
            self._put_back(name, sent(outbox).model_copy(update={"dropped": told}))
            return
        self._note_failure(name, error.detail, utc)
        draw = random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        self._put_back(name, lost(outbox) if error.for_good else failed(outbox, utc, draw, error.after_s))

    def _note_late(self, name: str, attempt: _Attempt) -> None:
        now = self._dependencies.now()
        if now.at - attempt.began_at > LATE_S and not self._views[name].trouble:
            self._note_failure(name, Text("it does not answer, and the attempt hangs"), now.utc)

    def _put_back(self, name: str, outbox: Outbox) -> None:
        before = self._known()
        if before.outboxes.get(name, Outbox()) != outbox:
            self._keep(before, before.model_copy(update={"outboxes": {**before.outboxes, name: outbox}}))

    def _note_failure(self, name: str, why: Text, utc: float) -> None:
        def noted(view: ChannelView) -> ChannelView:
            since_utc = view.since_utc if view.trouble else utc
            return replace(view, trouble=why, since_utc=since_utc, results=_counted(view, FAILED))

        if why != self._changed(name, noted).trouble:
            log.warning("%s did not accept a message: %s", name, why)

    def _note_success(self, name: str, utc: float) -> None:
        def noted(view: ChannelView) -> ChannelView:
            return replace(view, trouble="", since_utc=None, sent_utc=utc, results=_counted(view, DONE))

        if self._changed(name, noted).trouble:
            log.info("%s accepts messages again", name)

    def _count(self, name: str, outbox: Outbox) -> None:
        with self._lock:
            self._views[name] = replace(self._views[name], waiting=outbox.size, dropped=outbox.dropped)

    def _changed(self, name: str, change: Callable[[ChannelView], ChannelView]) -> ChannelView:
        """Put another view of a channel in its place; the one before it. A test message comes on another thread."""
        with self._lock:
            before = self._views[name]
            self._views[name] = change(before)
        return before


def _new_id() -> str:
    return f"ntc_{uuid.uuid4().hex}"


def _outcome(channel: Channel, message: Rendered, utc: float) -> DeliveryError | None:
    """Why it was not delivered; None: it was."""
    try:
        channel.send(message, utc)
    except DeliveryError as error:
        return error
    return None


def _counted(view: ChannelView, result: str) -> Mapping[str, int]:
    return {**view.results, result: view.results.get(result, 0) + 1}
