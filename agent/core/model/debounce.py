"""Debounces a digital input: a value counts after it has been stable for a while."""

from __future__ import annotations

from dataclasses import dataclass, replace

FLAPPING_S = 1.0
FLAPPING_CHANGES = 8


@dataclass(frozen=True, slots=True)
class Debounced:
    """One input. `value` is what counts, `candidate` what was last seen and `since` (monotonic s) how long it stands.

    Unknown counts at once: it is never clear, and never present. `changes`: how often the candidate changed without
    standing still since `restless_since`. `flapping`: that goes on for too long, so the value is unknown until the
    input stands still again.
    """

    value: bool | None = None
    candidate: bool | None = None
    since: float = 0.0
    changes: int = 0
    restless_since: float = 0.0
    flapping: bool = False

    def seen(self, bit: bool | None, at: float, hold_s: float) -> Debounced:
        """The input after one more sample `bit` taken at `at`.

        The first sample after unknown counts at once, and so does every one when `hold_s` is 0. An input that changes
        at least `FLAPPING_CHANGES` times within more than `FLAPPING_S` and never stands still for `hold_s` is flapping.
        """
        if bit is None:
            return Debounced(None, None, at)
        if self.candidate is None or hold_s <= 0.0:
            return Debounced(bit, bit, at)
        if bit is self.candidate:
            return self._stood(bit, at, hold_s)
        changes = self.changes + 1
        began = at if changes == 1 else self.restless_since
        flapping = self.flapping or (changes >= FLAPPING_CHANGES and at - began > FLAPPING_S)
        return Debounced(None if flapping else self.value, bit, at, changes, began, flapping)

    def _stood(self, bit: bool, at: float, hold_s: float) -> Debounced:
        """The input after it was seen once more as it was."""
        if at - self.since < hold_s:
            return self
        return replace(self, value=bit, changes=0, flapping=False)
