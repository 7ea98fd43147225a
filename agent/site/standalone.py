"""A gate without a site: it claims uses of permits from nobody."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from agent.core.site import ClaimAnswer, ClaimCode
from agent.site.service import STOP_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from agent.core.events import Draft
    from agent.core.model import LedgerChange
    from agent.core.site import ClaimRequest
    from agent.service.worker import Worker
    from agent.site.gate_view import GateView
    from agent.store.journal import Journal


class StandaloneSite:
    """A gate that has its site to itself: it claims from nobody, and its own ledger decides."""

    def __init__(self, uses: Journal) -> None:
        self._uses = uses

    def start(self) -> None:
        """There is nothing to begin."""

    def stop(self, timeout_s: float = STOP_S) -> bool:  # noqa: ARG002 - as the other
        """There is nothing to end."""
        return True

    @property
    def client(self) -> None:
        """It has no broker."""

    @property
    def workers(self) -> tuple[Worker, ...]:
        """It has no threads."""
        return ()

    # The parameters are those of a gate in a site.
    def claim(self, request: ClaimRequest, answer: Callable[[ClaimAnswer], None]) -> ClaimAnswer:  # noqa: ARG002
        """The next use of the permit. May raise JournalError."""
        use = self._uses.use_state(request.permit_id, request.transaction).next_use
        return ClaimAnswer(ClaimCode.GRANTED, use)

    def reserving(
        self,
        events: Sequence[Draft],  # noqa: ARG002
        ledger: Sequence[LedgerChange],  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Nothing but the ledger can refuse what these changes reserve."""
        return nullcontext()

    @property
    def gates(self) -> tuple[GateView, ...]:
        """There are no others."""
        return ()

    def status(self) -> dict[str, object]:
        """There are no others."""
        return {}
