"""How long a gate waits for the other gates before it grants a use, just after it started or connected.

One of them may know that its ledger lacks uses.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WAIT_S = 5.0
UNSURE_SHARE = 0.25
"""Of the time that a claim waits: for what other gates say of this gate's ledger, just after it started."""


class StartWait:
    """`connected` and `heard` belong to one thread, `awaited` to all."""

    def __init__(self, peers: Iterable[str]) -> None:
        self._unheard = frozenset(peers)
        self._until_at = time.monotonic() + WAIT_S

    @property
    def awaited(self) -> bool:
        """Whether a gate that has not spoken since the start may still do so.

        For a few seconds after a start or a connection.
        """
        return bool(self._unheard) and time.monotonic() < self._until_at

    def connected(self) -> None:
        """A new connection: give those that have not spoken yet time to do so."""
        self._until_at = time.monotonic() + WAIT_S

    def heard(self, gate: str) -> None:
        """A gate has spoken: it is awaited no more."""
        self._unheard -= {gate}
