"""Debouncing of a digital input: a value counts once it has stood for a while."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debounced:
    """One input. `value` is what counts, `candidate` what was last seen and `since` (monotonic s) how long it stands.

    Unknown counts at once: it is never clear, and never present.
    """

    value: bool | None = None
    candidate: bool | None = None
    since: float = 0.0

    def seen(self, bit: bool | None, at: float, hold_s: float) -> Debounced:
        """The input after one more sample `bit` taken at `at`.

        The first sample after unknown counts at once, and so does every one when `hold_s` is 0.
        """
        if bit is None:
            return Debounced(None, None, at)
        if self.value is None or bit is self.value or hold_s <= 0.0:
            return Debounced(bit, bit, at)
        if bit is not self.candidate:
            return Debounced(self.value, bit, at)
        if at - self.since >= hold_s:
            return Debounced(bit, bit, at)
        return self
