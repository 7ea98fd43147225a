"""The 1:1 match with the declared plate."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase, digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.model.observations import Reading
from agent.core.plates.certainty import ACCEPTED, Doubt
from agent.core.plates.formats import PROVINCES
from agent.core.plates.lookalike_characters import TWINS
from agent.core.plates.lookalike_plates import series
from agent.core.plates.match import DEFAULT_RULES, MatchRules, MatchVerdict, match
from agent.core.plates.recogniser_columns import ALPHABET, encode
from agent.core.plates.vote import PlateVote, vote


def seen(text: str, frames: int = 1, share: float = 0.98, at: int | None = None, other: str = "") -> PlateVote:
    """A vote over frames that read `text`; at place `at` the share is `share` and `other` takes the rest."""
    positions = tuple(
        ((character, share), (other, 1 - share)) if i == at else ((character, 0.98),)
        for i, character in enumerate(text)
    )
    readings = [Reading(text, positions, "civil", share, "front", frame, frame * 0.04) for frame in range(frames)]
    voted = vote(readings)
    assert voted is not None
    return voted


def with_doubt(text: str, *doubts: Doubt) -> PlateVote:
    """A vote over a frame for each of these doubts, as the vision worker told them."""
    voted = seen(text, len(doubts))
    again = vote([replace(one, doubt=doubt.value) for one, doubt in zip(voted.readings, doubts, strict=True)])
    assert again is not None
    return again


def test_the_declared_plate_matches_from_one_frame() -> None:
    found = match(seen("京A12345"), "京A·12345")

    assert (found.verdict, found.declared, found.read, found.frames) == (MatchVerdict.MATCH, "京A12345", "京A12345", 1)
    assert found.score >= DEFAULT_RULES.accept


@pytest.mark.parametrize("declared", ["京A12345", "京A99999", ""])
def test_what_was_read_keeps_its_country(declared: str) -> None:
    voted = replace(seen("京A12345", 3), country="CN", country_share=0.9)

    found = match(voted, declared)

    assert (found.country, found.country_share) == ("CN", 0.9)


@pytest.mark.parametrize("frames", [1, 2, 10])
@pytest.mark.parametrize("declared", ["京A12346", "京A12344", "京A12355", "沪A12345"])
def test_a_plate_that_differs_in_one_character_never_matches(declared: str, frames: int) -> None:
    found = match(seen("京A12345", frames), declared)

    assert found.verdict is not MatchVerdict.MATCH
    assert found.score < 0


def test_another_plate_is_a_mismatch_once_two_frames_agree() -> None:
    assert match(seen("京A12345", 1), "沪B98761").verdict is MatchVerdict.UNSURE
    assert match(seen("京A12345", 2), "沪B98761").verdict is MatchVerdict.MISMATCH


def test_frames_that_do_not_agree_exactly_make_no_mismatch() -> None:
    readings = [
        Reading(text, tuple(((c, 0.98),) for c in text), "civil", 0.9, "front", frame, frame * 0.04)
        for frame, text in enumerate(["京A12345", "京A12845"])
    ]

    assert match(vote(readings), "沪B98761").verdict is MatchVerdict.UNSURE


def test_the_number_of_frames_for_a_mismatch_is_a_rule() -> None:
    rules = MatchRules(min_frames_to_mismatch=4)

    assert match(seen("京A12345", 3), "沪B98761", rules).verdict is MatchVerdict.UNSURE
    assert match(seen("京A12345", 4), "沪B98761", rules).verdict is MatchVerdict.MISMATCH


def test_a_doubtful_character_leaves_it_unsure() -> None:
    assert match(seen("京A12348", share=0.6, at=6, other="B"), "京A12348").verdict is MatchVerdict.UNSURE


def test_a_runner_up_is_no_match() -> None:
    assert match(seen("京A12348", 3, share=0.55, at=6, other="B"), "京A1234B").verdict is MatchVerdict.UNSURE


@pytest.mark.parametrize(
    ("read", "declared"), [("皖AL0252", "皖ALD252"), ("皖A7009U", "皖AZ009U"), ("京A123B5", "京A12385")]
)
def test_one_character_that_looks_like_the_declared_one_is_left_to_an_officer(read: str, declared: str) -> None:
    assert match(seen(read, 5), declared).verdict is MatchVerdict.UNSURE


def test_a_dropped_character_is_unsure_and_another_plate_of_another_length_a_mismatch() -> None:
    assert match(seen("皖A12345", 5), "皖AD12345").verdict is MatchVerdict.UNSURE
    assert match(seen("皖A12345", 5), "498VDZ08").verdict is MatchVerdict.MISMATCH


def test_nothing_read_and_nothing_declared_are_unsure() -> None:
    assert match(None, "京A12345").verdict is MatchVerdict.UNSURE
    assert match(None, "京A12345").read == ""
    assert match(seen("京A12345", 5), " ").verdict is MatchVerdict.UNSURE


def shown(text: str, frames: int = 1, two_lines: bool = False, **doubts: tuple[str, float]) -> PlateVote:
    """A vote over frames with columns that show `text`; `at3=("B", 0.2)`: at place 3 there may be a B instead."""
    rows = []
    for place, character in enumerate(text):
        other, share = doubts.get(f"at{place}", ("", 0.0))
        rows += [column({character: 0.999 - share, other: share} if other else {character: 0.999}), column({"": 0.999})]
    positions = tuple(((character, 0.99),) for character in text)
    readings = [
        Reading(text, positions, "civil", 0.97, "front", frame, frame * 0.04, columns=encode(rows), two_lines=two_lines)
        for frame in range(frames)
    ]
    voted = vote(readings)
    assert voted is not None
    return voted


def column(shares: dict[str, float]) -> list[float]:
    left = (1 - sum(shares.values())) / (len(ALPHABET) + 1)
    return [shares.get(character, 0.0) + left for character in ("", *ALPHABET)]


def test_the_columns_of_a_frame_decide() -> None:
    assert match(shown("京A12345"), "京A12345").verdict is MatchVerdict.MATCH
    assert match(shown("京A12345"), "京A12345").score > 3
    assert match(shown("京A12345"), "京A12346").verdict is MatchVerdict.UNSURE
    assert match(shown("京A12345", 3), "京A72846").verdict is MatchVerdict.MISMATCH


@pytest.mark.parametrize(
    "plate", ["皖AD12345", "皖A12345D", "498VDZ08", "A123BCD", "渝B3587学", "使123456", "粤Z1234港"]
)
def test_plates_of_every_kind_match_themselves_and_no_neighbour(plate: str) -> None:
    assert match(shown(plate), plate).verdict is MatchVerdict.MATCH
    for other in series(plate):
        assert match(shown(plate, 3), other).verdict is not MatchVerdict.MATCH


OF_NO_KNOWN_FORM = ("WOB1234", "34ABC123", "BMW7788", "34AB0103", "WI0BCD5", "B123XYZ9")


def neighbours(plate: str) -> set[str]:
    """Texts that differ in one character: the next one or its twin, one less, one more."""
    found = {plate[1:], plate[:-1], plate + "7", "7" + plate}
    for place, character in enumerate(plate):
        alphabet = digits if character in digits else ascii_uppercase
        following = alphabet[(alphabet.index(character) + 1) % len(alphabet)]
        for other in {following, TWINS.get(character, ""), ""}:
            found.add(plate[:place] + other + plate[place + 1 :])
    return found - {plate}


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("plate", OF_NO_KNOWN_FORM)
def test_a_plate_of_no_known_form_matches_itself_and_no_neighbour_and_is_never_sure(plate: str, frames: int) -> None:
    voted = shown(plate, frames)

    assert (voted.text, voted.doubt) == (plate, Doubt.FORM)
    assert voted.confidence < ACCEPTED
    assert match(voted, plate).verdict is MatchVerdict.MATCH
    for other in neighbours(plate):
        assert match(voted, other).verdict is not MatchVerdict.MATCH, other
        assert match(shown(other, frames), plate).verdict is not MatchVerdict.MATCH, other


@pytest.mark.parametrize(
    ("voted", "verdict"),
    [
        pytest.param(seen("BMW7788", 3), MatchVerdict.MATCH, id="clear"),
        pytest.param(seen("BMW7788", 3, share=0.9, at=6, other="6"), MatchVerdict.UNSURE, id="one character is not"),
        pytest.param(seen("BMW7788", 3, share=0.9, at=1, other="N"), MatchVerdict.UNSURE, id="one letter is not"),
        pytest.param(with_doubt("BMW7788", Doubt.EDGE), MatchVerdict.UNSURE, id="up to the edge"),
        pytest.param(with_doubt("BMW7788", Doubt.LONGER), MatchVerdict.UNSURE, id="a longer one was read"),
        pytest.param(with_doubt("BMW7788", Doubt.EDGE, Doubt.FORM), MatchVerdict.MATCH, id="once up to the edge"),
        pytest.param(with_doubt("BMW7788", Doubt.NONE), MatchVerdict.MATCH, id="a worker that tells no doubt"),
    ],
)
def test_of_a_plate_of_no_known_form_nothing_but_its_form_may_be_in_doubt(
    voted: PlateVote, verdict: MatchVerdict
) -> None:
    assert match(voted, "BMW7788").verdict is verdict


def test_of_two_declared_plates_of_no_known_form_that_only_a_twin_parts_neither_matches() -> None:
    found = match(shown("WOB1234", 3), "WOB1234", others=["W0B1234"])

    assert (found.verdict, found.rival) == (MatchVerdict.UNSURE, True)


def test_a_declared_plate_may_be_written_with_letters_that_plates_do_not_have() -> None:
    assert match(shown("京A10345"), "京A·IO345").verdict is MatchVerdict.MATCH


def test_the_number_of_a_temporary_plate_matches_whether_its_mark_was_read_or_not() -> None:
    assert match(shown("京A12345临"), "京A12345临").verdict is MatchVerdict.MATCH
    assert match(shown("京A12345"), "京A12345临").verdict is MatchVerdict.MATCH
    assert match(shown("京A12345临"), "京A12346临").verdict is MatchVerdict.UNSURE


def test_a_kazakh_plate_of_two_lines_matches_by_its_number() -> None:
    (printed,) = shown("24110VBZ", two_lines=True).readings
    in_order = tuple(((character, 0.99),) for character in "241VBZ10")
    seen = vote([replace(printed, text="241VBZ10", positions=in_order)])

    assert match(seen, "241VBZ10").verdict is MatchVerdict.MATCH
    assert match(seen, "242VBZ10").verdict is MatchVerdict.UNSURE


def test_a_character_that_one_frame_dropped_does_not_hide_the_declared_plate() -> None:
    rows = [column({"": 0.999})]
    for character in "皖AD1234":
        rows += [column({character: 0.999}), column({"": 0.999})]
    rows += [column({"5": 0.7, "": 0.299})]
    positions = tuple(((character, 0.9),) for character in "皖AD1234")
    short = Reading("皖AD1234", positions, "civil", 0.5, "front", 1, 0.04, columns=encode(rows))

    assert match(vote([short]), "皖AD12345").verdict is MatchVerdict.MATCH
    assert match(vote([short]), "皖AD12346").verdict is not MatchVerdict.MATCH


def test_a_province_that_is_hard_to_read_is_no_other_plate() -> None:
    assert match(shown("京A12345", at0=("沪", 0.45)), "沪A12345").verdict is MatchVerdict.MATCH
    assert match(shown("京A12345", at2=("7", 0.45)), "京A72345").verdict is not MatchVerdict.MATCH


def test_a_province_read_for_sure_is_left_to_an_officer() -> None:
    assert match(shown("京A12345", 3), "沪A12345").verdict is MatchVerdict.UNSURE


def test_another_declared_plate_that_explains_the_picture_as_well_is_a_rival() -> None:
    doubtful = shown("京A12345", at6=("6", 0.12))
    alone = match(doubtful, "京A12345")
    found = match(doubtful, "京A12345", others=("京A·12346",))

    assert (alone.verdict, alone.rival) == (MatchVerdict.MATCH, False)
    assert (found.verdict, found.rival) == (MatchVerdict.UNSURE, True)


def test_another_declared_plate_with_the_same_serial_is_a_rival_in_spite_of_its_province() -> None:
    found = match(shown("京A12345", at0=("沪", 0.45)), "沪A12345", others=("京A12345",))

    assert (found.verdict, found.rival) == (MatchVerdict.UNSURE, True)


def test_other_declared_plates_that_the_picture_rules_out_do_not_disturb() -> None:
    others = ("京A12346", "沪B98765", "498VDZ08", "京A12345", "")
    found = match(shown("京A12345"), "京A12345", others=others)

    assert (found.verdict, found.rival) == (MatchVerdict.MATCH, False)


def test_a_vehicle_that_comes_on_its_neighbours_permit_is_a_rival_when_its_own_plate_is_declared() -> None:
    found = match(shown("京A12346", 3), "京A12345", others=("京A12346",))

    assert (found.verdict, found.rival) == (MatchVerdict.UNSURE, True)


def test_two_plates_that_could_both_be_the_vehicles_are_left_to_an_officer() -> None:
    positions = tuple(((character, 0.99),) for character in "京A12345")
    other = tuple(((character, 0.99),) for character in "沪B98765")
    readings = [
        *[Reading("京A12345", positions, "civil", 0.9, "front", n, n / 10, (100, 500, 160, 50)) for n in range(3)],
        *[Reading("沪B98765", other, "civil", 0.9, "front", n, n / 10, (900, 500, 150, 50)) for n in range(3)],
    ]

    assert match(vote(readings), "京A12345").verdict is MatchVerdict.UNSURE
    assert match(vote(readings), "沪B98765").verdict is MatchVerdict.UNSURE


serials = st.text(alphabet="0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=5, max_size=5)
numbers = st.builds(lambda province, serial: f"{province}A{serial}", st.sampled_from(PROVINCES), serials)


@settings(deadline=None)
@given(numbers, numbers, st.integers(1, 5), st.floats(0.5, 1.0))
def test_only_the_text_that_was_read_can_match(read: str, declared: str, frames: int, share: float) -> None:
    found = match(seen(read, frames, share=share, at=3, other="0" if read[3] != "0" else "1"), declared)

    if found.verdict is MatchVerdict.MATCH:
        assert found.declared == found.read
    if found.verdict is MatchVerdict.MISMATCH:
        assert found.declared != found.read
        assert frames >= DEFAULT_RULES.min_frames_to_mismatch
