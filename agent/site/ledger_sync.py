"""Keeps the ledgers of a site alike: this gate's rows go to the others, and theirs come here."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.site import ROWS_A_MESSAGE, Rows, RowsRequest, rows_from_message, rows_to_message
from agent.service.worker import Worker
from agent.site.rollback_witnesses import Witnesses
from agent.site.start_wait import StartWait
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.core.site import Membership, OpenedMessage
    from agent.site.head_witness import HeadWitness
    from agent.site.sessions import Sessions
    from agent.store.journal import SiteLedger

log = logging.getLogger(__name__)

HEARTBEAT_S = 10.0
ASK_AGAIN_S = 0.3
WHOLE_STALLED_S = 5.0
PUSH_RETRY_S = 0.2
PUSH_WAIT_S = 0.1
UNDER_WAY = 8
WHOLES_KEPT = 100
WINDOW_FULL_S = 0.02
LIMIT_S = 60.0


@dataclass(slots=True)
class _Whole:
    """All rows of another gate, on their way here."""

    id: str
    part: int
    moved_at: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """Rows on their way to another gate. `whole`: the id of its request for all of them; empty for the newest ones."""

    to: str
    parts: Iterator[Rows]
    whole: str = ""


@dataclass(slots=True)
class PeerView:
    """What is known of another gate. `heard_at`: monotonic, None: never.

    `behind`: rows that it has and this gate lacks. `same_list`: whether it goes by the same list of gates.
    """

    heard_at: float | None = None
    behind: int = 0
    same_list: bool = True


class LedgerSync:
    """Tell this gate's rows and take those of the others.

    `process_message`, `tick`, `link_up` and `met` belong to one thread.

    `news` hears of a gate whose rows were taken, or that has compared what it knows of this one's. `whole` hears of a
    gate that has told everything. `void` hears of a gate that has lost what it granted. `lost` hears why this gate's
    own journal must not go on: it tells and takes nothing from then on. `made`: whether a claim is of this process, so
    that its end is known here. `heads`: what gates tell one another of their chains.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        membership: Membership,
        sessions: Sessions,
        ledger: SiteLedger,
        stream: str,
        *,
        news: Callable[[str], None],
        whole: Callable[[str], None],
        void: Callable[[str], None],
        lost: Callable[[str], None],
        made: Callable[[str], bool],
        heads: HeadWitness,
    ) -> None:
        self._membership = membership
        self._sessions = sessions
        self._ledger = ledger
        self._stream = stream
        self._news = news
        self._whole = whole
        self._void = void
        self._lost = lost
        self._made = made
        self._heads = heads
        self._witnesses = Witnesses(ledger, stream)
        self._start_wait = StartWait(membership.peers)
        # Who has had everything from everybody under this very list of gates may act as home; a new list moves homes.
        self._mark = f"roll:{membership.digest}"
        self._missing = frozenset(membership.peers if ledger.unsynced((self._mark, *membership.peers)) else ())
        self._served: deque[str] = deque(maxlen=WHOLES_KEPT)
        self._wholes: dict[str, _Whole] = {}
        self._asked_at: dict[str, float] = {}
        self._behind: set[str] = set()
        self._peers = {peer: PeerView() for peer in membership.peers}
        self._going: deque[_Answer] = deque()
        self._window = threading.Semaphore(UNDER_WAY)
        self._announce = threading.Event()
        self._pushed, self._told_at = 0, 0.0
        self.worker = Worker("site-push", self._push, limit_s=LIMIT_S)

    def start(self) -> None:
        """Begin to tell."""
        self.worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End; whether the thread has."""
        return self.worker.stop(timeout_s)

    @property
    def missing(self) -> tuple[str, ...]:
        """The gates of which this one must have everything before it may grant anything."""
        return tuple(sorted(self._missing))

    @property
    def witnesses(self) -> Witnesses:
        """What the other gates know of this gate's rows."""
        return self._witnesses

    @property
    def start_wait(self) -> StartWait:
        """Whether other gates may still say, just after the start, that this gate's ledger lacks uses."""
        return self._start_wait

    @property
    def peers(self) -> Mapping[str, PeerView]:
        """The other gates."""
        return self._peers

    # ----------------------------------------------------------------------------------------------------- one thread

    def link_up(self) -> None:
        """Begin anew on a new connection, with each gate as soon as it is met."""
        if self._witnesses.older_copy:
            return
        self._start_wait.connected()
        self._going.clear()
        self._window = threading.Semaphore(UNDER_WAY)
        self._asked_at.clear()
        self._wholes.clear()

    def met(self, peer: str) -> None:
        """Ask a gate for what was missed; it says what it knows of this one once it hears where it is.

        May raise JournalError.
        """
        if self._witnesses.older_copy:
            return
        self._announce.set()
        self._asked_at.pop(peer, None)
        self._want(peer)

    def tick(self) -> float | None:
        """Go on with what is on its way; when there is more to do, in monotonic seconds. May raise JournalError."""
        if self._witnesses.older_copy:
            return None
        now_at = time.monotonic()
        for peer in self.missing:
            whole = self._wholes.get(peer)
            if whole is None or now_at - whole.moved_at > WHOLE_STALLED_S:
                self._want(peer)
        for peer in tuple(self._behind):
            self._want(peer)
        if not self._going:
            return now_at + ASK_AGAIN_S / 4 if self._behind else None
        if not self._window.acquire(blocking=False):
            return now_at + WINDOW_FULL_S
        answer = self._going.popleft()
        if self._send_part(answer, self._window):
            self._going.append(answer)
        return now_at if self._going else None

    def _send_part(self, answer: _Answer, window: threading.Semaphore) -> bool:
        """Send the next part of an answer, whose place in the window is taken; whether there was one that went."""
        sent = False
        try:
            part = next(answer.parts, None)
            sent = part is not None and self._send_message(answer.to, part, window.release)
        finally:
            if not sent:
                window.release()  # what could not be read or sent is asked for again
        return sent

    def process_message(self, message: OpenedMessage) -> None:
        """Take what another gate tells or asks. May raise JournalError."""
        peer, said = self._peers[message.gate], message.said
        peer.heard_at = time.monotonic()
        peer.same_list = message.same_membership
        if not message.same_membership or self._witnesses.older_copy:
            return
        match said:
            case RowsRequest():
                self._compare(message.gate, said)
            case Rows(whole=""):
                self._take_rows(message.gate, said)
                if message.to_all and not said.rows and message.gate not in self._missing:
                    self._want(message.gate)  # it hears what is known of it here
            case Rows():
                self._take_whole(message.gate, said)
            case _:
                raise AssertionError(f"{said.kind} is nothing for the exchange of rows")

    def _compare(self, peer: str, want: RowsRequest) -> None:
        """Give a gate the rows that it wants, unless it knows some that are not here."""
        self._heads.compare(want)
        was_awaited = self._start_wait.awaited
        self._witnesses.compare_position(peer, want, self._heads.proves)
        self._start_wait.heard(peer)
        if why := self._witnesses.older_copy:
            self._missing = frozenset(self._membership.peers)
            self._lost(why)
            return
        self._serve(peer, want)
        if was_awaited and not self._start_wait.awaited:
            self._news(peer)

    def _serve(self, peer: str, want: RowsRequest) -> None:
        if want.whole in self._served:
            return
        if want.whole:
            self._served.append(want.whole)
            self._void(peer)
            # It takes no more of what it asked for before.
            self._going = deque(one for one in self._going if one.to != peer or not one.whole)
            known = self._heads.known_of(peer)  # before what it tells of its new stream takes the place of the old one
            self._going.append(_Answer(peer, self._all(peer, want.whole, known), want.whole))
        else:
            # What it asked for before is in this too: it asks for all that it lacks.
            self._going = deque(one for one in self._going if one.to != peer or one.whole)
            self._going.append(_Answer(peer, self._since(want.after if want.stream == self._stream else 0)))

    def _since(self, after: int) -> Iterator[Rows]:
        # With the head each time: a gate that knows rows, and not this one's own word of them, can show them to nobody.
        while rows := self._ledger.rows_after(after, ROWS_A_MESSAGE):
            yield Rows(stream=self._stream, after=after, rows=rows_to_message(rows), head=self._heads.own())
            after = rows[-1].seq
        yield Rows(stream=self._stream, after=after, head=self._heads.own())

    def _all(self, peer: str, whole: str, known: tuple[tuple[str, int], ...]) -> Iterator[Rows]:
        head, place, part = self._ledger.head(), None, 0
        while page := self._ledger.dump_rows(peer, place, ROWS_A_MESSAGE):
            for start in range(0, len(page), ROWS_A_MESSAGE):
                part += 1
                rows = rows_to_message(page[start : start + ROWS_A_MESSAGE])
                yield Rows(stream=self._stream, after=head, rows=rows, whole=whole, part=part)
            place = (page[-1].permit_id, page[-1].use, page[-1].gate)
        own = self._heads.own()
        yield Rows(stream=self._stream, after=head, whole=whole, part=part + 1, last=True, known=known, head=own)

    def _take_rows(self, peer: str, said: Rows) -> None:
        rows = rows_from_message(said.rows)
        names_many = bool(said.head) and self._heads.before_news(peer)
        taken = self._ledger.take_rows(peer, said.stream, said.after + 1, rows, said.head)
        view = self._peers[peer]
        view.behind = max(0, said.after + len(rows) - taken.upto) if taken.gap else 0
        for conflict in taken.conflicts:
            log.error("use %d of permit %s was used at %s", conflict.use, conflict.permit_id.hex(), conflict.gates)
        whole = self._wholes.get(peer)
        if taken.gap or names_many or (whole is not None and whole.part == 0):  # it may not have been there then
            self._want(peer)
        if not taken.gap:
            self._behind.discard(peer)
            self._news(peer)

    def _take_whole(self, peer: str, said: Rows) -> None:
        whole = self._wholes.get(peer)
        if whole is None or said.whole != whole.id or said.part != whole.part + 1:
            return
        # What was granted here meanwhile comes back as if it were reserved; only claims from before are in doubt.
        rows = [
            row
            for row in rows_from_message(said.rows)
            if row.gate != self._membership.own or not self._made(row.transaction)
        ]
        self._ledger.take_dump(peer, said.stream, rows)
        whole.part, whole.moved_at = said.part, time.monotonic()
        if said.last:
            self._heads.note_known(said.known)
            self._ledger.mark_synced(peer, said.stream, said.after, said.head)
            del self._wholes[peer]
            self._missing -= {peer}
            if not self._missing:
                self._ledger.mark_synced(self._mark, self._stream, 0)
                log.info("the ledger of this gate is complete: it knows the uses of all gates of the site")
                self._heads.complete()
            self._news(peer)
            self._whole(peer)

    def _want(self, peer: str) -> None:
        """Ask a gate for what is missing here; later, where it was just asked, or where all of it is coming already."""
        now_at = time.monotonic()
        whole = self._wholes.get(peer)
        if whole is not None and whole.part > 0 and now_at - whole.moved_at <= WHOLE_STALLED_S:
            self._behind.discard(peer)  # its last part sets the cursor; the next new row asks for the rest
            return
        if now_at - self._asked_at.get(peer, -ASK_AGAIN_S) < ASK_AGAIN_S:
            self._behind.add(peer)
            return
        self._asked_at[peer] = now_at
        self._behind.discard(peer)
        if peer in self._missing:
            self._wholes[peer] = _Whole(secrets.token_hex(8), 0, now_at)
            self._send_message(peer, RowsRequest(whole=self._wholes[peer].id))
        else:
            cursor = self._ledger.cursor(peer)
            heads = self._heads.of_peer(peer)
            if self._send_message(peer, RowsRequest(stream=cursor.stream, after=cursor.seq, heads=heads)):
                self._heads.was_named(peer)

    def _send_message(self, to: str, message: RowsRequest | Rows, done: Callable[[], None] | None = None) -> bool:
        return self._sessions.send(to, message, None if done is None else lambda _receipt: done())

    # ---------------------------------------------------------------------------------------------------- the pusher

    def _push(self) -> None:
        self._announce.set()
        while not self.worker.stopping:
            self.worker.touch()
            try:
                said = self._push_next()
            except JournalError as error:
                log.error("the rows of the permit ledger cannot be sent: %s", error)  # noqa: TRY400 - no bug
                said = False
            if not said:
                self.worker.wait(PUSH_RETRY_S)

    def _push_next(self) -> bool:
        """Tell what is new, or where this gate stands where that is asked or nothing is new; False to wait a little."""
        if self._witnesses.older_copy:
            return False
        if self._announce.is_set() or time.monotonic() - self._told_at > HEARTBEAT_S:
            self._announce.clear()
            self._pushed = self._ledger.head()
            message = Rows(stream=self._stream, after=self._pushed, head=self._heads.own())
        elif not self._ledger.wait_for_rows(self._pushed, PUSH_WAIT_S):
            return True
        else:
            rows = self._ledger.rows_after(self._pushed, ROWS_A_MESSAGE)
            message = Rows(stream=self._stream, after=self._pushed, rows=rows_to_message(rows), head=self._heads.own())
        self._told_at = time.monotonic()
        if not self._sessions.broadcast(message):
            return False
        self._pushed = message.rows[-1][0] if message.rows else self._pushed
        return True
