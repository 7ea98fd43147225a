"""How often one address may log in, ask for pages and ask for screens: a bucket each, filled at a steady rate."""

from __future__ import annotations

import threading
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from agent.core.model import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

LOGIN_BURST: Final = 10.0
LOGINS_PER_S: Final = 1 / 6
REQUEST_BURST: Final = 300.0
REQUESTS_PER_S: Final = 50.0
SCREEN_BURST: Final = 120.0
SCREENS_PER_S: Final = 10.0
MOST_ADDRESSES: Final = 4096
IPV6_PREFIX: Final = 64


class AddressLimits:
    """A token bucket for each address, for IPv6 for each network of a household (/64). For all threads."""

    def __init__(self, burst: float, per_s: float, at: Callable[[], float]) -> None:
        """`burst`: at once; `per_s`: in the long run; `at`: monotonic seconds."""
        self._burst, self._per_s, self._at = burst, per_s, at
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Take one; 0 where that was allowed, else the seconds until it will be."""
        key, now = household(address), self._at()
        with self._lock:
            bucket = self._buckets.pop(key, None) or TokenBucket(self._per_s, self._burst)
            self._buckets[key] = bucket
            if len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
            return 0.0 if bucket.try_acquire(now) else bucket.wait_s(now)


def household(address: str) -> str:
    """The address as limits know it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
