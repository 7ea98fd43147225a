"""The range of an event's sequence number."""

from __future__ import annotations

SEQ_MAX = 2**31 - 1
