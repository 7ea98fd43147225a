"""Pictures survive SIGKILL at any moment: whole, in one folder, and in the queue if they were queued."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from agent.store.evidence.evidence_store import EvidenceStore
from agent.store.evidence.retention import RetentionClass
from tests.support.store.evidence_writer import CAP, picture

ROOT = Path(__file__).parents[5]
LONGEST_LIFE_LINES = 200


def life(folder, first, dice):
    """Let a writer live for some lines and kill it; the words that it said of each picture."""
    told = {}
    command = [sys.executable, "-m", "tests.support.store.evidence_writer", str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout.readline() == "open\n"
        for _ in range(dice.randint(1, LONGEST_LIFE_LINES)):
            word, number = process.stdout.readline().split()
            told.setdefault(int(number), []).append(word)
        process.kill()
        rest = process.stdout.read()
    for line in rest.splitlines(keepends=True):
        if line.endswith("\n"):
            word, number = line.split()
            told.setdefault(int(number), []).append(word)
    return told


def check(folder, told):
    """Hold the folder against what was said."""
    store = EvidenceStore(folder, CAP)
    files = list(folder.rglob("*.jpg"))
    assert len(files) == len({file.name for file in files}) == len(store)
    assert not list(folder.rglob("*.part"))
    assert store.used_bytes == sum(file.stat().st_size for file in files) <= CAP
    for number, words in told.items():
        name, jpeg = picture(number)
        if store.get(name) is None:
            assert store.retention_class(name) is None
            continue
        assert store.get(name) == jpeg
        if "queued" in words:
            assert store.retention_class(name) is (RetentionClass.PASSED if number % 3 == 0 else RetentionClass.OTHER)
    waiting = {file.name for file in (folder / "outgoing").iterdir()}
    assert len(store.outgoing) == len(waiting)
    for number, words in told.items():
        name = picture(number)[0]
        if "sent" in words:
            assert name not in waiting
        elif "queued" in words and number % 4:
            assert name in waiting
    newest = max((number for number, words in told.items() if "kept" in words), default=None)
    # Pictures of passed vehicles give way first: the next one, of which nothing was said yet, may stand in its place.
    if newest is not None and (newest % 3 or "queued" not in told[newest]):
        assert picture(newest)[0] in store, "what was kept last is there"


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.long)])
def test_killing_the_writer_leaves_every_picture_whole_and_the_queue_right(tmp_path, kills):
    dice = random.Random(7)  # noqa: S311 - moments, not secrets
    first = 0
    for _ in range(kills):
        told = life(tmp_path, first, dice)
        check(tmp_path, told)
        first = max(told, default=first) + 1000
