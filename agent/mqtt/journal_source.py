"""What the uplink needs of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class StoredEvent(Protocol):
    """An event as it is stored: its payload is sent byte for byte."""

    @property
    def seq(self) -> int:
        """Its place in the stream, from 1."""
        ...

    @property
    def type(self) -> str:
        """Its CloudEvents type, the last part of its topic."""
        ...

    @property
    def payload(self) -> bytes:
        """CloudEvents structured JSON."""
        ...


class EventSource(Protocol):
    """The journal as the uplink sees it. Safe for several threads."""

    @property
    def stream(self) -> str:
        """The id of the stream: new with every new journal."""
        ...

    @property
    def head(self) -> int:
        """The highest sequence number recorded, 0 for none."""
        ...

    @property
    def watermark(self) -> int:
        """The highest sequence number up to which all is acknowledged."""
        ...

    @property
    def tail(self) -> int:
        """The last event that was pruned, 0 for none: those from the next one on can be sent again."""
        ...

    def unacknowledged(self, after_seq: int, limit: int) -> Sequence[StoredEvent]:
        """At most `limit` events above both `after_seq` and the watermark, in order."""
        ...

    def range(self, first: int, last: int) -> Iterable[StoredEvent]:
        """The events from `first` to `last`, both included, as far as they are kept, in order."""
        ...

    def acknowledge(self, stream: str, seq: int) -> object:
        """Note durably that all up to `seq` is acknowledged; a lower one than before changes nothing."""
        ...

    def wait_for_news(self, after_seq: int, timeout_s: float, /) -> bool:
        """Wait until an event above `after_seq` is recorded; whether there is one."""
        ...
