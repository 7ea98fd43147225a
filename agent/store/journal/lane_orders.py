"""The orders of lanes that hold over restarts: who locked one, who took one out of service.

Functions inside a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import LaneOrdered
from agent.core.lane import LaneLockout

if TYPE_CHECKING:
    import sqlite3

    from agent.core.events import Draft

LOCKED: Final = "locked"
OUT_OF_SERVICE: Final = "out_of_service"
PUT: Final = """
INSERT INTO lane_orders (lane, kind, operator, cause, utc_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (lane, kind) DO UPDATE SET operator = excluded.operator, cause = excluded.cause, utc_ms = excluded.utc_ms
"""


def keep(connection: sqlite3.Connection, draft: Draft, utc_ms: int) -> None:
    """Note what an event orders of its lane."""
    event = draft.event
    if not isinstance(event, LaneOrdered):
        return
    if draft.lane is None:
        raise ValueError("an order of a lane must name the lane")
    match event.order:
        case "locked" | "out_of_service":
            connection.execute(PUT, (draft.lane, event.order, event.operator, event.cause, utc_ms))
        case "unlocked":
            _lift(connection, draft.lane, LOCKED)
        case "in_service":
            _lift(connection, draft.lane, OUT_OF_SERVICE)


def _lift(connection: sqlite3.Connection, lane: str, kind: str) -> None:
    connection.execute("DELETE FROM lane_orders WHERE lane = ? AND kind = ?", (lane, kind))


def orders_of(connection: sqlite3.Connection, lane: str) -> LaneLockout:
    """The orders that hold for a lane."""
    found = dict(connection.execute("SELECT kind, operator FROM lane_orders WHERE lane = ?", (lane,)).fetchall())
    return LaneLockout(locked_by=found.get(LOCKED, ""), out_of_service_by=found.get(OUT_OF_SERVICE, ""))


def all_orders(connection: sqlite3.Connection) -> dict[str, LaneLockout]:
    """The orders that hold, by lane; lanes without any are left out."""
    lanes = [lane for (lane,) in connection.execute("SELECT DISTINCT lane FROM lane_orders ORDER BY lane")]
    return {lane: orders_of(connection, lane) for lane in lanes}


def is_sane(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one of `lane_orders`."""
    lane, kind, operator, cause, utc_ms = row
    texts = all(isinstance(text, str) for text in (lane, operator, cause))
    return texts and kind in {LOCKED, OUT_OF_SERVICE} and isinstance(utc_ms, int)
