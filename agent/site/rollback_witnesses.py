"""The other gates as witnesses of this gate's row log: does one of them know more of it than it holds itself?

What they know was told and signed by this gate. A log that ends before that is an older copy, put back.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.site import RowsRequest
    from agent.store.journal import SiteLedger

log = logging.getLogger(__name__)


class Witnesses:
    """`compare_position` belongs to one thread, `older_copy` to all."""

    def __init__(self, ledger: SiteLedger, stream: str) -> None:
        self._ledger = ledger
        self._stream = stream
        self._older_copy = ""

    @property
    def older_copy(self) -> str:
        """In a sentence, that this gate's journal is an older copy; empty as long as nobody showed it."""
        return self._older_copy

    def compare_position(self, gate: str, want: RowsRequest, proven: Callable[[RowsRequest], bool]) -> None:
        """Compare what a gate knows of the row log with the log. May raise JournalError.

        `proven`: whether the gate can show it. One that says more than it can show is not believed: it could end any
        stream of this gate.
        """
        if want.stream == self._stream and want.after > self._ledger.head():
            if proven(want):
                self._older_copy = self._ledger.older_copy(gate, want.after)
            else:
                log.error("%s says that it knows place %d of this gate's row log, and cannot show it", gate, want.after)
