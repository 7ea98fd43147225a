"""What was recorded survives SIGKILL and power cuts at any moment."""

import os
import random
import signal
import threading

import pytest

from agent.core.events.chain_verification import verify
from agent.store.journal.ledger import UseState
from tests.support.store.journals import open_journal, writer_process
from tests.support.store.small_disk import copy_at_one_moment, make_image, mounted

KILLS = 12
LONGEST_LIFE_LINES = 120
CUTS = 50
LONGEST_CUT_S = 1.0
MIB = 1 << 20


def check(path, lines, ends):
    """Hold a journal against what its writers said they had recorded; `ends`: how often one of them ended."""
    told = {}
    seqs = [0]
    for word, seq, transaction in (line.split() for line in lines if line.count(" ") == 2 and line.endswith("\n")):
        seqs.append(int(seq))
        told[transaction] = word
    journal = open_journal(path, boot="after")
    try:
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
        assert len(left) <= ends
        assert all(one.granted and len(one.reservations) == 1 for one in left.values())
    finally:
        journal.close()
    return len(told)


def test_killing_the_writer_loses_nothing_that_was_recorded(tmp_path):
    path = tmp_path / "journal.db"
    dice = random.Random(20261124)  # noqa: S311 - moments, not secrets
    lines = []
    for kill in range(KILLS):
        with writer_process(path, f"boot{kill}") as process:
            lines += [process.stdout.readline() for _ in range(dice.randrange(LONGEST_LIFE_LINES))]
            process.kill()
            lines += process.stdout.readlines()
    assert check(path, lines, KILLS) > KILLS


@pytest.mark.long
@pytest.mark.timeout(600)
def test_cutting_the_power_loses_nothing_that_was_recorded(tmp_path):
    """What the block device holds at one moment is what a power cut leaves: freeze the writer, copy, mount the copy."""
    image, copy = tmp_path / "disk.img", tmp_path / "cut.img"
    dice = random.Random(20261124)  # noqa: S311 - moments, not secrets
    recorded = 0
    for cut in range(CUTS):
        make_image(image, 32 * MIB)
        with mounted(image, tmp_path / "disk") as disk, writer_process(disk / "journal.db", f"boot{cut}") as process:
            lines = [process.stdout.readline()]
            reader = threading.Thread(target=lambda into=lines, out=process.stdout: into.extend(out))
            threading.Event().wait(dice.uniform(0, LONGEST_CUT_S))
            os.kill(process.pid, signal.SIGSTOP)
            reader.start()
            copy_at_one_moment(image, copy)
            process.kill()
            reader.join()
        with mounted(copy, tmp_path / "after") as disk:
            recorded += check(disk / "journal.db", lines, 1)
    assert recorded > CUTS
