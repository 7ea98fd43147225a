"""What a gate granted, took over and flagged survives SIGKILL at any moment: nothing is half, nothing lost, nothing
twice.
"""

import random
from collections import Counter

import pytest

from agent.core.events.chain_verification import verify
from tests.support.site.ledger_writer import granted, shared
from tests.support.site.ledgers import PEER, THIRD, conflicts
from tests.support.store.journals import GATE, open_journal, writer_process

KILLS = 6
MANY_KILLS = 150
LONGEST_LIFE_LINES = 60


def check(path, lines):
    """Hold a journal against what its writers said was done; returns how many steps there were."""
    done = {"granted": set(), "both": set()}
    for word, number in (line.split() for line in lines if line.count(" ") == 1 and line.endswith("\n")):
        done[word].add(int(number))
    journal = open_journal(path, boot="after")
    try:
        assert journal.replaced is None
        events = [one.payload for one in journal.range(1, journal.head)]
        assert verify(events, head=journal.checkpoint()).whole
        kept = {one.permit_id: one for one in journal.site.unconfirmed(-1, 1_000_000)}
        assert all(kept[granted(number)].gate == THIRD for number in done["granted"])
        flagged = Counter(permit for permit, *_rest in conflicts(journal))
        assert set(flagged.values()) <= {1}, "a conflict was told twice"
        last = journal.site.cursor(PEER).seq
        for number in range(1, last + 2):
            state = journal.use_state(shared(number))
            both = state.used == 2
            assert both == (flagged[shared(number)] == 1), "a conflict and its event come together"
            assert both or number >= last
        assert all(flagged[shared(number)] == 1 for number in done["both"])
        own = journal.site.rows_after(0, 1_000_000)
        assert [row.seq for row in own] == sorted({row.seq for row in own})
        assert {shared(number) for number in done["both"]} <= {row.permit_id for row in own}
        assert all(gates in ([GATE, PEER], [PEER, GATE]) for _permit, _use, gates, _txns in conflicts(journal))
    finally:
        journal.close()
    return len(done["both"])


def killed(path, kills):
    """Kill the writer so many times; returns what it told."""
    dice = random.Random(20261125)  # noqa: S311 - moments, not secrets
    lines = []
    for kill in range(kills):
        with writer_process(path, f"boot{kill}", module="tests.support.site.ledger_writer") as process:
            lines += [process.stdout.readline() for _ in range(dice.randrange(LONGEST_LIFE_LINES))]
            process.kill()
            lines += process.stdout.readlines()
    return lines


def test_killing_a_gate_loses_nothing_of_what_a_site_shares(tmp_path):
    path = tmp_path / "journal.db"
    assert check(path, killed(path, KILLS)) > KILLS


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killing_a_gate_many_times_loses_nothing_of_what_a_site_shares(tmp_path):
    path = tmp_path / "journal.db"
    assert check(path, killed(path, MANY_KILLS)) > MANY_KILLS
