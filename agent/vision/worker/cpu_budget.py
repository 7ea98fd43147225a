"""How much a reader may work that can wait, so that the one that cannot gets what it needs."""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger(__name__)

_LEAST_SHARE = 1 / 8
_REGAINED = 1 / 8
_LONGEST_REST_S = 1.0


class CpuBudget:
    """The share of its time that a reader may be at work: halved while frames are lost, regained bit by bit.

    `most`: the share while none is lost, 1/8 to 1.
    """

    def __init__(self, most: float) -> None:
        self._most = self._share = most
        self._lost = 0

    def rest_s(self, took_s: float, lost: int) -> float:
        """How long to rest after a reading that took `took_s`; 1 s at most.

        `lost`: how many frames the code reader has lost so far.
        """
        more, self._lost = lost > self._lost, lost
        self._share = max(_LEAST_SHARE, self._share / 2) if more else min(self._most, self._share + _REGAINED)
        return min(_LONGEST_REST_S, took_s * (1 / self._share - 1))


def lower_priority(niceness: int) -> None:
    """Let the kernel prefer threads of the gate that are less nice to the one that calls this."""
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)
    except OSError as error:  # a sandbox may forbid it
        log.warning("the threads that can wait take the same part of the cores as those that cannot: %s", error)
