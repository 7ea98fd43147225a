"""The inputs of a board that somebody wires: looked at while a page asks, and traced since that began.

A look opens the board's inputs, reads them once and lets them go: a line that the lane's own drivers hold is shared
with them, and nothing is left open when the page is closed. Nothing moves.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.setup import InputTrace, began_again, traced
from drivers import registry

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class _Watched:
    """The inputs of one board. `words`: what the board calls itself."""

    table: Mapping[str, Any]
    traces: tuple[InputTrace, ...] = ()
    words: str = ""


def has_inputs(kind: str) -> bool:
    """Whether a board of this kind has inputs that can be read."""
    return kind in registry.INPUTS


class BoardWatch:
    """The boards that are looked at, by lane. For all threads; a look waits for the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boards: dict[str, _Watched] = {}

    def look(self, lane: str, table: Mapping[str, Any]) -> tuple[str, tuple[InputTrace, ...]]:
        """Read the inputs of a board once: what it is, and the trace of each input. Raises DeviceError.

        `table`: kind and keys of the inputs' driver. Waits for the board, a second at most.
        """
        with self._lock:
            found = self._boards.get(lane)
            if found is None or found.table != table:
                found = self._boards[lane] = _Watched(dict(table))
            board = registry.inputs(table["kind"], {key: value for key, value in table.items() if key != "kind"})
            try:
                found.words = board.open()
                sample = board.sample()
            finally:
                board.close()
            found.traces = traced(found.traces, sample.bits, sample.at)
            return found.words, found.traces

    def begin(self, lane: str, at: float) -> None:
        """Take what the inputs are now as their beginning: another signal is looked for. `at`: monotonic seconds."""
        with self._lock:
            found = self._boards.get(lane)
            if found is not None:
                found.traces = began_again(found.traces, at)
