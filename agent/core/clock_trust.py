"""How far the computer's clock can be trusted."""

from __future__ import annotations

from enum import StrEnum


class ClockState(StrEnum):
    """SYNCED: a time server keeps it right. HOLDOVER: it was, and cannot have gone far wrong since. UNTRUSTED: else."""

    SYNCED = "SYNCED"
    HOLDOVER = "HOLDOVER"
    UNTRUSTED = "UNTRUSTED"
