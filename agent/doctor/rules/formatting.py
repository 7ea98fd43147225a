"""Figures as texts that need no language."""

from __future__ import annotations

from typing import Final

_STEP: Final = 1024.0
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86_400.0


def size(count: float) -> str:
    """A number of bytes, such as 1.4 GiB."""
    value, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if abs(value) < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def span(seconds: float) -> str:
    """A length of time in its largest two units, such as 3 d 4 h.

    The letters are those of the SI and its neighbours.
    """
    whole = round(abs(seconds))
    days, hours, minutes = whole // int(_DAY_S), whole % int(_DAY_S) // 3600, whole % 3600 // 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{whole} s"


def milliseconds(seconds: float) -> str:
    """A short time, such as 12 ms."""
    return f"{seconds * 1000:.0f} ms"


def mode(bits: int) -> str:
    """The permissions of a file, such as 0640."""
    return f"{bits & 0o7777:04o}"
