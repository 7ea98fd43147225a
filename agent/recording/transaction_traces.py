"""The traces of the transactions that go on: which span the events of each are of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.core.events import AccessDecided
from agent.core.model import span_of_transaction, trace_of

if TYPE_CHECKING:
    from agent.core.events import Draft
    from agent.core.model import TraceContext

KEPT: Final = 64
"""How many transactions are remembered: those of all lanes, and of each a few that are told of late."""


class TransactionTraces:
    """Tell each event of a transaction the span that it is of. For one thread at a time: the recorder's lock.

    The trace comes with the decision on a permit whose declaration carries one: events before it have none. `gate`: the
    gate's id. After a restart in the middle of a transaction its last event has none either.
    """

    def __init__(self, gate: str) -> None:
        self._gate = gate
        self._spans: dict[str, TraceContext] = {}

    def traced(self, draft: Draft) -> Draft:
        """The draft with its transaction's span, where one is known and it has none of its own."""
        if draft.transaction is None or draft.trace is not None:
            return draft
        self._note(draft, draft.transaction)
        span = self._spans.get(draft.transaction)
        return draft if span is None else replace(draft, trace=span)

    def _note(self, draft: Draft, transaction: str) -> None:
        if not isinstance(draft.event, AccessDecided) or draft.event.permit is None:
            return
        permitted = trace_of(draft.event.permit.traceparent)
        # Another permit of the same vehicle may carry another trace: the newest counts, as it does for the decision.
        self._spans.pop(transaction, None)
        if permitted is not None:
            self._spans[transaction] = span_of_transaction(permitted, self._gate, transaction)
            while len(self._spans) > KEPT:
                del self._spans[next(iter(self._spans))]
