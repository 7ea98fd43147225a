"""The table and the picture of a day."""

from collections import Counter
from dataclasses import replace

from tests.site_day.decisions import Decided
from tests.site_day.kinds import CAMERA, VALID
from tests.site_day.picture import Course, draw
from tests.site_day.samples import DAY, GATE, GOOD, LANES, SPELLS
from tests.site_day.table import lines_of

FOUND = replace(
    GOOD,
    decided=Decided(Counter({VALID: 3, "used": 1}), Counter({VALID: 2}), ("vehicle 9",), (50.0,), (60.0,)),
)


def test_the_table_says_what_was_counted():
    text = "\n".join(lines_of(FOUND, LANES, SPELLS, DAY))
    for line in (
        "used                  1                     0",
        "valid                 3                     2",
        "vehicles       2, 0.5 times the traffic of truck lanes; 1 passed",
        "decisions      4 right, 2 excused by a trouble, 1 wrong",
        "events         10 recorded, lost 0, altered 0",
        "pulses         1, without a grant 0",
        "used twice     0",
        "unsafe         0",
        "troubles       broker killed 1, power cut 2",
        "software       0.9.1: the tool ended with 0, then the gates ran 0.9.1",
        f"restored       {GATE}: noticed, 2 vehicles to an officer, 0 let in, the ledger is whole again",
        f"code to relay  {CAMERA}: p50 1.00 s, p99 1.00 s, slowest 1.00 s",
    ):
        assert line in text, text


def test_the_picture_has_a_diagram_of_each_thing_also_of_a_day_on_which_nothing_happened():
    visits = list(LANES[0].visits)
    full = draw(Course(DAY, 0.0, visits, FOUND.decided, SPELLS, [(10.0, 3), (20.0, 0)]))
    empty = draw(Course(DAY, 0.0, [], Decided(Counter(), Counter(), ()), [], []))
    for title in ("Vehicles an hour", "From code to relay", "central does not have", "Troubles that begin"):
        assert title in full
        assert title in empty
    assert len(full) > len(empty)
