"""A whole gate counts its own journal while it runs, and goes on after a restart."""

from __future__ import annotations

from agent.numbers import counting_job
from agent.store.numbers import NAME, NumbersError, NumbersReader
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import eventually


def counted_to(gate):
    try:
        with NumbersReader(gate.path.parent / "state" / NAME) as numbers:
            progress = numbers.progress()
    except NumbersError:  # nothing was counted yet
        return None
    return progress.stream, progress.seq


def test_a_gate_counts_its_own_journal_and_goes_on_after_a_restart(tmp_path, monkeypatch):
    monkeypatch.setattr(counting_job, "ROUND_S", 0.05)
    heads = []
    for _ in range(2):
        with ConsoleGate(tmp_path, vision=False) as gate:
            journal = gate.app.parts.journal
            eventually(
                lambda journal=journal, gate=gate: counted_to(gate) == (journal.stream, journal.head),
                what="the newest event, counted",
            )
            assert gate.app.parts.numbers.worker.failures == 0
            heads.append(counted_to(gate)[1])
    assert 0 < heads[0] < heads[1]
