"""Characters that look alike: which one it is, the place says."""

from __future__ import annotations

import pytest

from agent.core.model.observations import Reading
from agent.core.plates.lookalike_characters import RIVAL_SHARE, TWINS, with_twins, without_provinces
from agent.core.plates.match import MatchVerdict, match
from agent.core.plates.recogniser_columns import ALPHABET, BLANK, Columns, encode
from agent.core.plates.vote import vote


def test_twins_are_twins_of_each_other() -> None:
    assert all(TWINS[twin] == character != twin for character, twin in TWINS.items())


def test_each_counts_in_part_for_the_other_and_nothing_else_changes() -> None:
    seen = Columns(({"O": 0.75, "D": 0.25}, {"A": 1.0}, {"0": 0.5, "O": 0.5}), (1e-7,) * 3)
    shared = with_twins(seen)

    assert shared.shares[0] == {"O": 0.75, "D": 0.25, "0": pytest.approx(RIVAL_SHARE * 0.75)}
    assert shared.shares[1] is seen.shares[1]
    assert shared.shares[2] == {
        "0": pytest.approx(0.5 + RIVAL_SHARE * 0.5),
        "O": pytest.approx(0.5 + RIVAL_SHARE * 0.5),
    }
    assert shared.rest == seen.rest


def test_a_province_counts_as_nothing_where_none_can_be() -> None:
    seen = Columns(({"皖": 0.5, "闽": 0.2, BLANK: 0.25, "Z": 0.05}, {"粤": 1.0}, {"5": 1.0}), (1e-7,) * 3)
    found = without_provinces(seen)

    assert found.shares == ({BLANK: pytest.approx(0.95), "Z": 0.05}, {BLANK: 1.0}, {"5": 1.0})
    assert found.shares[2] is seen.shares[2]
    assert found.rest == seen.rest


@pytest.mark.parametrize(
    ("read", "declared", "verdict"),
    [
        ("569MTA10", "569MTA10", MatchVerdict.MATCH),
        ("569MTA10", "568MTA10", MatchVerdict.MISMATCH),
        ("A123BC77", "A123BC77", MatchVerdict.UNSURE),
    ],
)
def test_a_flag_that_looks_like_a_province_speaks_against_no_number_that_begins_with_a_digit(
    read: str, declared: str, verdict: MatchVerdict
) -> None:
    flag = ("皖", 0.7), ("闽", 0.25), (BLANK, 0.05)
    voted = vote([_behind(flag, read, frame) for frame in (1, 2, 3)])

    assert match(voted, declared).verdict is verdict


def test_a_plate_with_a_province_passes_for_none_without_it() -> None:
    voted = vote([_behind((("京", 1.0),), "A12345", frame, form="civil_blue") for frame in (1, 2, 3)])

    assert match(voted, "京A12345").verdict is MatchVerdict.MATCH
    assert match(voted, "A12345").verdict is not MatchVerdict.MATCH
    assert match(voted, "012345").verdict is not MatchVerdict.MATCH


def _behind(first: tuple[tuple[str, float], ...], number: str, frame: int, form: str = "kazakhstan") -> Reading:
    """A sure reading of a number behind something that the network gives these shares."""
    classes = ["", *ALPHABET]
    rows = []
    for shares in (first, *(((character, 0.999), (BLANK, 0.001)) for character in number)):
        given = dict(shares)
        rows += [[given.get(one, 0.0) for one in classes], [float(one == BLANK) for one in classes]]
    text = number if form == "kazakhstan" else first[0][0] + number
    positions = tuple(((character, 0.999),) for character in text)
    return Reading(text, positions, form, 0.99, "front", frame, frame * 0.1, columns=encode(rows))


def test_a_plate_that_only_a_twin_parts_from_another_of_a_usual_format_does_not_pass_for_it() -> None:
    """857 IMB 02 of Kazakhstan, whose I the network takes for a 1: then it has the form of a Tajik one."""
    positions = tuple(((character, 0.99),) for character in "8571MB02")
    voted = vote([Reading("8571MB02", positions, "tajikistan", 0.9, "front", frame, frame * 0.1) for frame in (1, 2)])

    assert match(voted, "8571MB02").verdict is MatchVerdict.UNSURE
    assert match(voted, "857IMB02").verdict is not MatchVerdict.MISMATCH
