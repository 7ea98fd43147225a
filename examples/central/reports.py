"""What is in the store: the gap report and the live table. The views they read stand in schema.sql."""

import json
from datetime import datetime, timedelta

from rich.table import Table
from store import Store

HEADS = ("gate", "stream", "watermark", "last event", "events/min", "last outcome", "missing", "conflicts")
STREAMS = "SELECT * FROM streams ORDER BY source, stream"
MISSING = "SELECT first, last FROM missing WHERE source = %s AND stream = %s ORDER BY first"
LAST = """SELECT time, payload FROM events
    WHERE source = %s AND stream = %s AND (seq = %s OR type = %s) ORDER BY seq DESC LIMIT 1"""
RECENT = """SELECT COUNT(*) FROM (SELECT stored_at FROM events WHERE source = %s AND stream = %s
    ORDER BY seq DESC LIMIT 1000) AS newest WHERE stored_at > %s"""


def gaps(store: Store) -> tuple[list[str], bool]:
    """Every stream with what it lacks, as lines, and whether all is well.

    What a gate recorded but never delivered cannot be seen here: compare `last` with `seq_head` in the gate's status.
    """
    lines, well = [], True
    for source, stream, watermark, signed, first, last, conflicts in store.rows(STREAMS):
        missing = store.rows(MISSING, source, stream)
        state = "whole" if watermark == last else f"{'gap' if missing else 'BROKEN'} after {watermark}"
        well = well and watermark == last and not conflicts
        lines.append(
            f"{source} {stream}: first {first}, last {last}, watermark {watermark}, behind {last - watermark}, "
            f"chain {state}, signed to {signed}, conflicts {conflicts}"
        )
        for start, end in missing:
            replay = json.dumps({"stream": stream, "first": start, "last": end})
            lines.append(f"  missing {start}..{end}; arguments of a replay: {replay}")
    [(rejected,)] = store.rows("SELECT COUNT(*) FROM rejected")
    return [*lines, f"rejected messages: {rejected}"], well


def live_table(store: Store, now: datetime) -> Table:
    """One page: every stream, its newest event, its rate and its trouble."""
    table = Table(*HEADS, title=f"gates at {now:%H:%M:%S} UTC")
    for source, stream, watermark, _signed, _first, last, conflicts in store.rows(STREAMS):
        [(time, _)] = store.rows(LAST, source, stream, last, "") or [(now.isoformat(), b"")]
        closed = store.rows(LAST, source, stream, 0, "transaction.closed")
        outcome = json.loads(closed[0][1])["data"].get("outcome") if closed else "-"
        [(recent,)] = store.rows(RECENT, source, stream, f"{now - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}")
        missing = sum(end - start + 1 for start, end in store.rows(MISSING, source, stream))
        age = timedelta(seconds=round((now - datetime.fromisoformat(time)).total_seconds()))
        cells = (source.removeprefix("/gate/"), stream[:8], watermark, age, recent, outcome, missing, conflicts)
        table.add_row(*map(str, cells), style="bold red" if conflicts else "yellow" if missing else "")
    return table
