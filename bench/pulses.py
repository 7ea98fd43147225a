"""How long pulses last beside what was ordered, on a board that the agent times and on one that times itself.

Usage: bench/pulses.py [--pulses N]
The boards are emulated, each in a process of its own that reads its relay's edges.
"""

from __future__ import annotations

import argparse
import queue
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from agent.barrier import RelayBoard, Wiring
from agent.devices import PortState
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from drivers import registry
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator

if TYPE_CHECKING:
    from agent.barrier import PulseReport
    from drivers.emulators.board import EmulatedBoard
    from drivers.relay_bank import RelayChange

PULSE_MS = 500
GOALS_MS = {"lcus": 20.0, "modbus_rtu": 100.0}
TIMED_BY = {"lcus": "the agent", "modbus_rtu": "the board"}
BOARDS: dict[str, type[LcusEmulator | ModbusEmulator]] = {"lcus": LcusEmulator, "modbus_rtu": ModbusEmulator}


def measure(count: int) -> list[Figure]:
    """Give that many pulses on each board; how far their lengths are from what was ordered."""
    return [_figure(kind, _errors_ms(kind, count)) for kind in BOARDS]


def _figure(kind: str, errors_ms: list[float]) -> Figure:
    note = (
        f"n={len(errors_ms)}, {kind}, {PULSE_MS} ms ordered; p50 {p50(errors_ms):.1f} ms, max {max(errors_ms):.1f} ms"
    )
    return Figure(
        f"pulse length error, timed by {TIMED_BY[kind]}, p99", p99(errors_ms), "ms", GOALS_MS[kind], note=note
    )


def _errors_ms(kind: str, count: int) -> list[float]:
    errors: list[float] = []
    reports: queue.SimpleQueue[PulseReport] = queue.SimpleQueue()
    up = threading.Event()
    with ExitStack() as stack:
        link = stack.enter_context(scratch()) / "relay-board"
        edges = stack.enter_context(_Edges(kind, link))
        board = RelayBoard("bench", registry.relay(kind, {"port": str(link)}))
        barrier = board.barrier(
            Wiring(open_channel=1, pulse_ms=PULSE_MS),
            reports.put,
            lambda state, _detail: up.set() if state is PortState.UP else None,
        )
        board.start()
        stack.callback(board.stop)
        if not up.wait(10):
            raise RuntimeError("the board does not come up")
        for number in range(count):
            barrier.pulse("open", f"grant {number}", time.monotonic() + 5)
            reports.get(timeout=5)
            errors.append(abs(edges.next_length_s() * 1000 - PULSE_MS))
    return errors


class _Edges:
    """The board at `link` as a process, which tells how long its first relay was energised each time."""

    def __init__(self, kind: str, link: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.pulses", "--board", kind, str(link)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def next_length_s(self) -> float:
        """Wait for the end of the next pulse; how long it lasted."""
        return float(self._heard())

    def _heard(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the board ended with {self._process.wait()}")
        return line


def _be_a_board(kind: str, link: Path) -> None:
    board: EmulatedBoard = BOARDS[kind](link)
    energised_at: list[float] = []

    def tell(edge: RelayChange) -> None:
        if edge.channel == 1 and edge.on:
            energised_at.append(edge.at)
        elif edge.channel == 1:
            print(edge.at - energised_at.pop(), flush=True)

    board.relays.watch(tell)
    with board:
        print("up", flush=True)
        sys.stdin.read()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pulses", type=int, default=50)
    parser.add_argument("--board", nargs=2, metavar=("KIND", "LINK"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.board:
        _be_a_board(options.board[0], Path(options.board[1]))
        return 0
    figures = measure(options.pulses)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
