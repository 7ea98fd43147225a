"""Judges the journal: whether it is sound, is written, and gets its events away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import size, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.doctor.facts import JournalFacts

FILLING_SHARE: Final = 0.5
"""Of what the journal may use: what is not acknowledged cannot be pruned."""
WAITING_S: Final = 900.0


def journal(facts: JournalFacts) -> Iterator[Finding]:
    """Whether the journal is sound, is written, and gets its events away."""
    check, path = DiagnosticCheck.JOURNAL, str(facts.path)
    if not facts.exists:
        yield Finding(check, path, FindingCode.JOURNAL_MISSING)
        return
    if facts.trouble:
        yield Finding(check, path, FindingCode.JOURNAL_DAMAGED, values={"trouble": facts.trouble})
        return
    told = []
    if facts.failing:
        told.append(Finding(check, path, FindingCode.JOURNAL_FAILING))
    share = facts.size_bytes / facts.limit_bytes if facts.limit_bytes else 0.0
    if facts.unacknowledged and share > FILLING_SHARE:
        values = {"share": f"{share:.0%}", "count": str(facts.unacknowledged)}
        told.append(Finding(check, path, FindingCode.JOURNAL_FILLING, values=values))
    elif facts.delivers and facts.oldest_s is not None and facts.oldest_s > WAITING_S:
        values = {"count": str(facts.unacknowledged), "age": span(facts.oldest_s)}
        told.append(Finding(check, path, FindingCode.JOURNAL_WAITING, values=values))
    if facts.acks_signed is False:
        told.append(Finding(check, path, FindingCode.ACKS_UNSIGNED))
    measured = f"{facts.events} ({facts.unacknowledged}), {size(facts.size_bytes)} / {size(facts.limit_bytes)}"
    yield from told or [Finding(check, path, measured=measured)]
