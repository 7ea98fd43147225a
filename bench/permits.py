"""How long the whole decision on a permit takes, with a real journal whose ledger holds 100,000 uses.

Usage: bench/permits.py [--decisions N] [--ledger N]

Base45, CBOR, signature, claims, plate match and ledger; every decision is on a permit of its own and passes.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.chain import ClockReading
from agent.core.decision import Verdict
from agent.core.judgement import JudgementRules
from agent.core.lane_io import Decide, LedgerChange, LedgerState
from agent.core.observations import Presentation, Reading
from agent.decider import Decider, LanePlace
from agent.service.clock import Clock
from agent.store.journal import Journal
from agent.trust_file import TrustFile
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from tests.gate_site import SITE, GateSite

if TYPE_CHECKING:
    from pathlib import Path

GOAL_MS = 5.0
PLATE = "新B52K18"
BATCH = 2_000
UTC = 1_795_000_000.0


@dataclass(frozen=True, slots=True)
class CheckTimes:
    """Of the decisions, in ms."""

    decisions: list[float]
    ledger: int

    def figures(self) -> list[Figure]:
        note = f"n={len(self.decisions)}; {self.ledger:,} rows in the ledger, no declarations: a later version has them"
        return [
            Figure("permit check, p50", p50(self.decisions), "ms", note="the whole decision, signature and ledger too"),
            Figure("permit check, p99", p99(self.decisions), "ms", GOAL_MS, note=note),
        ]


def measure(decisions: int, ledger: int) -> CheckTimes:
    """Decide that many times."""
    with scratch() as folder:
        journal = Journal.open(
            folder / "journal.db",
            gate="bench",
            boot="1",
            clock=lambda: ClockReading(UTC, synced=True),
            max_bytes=1 << 28,
        )
        try:
            _fill(journal, ledger)
            return CheckTimes(_decided(journal, folder, decisions), ledger)
        finally:
            journal.close()


def _fill(journal: Journal, count: int) -> None:
    """Uses that were reserved and consumed."""
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        for state in (LedgerState.RESERVED, LedgerState.CONSUMED):
            journal.record([], [LedgerChange(n.to_bytes(8, "big"), 1, state, f"transaction {n}") for n in numbers])


def _decided(journal: Journal, folder: Path, count: int) -> list[float]:
    site = GateSite(folder)
    clock = Clock()
    place = LanePlace(
        site=SITE,
        lane=1,
        direction="export",
        clock_skew_s=120,
        max_text=1024,
        require_clock=False,
        rules=JudgementRules(),
    )
    decider = Decider(place, TrustFile(folder / "trust.gtl", [site.root_key]), journal, clock)
    position = tuple(((character, 0.99),) for character in PLATE)
    reading = Reading(PLATE, position, "cn_blue", 0.95, "bench", 1, clock.now().at)
    texts = [site.permit(PLATE).encode() for _ in range(count)]
    times = []
    for number, text in enumerate(texts):
        shown = Presentation(text, "bench", "bench", 1, clock.now().at)
        question = Decide(f"transaction {number}", (shown,), (reading,), final=False)
        begun_at = time.perf_counter()
        answer = decider.decide(question, clock.now())
        times.append((time.perf_counter() - begun_at) * 1000)
        if answer.decision.verdict is not Verdict.PASS:
            message = f"a valid permit was judged {answer.decision}"
            raise RuntimeError(message)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=2_000)
    parser.add_argument("--ledger", type=int, default=100_000, help="rows in the ledger")
    options = parser.parse_args()
    figures = measure(options.decisions, options.ledger).figures()
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
