"""Bringing troubles about: each begins and ends at its place, and one that comes once has all places to itself."""

import pytest

from agent.clock import Clock
from tests.site_day import troubles as module
from tests.site_day.plan import Day, Order, Trouble
from tests.site_day.troubles import ALL, ITS_GATE, NOBODY, TROUBLES, Means, Troubles
from tests.support.waiting import eventually


class Box:
    name = "gate-01"


class World:
    def __init__(self):
        self.boxes = {"gate-01": Box(), "gate-02": None}
        self.done, self.said = [], []

    def box(self, _number):
        return self.boxes["gate-01"]

    def say(self, line):
        self.said.append(line)


def means(name, place, excuses=NOBODY, once_at=None):
    return Means(
        Trouble(place, 0, 0, once_at),
        excuses,
        lambda world, box: world.done.append(("begin", name, box and box.name)),
        lambda world, box: world.done.append(("end", name, box and box.name)),
    )


def bring(world, monkeypatch, kinds, orders):
    monkeypatch.setattr(module, "TROUBLES", kinds)
    day = Day(1, 10.0, 2, (), tuple(orders))
    found = Troubles(world, day, Clock().now().utc)
    world.places = found._places
    with found:
        eventually(lambda: len(found.spells) + len(found.failures) >= len(orders), what="all troubles")
    return found


def test_each_trouble_begins_and_ends_at_its_gate_and_excuses_whom_it_must(monkeypatch):
    world = World()
    kinds = {"a": means("a", "cabinet", ITS_GATE), "b": means("b", "central"), "c": means("c", "central", ALL)}
    orders = [Order("a", 1, 0.0, 0.0), Order("b", 0, 0.0, 0.0), Order("c", 0, 0.0, 0.0)]
    found = bring(world, monkeypatch, kinds, orders)
    assert sorted(world.done) == sorted(
        [(what, *whom) for whom in (("a", "gate-01"), ("b", None), ("c", None)) for what in ("begin", "end")]
    )
    assert {one.name: set(one.excuses) for one in found.spells} == {
        "a": {"gate-01"},
        "b": set(),
        "c": {"gate-01", "gate-02"},
    }
    assert found.failures == []


def test_one_that_fails_to_begin_is_ended_and_told(monkeypatch):
    world = World()
    broken = Means(
        Trouble("central", 0, 0),
        NOBODY,
        lambda *_: (_ for _ in ()).throw(OSError("no")),
        lambda world, _: world.done.append("ended"),
    )
    found = bring(world, monkeypatch, {"a": broken}, [Order("a", 0, 0.0, 0.0)])
    assert (found.failures, world.done) == (["a: OSError: no"], ["ended"])


def test_what_comes_once_has_all_places_to_itself_and_others_have_their_own(monkeypatch):
    world, held = World(), {}

    def note(name):
        return lambda *_: held.update({name: {place for place, lock in world.places.items() if lock.locked()}})

    kinds = {
        "other": Means(Trouble("cabinet", 0, 0), NOBODY, note("other")),
        "once": Means(Trouble("central", 0, 0, 0.5), NOBODY, note("once")),
    }
    bring(world, monkeypatch, kinds, [Order("other", 1, 0.0, 0.0), Order("once", 0, 0.0, 0.0)])
    assert held["once"] == {"cabinet", "central"}
    assert "cabinet" in held["other"]
    assert not any(lock.locked() for lock in world.places.values())


@pytest.mark.parametrize("name", TROUBLES)
def test_every_trouble_has_a_place_and_a_time(name):
    one = TROUBLES[name]
    assert one.trouble.place in {"central", "cabinet", "lanes"}
    assert 0 <= one.trouble.least_s <= one.trouble.most_s
    assert one.excuses in {NOBODY, ITS_GATE, ALL}
