"""Opens the journal and holds it against the head file, before anything is recorded in it.

A journal that is an older copy than the head file shows is given up at once, and another stream begins.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.crypto import kid_of
from agent.core.events import ListsApplied
from agent.core.trust_state import (
    FloorNamed,
    Head,
    HeadNamed,
    HeadRecord,
    HeadRecordError,
    JournalReplaced,
    OrderGiven,
    OrdersShown,
    StreamBegun,
    TrustState,
    Wholeness,
    Witness,
    WitnessGone,
    opened_head,
    state_as_json,
    state_from_json,
    step,
    unproven_head,
)
from agent.service.cleanup import on_failure
from agent.store.errors import JournalError, JournalFullError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.core.crypto import PublicKey
    from agent.core.trust_state import Fact, PartChange, TrustRules
    from agent.store.head_file import HeadFile
    from agent.store.journal import Journal, JournalReplacement

log = logging.getLogger(__name__)

GATE_KEY: Final = "gate_key"
"""The name by which the journal keeps the id of the key that the gate signs by: another one since is told."""
STATE: Final = "trust_state"
"""The name by which the journal keeps the trust state."""
HEAD_FILE: Final = "head_file"
"""The name by which the journal keeps where its head file is: one that is gone since is missed."""
NEWEST_EVENTS: Final = 20_000
"""Among so many of the newest events a journal of an earlier version is searched for the versions of lists."""
MS_PER_S: Final = 1000.0


@dataclass(frozen=True, slots=True)
class StartDependencies:
    """`key`: the gate's own. `utc`: the wall clock, Unix seconds. `rules`: those of the trust state.

    `key_replaced`: why a key that could not be used was put aside just now, in words; "" where none was.
    """

    gate: str
    key: PublicKey
    utc: Callable[[], float]
    rules: TrustRules
    file: HeadFile | None
    key_replaced: str = ""


@dataclass(frozen=True, slots=True)
class JournalStart:
    """The open journal and its trust state. `changes`: what has changed since the last run, to be told.

    `orders`: the orders of lanes that the head file holds and this journal has lost, by lane, as in HeadRecord.
    `new_key`: the gate signs by a key of which this journal knows nothing.
    """

    journal: Journal
    state: TrustState
    changes: tuple[PartChange, ...]
    orders: dict[str, tuple[str, str]]
    new_key: bool = False


def open_witnessed(open_journal: Callable[[], Journal], known: StartDependencies) -> JournalStart:
    """Open the journal, and begin another stream where the head file shows that it must not go on.

    Raises JournalError.
    """
    start = _opened(open_journal, known)
    if start.state.journal.state is not Wholeness.BEHIND:
        return start
    with on_failure(start.journal.close):
        start.journal.supersede(start.state.journal.cause)
    start.journal.close()
    return _opened(open_journal, known)


def _opened(open_journal: Callable[[], Journal], known: StartDependencies) -> JournalStart:
    journal = open_journal()
    with on_failure(journal.close):
        state, facts = _kept_state(journal)
        changes: list[PartChange] = []
        before = state
        record, proven, named = _of_head_file(journal, known)
        facts += named
        facts += _of_key(journal, known)
        facts += [OrderGiven(lane) for lane in sorted(state.unordered - known.rules.lanes)]  # they are no more
        if journal.replaced is not None:
            facts = [_of_replacement(journal.replaced, record if proven else None), *facts]
        if journal.begun:
            facts = [StreamBegun(known.utc()), *facts]
        orders = {}
        if record is not None and proven and record.orders is not None and record.stream != journal.stream:
            orders = record.orders
            facts.append(OrdersShown(Head(record.stream, record.seq), frozenset(record.former)))
        for fact in facts:
            state, changed = step(state, fact, known.rules)
            changes += changed
        if state != before and state.journal.state is not Wholeness.BEHIND:
            _keep(journal, state)
        new_key = journal.kept(GATE_KEY) != kid_of(known.key)
        return JournalStart(journal, state, tuple(changes), orders if state.orders.whole else {}, new_key)


def _keep(journal: Journal, state: TrustState) -> None:
    """Keep the state before anything is recorded: from then on a crash does not forget that something is missing."""
    try:
        journal.keep(STATE, state_as_json(state))
    except JournalFullError as error:
        log.critical("the trust state cannot be stored yet: %s", error)


def _kept_state(journal: Journal) -> tuple[TrustState, list[Fact]]:
    """The trust state that the journal keeps; what follows where it keeps none, or none that can be read."""
    text = journal.kept(STATE)
    if text is None:
        return TrustState(), _floors_of_events(journal)
    try:
        return replace(state_from_json(text), held=None), []  # which lists are here is looked at anew
    except ValueError as error:
        cause = Text("the trust state that the journal keeps cannot be read: {error}", error=error)
        log.error("%s", cause)  # noqa: TRY400 - told, not a bug
        return TrustState(), [WitnessGone(cause), *_floors_of_events(journal)]


def _of_replacement(replaced: JournalReplacement, record: HeadRecord | None) -> JournalReplaced:
    """What a journal that was moved aside tells; where it does not say which stream it was, the head file does.

    Then its rows have to go as far as the head file says, and the orders are those of the head file.
    """
    place, ledger_whole, orders_whole = replaced.row_place, replaced.ledger_whole, replaced.orders_whole
    former = None if replaced.stream is None else Head(replaced.stream, replaced.head_seq)
    if former is None and record is not None:
        former = Head(record.stream, record.seq)
        ledger_whole = ledger_whole and place is not None and place >= record.rows
        orders_whole = False
    return JournalReplaced(
        former,
        place,
        older=replaced.older,
        ledger_whole=ledger_whole,
        orders_whole=orders_whole,
        cause=replaced.cause,
    )


def is_of_gate(file: HeadFile | None, gate: str) -> bool:
    """Whether there is a head file that names this gate, whoever signed it."""
    try:
        return file is not None and unproven_head(file.read().text).gate == gate
    except HeadRecordError:
        return False


def _of_head_file(journal: Journal, known: StartDependencies) -> tuple[HeadRecord | None, bool, list[Fact]]:
    """What the head file holds, whether this gate's key has signed it, and what follows from it."""
    if known.file is None:
        return None, False, []
    found = known.file.read()
    if not found.text:
        missed = not found.missing or journal.kept(HEAD_FILE) == str(known.file.path)
        return None, False, [WitnessGone(found.trouble)] if missed else []
    try:
        record, proven = opened_head(found.text, known.key), True
    except HeadRecordError as error:
        try:
            record, proven = unproven_head(found.text), False
        except HeadRecordError:
            return None, False, [WitnessGone(_foreign(known.file, str(error)))]
        log.warning("the head file %s is not signed by this gate's key", known.file.path)
    if record.gate != known.gate:
        why = Text("it belongs to the gate {gate}", gate=record.gate)
        return None, False, [WitnessGone(_foreign(known.file, why))]
    return record, proven, list(head_facts(journal, record, Witness.HEAD_FILE, fresh=journal.begun))


def _of_key(journal: Journal, known: StartDependencies) -> Iterator[Fact]:
    """What follows from another key than before: what all who know the gate by that one say is not believed."""
    before, now = journal.kept(GATE_KEY), kid_of(known.key)
    if known.key_replaced:
        yield WitnessGone(known.key_replaced)
    elif before is not None and before != now:
        yield WitnessGone(another_key(before, now))


def another_key(before: str, now: str) -> Text:
    """That the gate signs by another key, in words. By their ids."""
    return Text("this gate now signs with another key: {now}, previously {before}", now=now, before=before)


def _foreign(file: HeadFile, why: str) -> Text:
    return Text("the head file {path} does not belong to this gate: {why}", path=file.path, why=why)


def head_facts(journal: Journal, record: HeadRecord, witness: Witness, *, fresh: bool) -> Iterator[Fact]:
    """What a record of a head says of the journal as it stands. May raise JournalError."""
    yield head_fact(
        journal,
        witness,
        Head(record.stream, record.seq),
        record.digest,
        fresh=fresh,
        utc=record.utc_ms / MS_PER_S,
        place=record.rows,
        former=tuple(Head(stream, seq) for stream, seq in record.former.items()),
    )
    yield FloorNamed(witness, tuple(sorted(record.lists.items())))


def head_fact(  # noqa: PLR0913 - what a witness can say
    journal: Journal,
    witness: Witness,
    named: Head,
    digest: str | None,
    *,
    fresh: bool = False,
    utc: float | None = None,
    place: int | None = None,
    former: tuple[Head, ...] = (),
) -> HeadNamed:
    """A head that a witness names, held against the journal. `digest`: of the event named. May raise JournalError."""
    own = Head(journal.stream, journal.head)
    agrees = None
    if digest is not None and named.stream == own.stream and named.seq <= own.seq:
        here = journal.digest_at(named.seq)
        agrees = None if here is None else here == digest
    return HeadNamed(
        witness,
        named,
        own,
        agrees=agrees,
        fresh=fresh,
        utc=utc,
        place=place,
        former=former,
        own_place=None if place is None else journal.site.head(),
    )


def _floors_of_events(journal: Journal) -> list[Fact]:
    """The versions of lists that the journal says were in force; asked where it keeps no trust state yet."""
    try:
        found = [json.loads(payload)["data"] for payload in journal.newest(ListsApplied.TYPE, NEWEST_EVENTS)]
        floors: dict[str, int] = {}
        for data in found:
            floors[str(data["list"])] = max(int(data["version"]), floors.get(str(data["list"]), 0))
    except (JournalError, ValueError, KeyError, TypeError) as error:
        log.error("the journal does not say which lists were in force: %s", error)  # noqa: TRY400 - told, not a bug
        return []
    return [FloorNamed(Witness.JOURNAL, tuple(sorted(floors.items())))]
