"""Claims and rows of other gates, for tests of the ledger that a site shares."""

import json

from agent.core.model.ledger import LedgerState
from agent.core.site.permit_uses import ClaimRow, PeerRow
from tests.support.store.journals import GATE, PERMIT, UTC

PEER, THIRD = "khorgos-04", "khorgos-05"
STREAM = "5d0b9f1e-2222-4222-8333-944445555666"
VIN = "LSGXX0000000000V1"
UTC_MS = round(UTC * 1000)
RESERVED, CONSUMED, RELEASED = LedgerState.RESERVED, LedgerState.CONSUMED, LedgerState.RELEASED


def ask(transaction="p1", gate=PEER, permit=PERMIT, max_uses=1, **more):
    """A claim of another gate."""
    return ClaimRow(permit, more.pop("vehicle", VIN), "export", max_uses, transaction, gate, **more)


def told(seq, state=CONSUMED, transaction="p1", *, permit=PERMIT, use=1, utc_ms=UTC_MS, direction="export", **more):
    """A row as its gate tells it."""
    return PeerRow(seq, permit, use, state, transaction, utc_ms, more.pop("vehicle", VIN), direction, **more)


def take(journal, *rows, gate=PEER, stream=STREAM, first=None):
    """Let a journal take rows that begin where the ones before ended."""
    return journal.site.take_rows(gate, stream, rows[0].seq if first is None else first, rows)


def conflicts(journal):
    """The conflicts among a journal's events: permit, use, gates and transactions."""
    events = [json.loads(one.payload) for one in journal.range(1, journal.head)]
    data = [event["data"] for event in events if event["type"] == "ledger.conflict"]
    return [(bytes.fromhex(one["permit"]), one["use"], one["gates"], one["transactions"]) for one in data]


__all__ = [
    "CONSUMED",
    "GATE",
    "PEER",
    "RELEASED",
    "RESERVED",
    "STREAM",
    "THIRD",
    "UTC_MS",
    "VIN",
    "ask",
    "conflicts",
    "take",
    "told",
]
