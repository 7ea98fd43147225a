"""The gates of a site as automata: whole real `SiteService` objects, each with a ledger.

Real: agent.site (but its link), agent.core.site (but signatures), agent.store.journal's ledger, claims and rows in
SQLite with its schema. In place of threads, what a thread would do next is done at once, one thing at a time. In place
of the clock each gate has its own, which the world moves. A gate that does something is copied before, so that its
states are values; what a gate does depends on nothing else, so each (state, event) is played once.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from agent.core.crypto import Algorithm, PublicKey, SigningKey
from agent.core.events import AccessGranted, Draft
from agent.core.site import Membership, OpenedMessage
from agent.devices import PortState
from agent.mqtt import Incoming, LinkUp
from agent.service.worker import Worker
from agent.site.claimant import SiteRules
from agent.site.service import SiteService
from agent.store.errors import JournalUnavailableError, LedgerConflictError
from tests.model.one_thread import Lock, RLock, Semaphore, Turn
from tests.model.site_disks import UTC, Disk, Ledgers
from tests.model.snapshots import Copier, Freezer

if TYPE_CHECKING:
    from collections.abc import Hashable

    from agent.core.model import LedgerChange
    from agent.core.site import ClaimRequest

START_AT: Final = 1000.0
OLDEST_S: Final = 11.0
"""No rule of the site asks for more than ten seconds."""
SOON_S: Final = 0.001
_KEY: Final = SigningKey.from_seed(b"\x07" * 32)
_NO_STATE: Final = frozenset({"heard_at", "behind", "trouble", "_refused", "_may_log", "said", "told", "answers"})


class _OpenMembership(Membership):
    """Says and hears without signatures: what is said is said by who says it."""

    def sealed(self, said: Any, to: str, *place_and_key: Any) -> Any:
        return (self.own, to, said, *place_and_key[:-1])

    def opened(self, data: Any, *_more: object) -> OpenedMessage:
        gate, to, said, *place = data
        more: dict[str, Any] = {"place": place[0]} if place else {}
        return OpenedMessage(gate, said, same_membership=True, to_all=to == "*", **more)


class _Link:
    """The link of a gate: what it says is kept for the world."""

    worker = None

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.said: Any = None
        self.told: Any = None
        self.listener: Any = None

    @property
    def view(self) -> Any:
        return SimpleNamespace(state=PortState.UP if self._gate.up else PortState.LOST, detail="")

    def subscribe(self, said: Any, told: Any) -> None:
        self.said, self.told = said, told

    def listen(self, listener: Any) -> None:
        self.listener = listener

    def send_to_gate(self, to: str, text: Any, done: Any = None) -> bool:
        return self._send((to,), text, done)

    def broadcast_rows(self, text: Any, done: Any = None) -> bool:
        return self._send(self._gate.peers, text, done)

    def _send(self, to: tuple[str, ...], text: Any, done: Any) -> bool:
        if done is not None:
            done(None)
        if self._gate.up:
            self._gate.out.extend((one, text) for one in to)
        return self._gate.up


class _Shared:
    """The journal and the site's side of its ledger, as the service asks them."""

    def __init__(self, gate: Gate, ledgers: Ledgers) -> None:
        self._gate = gate
        self._ledgers = ledgers

    @property
    def stream(self) -> str:
        return self._gate.disk.stream

    def unconfirmed(self, _min_age_s: float, limit: int) -> Any:
        """Whatever their age: they are asked after earlier than in truth."""
        return self._ledgers.do(self._gate, "unconfirmed", -1e9, limit)

    def wait_for_rows(self, after: int, _timeout: float) -> bool:
        return bool(self.head() > after)

    def checkpoint(self) -> Any:
        """There is no chain of events here, so no head of it is told."""
        raise JournalUnavailableError("no events are kept")

    def take_rows(self, gate: str, stream: str, first: int, rows: Any, *more: Any) -> Any:
        return self._ledgers.do(self._gate, "take_rows", gate, stream, first, tuple(rows), *more)

    def take_dump(self, gate: str, stream: str, rows: Any) -> Any:
        return self._ledgers.do(self._gate, "take_dump", gate, stream, tuple(rows))

    def unsynced(self, gates: Any) -> Any:
        return self._ledgers.do(self._gate, "unsynced", tuple(gates))

    def use_state(self, permit_id: bytes, transaction: str | None = None) -> Any:
        return self._ledgers.do(self._gate, "use_state", permit_id, transaction)

    def head(self) -> Any:
        return self._ledgers.do(self._gate, "head")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self._ledgers.do(self._gate, name, *arguments)


class _Hears:
    """A lane that waits for the word on a claim."""

    def __init__(self, gate: Gate, transaction: str) -> None:
        self._gate = gate
        self._transaction = transaction

    def __call__(self, answer: Any) -> None:
        self._gate.answers.append((self._transaction, answer.code, answer.use))


class Gate:
    """One gate: its disk and, while it is alive, its service. `out`: what it said; `answers`: to its lanes."""

    def __init__(self, name: str, disk: Disk, membership: Membership, rules: SiteRules, skew_s: float) -> None:
        self.name, self.disk, self.skew_s = name, disk, skew_s
        self.membership, self.rules = membership, rules
        self.peers = membership.peers
        self.clock_at, self.tokens, self.boots, self.streams = START_AT, 0, 0, 1
        self.up = False
        self.backup: Disk | None = None
        self.service: SiteService | None = None
        self.link: _Link | None = None
        self.out: list[tuple[str, Any]] = []
        self.answers: list[tuple[str, Any, int]] = []

    @property
    def boot(self) -> str:
        """Which start of the agent this is."""
        return f"{self.name}/{self.boots}"

    def start(self, ledgers: Ledgers, *, up: bool) -> None:
        """Start the agent; a journal that must not go on is moved aside."""
        self.boots += 1
        if self.disk.stream in self.disk.superseded:
            self.streams += 1
            self.disk = ledgers.salvaged(self.disk, f"{self.name}#{self.streams}")
        self.link = _Link(self)
        shared: Any = _Shared(self, ledgers)
        self.service = SiteService(self.membership, _KEY, shared, shared, self.link, self.rules)
        self.service._exchange._told_at = self.clock_at
        self.up = False
        if up:
            self.connect()

    def connect(self) -> None:
        """The link comes up."""
        self.up = True
        assert self.link is not None
        self.link.listener(LinkUp(1, None))
        self.drain()

    def drain(self, *, ticks: bool = False) -> None:
        """What the two threads of the dispatcher would do now."""
        assert self.service is not None
        boxes = (self.service._dispatcher.claims, self.service._dispatcher.rows)
        for _ in range(400):
            busy = [box for box in boxes if box._todo.items]
            if not busy and not ticks:
                return
            for box in busy or boxes:
                due_at = box._guarded(box._todo.items.popleft() if box._todo.items else None)
                for _ in range(50):
                    if due_at is None or due_at > self.clock_at:
                        break
                    due_at = box._guarded(None)
            ticks = False
        raise AssertionError("a gate is busy without end")

    def due_at(self) -> float | None:
        """When a thread of this gate would wake for a reason."""
        service = self.service
        if service is None:
            return None
        found = [service._own.next_end_at(), service._home.next_at()]
        if service._exchange._behind or service._exchange.missing:
            found.append(self.clock_at + 0.31)
        return min((at for at in found if at is not None), default=None)

    def can_push(self) -> bool:
        """Whether its pusher has something to tell."""
        exchange = None if self.service is None else self.service._exchange
        if exchange is None or not self.up or exchange._witnesses.older_copy:
            return False
        return bool(exchange._announce.is_set() or exchange._ledger.head() > exchange._pushed)


@dataclass(frozen=True, slots=True)
class Played:
    """What an event did to a gate. `gate`: the number of its state after. `said`: to whom what, in order.

    `answers`: transaction, code and use. `refused`: the ledger did not take a record.
    """

    gate: int
    said: tuple[tuple[str, Any], ...] = ()
    answers: tuple[tuple[str, Any, int], ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the world may see of a state of a gate. `spent`: its journal must not go on: it restarts by itself."""

    name: str
    alive: bool
    up: bool
    is_due: bool
    can_push: bool
    disk: Disk
    backed_up: bool
    missing: bool
    busy: bool
    spent: bool


class Gates:
    """All states that gates were met in, by number, and what each event does to each."""

    def __init__(self) -> None:
        self.ledgers = Ledgers()
        self._shared = (Membership, SiteRules, SigningKey, Worker, Ledgers, SimpleNamespace)
        self._gates: list[Gate] = []
        self._numbers: dict[Hashable, int] = {}
        self._facts: list[Facts] = []
        self._played: dict[tuple[int, Hashable], Played] = {}

    @property
    def count(self) -> int:
        """How many states there are."""
        return len(self._gates)

    def first(self, gate: Gate) -> int:
        """The number of a gate that was just made."""
        return self._known(gate)

    def facts(self, number: int) -> Facts:
        """What is to be seen of a state."""
        return self._facts[number]

    def play(self, number: int, event: tuple[Any, ...]) -> Played:
        """What an event does to a gate in a state."""
        found = self._played.get((number, event))
        if found is None:
            found = self._played[number, event] = self._play(number, event)
        return found

    # --------------------------------------------------------------------------------------------------------- private

    def _play(self, number: int, event: tuple[Any, ...]) -> Played:
        gate: Gate = Copier(self._shared).copied(self._gates[number])
        gate.out, gate.answers = [], []
        self._at(gate)
        refused = False
        try:
            getattr(self, f"_{event[0]}")(gate, *event[1:])
        except LedgerConflictError:
            refused = True
        if gate.service is not None:
            gate.drain()
        said, answers = tuple(gate.out), tuple(gate.answers)
        gate.out, gate.answers = [], []
        return Played(self._known(gate), said, answers, refused)

    @staticmethod
    def _at(gate: Gate) -> None:
        """It is the turn of that gate."""
        Turn.gate = gate

    def _value(self, gate: Gate) -> Hashable:
        names = _NO_STATE | {"clock_at"}
        return Freezer((*self._shared, Lock, RLock, Semaphore), names, gate.clock_at, OLDEST_S).frozen(gate)

    def _known(self, gate: Gate) -> int:
        self._at(gate)
        value = self._value(gate)
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._gates)
            self._gates.append(gate)
            self._facts.append(_facts(gate))
        return number

    # ------------------------------------------------------------------------------------------------------- the events

    def _start(self, gate: Gate, up: bool) -> None:
        gate.start(self.ledgers, up=up)

    def _stop(self, gate: Gate) -> None:
        gate.service = gate.link = None
        gate.up = False

    def _connect(self, gate: Gate) -> None:
        gate.connect()

    def _cut(self, gate: Gate) -> None:
        gate.up = False

    def _ask(self, gate: Gate, transaction: str, request: ClaimRequest) -> None:
        hears = _Hears(gate, transaction)
        answer = _service(gate).claim(request, hears)
        if answer is not None:
            hears(answer)

    def _record(self, gate: Gate, transaction: str, change: LedgerChange) -> None:
        drafts = (Draft(AccessGranted(grant=f"{transaction}-1", by="permit", permit="00"), "1", transaction, UTC),)
        with _service(gate).reserving(drafts, (change,)):
            self.ledgers.do(gate, "record", drafts, (change,))

    def _settle(self, gate: Gate, change: LedgerChange) -> None:
        self.ledgers.do(gate, "record", (), (change,))

    def _hear(self, gate: Gate, text: Any) -> None:
        assert gate.link is not None
        heard = Incoming("", text, 1, retained=False)
        (gate.link.told if text[1] == "*" else gate.link.said)(heard)

    def _due(self, gate: Gate) -> None:
        due_at = gate.due_at()
        gate.clock_at = max(gate.clock_at, gate.clock_at if due_at is None else due_at) + SOON_S
        gate.drain(ticks=True)

    def _later(self, gate: Gate, seconds: float) -> None:
        gate.clock_at += seconds
        gate.drain(ticks=True)
        if seconds > OLDEST_S - 1:
            _service(gate)._exchange._announce.set()

    def _push(self, gate: Gate) -> None:
        _service(gate)._exchange._push_next()

    def _lose(self, gate: Gate) -> None:
        gate.streams += 1
        gate.disk = Disk(f"{gate.name}#{gate.streams}")

    def _back_up(self, gate: Gate) -> None:
        gate.backup = gate.disk

    def _restore(self, gate: Gate) -> None:
        assert gate.backup is not None
        kept = gate.disk.superseded  # beside the journal
        gate.disk = Disk(gate.backup.stream, gate.backup.rows, gate.backup.flags, kept | gate.backup.superseded)


def _service(gate: Gate) -> SiteService:
    assert gate.service is not None
    return gate.service


def _facts(gate: Gate) -> Facts:
    service = gate.service
    alive = service is not None
    missing = alive and bool(service._exchange.missing)
    busy = alive and bool(service._own._live or service._home._waiting)
    return Facts(
        gate.name,
        alive,
        gate.up,
        gate.due_at() is not None,
        gate.can_push(),
        gate.disk,
        gate.backup is not None,
        missing,
        busy,
        alive and gate.disk.stream in gate.disk.superseded,
    )


def membership_of(own: str, names: str) -> Membership:
    """The gates of a site, each with a key of its own."""
    keys = {name: PublicKey(Algorithm.ED25519, SigningKey.from_seed(name.encode() * 32).public.raw) for name in names}
    return _OpenMembership(7, own, keys)


def knows_all(gate: Gate, ledgers: Ledgers) -> None:
    """Have a gate that was just made know everything of all others, which have done nothing yet."""
    for peer in gate.peers:
        ledgers.do(gate, "mark_synced", peer, f"{peer}#1", 0)
    ledgers.do(gate, "mark_synced", f"roll:{gate.membership.digest}", gate.disk.stream, 0)
