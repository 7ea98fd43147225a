"""The input signals of a lane: one debounced sample of them."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Signals:
    """One debounced sample; None is unknown, or not wired. `at` is the monotonic time of the sample, in seconds.

    `flapping` names the signals that never stand still; they are None too.
    """

    at: float
    presence: bool | None = None
    """The loop before the arm."""
    safety: bool | None = None
    """The loop under and behind the arm."""
    photocell: bool | None = None
    opened: bool | None = None
    """The limit switch of the open arm."""
    closed: bool | None = None
    """The limit switch of the closed arm."""
    key: bool | None = None
    """The officer's key switch."""
    hold: bool | None = None
    """The contact that holds the barrier open, a fire alarm's for one."""
    flapping: tuple[str, ...] = ()


SIGNAL_NAMES = tuple(field.name for field in fields(Signals) if field.name not in {"at", "flapping"})
