"""A small part of the fuzzing of the lists, and that its judge can fail."""

from itertools import islice

from agent.core.lists.sealed import read_head
from tests.fuzz import lists
from tests.fuzz.lists import Tally, cases


def test_thousands_of_hostile_inputs_are_refused_and_nothing_escapes():
    tally = Tally()
    for case in islice(cases(11), 4000):
        tally.add(case)
    assert (tally.forged, tally.escaped) == ([], [])
    assert set(tally.refused) == {"head", "delta", "chunk", "content", "row"}
    assert sum(tally.refused.values()) > 3500


def test_a_reader_that_does_not_look_at_signatures_is_found_out(mocker):
    mocker.patch.object(lists, "open_head", lambda data, *_: read_head(data))
    tally = Tally()
    for case in islice(cases(11), 2000):
        tally.add(case)
    assert tally.forged


def test_a_reader_that_lets_another_error_out_is_found_out(mocker):
    mocker.patch.object(lists, "decode_row", lambda _kind, data: {}[data])
    tally = Tally()
    for case in islice(cases(11), 100):
        tally.add(case)
    assert isinstance(tally.escaped[0][1], KeyError)
