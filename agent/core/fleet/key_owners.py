"""The owner of each key of the configuration: who wins if a technician and central set different values."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from agent.core.anchors import is_anchor

if TYPE_CHECKING:
    from collections.abc import Sequence


class KeyOwner(StrEnum):
    """Whose word counts.

    ANCHORS: who may change trust anchors. GATE: what makes this gate itself; no document sets it. TECHNICIAN: what
    is set at the gate wins over central. POLICY, CENTRAL: central wins, by a document of policy or of configuration.
    """

    ANCHORS = "anchors"
    GATE = "gate"
    TECHNICIAN = "technician"
    POLICY = "policy"
    CENTRAL = "central"


GATE_KEYS: Final = ("version", "include", "gate.*", "lanes.*.number", "lanes.*.mode")
"""A document never sets them: who the gate is, and whether a lane moves anything."""

TECHNICIAN_KEYS: Final = (
    "lanes.*.timing.*",
    "lanes.*.cameras.*.zone",
    "lanes.*.cameras.*.exposure",
    "lanes.*.cameras.*.width_px",
    "lanes.*.cameras.*.height_px",
    "lanes.*.cameras.*.frame_rate_hz",
    "lanes.*.cameras.*.open_timeout_ms",
    "lanes.*.cameras.*.read_timeout_ms",
    "lanes.*.cameras.*.reading_deadline_s",
    "lanes.*.cameras.*.hang_s",
    "lanes.*.barrier.pulse_ms",
    "lanes.*.signals.debounce_ms",
    "lanes.*.signs.*.volume",
    "lanes.*.voice.volume_percent",
    "lanes.*.voice.quiet_hours",
    "log.level",
)
"""What a technician may set at the gate against central: aim, exposure, time limits, loudness, the log's level."""

POLICY_KEYS: Final = (
    "permits.clock_skew_s",
    "permits.max_text",
    "permits.forms",
    "lists.*",
    "clock.*",
    "commands.max_life_s",
    "evidence.*",
    "journal.keep_acknowledged_days",
    "site.partition_policy",
    "privacy.*",
    "console.idle_minutes",
    "console.session_hours",
    "console.second_factor",
    "console.pass_reasons",
    "console.refusal_reasons",
    "lanes.*.anti_passback_s",
    "lanes.*.rules.*",
)
"""What decides who may pass, and what is kept of it: a document of policy sets it, and no other document."""


def owner_of(path: Sequence[str | int]) -> KeyOwner:
    """The owner of a key, named by its path. Items of lists are numbers or ids; both count as any item."""
    if is_anchor(path):
        return KeyOwner.ANCHORS
    parts = tuple(str(part) for part in path)
    for owner, patterns in _TABLES:
        if any(_covers(pattern, parts) for pattern in patterns):
            return owner
    return KeyOwner.CENTRAL


def _covers(pattern: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether a key is the one of the pattern, or lies in it."""
    return len(parts) >= len(pattern) and all(map(fnmatchcase, parts, pattern))


_TABLES: Final = tuple(
    (owner, tuple(tuple(key.split(".")) for key in keys))
    for owner, keys in (
        (KeyOwner.GATE, GATE_KEYS),
        (KeyOwner.TECHNICIAN, TECHNICIAN_KEYS),
        (KeyOwner.POLICY, POLICY_KEYS),
    )
)
