"""Watches over the trust state while the gate runs: takes what witnesses say, tells every change, and keeps it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from agent.core.crypto import kid_of
from agent.core.events import Alarm, AlarmRaised, Draft, LaneOrdered, ListsApplied, StateChanged
from agent.core.model import ReportOnce
from agent.core.trust_state import (
    Accepted,
    ClockTold,
    FloorNamed,
    Head,
    HeadFileWritten,
    HeadNamed,
    HeadRecordError,
    ListsSeen,
    OrderGiven,
    RowsShown,
    StatePart,
    Wholeness,
    Witness,
    WitnessGone,
    hold_of,
    opened_head,
    state_as_json,
    step,
    unproven_head,
)
from agent.recording.head_writer import HeadWriter
from agent.recording.journal_start import GATE_KEY, HEAD_FILE, STATE, another_key, head_fact, head_facts
from agent.recording.lost_orders import OWN_NAME, LostOrders
from agent.service.worker import Worker
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.crypto import SigningKey
    from agent.core.lane import LaneLockout
    from agent.core.trust_state import Fact, PartChange, StateHold, TrustRules, TrustState
    from agent.recording.journal_start import JournalStart
    from agent.store.head_file import HeadFile

log = logging.getLogger(__name__)

ROUND_S: Final = 0.5
KEEP_EVERY_S: Final = 10.0
LOCK_AGAIN_S: Final = 10.0
"""After which a lane that could not be locked is tried again: an officer may hold it open."""
STOP_TIMEOUT_S: Final = 1.0
LIMIT_S: Final = 60.0


class TrustMonitor:
    """The trust state, for all threads. Facts are taken at once; a thread of its own tells and keeps what changed.

    `note` records events and is called from that thread, and from `start`. `trusted_utc`: the time, Unix seconds; None
    while the clock is not to be trusted. `lists`: the versions of the lists that are here, None while that cannot be
    known. `lock` locks a lane in the gate's own name, unless it is locked; it is called from that thread for each lane
    whose orders are not known, for they may get lost while the lane runs.
    """

    def __init__(  # noqa: PLR0913 - the seams of the composition root
        self,
        start: JournalStart,
        key: SigningKey,
        gate: str,
        rules: TrustRules,
        utc: Callable[[], float],
        *,
        note: Callable[[Sequence[Draft]], None],
        trusted_utc: Callable[[], float | None],
        lists: Callable[[], Mapping[str, int] | None],
        file: HeadFile | None = None,
        lock: Callable[[str], None] = lambda _lane: None,
    ) -> None:
        self._journal = start.journal
        self._key = key
        self._gate = gate
        self._rules = rules
        self._utc = utc
        self._note = note
        self._trusted_utc = trusted_utc
        self._lists = lists
        self._file = file
        self._lock_lane = lock
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._state = start.state
        self._hold = hold_of(start.state)
        self._changes: deque[tuple[PartChange, tuple[str, ...]]] = deque((one, ()) for one in start.changes)
        self._orders = LostOrders(start.journal, start.orders)
        self._is_kept = False
        self._confirmed = False
        self._given_up = False
        self._locked: frozenset[str] = frozenset()
        self._lock_again_at = 0.0
        self._kept_at = 0.0
        self._reported = ReportOnce()
        self.heads = HeadWriter(start.journal, key, gate, utc, self._beside, file)
        self.worker = Worker("trust-state", self._run, limit_s=LIMIT_S)

    # ------------------------------------------------------------------------------------------------- for all threads

    @property
    def state(self) -> TrustState:
        """The trust state of now."""
        return self._state

    @property
    def hold(self) -> StateHold:
        """What it keeps from permits."""
        return self._hold

    def why_ledger_open(self) -> str:
        """Why this gate's ledger may not know all uses, in words; "" where it does."""
        return self._hold.cause or self._hold.ledger

    def lockout(self, lane: str) -> LaneLockout:
        """The orders of a lane that hold. May raise JournalError.

        Those that the head file holds where the journal lost them; a lane whose orders are not known is locked.
        """
        return self._orders.of_lane(lane, self._state.unordered)

    def status(self) -> dict[str, dict[str, str]]:
        """How each part stands, as JSON values for `birth` and `status`."""
        state = self._state
        return {
            part.value: {"state": state.standing(part).state.value, "cause": state.standing(part).cause}
            for part in StatePart
        }

    # ------------------------------------------------------------------------------------------------ what is witnessed

    def take(self, fact: Fact, persons: tuple[str, ...] = ()) -> bool:
        """Take a fact; whether anything of a part has changed by it. Never blocks on the disk."""
        with self._lock:
            state, changes = step(self._state, fact, self._rules)
            if state == self._state:
                return False
            self._state, self._hold, self._is_kept = state, hold_of(state), False
            self._changes.extend((one, persons) for one in changes)
        for one in changes:
            level = logging.INFO if one.after is Wholeness.WHOLE else logging.CRITICAL
            log.log(level, "the %s of this gate is %s: %s", one.part, one.after, one.cause)
        return bool(changes)

    def own_record(self, text: str, witness: Witness) -> None:
        """Take a record of this gate's head that somebody holds for it. May raise JournalError.

        One that this gate's key has not signed proves nothing. But where the stream of now is new and nothing of an
        earlier one was here, it may be of the key that was lost together with it.
        """
        try:
            record = opened_head(text, self._key.public)
        except HeadRecordError as error:
            self._take_unproven(text, str(error))
            return
        if record.gate != self._gate:
            log.warning("a record of the head of gate %s is not of this gate", record.gate)
            return
        self._confirmed = self._confirmed or record.stream == self._journal.stream
        for fact in head_facts(self._journal, record, witness, fresh=self._journal.begun):
            self._take_and_keep(fact)

    def _take_unproven(self, text: str, why: str) -> None:
        try:
            record = unproven_head(text)
        except HeadRecordError:
            log.warning("a record of this gate's head is invalid")
            return
        if not self._is_new() or self._confirmed or record.gate != self._gate or record.stream == self._journal.stream:
            if self._reported.is_new(why, "record"):
                log.warning("a record of this gate's head is not trusted: %s", why)
            return
        cause = Text(
            "the status at the broker is signed by another key of this gate: key and state were replaced together"
        )
        self._take_and_keep(WitnessGone(cause))

    def _take_and_keep(self, fact: Fact) -> None:
        """Take a fact, and keep what it shows at once: its witness may soon know no more of it than this gate."""
        if not self.take(fact):
            return
        if self._state.journal.state is Wholeness.BEHIND:
            self._give_up()
        else:
            self._try_keep()

    def head_named(self, witness: Witness, stream: str, seq: int, digest: str | None, place: int | None = None) -> None:
        """Take a head that a witness names, and that is proven to be its word. May raise JournalError.

        `digest`: the hash of the event that it names, None where it does not say. `place`: of the row log.
        """
        named = Head(stream, seq)
        self._take_and_keep(head_fact(self._journal, witness, named, digest, fresh=self._journal.begun, place=place))

    def on_head_witnessed(self, stream: str, seq: int, *, hash_matches: bool | None) -> None:
        """Take central's signed word that it holds a stream up to an event. Never blocks on the disk.

        `hash_matches`: whether its event there is this gate's own; None: that cannot be told.
        """
        own = Head(self._journal.stream, self._journal.head)
        self.take(HeadNamed(Witness.CENTRAL, Head(stream, seq), own, agrees=hash_matches, fresh=self._journal.begun))

    def site_record(self) -> str | None:
        """The signed record of this gate's head, as the gates of its site hold it; None while there is none."""
        return self.heads.record(bare=True)

    def proves(self, heads: Sequence[str], place: int) -> bool:
        """Whether one of these records is this gate's own, of the stream of now, and its row log went so far then."""
        for text in heads:
            try:
                record = opened_head(text, self._key.public)
            except HeadRecordError:
                continue
            if (record.gate, record.stream) == (self._gate, self._journal.stream) and record.rows >= place:
                return True
        return False

    def rows_shown(self, held: Sequence[tuple[str, int]]) -> None:
        """Hear that all gates of the site have given everything, and how far they knew this gate's row logs."""
        self.take(RowsShown(tuple(Head(stream, place) for stream, place in held)))

    def accept(self, parts: frozenset[StatePart], first: str, second: str) -> bool:
        """Take parts as they are in the name of two persons; whether anything is whole by that."""
        return self.take(Accepted(parts, (first, second), self._trusted_utc()), (first, second))

    def on_recorded(self, drafts: Sequence[Draft]) -> None:
        """Take over from what was recorded: versions of lists, and orders of lanes. Must not block."""
        for draft in drafts:
            event = draft.event
            if isinstance(event, ListsApplied):
                self._list_applied(event.list, event.version)
            elif isinstance(event, LaneOrdered) and draft.lane is not None:
                self._orders.ordered(draft.lane)
                if event.operator != OWN_NAME:
                    self.take(OrderGiven(draft.lane))

    def _list_applied(self, name: str, version: int) -> None:
        """Take a new version of a list: it is here, and from now on no older one will do."""
        with self._lock:
            held = self._state.held
            if held is None:
                self.take(FloorNamed(Witness.JOURNAL, ((name, version),)))
            else:
                self.take(ListsSeen(tuple(sorted({**dict(held), name: version}.items()))))

    def on_bound(self) -> None:
        """Write the head to its second place, once what opens a barrier is recorded and before anything moves."""
        with self._writing:  # what came of the newest write is taken last
            self.heads.keep()
            self.take(HeadFileWritten(self.heads.trouble))

    def _is_new(self) -> bool:
        """Whether the stream of now was begun by this start, with nothing of an earlier one."""
        return self._journal.begun and self._journal.replaced is None

    def _beside(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        state = self._state
        return dict(state.floors), {one.stream: one.seq for one in state.former}

    # ------------------------------------------------------------------------------------------------------- the thread

    def start(self) -> None:
        """Record what was found, lock the lanes whose orders are not known, write the head, and begin to watch.

        What was not whole before this start either is told once more. May raise JournalError.
        """
        self._see()
        drafts = self._orders.drafts(self._state.unordered, self._utc())
        if drafts:
            self._note(drafts)
        told = {change.part for change, _persons in self._changes}
        for part in StatePart:
            standing = self._state.standing(part)
            if not standing.whole and part not in told:
                self._note([self._alarm(standing.cause)])
        self._tell()
        self._tell_of_key()
        self._try_keep()
        if self._file is None:
            self.take(HeadFileWritten())  # one that could not be written is not asked for any more
        else:
            self.on_bound()
        self._tell_of_head_file()
        self.worker.start()

    def stop(self) -> bool:
        """Stop to watch, tell and keep what is new, and write the last head; whether the thread has ended."""
        stopped = self.worker.stop(STOP_TIMEOUT_S)
        if self._state.journal.state is Wholeness.BEHIND:
            self._give_up()  # who showed it may not say it again
        else:
            self._tell()
            self._try_keep()
        self.heads.close()
        return stopped

    def _run(self) -> None:
        while not self.worker.wait(ROUND_S):
            try:
                self._round()
            except JournalError as error:
                if self._reported.is_new(str(error)):
                    log.error("the trust state cannot be checked: %s", error)  # noqa: TRY400 - told, not a bug
            else:
                self._reported.clear()

    def _round(self) -> None:
        self._see()
        self._tell()
        if self._state.journal.state is Wholeness.BEHIND:
            self._give_up()
            return
        self._lock_lanes()
        if not self._is_kept:
            self._keep_state()
        if self._file is not None and time.monotonic() - self._kept_at >= KEEP_EVERY_S:
            self._kept_at = time.monotonic()
            self.on_bound()
        self._tell_of_head_file()

    def _see(self) -> None:
        """Take what this gate itself can see: the lists that are here, and the time."""
        floors = self._state.floors
        versions = self._lists()
        with self._lock:
            # What may have been read before a new list was told is less than its floor: it is read again.
            if versions is not None and self._state.floors == floors:
                self.take(ListsSeen(tuple(sorted(versions.items()))))
        utc = self._trusted_utc()
        if utc is not None:
            self.take(ClockTold(utc))

    def _give_up(self) -> None:
        """See that another stream begins. Nothing of it is told in this one: its numbers mean something else already.

        The journal's keeper finds it superseded and asks for a restart; the next start tells all.
        """
        with self._lock:
            self._changes.clear()
        if not self._given_up:
            self._given_up = True
            self._journal.supersede(self._state.journal.cause)

    def _tell(self) -> None:
        """Record the changes, unless the stream must not go on: that may be found while one is being recorded."""
        while True:
            with self._lock:
                if not self._changes or self._state.journal.state is Wholeness.BEHIND:
                    return
                change, persons = self._changes.popleft()
            event = StateChanged(
                part=change.part, state=change.after, before=change.before, detail=change.cause, persons=persons
            )
            drafts = [Draft(event, None, None, self._utc())]
            if change.after is not Wholeness.WHOLE:
                drafts.append(self._alarm(change.cause))
            self._note(drafts)

    def _lock_lanes(self) -> None:
        """Lock the lanes whose orders got lost while they run; those of a loss before the start came up locked."""
        unordered = self._state.unordered
        if unordered <= self._locked and time.monotonic() < self._lock_again_at:
            self._locked = unordered
            return
        self._locked, self._lock_again_at = unordered, time.monotonic() + LOCK_AGAIN_S
        for lane in sorted(unordered):
            self.worker.touch()
            self._lock_lane(lane)

    def _tell_of_head_file(self) -> None:
        """Raise the alarm once where the head cannot be written to its second place.

        Not where the journal itself is to blame: the agent starts over then, and tells that.
        """
        why = self._state.unwitnessed
        if not why:
            self._reported.clear(HEAD_FILE)
        elif self.heads.record() is not None and self._reported.is_new(why, HEAD_FILE):
            self._note([self._alarm(why)])

    def _tell_of_key(self) -> None:
        """Raise the alarm where the gate signs by another key than before: all others know it by that one."""
        now = kid_of(self._key.public)
        try:
            before = self._journal.kept(GATE_KEY)
            if before == now:
                return
            if before is not None:
                why = another_key(before, now)
                log.critical("%s", why)
                self._note([self._alarm(why)])
            self._journal.keep(GATE_KEY, now)
        except JournalError as error:
            log.error("the key of this gate cannot be recorded: %s", error)  # noqa: TRY400 - told, not a bug

    def _alarm(self, cause: str) -> Draft:
        return Draft(AlarmRaised(alarm=Alarm.STATE_NOT_WHOLE, detail=cause), None, None, self._utc())

    def _try_keep(self) -> None:
        """Keep the state where it is new. What cannot be kept now is kept in a later round."""
        if self._is_kept:
            return
        try:
            self._keep_state()
        except JournalError as error:
            log.error("the trust state cannot be stored: %s", error)  # noqa: TRY400 - told, not a bug

    def _keep_state(self) -> None:
        with self._lock:
            text, self._is_kept = state_as_json(self._state), True
        try:
            self._journal.keep(STATE, text)
            if self._file is not None:
                self._journal.keep(HEAD_FILE, str(self._file.path))
        except JournalError:
            self._is_kept = False
            raise
