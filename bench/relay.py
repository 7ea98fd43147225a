"""From the decision to the last byte of the open pulse on a serial line (a pseudo-terminal), with the record between.

Usage: bench/relay.py [--pulses N]   The same board's inputs are polled meanwhile, as in a lane.
"""

from __future__ import annotations

import argparse
import queue
import random
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.barrier import RelayBoard, Wiring
from agent.core.events import ClockReading
from agent.core.model import LedgerChange, LedgerState
from agent.devices import InputMonitor, PortState, SignalMap
from agent.store.journal import Journal
from bench.board import BoardProcess
from bench.figures import Figure, p50, p99, table
from bench.journal import UTC, decided, granted
from bench.scratch import scratch
from drivers import registry
from drivers.api import Delivery

if TYPE_CHECKING:
    from pathlib import Path

    from agent.barrier import Barrier, PulseReport

GOAL_MS = 5.0
POLL_S = 0.05
PULSE_MS = 200


@dataclass(frozen=True, slots=True)
class PulseTimes:
    """Of each pulse, in ms: the record of its grant, and from there to its last byte on the line."""

    record: list[float]
    pulse: list[float]

    def figures(self) -> list[Figure]:
        both = [record + pulse for record, pulse in zip(self.record, self.pulse, strict=True)]
        note = f"n={len(both)}, inputs polled at {1 / POLL_S:.0f} Hz on the same line"
        with_record = f"with the durable record of the grant: p50 {p50(both):.1f}, p99 {p99(both):.1f} ms"
        return [
            Figure("decision to last relay byte, record aside, p50", p50(self.pulse), "ms", note=note),
            Figure("decision to last relay byte, record aside, p99", p99(self.pulse), "ms", GOAL_MS, note=with_record),
        ]


def measure(count: int) -> PulseTimes:
    """Give that many pulses, each after its grant was recorded."""
    times, rng, pause = PulseTimes([], []), random.Random(1), threading.Event()
    reports: queue.SimpleQueue[PulseReport] = queue.SimpleQueue()
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        link = folder / "relay-board"
        board = stack.enter_context(BoardProcess(link))
        journal = Journal.open(
            folder / "journal.db",
            gate="bench",
            boot="1",
            clock=lambda: ClockReading(UTC, synced=True),
            max_bytes=1 << 28,
        )
        stack.callback(journal.close)
        barrier = _connected(link, reports, stack)
        for number in range(count):
            pause.wait(rng.uniform(0.0, 2 * POLL_S))
            decided_at = time.monotonic()
            change = LedgerChange(number.to_bytes(8, "big"), 1, LedgerState.RESERVED, f"transaction {number}")
            journal.record([decided(number), granted(number)], [change])
            recorded_at = time.monotonic()
            barrier.pulse("open", f"grant {number}", recorded_at + 5)
            report = reports.get(timeout=5)
            if report.delivery is not Delivery.DELIVERED:
                message = f"pulse {number} was {report.delivery}"
                raise RuntimeError(message)
            sent_at = board.next_pulse_at()
            times.record.append((recorded_at - decided_at) * 1000)
            times.pulse.append((sent_at - recorded_at) * 1000)
    return times


def _connected(link: Path, reports: queue.SimpleQueue[PulseReport], stack: ExitStack) -> Barrier:
    """A barrier and the watch over the inputs, both up, stopped with the stack."""
    up: queue.SimpleQueue[PortState] = queue.SimpleQueue()
    keys = {"port": str(link)}
    board = RelayBoard("bench", registry.relay("modbus_rtu", keys))
    barrier = board.barrier(
        Wiring(open_channel=1, pulse_ms=PULSE_MS), reports.put, lambda state, _detail: up.put(state)
    )
    signals = SignalMap({"presence": 1, "safety": 2}, debounce_s=0.04, period_s=POLL_S)
    watch = InputMonitor(
        "bench",
        registry.inputs("modbus_rtu", keys),
        signals,
        lambda _signals: None,
        lambda state, _detail: up.put(state),
    )
    for part in (board, watch):
        part.start()
        stack.callback(part.stop)
    for _ in range(2):
        if up.get(timeout=10) is not PortState.UP:
            message = "the board does not come up"
            raise RuntimeError(message)
    return barrier


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pulses", type=int, default=600)
    figures = measure(parser.parse_args().pulses).figures()
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
