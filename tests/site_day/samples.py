"""A small day for the tests of its judge, its table and its reading."""

from collections import Counter

from tests.fleet.verdict import Events
from tests.site_day.decisions import Decided, Spell
from tests.site_day.kinds import CAMERA, VALID
from tests.site_day.plan import Arrival, Day
from tests.site_day.seen import Lanes, Said, Switching, Visit
from tests.site_day.verdict import Findings, Restored, Updated
from tests.soak.verdict import Transactions

GATE, OTHER = "gate-01", "gate-02"
END = 1000.0


def visit(number, came_at, gate=GATE, lane=CAMERA, **more):
    return Visit(gate, lane, number, came_at, shown_at=came_at + 1.0, gone_at=came_at + 10.0, **more)


def said(kind, at, gate=GATE, lane=CAMERA, **data):
    return Said(gate, "s", 1, at, kind, lane, "t", data)


def decision(verdict, reason, at, **where):
    return said("access.decided", at, verdict=verdict, reason=reason, **where)


def arrival(number, kind, again=None, gate=1, lane=CAMERA):
    return Arrival(number, gate, lane, 0.0, kind, again)


def pulse(at, lane=CAMERA):
    return Switching(GATE, lane, at, "pulse", 1)


PASSED = visit(1, 10.0, pulses=(12.0,), passed=True)
UPDATED = Updated(0, ("0.9.1",))
GOOD = Findings(
    decided=Decided(Counter({VALID: 3}), Counter(), ()),
    events={GATE: (Events(10, 0, 0), [])},
    transactions={GATE: Transactions(3, 3, 0, (), ())},
    used_twice=[],
    never_issued=[],
    without_grant=[],
    unsafe=0,
    restored={GATE: Restored(True, 2, 0, True)},
    updates={"0.9.1": (UPDATED, UPDATED)},
    unseen=[],
    failures=[],
)
DAY = Day(1, 240.0, 1)
SPELLS = [
    Spell("broker killed", "", 1.0, 5.0),
    Spell("power cut", GATE, 7.0, 9.0),
    Spell("power cut", GATE, 10.0, 12.0),
]
LANES = [Lanes((PASSED, visit(2, 60.0)), (pulse(12.0),), 0)]
