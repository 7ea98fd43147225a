"""What a gate does while the gates of its site cannot reach one another."""

from __future__ import annotations

from enum import StrEnum


class PartitionPolicy(StrEnum):
    """What a gate does while a permit's home gate cannot be asked (`deny`: or while it has no broker itself)."""

    HOME_GATE = "home_gate"
    DENY = "deny"
    ALLOW_AND_FLAG = "allow_and_flag"

    def decides_as_home(self, *, connected: bool) -> bool:
        """Whether a home gate decides on its own vehicles. `connected`: whether it has the broker of the site."""
        return connected or self is not PartitionPolicy.DENY

    @property
    def passes_unasked(self) -> bool:
        """Whether a vehicle passes, flagged, although its home gate gave no answer."""
        return self is PartitionPolicy.ALLOW_AND_FLAG
