"""What is missing, unproven or in conflict: a line for each, and whether all is well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from central.database import Database

_STREAMS = """
SELECT s.gate, s.stream, s.watermark, s.last_seq, s.signed_seq, s.begun_after,
    CASE WHEN g.stream = s.stream THEN coalesce(g.head, 0) ELSE 0 END AS head,
    (SELECT min(e.seq) FROM events e WHERE e.stream_id = s.id AND e.seq > s.watermark) AS behind_gap,
    (SELECT count(*) FROM conflicts c WHERE c.gate = s.gate AND c.stream = s.stream) AS conflicts
FROM streams s LEFT JOIN gates g ON g.gate = s.gate ORDER BY s.gate, s.id
"""


@dataclass(frozen=True, slots=True)
class GapLine:
    """What is to be said of one stream, or of all."""

    text: str
    well: bool


def gaps(database: Database) -> list[GapLine]:
    """A line a stream. Not well: events are missing or not proven, there is a conflict, or nothing is there at all.

    Raises DatabaseError.
    """
    lines = []
    for gate, stream, watermark, last, signed, begun, head, behind_gap, conflicts in database.execute(_STREAMS):
        text = f"{gate} {stream}: watermark {watermark}, last {last}, head {head or 'not told'}, signed to {signed}"
        text += f", begun after {begun}" if begun else ""
        if behind_gap is not None:
            chain = "BROKEN" if behind_gap == watermark + 1 else f"missing {watermark + 1}..{behind_gap - 1}"
            text += f", {chain}"
        elif head > last:
            text += f", not here yet {last + 1}..{head}"
        text += f", conflicts {conflicts}" if conflicts else ""
        lines.append(GapLine(text, behind_gap is None and head <= watermark and not conflicts))
    row = database.execute("SELECT count(*), coalesce(sum(times), 0) FROM rejected").fetchone()
    kinds, times = row or (0, 0)
    lines.append(GapLine(f"rejected messages: {kinds}, seen {times} times", bool(lines)))
    return lines
