"""How long to wait before the next try: exponential with full jitter."""

from __future__ import annotations

_GROWTH_LIMIT = 32


def delay_s(failures: int, first_s: float, cap_s: float, draw: float) -> float:
    """Seconds to wait after a failed try.

    `failures`: how many tries failed before this one, from 0. `first_s`: the longest wait after the first failure;
    it doubles with every further one up to `cap_s`. `draw`: a uniform random number in 0..1 that the caller brings;
    the whole wait is scaled by it (full jitter), so that a thousand gates that lost the same peer do not come back
    in step. Raises ValueError for a draw outside 0..1, a negative count or times that are not positive.
    """
    if failures < 0 or not 0.0 <= draw <= 1.0 or first_s <= 0.0 or cap_s <= 0.0:
        message = f"not a backoff: failures {failures}, first {first_s} s, cap {cap_s} s, draw {draw}"
        raise ValueError(message)
    return draw * min(cap_s, first_s * 2.0 ** min(failures, _GROWTH_LIMIT))
