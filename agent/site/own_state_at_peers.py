"""What the gates of a site show one gate of its own state, and whether its ledger knows all uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.trust_state import Witness


class OwnState(Protocol):
    """The trust state of this gate (agent.recording.trust_monitor)."""

    def own_record(self, text: str, witness: Witness) -> None:
        """Take a record of this gate's head that somebody holds for it. May raise JournalError."""
        ...

    def site_record(self) -> str | None:
        """The signed record of this gate's head, as the gates of its site hold it; None while there is none."""
        ...

    def proves(self, heads: Sequence[str], place: int) -> bool:
        """Whether one of these records is this gate's own, of the stream of now, and its row log went so far then."""
        ...

    def rows_shown(self, held: Sequence[tuple[str, int]]) -> None:
        """Hear that all gates have given everything, and how far they knew this gate's row logs."""
        ...

    def why_ledger_open(self) -> str:
        """Why this gate's ledger may not know all uses; "" where it does."""
        ...


class _NothingLost:
    """A gate whose state nobody watches."""

    def own_record(self, text: str, witness: Witness) -> None:
        """Nothing is held against it."""

    def site_record(self) -> str | None:
        """It tells nothing of its head."""

    def proves(self, heads: Sequence[str], place: int) -> bool:  # noqa: ARG002 - as the other
        """It believes the others' word."""
        return True

    def rows_shown(self, held: Sequence[tuple[str, int]]) -> None:
        """Nothing was missing."""

    def why_ledger_open(self) -> str:
        """It knows all."""
        return ""


NOTHING_LOST: Final = _NothingLost()
