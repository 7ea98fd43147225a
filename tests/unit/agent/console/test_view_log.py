"""Who looked at pictures and vehicles: the first look at once, the others together, and each once an hour."""

from __future__ import annotations

import pytest

from agent.console.view_log import AGAIN_S, MOST_OF_AN_EVENT, MOST_REMEMBERED, TOLD_EVERY_S, Viewer, ViewLog
from agent.core.events import Search

AIGUL = Viewer("aigul", "viewer", "10.0.0.9")
MARAT = Viewer("marat", "technician", "10.0.0.8")


class Log:
    """A view log with a clock that the test turns, and what it told."""

    def __init__(self):
        self.at = 1000.0
        self.told = []
        self.views = ViewLog(self.told.extend, lambda: self.at)

    def look(self, viewer, kind, *things, after_s=0.0):
        self.at += after_s
        self.views.note(viewer, kind, *things)
        self.views.tell_due()


@pytest.fixture
def log():
    return Log()


def test_the_first_look_of_somebody_is_told_at_once_and_those_after_it_together(log):
    log.look(AIGUL, "pictures", "a")
    assert [one.pictures for one in log.told] == [("a",)]
    for name in "bcd":
        log.look(AIGUL, "pictures", name, after_s=1)
    log.look(AIGUL, "vehicles", "t-1", after_s=1)
    assert len(log.told) == 1
    log.at += TOLD_EVERY_S
    log.views.tell_due()
    assert len(log.told) == 2
    assert (log.told[1].pictures, log.told[1].vehicles) == (("b", "c", "d"), ("t-1",))
    assert (log.told[1].person, log.told[1].role, log.told[1].address) == ("aigul", "viewer", "10.0.0.9")


def test_each_person_has_events_of_his_own(log):
    log.look(AIGUL, "pictures", "a")
    log.look(MARAT, "pictures", "a")
    assert [one.person for one in log.told] == ["aigul", "marat"]


def test_a_live_page_is_told_of_once_an_hour(log):
    for _ in range(int(AGAIN_S) * 2):
        log.look(AIGUL, "cameras", "out/front", after_s=1)
    assert [one.cameras for one in log.told] == [("out/front",)] * 2


def test_a_search_is_told_with_what_was_looked_for(log):
    log.look(AIGUL, "searches", Search(plate="A123BC02"), Search(permit="00ff"))
    assert [one.plate or one.permit for one in log.told[0].searches] == ["A123BC02", "00ff"]


def test_what_is_more_than_one_event_holds_goes_into_the_next_and_nothing_is_left_out(log):
    names = [f"{number:064x}" for number in range(2 * MOST_OF_AN_EVENT + 1)]
    log.look(AIGUL, "pictures", *names)
    assert [len(one.pictures) for one in log.told] == [MOST_OF_AN_EVENT, MOST_OF_AN_EVENT, 1]
    assert [one for event in log.told for one in event.pictures] == names


def test_a_stop_tells_of_all(log):
    log.look(AIGUL, "pictures", "a")
    log.look(AIGUL, "pictures", "b")
    log.views.flush()
    log.views.flush()
    assert [one.pictures for one in log.told] == [("a",), ("b",)]


def test_what_is_remembered_is_bounded(log):
    log.look(AIGUL, "pictures", *map(str, range(MOST_REMEMBERED + 10)))
    assert len(log.views._seen_at) == MOST_REMEMBERED
