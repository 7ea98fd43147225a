"""What the gates of a site show one gate of its own state, and whether its ledger knows all uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.trust_state import Witness


class OwnState(Protocol):
    """The trust state of this gate (agent.recording.trust_monitor)."""

    def head_named(self, witness: Witness, stream: str, seq: int, digest: str | None, place: int | None = None) -> None:
        """Take a head of this gate that somebody names. May raise JournalError."""
        ...

    def rows_shown(self, held: Sequence[tuple[str, int]]) -> None:
        """Hear that all gates have given everything, and how far they knew this gate's row logs."""
        ...

    def why_ledger_open(self) -> str:
        """Why this gate's ledger may not know all uses; "" where it does."""
        ...


class _NothingLost:
    """A gate whose state nobody watches."""

    def head_named(self, witness: Witness, stream: str, seq: int, digest: str | None, place: int | None = None) -> None:
        """Nothing is held against it."""

    def rows_shown(self, held: Sequence[tuple[str, int]]) -> None:
        """Nothing was missing."""

    def why_ledger_open(self) -> str:
        """It knows all."""
        return ""


NOTHING_LOST: Final = _NothingLost()
