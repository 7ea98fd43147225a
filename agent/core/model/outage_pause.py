"""How long to pause before the next attempt to reach a peer that is not available. Pure."""

from __future__ import annotations

from agent.core.model.backoff import delay_s


def outage_pause_s(failures: int, outage_s: float, first_s: float, cap_s: float, draw: float) -> float:
    """Seconds to wait before the next try: exponential with full jitter, and never longer than the outage so far.

    A pause that has grown past the outage keeps a gate away long after its broker is back. With this bound a peer that
    was away for T seconds sees everybody again at most T seconds (or `first_s`, if that is longer) after its return.
    There is no stampede either: what comes back is spread over a time as long as the outage.

    `failures`: rounds of tries that failed before this one, from 0. `outage_s`: how long the peer has been away, by the
    tries that failed, seconds. `first_s`, `cap_s`, `draw`: as in `delay_s`. Raises ValueError as `delay_s` does, and
    for an outage below 0.
    """
    if not outage_s >= 0.0:
        message = f"not the length of an outage: {outage_s} s"
        raise ValueError(message)
    return delay_s(failures, first_s, min(cap_s, max(first_s, outage_s)), draw)
