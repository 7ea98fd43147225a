"""The orders of lanes after a loss: what the head file holds comes up again, and all other lanes come up locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import Draft, LaneOrdered, OwnCause
from agent.core.lane import LaneLockout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.store.journal import Journal

OWN_NAME: Final = "gate-agent"
"""Who locks a lane whose orders are not known."""


class LostOrders:
    """`held`: the orders that the head file holds and the journal has lost, by lane: who locked it, who closed it."""

    def __init__(self, journal: Journal, held: Mapping[str, tuple[str, str]]) -> None:
        self._journal = journal
        self._held = {lane: LaneLockout(*names) for lane, names in held.items()}

    def of_lane(self, lane: str, unordered: frozenset[str]) -> LaneLockout:
        """The orders of a lane that hold. `unordered`: the lanes whose orders are not known. May raise JournalError."""
        held = self._held.get(lane) or self._journal.lane_orders(lane)
        if lane in unordered and not held.locked_by:
            return LaneLockout(OWN_NAME, held.out_of_service_by)
        return held

    def ordered(self, lane: str) -> None:
        """Note that an order of a lane is in the journal: that one holds."""
        self._held.pop(lane, None)

    def drafts(self, unordered: frozenset[str], utc: float) -> list[Draft]:
        """The events that put into the journal what holds, and lock what nobody knows. May raise JournalError."""
        drafts = []
        for lane, orders in sorted(self._held.items()):
            cause = OwnCause.ORDER_KEPT.value
            if orders.locked_by:
                drafts.append(_order(lane, "locked", orders.locked_by, cause, utc))
            if orders.out_of_service_by:
                drafts.append(_order(lane, "out_of_service", orders.out_of_service_by, cause, utc))
        drafts += [
            _order(lane, "locked", OWN_NAME, OwnCause.ORDERS_LOST.value, utc)
            for lane in sorted(unordered)
            if not self._journal.lane_orders(lane).locked_by
        ]
        return drafts


def _order(lane: str, order: str, operator: str, cause: str, utc: float) -> Draft:
    event = LaneOrdered.model_validate({"order": order, "operator": operator, "cause": cause})
    return Draft(event, lane, None, utc)
