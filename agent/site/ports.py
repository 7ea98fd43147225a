"""What the parts of a site desk need of others.

`Speak`: say a word to a gate; whether it is on its way. `Answer`: whoever waits for the word on a claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.core.site import (
        ClaimAnswer,
        ClaimRow,
        ClaimVerdict,
        Conflict,
        Consent,
        Cursor,
        PeerRow,
        SiteMessage,
        Taken,
    )
    from agent.mqtt import Incoming, LinkDown, LinkUp, LinkView, Receipt
    from agent.service.worker import Worker
    from agent.store.journal import UseState

    Speak = Callable[[str, SiteMessage], bool]
    Answer = Callable[[ClaimAnswer], None]


class SharedLedger(Protocol):
    """The permit ledger of this gate as the gates of a site share it (agent.store.journal.site_ledger.SiteLedger)."""

    def claim(self, row: ClaimRow) -> ClaimVerdict:
        """Grant a use, durably, or say why not."""
        ...

    def release_claim(self, gate: str, permit_id: bytes, use: int, transaction: str) -> bool:
        """Take back what was granted to another gate."""
        ...

    def unconfirmed(self, min_age_s: float, limit: int) -> tuple[Consent, ...]:
        """What was granted so long ago and is not taken back."""
        ...

    def head(self) -> int:
        """The newest place in this gate's row log."""
        ...

    def rows_after(self, seq: int, limit: int) -> tuple[PeerRow, ...]:
        """This gate's own rows after a place."""
        ...

    def wait_for_rows(self, after_seq: int, timeout: float) -> bool:
        """Wait for a row after that place."""
        ...

    def dump_rows(self, gate: str, after: tuple[bytes, int, str] | None, limit: int) -> tuple[PeerRow, ...]:
        """Rows of all gates, page by page."""
        ...

    def take_rows(self, gate: str, stream: str, first: int, rows: Sequence[PeerRow]) -> Taken:
        """Take over another gate's own rows."""
        ...

    def take_dump(self, gate: str, stream: str, rows: Iterable[PeerRow]) -> tuple[Conflict, ...]:
        """Take over what another gate knows of all gates."""
        ...

    def mark_synced(self, gate: str, stream: str, seq: int) -> None:
        """Remember that everything of a gate was taken over."""
        ...

    def cursor(self, gate: str) -> Cursor:
        """How far another gate's row log is known."""
        ...

    def unsynced(self, gates: Iterable[str]) -> tuple[str, ...]:
        """Those of which not everything was ever taken over."""
        ...

    def older_copy(self, gate: str, seq: int) -> str:
        """Note that another gate knows this one's row log beyond its head; returns that in a sentence."""
        ...


class Uses(Protocol):
    """What became of a permit so far (agent.store.journal.journal.Journal)."""

    @property
    def stream(self) -> str:
        """The stream of the journal, to which the row log belongs."""
        ...

    def use_state(self, permit_id: bytes, transaction: str | None = None) -> UseState:
        """What is known here of its uses."""
        ...


class SitePort(Protocol):
    """The way to the other gates (agent.site.link.SiteLink)."""

    @property
    def view(self) -> LinkView:
        """The state of the link."""
        ...

    def hear(self, said: Callable[[Incoming], None], rows: Callable[[Incoming], None]) -> None:
        """Take what comes in."""
        ...

    def listen(self, listener: Callable[[LinkUp | LinkDown], None]) -> None:
        """Hear of every connection and its end."""
        ...

    def start(self) -> None:
        """Begin to connect."""
        ...

    @property
    def worker(self) -> Worker:
        """The thread that keeps it alive."""
        ...

    def stop(self, timeout_s: float) -> bool:
        """Stop."""
        ...

    def say(self, to: str, text: bytes, done: Callable[[Receipt], None] | None = None) -> bool:
        """Send a text to a gate."""
        ...

    def tell(self, text: bytes, done: Callable[[Receipt], None] | None = None) -> bool:
        """Send a text to all gates."""
        ...
