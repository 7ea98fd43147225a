"""What the soak of the whole agent calls wrong, and that its course is drawn."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.faults.judge import Ending, Judgement
from tests.soak.course import Course, Sample, ticks_to
from tests.soak.verdict import SHOWN, strange_grants, transactions, twice_used, wrongs

GOOD = {
    "recorded": 9, "stored": 9, "lost": 0, "invented": 0, "doubles": 0, "chain": "whole", "checkpoints": 1, "signed": 9,
    "keyed": True, "granted_twice": 0, "refused": (),
}  # fmt: skip


def events(*told):
    return [json.dumps({"type": kind, "transaction": name, "data": data}).encode() for kind, name, data in told]


def seen(*names):
    return [("vehicle.present", name, {}) for name in names]


def closed(*names):
    return [("transaction.closed", name, {"outcome": "passed"}) for name in names]


STARTED = ("gate.started", None, {})
WHOLE = transactions(events(STARTED, *seen("a"), *closed("a")))


def verdict(changes=None, *, breaches=(), found=WHOLE, strange=(), twice=(), **more):
    ending = Ending(Judgement(**(GOOD | (changes or {}))), 0, breaches)
    told = {"unacknowledged": 0, "growth": 1.0, "for_s": 3600.0, "visits": Counter(SHOWN), "failures": []} | more
    return wrongs(ending, found, strange, twice, **told)


def test_a_soak_in_which_all_went_well_is_called_well():
    assert verdict() == []


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"changes": {"lost": 2}}, "2 events are lost"),
        ({"changes": {"invented": 1}}, "not those of the gate"),
        ({"changes": {"doubles": 1}}, "stored twice"),
        ({"twice": ["aa"]}, "permits were granted twice: ['aa']"),
        ({"changes": {"chain": "broken at 7"}}, "broken at 7"),
        ({"changes": {"signed": 2}}, "do not reach the end"),
        ({"changes": {"refused": ("x",)}}, "put aside"),
        ({"breaches": ("exit-1 was told to open 2 times, 1 grants are recorded",)}, "told to open 2 times"),
        ({"found": transactions(events(STARTED, *seen("a", "b"), *closed("a")))}, "without an outcome: ('b',)"),
        ({"found": transactions(events(STARTED, *seen("a"), *closed("a", "a")))}, "two outcomes: ('a',)"),
        ({"found": transactions(events(STARTED))}, "no vehicle came to an outcome"),
        ({"strange": ["00ff"]}, "nobody issued"),
        ({"unacknowledged": 6}, "6 events are not acknowledged"),
        ({"growth": 6.1}, "grows by 6.1 MB an hour"),
        ({"growth": None}, "grows by None"),
        ({"visits": Counter(SHOWN[:-1])}, "never gave its technician: live pictures"),
        ({"failures": ["cable pulled: OSError"]}, "cable pulled"),
    ],
)
def test_each_thing_that_must_not_be_is_called_wrong(how, word):
    (said,) = verdict(**how)
    assert word in said


def test_memory_and_visits_of_a_short_soak_are_not_judged():
    assert verdict(growth=400.0, visits=Counter(), for_s=300.0) == []


def test_a_transaction_that_a_kill_cut_short_needs_no_outcome_and_may_have_one():
    found = transactions(events(STARTED, *seen("a", "b"), STARTED, *closed("b"), *seen("c"), *closed("c")))
    assert (found.begun, found.closed, found.interrupted) == (3, 2, 1)
    assert (found.unfinished, found.twice) == ((), ())


def grant(name, permit="aa"):
    return ("access.granted", name, {"permit": permit})


def outcome(name, how):
    return ("transaction.closed", name, {"outcome": how})


def test_a_permit_may_be_granted_again_only_after_a_vehicle_that_did_not_pass():
    assert twice_used(events(grant("a"), outcome("a", "backed_out"), grant("b"), outcome("b", "passed"))) == []
    assert twice_used(events(grant("a"), outcome("a", "passed"), grant("b"))) == ["aa"]
    assert twice_used(events(grant("a"), STARTED, grant("b"))) == ["aa"]
    assert twice_used(events(grant("a"), outcome("b", "not_taken"), grant("c"))) == ["aa"]
    assert twice_used(events(grant("a"), grant("b", "bb"))) == []


def test_a_permit_that_nobody_issued_is_told():
    granted = [("access.granted", "a", {"permit": permit}) for permit in ("aa", "bb")]
    assert strange_grants(events(*granted), {"aa"}) == ["bb"]


@pytest.mark.parametrize("highest", [0.1, 1.0, 3.7, 60.0, 133.0, 480.5])
def test_ticks_are_round_and_reach_the_highest(highest):
    ticks = ticks_to(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest
    assert 3 <= len(ticks) <= 8


def test_the_course_is_drawn_and_the_growth_of_the_first_life_told():
    course = Course(SimpleNamespace(), 3600.0)
    course.begun_at = 0.0
    hashed_mb = [20 if n % 5 == 2 else 0 for n in range(60)]
    course.samples = [
        Sample(60.0 * n, 80 + n * 0.1 + hashed_mb[n], 200, 5, 40, n % 3, 7 if n < 50 else 8, 40, 20) for n in range(60)
    ]
    assert course.growth_mb_an_hour == pytest.approx(6.0)
    picture = course.picture([(600.0, 0.2), (620.0, 0.4), (3000.0, 1.5)])
    assert picture.count("<polyline") == 7
    assert "From code to relay, s" in picture
