"""Asking a gate again for what is missing: for a central that only listens, and for one that lost events.

A gate sends again by itself what nobody has acknowledged. What one central has acknowledged and another lacks, only a
`replay` brings back: a signed command, and within what the gate still keeps.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from agent.core.commands import make, sign
from agent.core.model import CommandName
from central.command_client import CommandClient, CommandClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agent.core.commands import CommandBody
    from agent.core.crypto import SigningKey
    from agent.mqtt import OneShotClient
    from central.database import Database

log = logging.getLogger(__name__)
LIFE_S: Final = 30
ANSWER_S: Final = 40.0
ONCE_S: Final = 900
"""Within this time no range is asked for again: a busy gate gives a replay a quarter of its window."""
RANGE: Final = 50_000
ORDERS: Final = 20

# The first hole of each stream of now whose gate is online: below the next event that is here, or, where none is, up to
# what was acknowledged by somebody; what nobody acknowledged the gate sends by itself. Never below what it keeps.
_WANTED: Final = """
SELECT w.stream_id, w.gate, w.stream, w.first, least(w.last, w.first + %(range)s - 1) FROM (
    SELECT s.id AS stream_id, s.gate, s.stream, greatest(s.watermark + 1, coalesce(g.first_kept, 1)) AS first,
        coalesce((SELECT min(e.seq) - 1 FROM events e WHERE e.stream_id = s.id AND e.seq > s.watermark), g.acked, 0)
            AS last
    FROM streams s JOIN gates g ON g.gate = s.gate AND g.stream = s.stream
    WHERE g.state = 'online' AND g.status_at > %(now)s::timestamptz - silence(g.status_every_s)
        AND s.moved_at < %(now)s::timestamptz - make_interval(secs => %(after)s)
    UNION ALL
    SELECT NULL, g.gate, g.stream, coalesce(g.first_kept, 1), g.acked
    FROM gates g WHERE g.state = 'online' AND g.acked >= coalesce(g.first_kept, 1)
        AND g.first_heard_at < %(now)s::timestamptz - make_interval(secs => %(after)s)
        AND NOT EXISTS (SELECT 1 FROM streams s WHERE s.gate = g.gate AND s.stream = g.stream)
) w
WHERE w.first <= w.last AND NOT EXISTS (
    SELECT 1 FROM replay_orders o WHERE o.stream_id = w.stream_id AND o.first_seq = w.first
        AND o.ordered_at > %(now)s::timestamptz - make_interval(secs => %(once)s))
ORDER BY w.gate LIMIT %(orders)s
"""


@dataclass(frozen=True, slots=True)
class ReplayKey:
    """The key that signs replays: its id in the gates' `commands.keys`, and who answers for it."""

    key: SigningKey
    kid: str
    operator: str


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """Events `first` to `last` of a stream, to be asked for. `stream_id` None: nothing of the stream is here yet."""

    stream_id: int | None
    gate: str
    stream: str
    first: int
    last: int


def wanted_replays(database: Database, now: datetime, after_s: float) -> list[ReplayOrder]:
    """What is missing for longer than `after_s`, at most `ORDERS` of it. Raises DatabaseError."""
    values = {"now": now, "after": after_s, "once": ONCE_S, "range": RANGE, "orders": ORDERS}
    return [ReplayOrder(*row) for row in database.execute(_WANTED, values).fetchall()]


def order_replays(
    database: Database,
    orders: Sequence[ReplayOrder],
    connect: Callable[[], OneShotClient],
    key: ReplayKey,
    now: Callable[[], datetime],
) -> list[str]:
    """Order each at its gate, and give what became of it, a line each. One that fails does not hold up the others.

    Raises DatabaseError.
    """
    told = []
    for order in orders:
        try:
            with connect() as client:
                sign_order = partial(_signed, order, key, now, str(uuid.uuid4()))
                answer = CommandClient(client, order.gate, ANSWER_S).run(CommandName.REPLAY.value, sign_order, LIFE_S)
            result = _words(answer)
        except (CommandClientError, OSError) as error:
            result = str(error)
        line = f"{order.gate}: replay of {order.first}..{order.last}: {result}"
        log.info("%s", line)
        told.append(line)
        if order.stream_id is not None:
            database.execute(
                "INSERT INTO replay_orders (stream_id, first_seq, last_seq, ordered_at, result) "
                "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (stream_id, first_seq, last_seq) "
                "DO UPDATE SET ordered_at = excluded.ordered_at, result = excluded.result",
                (order.stream_id, order.first, order.last, now(), result[:500]),
            )
    return told


def _words(answer: dict[str, Any]) -> str:
    parts = (str(answer.get(name)) for name in ("result", "code", "detail") if answer.get(name))
    return " ".join(parts) or "no result"


def _signed(
    order: ReplayOrder, key: ReplayKey, now: Callable[[], datetime], command_id: str, challenge: str
) -> tuple[CommandBody, str]:
    """The order for a challenge; repeated under one id, so that the gate obeys it once at most."""
    at = now()
    fields = {
        "gate": order.gate,
        "operator": key.operator,
        "cause": "events are missing at central",
        "challenge": challenge,
        "counter": round(at.timestamp() * 1000),
        "arguments": {"stream": order.stream, "first": order.first, "last": order.last},
    }
    body = make(CommandName.REPLAY, fields, utc=int(at.timestamp()), life_s=LIFE_S, command_id=command_id)
    return body, sign(body, key.key, key.kid)
