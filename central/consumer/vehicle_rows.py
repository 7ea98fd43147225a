"""What people look for, written beside the events: one row for each transaction that ended, and counts of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from central.consumer.gate_messages import Closed, ReceivedEvent
    from central.database import Database


SHARDS: Final = 16
_BY_GATE: Final = """
INSERT INTO {table} AS t ({column}, gate, outcome, vehicles)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::bigint[])
ON CONFLICT (gate, {column}, outcome) DO UPDATE SET vehicles = t.vehicles + excluded.vehicles
"""
_TOTALS: Final = """
INSERT INTO vehicle_totals AS t (gate, outcome, vehicles) SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])
ON CONFLICT (gate, outcome) DO UPDATE SET vehicles = t.vehicles + excluded.vehicles
"""
_BY_REASON: Final = """
INSERT INTO fleet_hours AS t (hour, shard, outcome, reason, vehicles)
SELECT %s, pg_backend_pid() %% %s, * FROM unnest(%s::text[], %s::text[], %s::bigint[])
ON CONFLICT (hour, outcome, reason, shard) DO UPDATE SET vehicles = t.vehicles + excluded.vehicles
"""


def insert_vehicles(database: Database, events: Sequence[tuple[int, ReceivedEvent]], at: datetime) -> None:
    """Write the transactions that ended among fresh events, each with its stream's row. Raises DatabaseError."""
    ended = [(number, one, one.closed) for number, one in events if one.closed is not None]
    if not ended:
        return
    database.execute(
        "INSERT INTO vehicles (stored_at, stream_id, seq, closed_at, gate, lane, transaction_id, dry_run, outcome, "
        "reason, assumed, taken, plate, permit, duration_s) SELECT %s, * FROM unnest(%s::int[], %s::bigint[], "
        "%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::text[], %s::text[], %s::bool[], "
        "%s::bool[], %s::text[], %s::text[], %s::real[])",
        (at, *_columns(ended)),
    )
    _count(database, [(one, closed) for _, one, closed in ended if not one.envelope.dryrun], at)


def _columns(ended: Sequence[tuple[int, ReceivedEvent, Closed]]) -> list[list[object]]:
    rows = [
        (
            number,
            one.envelope.seq,
            one.envelope.time,
            one.gate,
            one.envelope.lane,
            one.envelope.transaction,
            one.envelope.dryrun,
            closed.outcome,
            closed.reason,
            closed.assumed,
            closed.taken,
            closed.plate,
            closed.permit,
            closed.duration_s,
        )
        for number, one, closed in ended
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _count(database: Database, ended: Sequence[tuple[ReceivedEvent, Closed]], at: datetime) -> None:
    """Nobody passed by a dry run: it is not counted."""
    counts = Counter((one.gate, closed.outcome) for one, closed in ended)
    keys = sorted(counts)  # one order for all workers
    values = ([gate for gate, _ in keys], [outcome for _, outcome in keys], [counts[key] for key in keys])
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for table, column, moment in (("vehicle_hours", "hour", hour), ("vehicle_days", "day", hour.replace(hour=0))):
        database.execute(_BY_GATE.format(table=table, column=column).encode(), (moment, *values))
    database.execute(_TOTALS, values)
    reasons = Counter((closed.outcome, closed.reason) for _, closed in ended)
    rows = sorted((outcome, reason, count) for (outcome, reason), count in reasons.items())
    database.execute(_BY_REASON, (hour, SHARDS, *([row[place] for row in rows] for place in range(3))))
