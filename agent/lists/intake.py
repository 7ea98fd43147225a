"""Takes in data of lists, from MQTT and from files.

Verifies the data, applies it, and reports the result in events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agent.core.events import Alarm, AlarmRaised
from agent.core.lists import ChangeResult, ListError, ListFault, open_delta, open_head
from agent.core.permit import TrustError
from agent.lists.reporting import ListReporting
from agent.store.errors import RegistryError, is_full
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.core.events import Event
    from agent.core.lists import ChunkRef, ListDelta, ListHead, OpenedList
    from agent.core.model import Instant, ListKind, ListName, Source
    from agent.core.permit import TrustList
    from agent.lists.trust_copy import TrustCopy
    from agent.store.registry import Applied, ChunkSpool, Registry

T = TypeVar("T", "ListHead", "ListDelta")

DONE = ChangeResult(done=True)
TROUBLE = ChangeResult(done=False)
NO_LIST = (0, 0)


class ListIntake:
    """Safe to use from several threads. Raises nothing: what is wrong is told by an event, and by the answer.

    `note` records an event. `records`: what it takes is in the journal, so that no other process need tell it. `copy`
    keeps a trust list that was accepted. A key that a new trust list disables signs no new list; what it signed before
    stays in force.
    """

    def __init__(
        self,
        registry: Registry,
        spool: ChunkSpool,
        now: Callable[[], Instant],
        note: Callable[[Event], None],
        *,
        records: bool = True,
        copy: TrustCopy | None = None,
    ) -> None:
        self._registry = registry
        self._spool = spool
        self._now = now
        self._note = note
        self._copy = copy
        self._copied = 0
        self._stopping = False
        self._news = ListReporting(registry, note, records=records)

    # ------------------------------------------------------------------------------------------------------ trust list

    def trust(self) -> TrustList | None:
        """The trust list in force; None without one, or when it cannot be read."""
        try:
            return self._registry.trust()
        except RegistryError as error:
            self._news.report_trouble(str(error))
            return None

    def take_trust(self, text: bytes, source: Source) -> str:
        """Take a trust list in; why it is not in force, "" when it is."""
        try:
            applied = self._registry.take_trust(text, source)
        except TrustError as error:
            self.refuse("trust", error.fault, str(error), source)
            return str(error)
        except RegistryError as error:
            self._news.report_trouble(str(error))
            return str(error)
        if applied is not None:
            self.keep_copy()
            self._news.report_applied(applied)
        return ""

    def keep_copy(self) -> None:
        """See that the trust list in force also lies beside the registry."""
        if self._copy is None:
            return
        try:
            text = self._registry.trust_text()
        except RegistryError as error:
            self._news.report_trouble(str(error))
            return
        if text is not None:
            trust = self.trust() if self._copy.keep(text) else None  # one that is not everywhere is tried again
            self._copied = 0 if trust is None else trust.version

    def take_copy(self) -> None:
        """Where the registry has no trust list, take the newest that lies beside it."""
        for text in [] if self._copy is None else self._copy.texts():
            self.take_trust(text, "file")

    # ------------------------------------------------------------------------------------------------ what is verified

    def open_head(self, data: bytes, kind: ListKind) -> OpenedList[ListHead] | ListError:
        """The head of this list, or why it is none; that is for the caller to tell."""
        return self._open(open_head, data, kind)

    def open_delta(self, data: bytes, kind: ListKind) -> OpenedList[ListDelta] | ListError:
        """The change of this list, or why it is none; that is for the caller to tell."""
        return self._open(open_delta, data, kind)

    # -------------------------------------------------------------------------------------------------- what is applied

    def known(self, kind: ListKind) -> tuple[int, int] | None:
        """The version in use and when central last confirmed it, 0 and 0 without one; None when that cannot be read."""
        try:
            standings = self._registry.standings()
        except RegistryError as error:
            self._news.report_trouble(str(error))
            return None
        return next(((each.version, each.issued_at) for each in standings if each.kind is kind), NO_LIST)

    def apply_delta(self, delta: OpenedList[ListDelta], source: Source) -> ChangeResult:
        """Apply a change."""
        return self._apply(delta.said.kind, source, lambda: self._registry.apply_delta(delta, source))

    def apply_snapshot(self, head: OpenedList[ListHead], chunks: Iterable[bytes], source: Source) -> ChangeResult:
        """Apply a whole list."""
        return self._apply(head.said.kind, source, lambda: self._registry.apply_snapshot(head, chunks, source))

    def apply_spooled(self, head: OpenedList[ListHead], source: Source) -> ChangeResult:
        """Apply a whole list, from the chunks that were kept."""
        return self.apply_snapshot(head, self._spool.chunks(head.said.kind, head.said.chunks), source)

    def refresh(self, head: OpenedList[ListHead], source: Source) -> ChangeResult:
        """Note that the version in use is the newest still."""

        def work() -> None:
            self._registry.refresh(head)

        return self._apply(head.said.kind, source, work)

    # ---------------------------------------------------------------------------------------------- chunks on their way

    def begin_chunks(self, head: ListHead) -> list[int] | None:
        """Make room for the chunks of a snapshot; which are there already. None when the disk gives no room."""
        size = sum(ref.size for ref in head.chunks)
        if size > self._registry.most_bytes:
            detail = Text(
                "a snapshot of {size} MB packed, which is beyond lists.max_mb; the old list stays", size=size >> 20
            )
            self.refuse(head.kind.value, ListFault.DISK_FULL, detail, "mqtt")
            self._news.report_trouble(detail, head.kind.value)
            return None
        try:
            return self._spool.begin(head.kind, head.chunks)
        except OSError as error:
            self._no_room(head.kind, error)
            return None

    def keep_chunk(self, kind: ListKind, ref: ChunkRef, data: bytes) -> ChangeResult:
        """Keep a chunk that came."""
        try:
            self._spool.keep(kind, ref, data)
        except ListError as error:
            self.refuse(kind.value, error.fault, str(error), "mqtt")
            return ChangeResult(done=False, fault=error.fault)
        except OSError as error:
            return self._no_room(kind, error)
        return DONE

    def drop_chunks(self, kind: ListKind) -> None:
        """Let go of the chunks of a list."""
        self._spool.drop(kind)

    # ----------------------------------------------------------------------------------------------------- what is told

    def stop(self) -> None:
        """Give up what is being applied: the gate stops. The old list is in force then, as after any crash."""
        self._stopping = True
        self._registry.stop_applying()

    def refuse(self, name: ListName, code: str, detail: str, source: Source) -> None:
        """Tell that something was not accepted."""
        self._news.report_refused(name, code, detail, source, self._now().at)

    def maintain_registry(self) -> None:
        """Report what waited, and replace a damaged registry by a new one. To be called from time to time.

        What another process has applied, or one that ended before it told of it, is told here.
        """
        moment = self._now()
        try:
            replaced = self._registry.replace_damaged(moment.utc)
        except RegistryError as error:
            self._news.report_trouble(str(error))
        else:
            if replaced:
                self._note(AlarmRaised(alarm=Alarm.LISTS_FAILED, detail=replaced))
            self._news.report_unreported()
            trust = self.trust()
            if trust is not None and trust.version != self._copied:
                self.keep_copy()  # another process took it in
        self._news.flush(moment.at)

    # -------------------------------------------------------------------------------------------------------- in common

    def _open(
        self, opening: Callable[[bytes, TrustList, int, float], OpenedList[T]], data: bytes, kind: ListKind
    ) -> OpenedList[T] | ListError:
        trust = self.trust()
        if trust is None:
            return ListError(ListFault.KEY_UNKNOWN, Text("there is no trust list that could name the key"))
        try:
            found = opening(data, trust, self._registry.site, self._now().utc)
        except ListError as error:
            return error
        if found.said.issued_at > self._registry.latest():
            message = Text(
                "it was issued at {issued_at}, which is in the future: check the publisher's clock",
                issued_at=found.said.issued_at,
            )
            return ListError(ListFault.FROM_THE_FUTURE, message)
        if found.said.kind is not kind:
            return ListError(
                ListFault.WRONG_KIND,
                Text("it belongs to the {kind} list, not to the {wanted} list", kind=found.said.kind, wanted=kind),
            )
        return found

    def _apply(self, kind: ListKind, source: Source, work: Callable[[], Applied | None]) -> ChangeResult:
        try:
            applied = work()
        except ListError as error:
            self.refuse(kind.value, error.fault, str(error), source)
            if error.fault is ListFault.DISK_FULL:
                self._news.report_trouble(str(error), kind.value)
            return ChangeResult(done=False, fault=error.fault)
        except RegistryError as error:
            if not self._stopping:
                self._news.report_trouble(str(error), kind.value)
            return TROUBLE
        except OSError as error:  # of the chunks
            self._news.report_trouble(
                Text("the chunks of the {kind} cannot be read: {why}", kind=kind, why=error.strerror or error),
                kind.value,
            )
            return TROUBLE
        self._news.clear_trouble(kind.value)
        if applied is not None:
            self._news.report_applied(applied)
        return DONE

    def _no_room(self, kind: ListKind, error: OSError) -> ChangeResult:
        detail = Text("no room for the chunks of the {kind}: {why}", kind=kind, why=error.strerror or error)
        if not is_full(error):
            self._news.report_trouble(detail, kind.value)
            return TROUBLE
        self.refuse(kind.value, ListFault.DISK_FULL, detail, "mqtt")
        self._news.report_trouble(detail, kind.value)
        return ChangeResult(done=False, fault=ListFault.DISK_FULL)
