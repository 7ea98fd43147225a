"""The 1:1 match with the declared plate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.observations import Reading
from agent.core.plates.formats import PROVINCES
from agent.core.plates.match import DEFAULT_RULES, MatchRules, MatchVerdict, match
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


def test_the_declared_plate_matches_from_one_frame() -> None:
    found = match(seen("京A12345"), "京A·12345")

    assert (found.verdict, found.declared, found.read, found.frames) == (MatchVerdict.MATCH, "京A12345", "京A12345", 1)
    assert found.score >= DEFAULT_RULES.accept


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


serials = st.text(alphabet="0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", min_size=5, max_size=5)
numbers = st.builds(lambda province, serial: f"{province}A{serial}", st.sampled_from(PROVINCES), serials)


@given(numbers, numbers, st.integers(1, 5), st.floats(0.5, 1.0))
def test_only_the_text_that_was_read_can_match(read: str, declared: str, frames: int, share: float) -> None:
    found = match(seen(read, frames, share=share, at=3, other="0" if read[3] != "0" else "1"), declared)

    if found.verdict is MatchVerdict.MATCH:
        assert found.declared == found.read
    if found.verdict is MatchVerdict.MISMATCH:
        assert found.declared != found.read
        assert frames >= DEFAULT_RULES.min_frames_to_mismatch
