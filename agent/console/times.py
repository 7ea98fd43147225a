"""Times as every page shows them.

The gate's local time with its zone, UTC on hover, and one that a program can read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from datetime import timedelta

EARLIEST: Final = datetime(2001, 1, 1, tzinfo=UTC)
"""An earlier time is that of a clock that was never set, or of nothing at all."""
_SHOWN: Final = "%Y-%m-%d %H:%M:%S"
_MINUTE_S: Final = 60


def time_tag(given: float | str | datetime | None, unknown: str) -> Markup:
    """A moment for a page: Unix seconds, a time as events have it, or one with its zone.

    `unknown`: what to show for none.
    """
    moment = _moment(given)
    if moment is None:
        return Markup('<span class="unknown-time">{}</span>').format(unknown)
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%S}Z", utc_text(moment), f"{moment.astimezone():{_SHOWN}} {zone(moment)}"
    )


def clock_tag(moment: datetime) -> Markup:
    """The clock of the header: the gate's time of day with its zone, which the page's script keeps going."""
    local = moment.astimezone()
    offset_s = round((local.utcoffset() or UTC.utcoffset(None)).total_seconds())
    return Markup(
        '<time class="clock" data-clock="{}" data-offset="{}" datetime="{}" title="{}"><span>{}</span>'
        '<span class="sec">{}</span> <small>{}</small></time>'
    ).format(
        round(moment.timestamp() * 1000),
        offset_s,
        local.isoformat(timespec="seconds"),
        utc_text(moment),
        f"{local:%H:%M}",
        f"{local::%S}",
        zone(moment),
    )


def utc_text(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{moment.astimezone(UTC):{_SHOWN}} UTC"


def zone(moment: datetime) -> str:
    """The zone of this computer at a moment: `UTC+5`, `UTC-3:30`, `UTC`."""
    offset = moment.astimezone().utcoffset()
    return "UTC" if not offset else f"UTC{_offset(offset)}"


def at_zone(moment: datetime) -> datetime:
    """A moment that somebody typed: where it names no zone it is of this computer's."""
    return moment if moment.tzinfo else moment.astimezone()


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds()) // _MINUTE_S
    hours, rest = divmod(abs(minutes), _MINUTE_S)
    return f"{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def _moment(given: float | str | datetime | None) -> datetime | None:
    """The moment; None where nobody knows it."""
    try:
        found = _read(given)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and found >= EARLIEST else None


def _read(given: float | str | datetime | None) -> datetime | None:
    if isinstance(given, str):
        return at_zone(datetime.fromisoformat(given))
    return datetime.fromtimestamp(given, UTC) if isinstance(given, int | float) else given
