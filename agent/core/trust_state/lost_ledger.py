"""A ledger that may lack uses, and what proves that it is whole again; orders of lanes that may be lost with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from agent.core.trust_state.state import PartStanding, RowsWanted, TrustState, Wholeness
from drivers.text import Text

WHOLE: Final = PartStanding()
UNKNOWN_ROWS: Final = RowsWanted("")
"""Rows of which nobody can say how many there were."""


@dataclass(frozen=True, slots=True)
class TrustRules:
    """`lanes`: the lanes of the gate. `longest_life_s`: no permit holds longer than that after it was issued."""

    lanes: frozenset[str]
    longest_life_s: float


def lose(state: TrustState, cause: str, rules: TrustRules, wanted: RowsWanted | None = None) -> TrustState:
    """Uses and orders may be missing."""
    return lose_orders(lose_ledger(state, cause, wanted or UNKNOWN_ROWS), cause, rules)


def lose_ledger(state: TrustState, cause: str, wanted: RowsWanted) -> TrustState:
    """Uses may be missing: these rows. The time that ends the loss begins again."""
    ledger = state.ledger if not state.ledger.whole else PartStanding(Wholeness.LOST, cause)
    return replace(state, ledger=ledger, missing=with_wanted(state.missing, wanted), lost_utc=None)


def with_wanted(missing: tuple[RowsWanted, ...], wanted: RowsWanted) -> tuple[RowsWanted, ...]:
    """What is missing, with this. Of one stream the furthest place counts."""
    same = next((one for one in missing if one.stream == wanted.stream), None)
    if same is None:
        return (*missing, wanted)
    both = RowsWanted(
        same.stream, max(same.place, wanted.place), same.exact or wanted.exact, same.older or wanted.older
    )
    return tuple(both if one is same else one for one in missing)


def show_ledger(state: TrustState) -> tuple[TrustState, str]:
    """The ledger is whole again where the other gates held, and gave, everything that is missing."""
    held = {one.stream: one.seq for one in state.rows_held}
    shown = all(one.exact and held.get(one.stream, 0) >= one.place for one in state.missing)
    if not shown or not state.missing:
        return state, ""
    return whole_ledger(state), Text("the other gates of the site had all uses and sent them")


def whole_ledger(state: TrustState) -> TrustState:
    """Nothing of the ledger is missing any more."""
    return replace(state, ledger=WHOLE, missing=(), lost_utc=None)


def lose_orders(state: TrustState, cause: str, rules: TrustRules) -> TrustState:
    """The orders of every lane may be missing."""
    orders = state.orders if not state.orders.whole else PartStanding(Wholeness.LOST, cause)
    return replace(state, orders=orders, unordered=rules.lanes) if rules.lanes else state
