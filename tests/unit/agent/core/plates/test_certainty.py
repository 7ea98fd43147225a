"""What keeps a reading from being sure, and that nothing acts on one that is not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from agent.core.model.observations import Reading
from agent.core.plates import (
    ACCEPTED,
    DEFAULT_RULES,
    Doubt,
    PlateColour,
    Sight,
    bounded,
    doubt_of,
)
from agent.core.plates.certainty import DOUBTFUL_AT_MOST, has_known_form
from agent.core.plates.match import MatchVerdict
from agent.core.plates.match import match as matched
from agent.core.plates.vote import vote, votes
from agent.core.vin_match.match import DEFAULT_VIN_RULES


def reading(text: str, frame: int = 1, **more: object) -> Reading:
    positions = tuple(((character, 0.999),) for character in text)
    fields = {"kind": "latin", "confidence": 0.99, "at": frame * 0.1, "box": (100, 100, 200, 50)} | more
    return Reading(text=text, positions=positions, camera="front", frame=frame, **fields)


FORMS = {
    "京A12345": True,
    "京A1234": True,  # a temporary plate of four, whose mark is no part of the number
    "85A101AA": True,
    "5A101AA": False,
    "A123BC777": True,
    "A123BC77Z": False,
    "WOB1234": False,
    "12345678": False,
    "": False,
}


@pytest.mark.parametrize("text", FORMS)
def test_a_form_is_known_where_a_format_says_something_of_each_place(text: str) -> None:
    assert has_known_form(text) is FORMS[text]


def test_doubt_has_one_reason_that_of_the_form_last() -> None:
    assert doubt_of("85A101AA") is Doubt.NONE
    assert doubt_of("5A101AA", at_edge=True, others=["85A101AA"]) is Doubt.LONGER
    assert doubt_of("5A101AA", at_edge=True) is Doubt.EDGE
    assert doubt_of("5A101AA") is Doubt.FORM
    assert doubt_of("A123BC77", at_edge=True, others=["A123BC777"]) is Doubt.LONGER
    assert doubt_of("A123BC77", at_edge=True, others=["A123BC77", "A123CB777"]) is Doubt.EDGE


WHITE, BLUE, YELLOW, ANY = PlateColour.WHITE, PlateColour.BLUE, PlateColour.YELLOW, PlateColour.NOT_KNOWN


@pytest.mark.parametrize(
    ("text", "colour", "aspect", "doubt"),
    [
        ("A1234B", BLUE, 3.1, Doubt.LONGER),  # of 1994 in Kyrgyzstan, or a civil one of China without its province
        ("A1234B", ANY, 4.5, Doubt.LONGER),
        ("A1234B", WHITE, 4.5, Doubt.NONE),
        ("A123BC", WHITE, 3.4, Doubt.LONGER),  # of 1993 in Kazakhstan, or Uzbek or Russian without the region
        ("A123BC", WHITE, 4.4, Doubt.NONE),
        ("A123BC", YELLOW, 4.4, Doubt.LONGER),
        ("AB12345", PlateColour.GREEN, 3.4, Doubt.LONGER),  # new energy without its province
        ("AB12345", YELLOW, 4.4, Doubt.NONE),
        ("A123BCD", WHITE, 3.4, Doubt.NONE),
        ("498VDZ08", WHITE, 2.5, Doubt.NONE),
        ("京A12345", BLUE, 3.1, Doubt.NONE),
    ],
)
def test_what_may_be_left_of_a_plate_without_province_or_region_is_in_doubt_by_its_look(
    text: str, colour: PlateColour, aspect: float, doubt: Doubt
) -> None:
    assert doubt_of(text, sight=Sight(colour, aspect)) is doubt


def test_what_is_in_doubt_stays_below_every_threshold_that_anything_acts_on() -> None:
    least = min(ACCEPTED, DEFAULT_RULES.confident_mismatch, DEFAULT_VIN_RULES.confident_mismatch)

    assert least > DOUBTFUL_AT_MOST
    for doubt in Doubt:
        assert bounded(1.0, doubt) == (DOUBTFUL_AT_MOST if doubt else 1.0)
        assert bounded(0.3, doubt) == 0.3


@pytest.mark.parametrize("text", [text for text, known in FORMS.items() if text and not known])
@pytest.mark.parametrize("frames", [1, 2, 20])
def test_a_vote_for_a_text_of_unknown_form_is_never_sure(text: str, frames: int) -> None:
    voted = vote([reading(text, frame) for frame in range(frames)])

    assert voted is not None
    assert (voted.text, voted.doubt) == (text, Doubt.FORM)
    assert voted.confidence <= DOUBTFUL_AT_MOST


def test_a_plate_that_lost_a_character_neither_matches_the_whole_nor_refuses_it() -> None:
    voted = vote([reading("5A101AA", frame) for frame in range(5)])

    for declared in ("85A101AA", "A101AA", "京A12345"):
        assert matched(voted, declared).verdict is MatchVerdict.UNSURE


def test_a_declared_plate_of_unknown_form_is_for_an_officer_where_another_is_read() -> None:
    voted = vote([reading("京A12345", frame) for frame in range(5)])

    assert matched(voted, "WOB1234").verdict is MatchVerdict.UNSURE
    assert matched(voted, "沪B98761").verdict is MatchVerdict.MISMATCH


@pytest.mark.parametrize("doubt", [Doubt.EDGE, Doubt.LONGER])
def test_readings_that_are_all_in_doubt_leave_their_vote_in_doubt_and_one_that_is_not_settles_it(doubt: Doubt) -> None:
    cut = [reading("A123BC77", frame, doubt=doubt.value) for frame in range(3)]
    doubtful, settled = vote(cut), vote([*cut, reading("A123BC77", 4)])

    assert doubtful is not None
    assert settled is not None
    assert (doubtful.doubt, settled.doubt) == (doubt, Doubt.NONE)
    assert matched(doubtful, "A123BC77").verdict is MatchVerdict.UNSURE
    assert matched(settled, "A123BC77").verdict is MatchVerdict.MATCH


def test_a_longer_text_at_the_same_place_keeps_the_shorter_one_in_doubt_unless_it_was_a_slip() -> None:
    short = [reading("A123BC77", frame) for frame in range(4)]
    there, elsewhere = reading("A123BC777", 5), reading("A123BC777", 5, box=(900, 600, 200, 50))
    slip = replace(there, confidence=0.1)

    found = {name: vote([*short, one]) for name, one in (("there", there), ("elsewhere", elsewhere), ("slip", slip))}
    doubts = {name: voted.doubt for name, voted in found.items() if voted is not None}
    assert doubts == {"there": Doubt.LONGER, "elsewhere": Doubt.NONE, "slip": Doubt.NONE}


def test_texts_that_are_no_plates_are_in_no_doubt() -> None:
    (line,) = votes([reading("LSVAA49J132047371", frame) for frame in range(3)])

    assert not line.doubt
    assert line.confidence > ACCEPTED


def test_no_order_of_readings_makes_a_doubtful_vote_sure() -> None:
    readings = [reading("5A101AA", 1), reading("5A101AA", 2), reading("85A101AA", 3, confidence=0.2)]
    for order in itertools.permutations(readings):
        voted = vote(order)
        assert voted is not None
        assert matched(voted, voted.text).verdict is not MatchVerdict.MATCH or has_known_form(voted.text)
