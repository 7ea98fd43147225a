"""A point in time as people type it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import typer

from agent.clock import Clock

AGO: Final = re.compile(r"(\d+)([smhd])", re.ASCII)
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def unix_time(text: str) -> float:
    """Unix seconds of an ISO 8601 time (UTC where it names no zone) or of a span ago (90m, 24h, 7d).

    Raises typer.BadParameter.
    """
    ago = AGO.fullmatch(text)
    if ago is not None:
        return Clock().now().utc - int(ago[1]) * SECONDS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither a time (2026-11-24T08:30Z) nor a span (90m, 24h, 7d)") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
