"""The state of a device's port and when to try it again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.backoff import delay_s

FIRST_RETRY_S = 0.25
RETRY_CAP_S = 1.0


class PortState(StrEnum):
    """Every device is expected to vanish and to come back."""

    CONNECTING = "connecting"
    UP = "up"
    STALE = "stale"
    LOST = "lost"


@dataclass(slots=True)
class Retry:
    """Counts failed tries of one port and says when the next is due. Never gives up.

    A device behind a cable comes back when somebody plugs it in, so the cap is short: the gate must be ready again
    within two seconds, and an idle try costs nothing.
    """

    first_s: float = FIRST_RETRY_S
    cap_s: float = RETRY_CAP_S
    _failures: int = 0
    _due_at: float = field(default=0.0)

    def wait_s(self) -> float:
        """Seconds until the next try is due; 0 when it is."""
        return max(0.0, self._due_at - time.monotonic())

    def failed(self) -> None:
        """Note a failed try."""
        pause_s = delay_s(self._failures, self.first_s, self.cap_s, random.random())  # noqa: S311 - jitter, no secret
        self._failures += 1
        self._due_at = time.monotonic() + pause_s

    def succeeded(self) -> None:
        """Note that the port is up."""
        self._failures = 0
        self._due_at = 0.0
