"""The personal values of events, stored beside them in the same transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from central.consumer.gate_messages import ReceivedEvent
    from central.database import Database


def insert_disclosures(database: Database, events: Sequence[tuple[int, ReceivedEvent]], at: datetime) -> None:
    """Store the disclosures of fresh events, and what was erased of them, each with its stream's row.

    Raises DatabaseError.
    """
    told = [(number, one) for number, one in events if one.disclosures or one.erased]
    if not told:
        return
    with database.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO disclosures (stored_at, stream_id, seq, disclosures, erased) VALUES (%s, %s, %s, %s, %s)",
            [
                (
                    at,
                    number,
                    one.envelope.seq,
                    list(one.disclosures),
                    json.dumps([gone.model_dump() for gone in one.erased]),
                )
                for number, one in told
            ],
        )
