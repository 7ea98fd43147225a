"""Checks the watch list: vehicles that an officer must see although their permit is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.decision.checks.check_input import failed, held
from agent.core.model import ListKind, Reason, Verdict
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.decision.checks.check_input import Case, CheckFinding


def unwatched(case: Case) -> CheckFinding | None:
    """WATCHLIST_HOLD: an officer wants to see this permit, vehicle, plate or declaration."""
    watched = case.known.watched
    if watched is not None:
        subject = Text("listed by its {subject}", subject=watched.subject)
        detail = joined([subject, watched.note], ": ") if watched.note else subject
        return failed(Verdict.MANUAL, Reason.WATCHLIST_HOLD, detail)
    return held(Reason.WATCHLIST_HOLD) if ListKind.WATCH in case.known.data.versions else None
