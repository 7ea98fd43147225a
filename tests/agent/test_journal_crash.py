"""What was recorded survives SIGKILL at any moment."""

import random

from agent.core.verification import verify
from agent.store.journal import UseState
from tests.journals import open_journal, writer_process

KILLS = 20
LONGEST_LIFE_LINES = 120


def test_killing_the_writer_loses_nothing_that_was_recorded(tmp_path):
    path = tmp_path / "journal.db"
    dice = random.Random(20261124)  # noqa: S311 - moments, not secrets
    told = {}
    seqs = [0]
    for kill in range(KILLS):
        with writer_process(path, f"boot{kill}") as process:
            lines = [process.stdout.readline() for _ in range(dice.randrange(LONGEST_LIFE_LINES))]
            process.kill()
            lines += process.stdout.readlines()
        for word, seq, transaction in (line.split() for line in lines if line.count(" ") == 2 and line.endswith("\n")):
            seqs.append(int(seq))
            told[transaction] = word
    journal = open_journal(path, boot="after")
    try:
        assert len(told) > KILLS
        assert journal.replaced is None
        assert seqs == sorted(set(seqs)), "a number was used twice"
        assert journal.head >= seqs[-1]
        events = list(journal.range(1, journal.head))
        assert [one.seq for one in events] == list(range(1, journal.head + 1))
        assert verify((one.payload for one in events), head=journal.checkpoint()).whole

        left = {one.transaction: one for one in journal.recover().interrupted}
        for transaction, word in told.items():
            state = journal.use_state(transaction.encode())
            open_still = state == UseState(0, transaction, True, 2)
            assert open_still or state == UseState(1, None, False, 2)
            assert not (word == "consumed" and open_still)
            assert open_still == (transaction in left)
        assert len(left) <= KILLS
        assert all(one.granted and len(one.reservations) == 1 for one in left.values())
    finally:
        journal.close()
