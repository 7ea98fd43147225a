"""What keeping the lists in step needs of the session and of the desk of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lists import ChangeResult, ChunkRef, ListDelta, ListError, ListHead, OpenedList
    from agent.core.model import ListKind, ListName, Source
    from agent.core.permit import TrustList
    from agent.mqtt import LinkDown, LinkUp, Outgoing, Receipt, Subscription


class ListSession(Protocol):
    """The session (agent.mqtt.session.Session)."""

    def subscribe(self, *subscriptions: Subscription) -> None:
        """Subscribe from now on; again: what is stored comes again."""
        ...

    def unsubscribe(self, *topic_filters: str) -> None:
        """Want nothing of these any more."""
        ...

    def listen(self, listener: Callable[[LinkUp | LinkDown], None]) -> None:
        """Hear of every connection and its end."""
        ...

    def publish(self, message: Outgoing, done: Callable[[Receipt], None] | None = None) -> bool:
        """Publish now; False when that cannot be."""
        ...


class SyncIntake(Protocol):
    """The desk of the lists (agent.lists.intake.ListIntake). It raises nothing."""

    def trust(self) -> TrustList | None:
        """The trust list in force."""
        ...

    def take_trust(self, text: bytes, source: Source) -> str:
        """Take one in; why it is not in force, "" when it is."""
        ...

    def open_head(self, data: bytes, kind: ListKind) -> OpenedList[ListHead] | ListError:
        """The head of this list, or why it is none."""
        ...

    def open_delta(self, data: bytes, kind: ListKind) -> OpenedList[ListDelta] | ListError:
        """The change of this list, or why it is none."""
        ...

    def known(self, kind: ListKind) -> tuple[int, int] | None:
        """Version and central's last word of the list in use; None when it cannot be read."""
        ...

    def apply_delta(self, delta: OpenedList[ListDelta], source: Source) -> ChangeResult:
        """Apply a change."""
        ...

    def apply_spooled(self, head: OpenedList[ListHead], source: Source) -> ChangeResult:
        """Apply a whole list from the chunks that were kept."""
        ...

    def refresh(self, head: OpenedList[ListHead], source: Source) -> ChangeResult:
        """Note that the version in use is the newest still."""
        ...

    def begin_chunks(self, head: ListHead) -> list[int] | None:
        """Make room for chunks; which are there already, None when there is no room."""
        ...

    def keep_chunk(self, kind: ListKind, ref: ChunkRef, data: bytes) -> ChangeResult:
        """Keep a chunk that came."""
        ...

    def drop_chunks(self, kind: ListKind) -> None:
        """Let go of the chunks of a list."""
        ...

    def stop(self) -> None:
        """Give up what is being applied."""
        ...

    def refuse(self, name: ListName, code: str, detail: str, source: Source) -> None:
        """Tell that something was not accepted."""
        ...
