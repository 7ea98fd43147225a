"""Drafts and journals for tests."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from agent.core.events.chain import ClockReading, Point, Writer, beginning, seal
from agent.core.events.event_types import (
    AccessGranted,
    DeviceChanged,
    Draft,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
)
from agent.core.model import Outcome
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.reasons import Reason
from agent.store.journal.journal import Journal

GATE = "khorgos-03"
UTC = 1_795_000_000.0
STREAM = "5d0b9f1e-1111-4222-8333-944445555666"
PERMIT = bytes.fromhex("0102030405060708")


class FakeClock:
    """A wall clock that stands until it is set."""

    def __init__(self, utc=UTC, synced=True):
        self.utc, self.synced = utc, synced

    def __call__(self):
        return ClockReading(self.utc, self.synced, 12.3 if self.synced else None)


def open_journal(path, *, boot="boot-1", clock=None, max_bytes=16 << 20, gate=GATE, foreign_aside=False):
    return Journal.open(
        path,
        gate=gate,
        boot=boot,
        clock=clock or FakeClock(),
        max_bytes=max_bytes,
        foreign_aside=foreign_aside,
    )


def present(transaction="t1", utc=UTC):
    return Draft(VehiclePresent(seen_by="inputs"), "1", transaction, utc)


def granted(transaction="t1", utc=UTC):
    return Draft(
        AccessGranted(grant=f"grant of {transaction}", by="permit", permit=PERMIT.hex()), "1", transaction, utc
    )


def entering(transaction="t1", utc=UTC):
    return Draft(VehicleEntering(), "1", transaction, utc)


def closed(transaction="t1", utc=UTC, outcome=Outcome.PASSED):
    event = TransactionClosed(outcome=outcome, reason=Reason.OK, assumed=False, duration_s=4.2)
    return Draft(event, "1", transaction, utc)


def device(detail="", utc=UTC):
    return Draft(DeviceChanged(device="relay", family="relay", state="up", detail=detail), None, None, utc)


def reserve(use=1, transaction="t1", permit=PERMIT, vehicle="", direction=""):
    return LedgerChange(permit, use, LedgerState.RESERVED, transaction, vehicle, direction)


def consume(use=1, transaction="t1", permit=PERMIT):
    return LedgerChange(permit, use, LedgerState.CONSUMED, transaction)


def release(use=1, transaction="t1", permit=PERMIT):
    return LedgerChange(permit, use, LedgerState.RELEASED, transaction)


def sealed_chain(count, *, stream=STREAM, after=None):
    """So many sealed events of one stream."""
    before = after or beginning(stream)
    made = []
    for number in range(count):
        one = seal(
            device(f"event {number}"), Writer(GATE, stream, "boot-1"), before, ClockReading(UTC, True, 3), bytes(10)
        )
        before = Point(stream, one.seq, one.digest)
        made.append(one)
    return made


@contextmanager
def writer_process(path, boot, module="tests.support.store.journal_writer"):
    """A process that writes the journal at `path` without end; it is killed at the end."""
    command = [sys.executable, "-m", module, str(path), boot]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()
