"""What the gates of a site tell one another of the heads of their chains, so that each can be held against the others.

A gate tells a signed record of its head with its rows. The others keep the newest, and whenever they ask for rows give
back all that they heard since they asked last. So a copy that has gone on for as many rows as it lacks is noticed too:
its events are other ones. What comes back is this gate's own word, which no other gate can make up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.site import HEADS_A_MESSAGE
from agent.core.trust_state import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.site import RowsRequest
    from agent.site.own_state_at_peers import OwnState
    from agent.store.journal import SiteLedger

MOST_HEARD: Final = HEADS_A_MESSAGE - 1
"""Heads of a gate that are kept, the newest, until it hears of them; then it is asked for its rows, and so it hears."""


class HeadWitness:
    """Belongs to the thread of the rows, but for `own`. `state`: the trust state of this gate."""

    def __init__(self, state: OwnState, ledger: SiteLedger) -> None:
        self._state = state
        self._ledger = ledger
        self._places: dict[str, int] = {}
        self._heard: dict[str, list[str]] = {}

    def own(self) -> str:
        """The record of this gate's own head; "" while there is none."""
        return self._state.site_record() or ""

    def before_news(self, gate: str) -> bool:
        """Note what is known of a gate's chain before what it tells now takes its place.

        Returns whether it should hear soon what was heard of it. May raise JournalError.
        """
        heard = self._heard.setdefault(gate, [])
        head = self._ledger.told_head(gate)
        if head and head not in heard:
            heard.append(head)
            del heard[:-MOST_HEARD]
        return len(heard) >= MOST_HEARD

    def of_peer(self, gate: str) -> tuple[str, ...]:
        """The heads of another gate's chain that are to be named to it now. May raise JournalError."""
        newest = self._ledger.told_head(gate)
        heads = dict.fromkeys((*self._heard.get(gate, ()), *((newest,) if newest else ())))
        return tuple(heads)[-HEADS_A_MESSAGE:]

    def was_named(self, gate: str) -> None:
        """Note that they are on their way to that gate."""
        self._heard.pop(gate, None)

    def known_of(self, gate: str) -> tuple[tuple[str, int], ...]:
        """How far row logs of another gate are known here. May raise JournalError."""
        return self._ledger.row_logs(gate)

    def compare(self, want: RowsRequest) -> None:
        """Hold the heads of this gate that another names against the journal. May raise JournalError."""
        for head in want.heads:
            self._state.own_record(head, Witness.SITE)

    def proves(self, want: RowsRequest) -> bool:
        """Whether a gate that says how far it knows this one's row log can show it by this gate's own word."""
        return self._state.proves(want.heads, want.after)

    def note_known(self, known: Iterable[tuple[str, int]]) -> None:
        """Note how far a gate knew row logs of this one."""
        for stream, place in known:
            self._places[stream] = max(place, self._places.get(stream, 0))

    def complete(self) -> None:
        """Hear that every gate has given everything."""
        self._state.rows_shown(tuple(self._places.items()))
