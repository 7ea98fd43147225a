"""What the gates of a site tell one another of the heads of their chains, so that each can be held against the others.

A gate names its head with its rows; the others keep the newest, and name it back whenever they ask for rows. So a copy
that has gone on for as many rows as it lacks is noticed too: its events are other ones.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.core.site import ChainHead, RowsRequest
    from agent.store.journal import Journal, SiteLedger

log = logging.getLogger(__name__)


class HeadWitness:
    """Belongs to the thread of the rows, but for `own`.

    `named` hears of a head of this gate that another names: stream, number and hash of the event, place of the row log.
    `shown` hears how far the others knew row logs of this gate, once all of them have given everything.
    """

    def __init__(
        self,
        journal: Journal,
        ledger: SiteLedger,
        named: Callable[[str, int, str, int], None],
        shown: Callable[[Sequence[tuple[str, int]]], None],
    ) -> None:
        self._journal = journal
        self._ledger = ledger
        self._named = named
        self._shown = shown
        self._places: dict[str, int] = {}

    def own(self) -> ChainHead | None:
        """The end of this gate's own chain; None while that cannot be read."""
        try:
            point = self._journal.checkpoint()
        except JournalError as error:
            log.warning("the head of the journal cannot be told to the site: %s", error)
            return None
        return (point.seq, point.digest)

    def of_peer(self, gate: str) -> ChainHead | None:
        """The newest head that another gate named of its chain. May raise JournalError."""
        return self._ledger.chain_head(gate)

    def known_of(self, gate: str) -> tuple[tuple[str, int], ...]:
        """How far row logs of another gate are known here. May raise JournalError."""
        return self._ledger.row_logs(gate)

    def compare(self, want: RowsRequest) -> None:
        """Hold a head of this gate that another names against the journal. May raise JournalError."""
        if want.head is not None and want.stream:
            self._named(want.stream, *want.head, want.after)

    def note_known(self, known: Iterable[tuple[str, int]]) -> None:
        """Note how far a gate knew row logs of this one."""
        for stream, place in known:
            self._places[stream] = max(place, self._places.get(stream, 0))

    def complete(self) -> None:
        """Hear that every gate has given everything."""
        self._shown(tuple(self._places.items()))
