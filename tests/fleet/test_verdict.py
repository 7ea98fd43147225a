"""What the proof of roll-outs calls wrong."""

from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest

from drivers.relay_bank import RelayChange
from tests.fleet.arrivals import LOOK_S, OPEN_CHANNEL, Yard, let_them_come, until_gone
from tests.fleet.progress import LONGEST, shortened, table
from tests.fleet.traffic import Traffic, Vehicle, course, summary, traffic_of, vehicles_of, wrongs_of_traffic
from tests.fleet.verdict import DONE, STOPPED, Events, Found, Promise, Row, compared, wrongs_of_events

GATES = frozenset({"a", "b", "c", "d"})
PROMISE = Promise(STOPPED, told=frozenset("ab"), applied=frozenset("a"), failed={"b": "not_connected"})
FOUND = Found(
    STOPPED,
    told=frozenset("ab"),
    applied=frozenset("a"),
    failed={"b": ("not_connected", "no connection")},
    working=frozenset("a"),
    online=GATES,
    active=GATES,
)
PASSED = tuple(Vehicle(name, came, came + 1.0) for name, came in (("p", 10.0), ("q", 20.0), ("r", 30.0)))
TRAFFIC = Traffic(PASSED, granted=frozenset("pqr"), restarts=(20.5,), ended_at=100.0)


def said(**changes):
    return Row("good", GATES, PROMISE, replace(FOUND, **changes), Counter()).wrongs()


def test_a_roll_out_that_ended_as_promised_is_called_well():
    assert said() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": DONE}, "fleet apply ended with 0, not 1"),
        ({"told": frozenset("abc")}, "told too: c"),
        ({"told": frozenset("a")}, "not told: b"),
        ({"applied": frozenset("ac")}, "applied too: c"),
        ({"applied": frozenset()}, "not applied: a"),
        ({"failed": {}}, "failed: {}, not {'b': 'not_connected'}"),
        ({"failed": {"b": ("not_started", "it died")}}, "failed: {'b': 'not_started'}"),
        ({"failed": {"b": ("not_connected", "")}}, "failed without a word: b"),
        ({"working": frozenset("ab")}, "at work, not applied: b"),
        ({"working": frozenset()}, "applied, not at work: a"),
        ({"online": frozenset("acd")}, "cut off: b"),
        ({"active": frozenset("acd")}, "not running: b"),
    ],
)
def test_each_thing_that_must_not_be_is_called_wrong(changes, words):
    (text,) = said(**changes)
    assert text.startswith("good: ")
    assert words in text


def test_events_that_are_lost_or_altered_are_called_wrong():
    kept = {3: b"c", 4: b"d"}  # a gate prunes the first of what central has
    assert compared(kept, {1: b"a", 2: b"b", 3: b"c", 4: b"d"}) == Events(recorded=4, lost=0, altered=0)
    assert compared(kept, {1: b"a", 3: b"x", 4: b"d", 5: b"later"}) == Events(recorded=4, lost=1, altered=1)
    found = {"a": Events(4, 0, 0), "b": Events(4, 1, 2), "c": Events(0, 0, 0)}
    assert wrongs_of_events(found) == [
        *("b: 1 events are lost", "b: 2 events at central are not those of the gate", "c recorded nothing"),
    ]


def test_the_table_has_its_columns_below_one_another():
    assert table(("name", "count"), [("good", 4), ("cuts-off", 12)]) == [
        *("name      count", "---------------", "good          4", "cuts-off     12"),
    ]


def test_what_was_heard_fits_its_column():
    assert shortened("it did not come up. Its last words: many") == "it did not come up"
    assert shortened("no connection") == "no connection"
    assert shortened("x" * LONGEST) == "x" * LONGEST
    assert shortened(f"{'x' * (LONGEST - 2)} yz") == f"{'x' * (LONGEST - 2)}…"


def test_vehicles_that_pass_while_their_gate_restarts_are_called_well():
    assert wrongs_of_traffic({"a": TRAFFIC}, began=15.0) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"refused": {"q": (20.7, "DENY EXPIRED"), "s": (22.0, "MANUAL TOO_OLD")}},
            "a: refused with a good permit: 2 (DENY EXPIRED, MANUAL TOO_OLD)",
        ),
        ({"vehicles": (*PASSED, Vehicle("s", 30.0))}, "a: a vehicle waits in vain for 70 s"),
        ({"vehicles": PASSED[1:]}, "a: only 2 vehicles passed"),
        ({"granted": frozenset("pr")}, "a: opened, and not granted by central's events: q"),
        ({"unasked": 2}, "a: opened 2 times for nobody"),
        ({"restarts": (25.0,)}, "no vehicle waited in any restart of a gate"),
    ],
)
def test_each_thing_that_must_not_become_of_vehicles_is_called_wrong(changes, words):
    assert wrongs_of_traffic({"a": replace(TRAFFIC, **changes)}, began=15.0) == [words]


def test_the_last_vehicle_may_still_wait_when_the_proof_ends():
    assert wrongs_of_traffic({"a": replace(TRAFFIC, vehicles=(*PASSED, Vehicle("s", 60.0)))}, began=15.0) == []


def test_vehicles_are_counted_in_the_time_in_which_they_pass_or_are_refused():
    one = replace(TRAFFIC, refused={"s": (25.0, "DENY EXPIRED")})
    assert [one.passed(*span) for span in ((0.0, 21.0), (21.0, 31.0), (21.0, 32.0))] == [1, 1, 2]
    assert [one.turned_away(*span) for span in ((0.0, 25.0), (25.0, 31.0))] == [0, 1]


def test_what_waited_before_the_first_roll_out_is_not_counted():
    early = Vehicle("o", 1.0, 9.0)
    traffic = {"a": replace(TRAFFIC, vehicles=(early, *PASSED), restarts=(5.0,)), "b": TRAFFIC}
    assert summary(traffic, began=9.5) == (
        "vehicles: 6 passed, 0 refused; one waited in 1 of 1 restarts of its gate, the longest wait 1 s at a; "
        "0 asked for an officer until the relay board answered at a start"
    )
    resumed = dict.fromkeys("qr", (20.6, "MANUAL GATE_FAULT"))
    both = {"a": replace(traffic["a"], resumed=resumed), "b": replace(TRAFFIC, resumed={"q": resumed["q"]})}
    later = summary(both, began=0.0)
    assert later == (
        "vehicles: 7 passed, 0 refused; one waited in 2 of 2 restarts of its gate, the longest wait 8 s at a; "
        "3 asked for an officer until the relay board answered at a start"
    )


def test_the_traffic_of_a_gate_is_read_from_its_notes_and_its_events():
    notes = ["p came 10.000", "p opened 11.000", "- opened 12.500", "q came 20.000"]
    events = [
        event("gate.started", 9.0, version="0.9.0"),
        event("access.decided", 10.5, verdict="PASS", reason="OK", permit={"permit": "p"}),
        event("access.granted", 10.6, permit="p", by="permit"),
        event("access.decided", 20.5, verdict="RETRY", reason="NO_PERMIT", permit=None),
        event("access.decided", 21.0, verdict="DENY", reason="EXPIRED", permit={"permit": "q"}),
        event("access.decided", 22.0, verdict="MANUAL", reason="RATE_LIMITED", permit={"permit": "q"}),
        event("access.decided", 23.0, verdict="MANUAL", reason="SIGNATURE", permit=None),
    ]
    assert traffic_of(vehicles_of(notes), events, 30.0) == Traffic(
        (Vehicle("p", 10.0, 11.0), Vehicle("q", 20.0)),
        unasked=1,
        granted=frozenset("p"),
        refused={"q": (21.0, "DENY EXPIRED"), "t-23": (23.0, "MANUAL SIGNATURE")},
        restarts=(9.0,),
        ended_at=30.0,
    )


@pytest.mark.parametrize(
    ("changes", "resumed"),
    [
        ({}, 1),
        ({"reason": "TOO_OLD"}, 0),
        ({"verdict": "DENY"}, 0),
        ({"by": "operator"}, 0),
        ({"granted_at": 119.5}, 0),
        ({"whose": "t-2"}, 0),
        ({"started_at": None}, 0),
    ],
)
def test_who_asks_for_an_officer_only_until_the_relay_board_answers_at_a_start_is_not_refused(changes, resumed):
    case = {"reason": "GATE_FAULT", "verdict": "MANUAL", "by": "permit", "granted_at": 101.5, "whose": "t-1"}
    case |= {"started_at": 100.0} | changes
    started = [] if case["started_at"] is None else [event("gate.started", case["started_at"])]
    events = [
        *started,
        event("access.decided", 101.0, "t-1", verdict=case["verdict"], reason=case["reason"], permit={"permit": "p"}),
        event("access.granted", case["granted_at"], case["whose"], permit="p", by=case["by"]),
    ]
    found = traffic_of(((), 0), events, 200.0)
    assert (len(found.resumed), len(found.refused)) == (resumed, 1 - resumed)


def test_the_course_of_a_refusal_is_what_the_gate_told_around_it():
    events = [event(kind, at) for kind, at in (("a", 4.0), ("b", 5.5), ("c", 10.0), ("d", 25.0), ("e", 25.5))]
    assert course(events, 10.0) == ["-4.500 s b {}", "+0.000 s c {}", "+15.000 s d {}"]


def event(kind, at, transaction=None, **data):
    return {"type": kind, "at": at, "transaction": transaction or f"t-{at:.0f}", "data": data}


def test_the_next_vehicle_comes_at_once_where_the_gate_stops():
    there, waited = iter([True, True, False]), []
    until_gone(lambda: next(there), waited.append, 60.0)
    assert waited == [LOOK_S, LOOK_S]
    until_gone(lambda: True, waited.append, 0.0)
    assert waited == [LOOK_S, LOOK_S]


def test_a_driver_shows_the_code_until_the_arm_opens_and_only_then_the_next_comes(monkeypatch):
    monkeypatch.setattr("tests.fleet.arrivals.AGAIN_S", 0.0)
    file, shown, paused = StringIO(), [], []
    yard = Yard(file)

    def show(text):
        shown.append(text)
        if shown.count(text) == 3:
            yard.switched(RelayChange(0.0, OPEN_CHANNEL + 1, on=True))
            yard.switched(RelayChange(0.0, OPEN_CHANNEL, on=True))
            yard.switched(RelayChange(0.5, OPEN_CHANNEL, on=False))

    let_them_come([("p", "first"), ("q", "second")], yard, show, paused.append)
    yard.switched(RelayChange(9.0, OPEN_CHANNEL, on=True))
    assert shown == [*["first"] * 3, *["second"] * 3]
    noted = [line.rsplit(" ", 1)[0] for line in file.getvalue().splitlines()]
    assert noted == ["p came", "p opened", "q came", "q opened", "- opened"]
    assert len(paused) == 2
    assert min(paused) > 0
