"""The inputs of a board as they change: what was seen of each, for a table, for lines of text and for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.core.model import Debounced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.settings import SignalWiring
    from drivers.api import InputSample

DEBOUNCE_MS, POLL_HZ = 40, 20.0


@dataclass(slots=True)
class TrackedInput:
    """One input.

    `signal`: what it is in the lane, empty where nothing is wired to it; `changes` counts those of `value`. `raw` is
    what the board says, `value` what counts for the lane: debounced, and turned round for a contact that is closed at
    rest. None is unknown. `changed_at`: monotonic seconds, None before the first change.
    """

    number: int
    signal: str = ""
    inverted: bool = False
    raw: bool | None = None
    changes: int = 0
    changed_at: float | None = None
    debounced: Debounced = field(default_factory=Debounced)

    @property
    def value(self) -> bool | None:
        """What counts for the lane."""
        return self.debounced.value

    def seen(self, bit: bool | None, at: float, hold_s: float) -> bool:
        """Take one more sample; whether what counts has changed."""
        before = self.debounced
        self.raw = bit
        self.debounced = before.seen(not bit if bit is not None and self.inverted else bit, at, hold_s)
        changed = (before.value, before.flapping) != (self.debounced.value, self.debounced.flapping)
        if changed and before.candidate is not None:
            self.changes += 1
            self.changed_at = at
        return changed

    def as_json(self, ms: float) -> dict[str, Any]:
        """The input for a line of JSON; `ms` since the start."""
        return {
            "ms": round(ms, 1),
            "input": self.number,
            "signal": self.signal or None,
            "raw": self.raw,
            "value": self.value,
            "flapping": self.debounced.flapping,
            "changes": self.changes,
        }


class InputTracker:
    """All inputs of a board, named by the wiring of the lane where it is known."""

    def __init__(self, wiring: SignalWiring | None) -> None:
        self._names = {} if wiring is None else _names(wiring.wired)
        self._inverted = frozenset(() if wiring is None else wiring.inverted)
        self._hold_s = (DEBOUNCE_MS if wiring is None else wiring.debounce_ms) / 1000
        self.period_s = 1 / (POLL_HZ if wiring is None else wiring.poll_hz)
        self.all: list[TrackedInput] = []

    def add_sample(self, sample: InputSample) -> Iterator[TrackedInput]:
        """Take a sample; the inputs that have changed, at the first sample all of them."""
        missing = max(len(sample.bits), *self._names, 0) if self._names else len(sample.bits)
        first = not self.all
        for number in range(len(self.all) + 1, missing + 1):
            self.all.append(TrackedInput(number, self._names.get(number, ""), number in self._inverted))
        for contact in self.all:
            bit = sample.bits[contact.number - 1] if contact.number <= len(sample.bits) else None
            if contact.seen(bit, sample.at, self._hold_s) or first:
                yield contact

    def lost(self, at: float) -> Iterator[TrackedInput]:
        """The board is lost: nothing is known any more; the inputs that were known until now."""
        return (contact for contact in self.all if contact.seen(None, at, self._hold_s))


def _names(wired: Mapping[str, int]) -> dict[int, str]:
    """The signals by the number of their input; an input may be several."""
    found: dict[int, list[str]] = {}
    for name, number in wired.items():
        found.setdefault(number, []).append(name)
    return {number: ", ".join(names) for number, names in found.items()}


def state(value: bool | None) -> str:
    """A state in a word."""
    return "unknown" if value is None else "ON" if value else "off"
