"""The time zone of this computer, which is that of the gate."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.core.numbers import local_hour


def offset_at(utc_s: float) -> int:
    """The offset from UTC at a moment (Unix seconds), in seconds, east positive."""
    offset = datetime.fromtimestamp(utc_s, UTC).astimezone().utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def local_day(utc_s: float) -> int:
    """The local date of a moment, as a proleptic ordinal."""
    return local_hour(utc_s, offset_at(utc_s)).day
