"""Which permits need an officer while the trust state is not whole."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.trust_state.state import StatePart, Wholeness
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.trust_state.state import TrustState, Versions

ISSUER_MARGIN_S: Final = 3600.0
"""That the clock of who issues permits may be ahead of the gate's."""

PARTS: Final = {
    StatePart.JOURNAL: Text("journal"),
    StatePart.LEDGER: Text("permit ledger"),
    StatePart.LISTS: Text("lists"),
    StatePart.ORDERS: Text("orders of lanes"),
}
"""What each part is called."""


@dataclass(frozen=True, slots=True)
class StateHold:
    """What permits may not do while the state is not whole.

    `cause`: why none may pass; "" where some may. `ledger`: why none may pass that was issued up to `issued_after_utc`,
    Unix seconds: it may have been used, and the ledger does not know; "" where all may. `floors`: the version that each
    list must have at least.
    """

    cause: str = ""
    ledger: str = ""
    issued_after_utc: float = inf
    floors: Versions = ()


NO_HOLD: Final = StateHold()


def hold_of(state: TrustState) -> StateHold:
    """What follows from a trust state."""
    causes = []
    if state.journal.state is Wholeness.BEHIND:
        causes.append(state.journal.cause)
    if state.unwitnessed:
        causes.append(state.unwitnessed)
    after_utc = inf if state.lost_utc is None else state.lost_utc + ISSUER_MARGIN_S
    return StateHold(
        cause=joined(causes, "; "),
        ledger="" if state.ledger.whole else state.ledger.cause,
        issued_after_utc=inf if state.ledger.whole else after_utc,
        floors=state.demanded,
    )
