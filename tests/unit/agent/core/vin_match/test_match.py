"""The match of what was read with the declared VIN: codes that say it or do not, print by its likelihood."""

from __future__ import annotations

import random
from dataclasses import replace
from string import ascii_uppercase, digits

import pytest

from agent.core.model.observations import VinReading, VinSource
from agent.core.permit.vin import CHARACTERS
from agent.core.plates.match import MatchVerdict
from agent.core.plates.recogniser_columns import ALPHABET, encode
from agent.core.vin_match.match import BY_CODE, DEFAULT_VIN_RULES, VinMatchRules, match_vin
from agent.core.vin_match.vin_distance import differences
from tests.support.lane.judging import printed, vins_read

DECLARED = "LSVAA49J132047371"
NEXT = "LSVAA49J132047372"
OTHER = "LSVAA4182E2184847"
MATCH, UNSURE, MISMATCH = MatchVerdict
CODES = [source for source in VinSource if source is not VinSource.PRINT]


def read(vin=DECLARED, source=VinSource.CODE_128, **how):
    return vins_read(vin, source, **how)


def verdict(*readings, declared=DECLARED, rules=DEFAULT_VIN_RULES):
    found = match_vin(readings, declared, rules)
    return None if found is None else found.verdict


# ------------------------------------------------------------------------------------------------------------- codes


@pytest.mark.parametrize("source", CODES)
def test_one_frame_of_a_code_that_says_the_declared_vin_is_enough(source: VinSource) -> None:
    found = match_vin(read(source=source, frames=1), DECLARED)
    assert found is not None
    assert (found.verdict, found.read, found.source) == (MATCH, DECLARED, source)
    assert (found.score, found.frames, found.others) == (BY_CODE, 1, 0)
    assert found.readings == read(source=source, frames=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        DECLARED[:-1],
        DECLARED + "1",
        f"I{DECLARED}",
        DECLARED.lower(),
        DECLARED.replace("1", "I"),
        f" {DECLARED[1:]}",
        DECLARED.replace("L", "O"),
        DECLARED[:-1] + "Q",
        "ＬSVAA49J132047371",  # noqa: RUF001 -- a letter that only looks like one
    ],
)
def test_a_text_that_is_not_written_as_a_vin_is_left_aside(text: str) -> None:
    assert match_vin(read(text), DECLARED) is None
    assert verdict(*read(text), *read()) is MATCH


def test_nothing_read_is_nothing() -> None:
    assert match_vin((), DECLARED) is None
    without_shares = tuple(replace(one, positions=()) for one in printed(DECLARED))
    assert match_vin(without_shares, DECLARED) is None, "print without shares says nothing of any text"


@pytest.mark.parametrize("place", range(17))
def test_a_code_that_differs_in_one_character_never_matches(place: int) -> None:
    other = "2" if DECLARED[place] != "2" else "3"
    text = DECLARED[:place] + other + DECLARED[place + 1 :]
    for frames in (1, 2, 9):
        found = match_vin(read(text, frames=frames), DECLARED)
        assert found is not None
        assert found.verdict is not MATCH
        assert found.read == text


@pytest.mark.parametrize(
    ("verdict_", "readings"),
    [
        # another VIN in view, as of a second label or of a vehicle behind, changes nothing
        (MATCH, (*read(frames=1), *read(OTHER, frames=9))),
        (MATCH, (*read(frames=1), *read(OTHER, VinSource.SCANNER))),
        (MATCH, (*read(frames=1), *printed(OTHER))),
        # one next to the declared one, as of the car before it in the series, must be read less often than that
        (MATCH, (*read(frames=2), *read(NEXT, frames=1))),
        (UNSURE, (*read(frames=2), *read(NEXT, frames=2))),
        (UNSURE, (*read(frames=1), *read(NEXT, frames=4))),
        (UNSURE, (*read(frames=2), *read(NEXT[:-2] + "89", frames=2))),
        (MATCH, (*read(frames=2), *read(NEXT[:-3] + "289", frames=2))),
        # and where the codes say that one, no print makes up for it
        (UNSURE, (*printed(DECLARED), *read(NEXT, frames=1))),
        (MISMATCH, (*read(NEXT, frames=2),)),
        # another one is sure once two frames say so, or somebody scanned it
        (UNSURE, read(OTHER, frames=1)),
        (MISMATCH, read(OTHER, frames=2)),
        (MISMATCH, read(OTHER, VinSource.SCANNER, frames=1)),
        (UNSURE, (*read(OTHER, frames=1), *read(NEXT, VinSource.QR, frames=1))),
        # print
        (MATCH, printed(DECLARED)),
        (MATCH, printed(DECLARED, frames=1)),
        (MISMATCH, printed(OTHER)),
        (UNSURE, printed(OTHER, frames=1)),
        (MATCH, (*printed(DECLARED), *printed(OTHER, box=(300, 400, 240, 20)))),
        (UNSURE, (*printed(OTHER, frames=1), *read(OTHER, frames=1))),
        (MISMATCH, (*printed(OTHER), *read(OTHER, frames=1))),
    ],
)
def test_what_is_in_view_makes_its_verdict(verdict_: MatchVerdict, readings: tuple[VinReading, ...]) -> None:
    assert verdict(*readings) is verdict_
    assert verdict(*reversed(readings)) is verdict_, "in whatever order it is read"


def test_a_scanner_comes_first_among_those_that_read_it() -> None:
    seen = (*read(), *read(source=VinSource.SCANNER, camera="desk", frames=1))
    found = match_vin(seen, DECLARED)
    assert found is not None
    assert (found.source, found.readings[0].camera) == (VinSource.SCANNER, "desk")
    assert [one.at for one in found.readings[1:]] == [0.1, 0.0], "then the newest frame"


# ------------------------------------------------------------------------------------------------------------- print


@pytest.mark.parametrize("place", range(17))
def test_print_whose_reader_hesitates_between_two_characters_is_unsure_of_either(place: int) -> None:
    doubt = "2" if DECLARED[place] != "2" else "3"
    seen = printed(DECLARED, doubts=((place, doubt),))
    assert verdict(*seen) is UNSURE
    assert verdict(*seen, declared=DECLARED[:place] + doubt + DECLARED[place + 1 :]) is UNSURE


@pytest.mark.parametrize("place", range(17))
def test_print_that_is_read_for_sure_matches_itself_and_no_neighbour(place: int) -> None:
    for other in sorted(CHARACTERS - {DECLARED[place]}):
        neighbour = DECLARED[:place] + other + DECLARED[place + 1 :]
        assert verdict(*printed(DECLARED), declared=neighbour) is not MATCH
    assert verdict(*printed(DECLARED)) is MATCH


def test_the_margin_to_a_single_neighbour_is_a_test_of_its_own() -> None:
    seen = printed(DECLARED, sure=0.9999, doubts=())
    leaning = tuple(replace(one, positions=(*one.positions[:-1], (("1", 0.8), ("2", 0.2)))) for one in seen)
    found = match_vin(leaning, DECLARED)
    assert found is not None
    assert found.score > DEFAULT_VIN_RULES.accept, "likelier than all others together"
    assert found.verdict is UNSURE, "but not by enough than the next one"
    assert verdict(*leaning, rules=VinMatchRules(margin=0.5)) is MATCH


def test_an_unsure_reading_of_another_vin_never_matches_whatever_the_declared_one_is() -> None:
    dice = random.Random(19)  # noqa: S311 -- a walk that can be repeated
    for _ in range(300):
        on_label = "".join(dice.choice(sorted(CHARACTERS)) for _ in range(13)) + f"{dice.randrange(10_000):04d}"
        at = dice.randrange(17)
        other = dice.choice(sorted(CHARACTERS - {on_label[at]}))
        declared = on_label[:at] + other + on_label[at + 1 :]
        sure = dice.choice((0.9, 0.97, 0.995, 0.9999))
        seen = printed(on_label, sure, frames=dice.choice((1, 3)))
        assert verdict(*seen, declared=declared) is not MATCH


def line(text: str, sure: float, blank: float = 0.98) -> bytes:
    """Columns as a recogniser has them: each character in one, blanks between, the rest spread over all others."""
    classes = ["", *ALPHABET]

    def column(shown: str, share: float) -> list[float]:
        return [share if one == shown else (1 - share) / (len(classes) - 1) for one in classes]

    return encode(row for one in text for row in (column(one, sure), column("", blank)))


def test_columns_tell_a_vin_from_one_that_lacks_a_character() -> None:
    """By its columns a text has its exact likelihood, also one of another length than was read."""
    whole = [replace(one, columns=line(DECLARED, 0.97)) for one in printed(DECLARED, 0.97)]
    assert verdict(*whole) is MATCH
    assert verdict(*whole, declared=NEXT) is not MATCH
    cut = [replace(one, columns=line(DECLARED[:8] + DECLARED[9:], 0.97)) for one in printed(DECLARED, 0.97)]
    assert verdict(*cut) is not MATCH


@pytest.mark.parametrize("characters", [ascii_uppercase + digits])
def test_no_character_that_a_vin_cannot_hold_competes(characters: str) -> None:
    assert set(characters) - CHARACTERS == {"I", "O", "Q"}
    # The reader takes each 1 for an I as well: there is no such VIN, so the 1 stands alone.
    seen = tuple(
        replace(
            one,
            positions=tuple(
                ((shown[0][0], 0.6), ("I", 0.4)) if shown[0][0] == "1" else shown for shown in one.positions
            ),
        )
        for one in printed(DECLARED, 0.9999)
    )
    assert verdict(*seen) is MATCH


def test_of_two_printed_lines_in_one_frame_the_one_counts_that_is_the_declared_vin() -> None:
    above, below = printed(OTHER, box=(100, 100, 240, 20)), printed(DECLARED, box=(100, 300, 240, 20))
    found = match_vin((*above, *below), DECLARED)
    assert found is not None
    assert (found.verdict, found.source, found.others) == (MATCH, VinSource.PRINT, 1)
    assert {one.text for one in found.readings} == {DECLARED}


def test_a_neighbours_line_beside_the_declared_one_in_the_same_frames_does_not_change_what_that_one_says() -> None:
    beside = printed(NEXT, box=(100, 300, 240, 20))
    found = match_vin((*printed(DECLARED), *beside), DECLARED)
    assert found is not None
    assert found.verdict is MATCH
    assert verdict(*printed(NEXT), *printed(NEXT, box=(100, 300, 240, 20))) is not MATCH


# --------------------------------------------------------------------------------------------------------- sightings


def test_each_vin_that_was_read_is_told_with_its_newest_picture_the_declared_one_first() -> None:
    seen = (
        *read(OTHER, frames=1, picture="p1"),
        *read(OTHER, frames=1, first=5),
        *read(OTHER, VinSource.QR, frames=1),
        *read(frames=1, picture="p2", camera="side"),
    )
    found = match_vin(seen, DECLARED)
    assert found is not None
    assert [(one.text, one.source, one.camera, one.picture, one.frames, one.compared) for one in found.sightings] == [
        (DECLARED, VinSource.CODE_128, "side", "p2", 1, "equal"),
        (OTHER, VinSource.CODE_128, "front", "p1", 2, "other"),
        (OTHER, VinSource.QR, "front", None, 1, "other"),
    ]


def test_print_that_is_near_is_neither_equal_nor_other() -> None:
    found = match_vin(printed(DECLARED, doubts=((16, "2"),)), DECLARED)
    assert found is not None
    assert [one.compared for one in found.sightings] == ["unsure"]
    assert found.others == 0


@pytest.mark.parametrize(
    ("vin", "differs"), [(DECLARED, False), (DECLARED[:-1] + "9", True), ("WVWZZZ1JZ3W386752", False)]
)
def test_a_check_digit_is_a_hint_where_one_must_be(vin: str, differs: bool) -> None:
    found = match_vin(read(vin), "LSVAA4182E2123456")
    assert found is not None
    assert found.sightings[0].check_digit_differs is differs


def test_no_more_than_eight_are_told_and_the_declared_one_always() -> None:
    wall = [one for number in range(20) for one in read(f"LSVAA4182E21{number:05d}", frames=1)]
    found = match_vin((*wall, *read(frames=1)), DECLARED)
    assert found is not None
    assert (found.verdict, len(found.sightings), found.sightings[0].text) == (MATCH, 8, DECLARED)


def test_differences_are_counted() -> None:
    assert [differences(DECLARED, one) for one in (DECLARED, NEXT, NEXT[:-2] + "89")] == [0, 1, 2]
