"""What the proof of roll-outs calls wrong."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.fleet.progress import table
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
