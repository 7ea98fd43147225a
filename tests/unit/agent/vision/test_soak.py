"""The soak of a vision worker, in small, and what it calls wrong."""

import re

import pytest

from tests.soak.vision import Soak, Tally, report
from tests.soak.vision_pictures import photographs


def test_a_vision_worker_lives_through_losses_of_its_camera_and_pictures_of_every_kind():
    lines = []
    tally = Soak(600, 2, None).run(lines.append)
    assert tally.verdicts() == []
    assert tally.frames + tally.dropped == 600
    assert tally.presentations > 100
    assert tally.readings > 0
    assert re.fullmatch(r"all were shown; \d+ plates, \d+ thorough looks", tally.end)
    assert (tally.failures, tally.restarts, tally.invented) == (0, 0, [])
    assert len(tally.memory) > 2
    assert all(" %  " in line and line.endswith("MB, 0 restarts") for line in lines)
    assert "restarts                   0" in report(tally)


@pytest.mark.parametrize(
    ("tally", "word"),
    [
        (Tally(frames=100_000, memory=[(n * 1000, 200 + n * 0.5) for n in range(101)]), "grows by 50.0 MB"),
        (Tally(restarts=1, failure="was ended by SIGSEGV"), "SIGSEGV"),
        (Tally(restarts=2), "started anew 2 times"),
        (Tally(invented=[b"9458"]), "9458"),
    ],
    ids=["a leak", "a crash", "restarts", "an invented text"],
)
def test_the_soak_calls_wrong_what_is_wrong(tally, word):
    assert word in " ".join(tally.verdicts())


def test_memory_that_rises_at_the_start_only_is_flat():
    risen = [(n * 1000, min(200 + n * 10.0, 300)) for n in range(101)]
    assert Tally(frames=100_000, memory=risen).verdicts() == []


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no photograph"):
        photographs(tmp_path)
