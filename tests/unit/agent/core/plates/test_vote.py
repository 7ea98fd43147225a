"""The vote over frames."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.observations import Position, Reading
from agent.core.plates.vote import probability, vote


def place(character: str, share: float, other: str = "") -> Position:
    return ((character, share), (other, 1 - share)) if other else ((character, share),)


def reading(text: str, frame: int = 1, *, share: float = 0.98, camera: str = "front", **more: object) -> Reading:
    positions = tuple(place(character, share) for character in text)
    fields = {"kind": "civil", "confidence": share ** len(text), "at": frame * 0.1} | more
    return Reading(text=text, positions=positions, camera=camera, frame=frame, **fields)


def doubtful(text: str, index: int, other: str, share: float, frame: int = 1) -> Reading:
    positions = tuple(
        place(character, share, other) if i == index else place(character, 0.98) for i, character in enumerate(text)
    )
    best = text if share >= 0.5 else text[:index] + other + text[index + 1 :]
    return Reading(best, positions, "civil", max(share, 1 - share) * 0.9, "front", frame, frame * 0.1)


def test_no_readings_give_no_vote() -> None:
    assert vote([]) is None


def test_one_reading_is_its_own_vote() -> None:
    voted = vote([reading("京A12345")])

    assert voted is not None
    assert (voted.text, voted.frames, voted.agreeing, voted.kind) == ("京A12345", 1, 1, "civil")
    assert math.isclose(voted.confidence, 0.98**7, rel_tol=0.05)


def test_the_likeliest_country_over_all_frames_is_told_with_its_probability() -> None:
    told = ((("UZ", 0.6), ("KG", 0.4)), (("KG", 0.7), ("UZ", 0.3)), ())
    voted = vote([reading("01123ABC", frame, countries=countries) for frame, countries in enumerate(told, 1)])

    assert voted is not None
    assert (voted.country, voted.country_share) == ("KG", pytest.approx(0.55))


def test_a_country_whose_plates_nobody_knows_has_no_name() -> None:
    voted = vote([reading("AB123CD", countries=(("", 0.8), ("BY", 0.2)))])

    assert voted is not None
    assert (voted.country, voted.country_share) == ("", pytest.approx(0.8))


def test_frames_that_agree_make_it_surer() -> None:
    one = vote([reading("京A12345", share=0.8)])
    three = vote([reading("京A12345", frame, share=0.8) for frame in (1, 2, 3)])

    assert one is not None
    assert three is not None
    assert three.confidence > one.confidence


def test_many_frames_of_one_doubt_do_not_make_it_certain() -> None:
    voted = vote([doubtful("京A12348", 6, "B", 0.6, frame) for frame in range(100)])

    assert voted is not None
    assert voted.positions[6][0][0] == "8"
    assert voted.positions[6][0][1] < 0.75


def test_two_sure_frames_outvote_a_doubtful_one() -> None:
    voted = vote([doubtful("京A12348", 6, "B", 0.4, 1), reading("京A12348", 2), reading("京A12348", 3)])

    assert voted is not None
    assert (voted.text, voted.frames, voted.agreeing) == ("京A12348", 3, 2)


def test_another_vehicle_does_not_mix_in() -> None:
    main = [reading("京A12345", frame, box=(500, 500, 160, 50)) for frame in range(4)]
    behind = [reading("沪B98765", frame, box=(900, 200, 60, 20)) for frame in range(4)]
    voted = vote([*behind, *main])

    assert voted is not None
    assert (voted.text, voted.frames, voted.agreeing) == ("京A12345", 4, 4)


def test_a_neighbouring_plate_in_the_same_frame_is_another_plate() -> None:
    near = [reading("京A12345", frame, box=(500, 500, 160, 50)) for frame in range(4)]
    far = [reading("京A12346", frame, box=(900, 200, 90, 28)) for frame in range(4)]
    voted = vote([*near, *far])

    assert voted is not None
    assert (voted.text, voted.frames) == ("京A12345", 4)


def test_a_neighbouring_plate_elsewhere_in_the_picture_is_another_plate() -> None:
    near = [reading("京A12345", frame, box=(500, 500, 160, 50)) for frame in (0, 2, 4)]
    far = [reading("京A12346", frame, box=(1500, 200, 90, 28)) for frame in (1, 3, 5)]
    voted = vote([*near, *far])

    assert voted is not None
    assert (voted.text, voted.frames, voted.agreeing) == ("京A12345", 3, 3)


def test_a_reading_of_another_length_does_not_mix_in() -> None:
    voted = vote([reading("皖AD12345", 1), reading("皖AD12345", 2), reading("皖A12345", 3)])

    assert voted is not None
    assert (voted.text, voted.frames) == ("皖AD12345", 2)


def test_two_plates_side_by_side_with_as_much_evidence_are_contested() -> None:
    left = [reading("京A12345", frame, box=(500, 500, 160, 50)) for frame in range(3)]
    right = [reading("沪B98765", frame, box=(900, 500, 150, 50)) for frame in range(3)]
    behind = [reading("沪B98765", frame, box=(900, 200, 90, 28)) for frame in range(3)]
    equal, unequal = vote([*left, *right]), vote([*left, *behind])

    assert equal is not None
    assert unequal is not None
    assert (equal.contested, unequal.contested) == (True, False)


def test_a_plate_behind_that_is_seen_more_often_than_the_nearer_one_is_contested() -> None:
    near = [reading("京A12345", 5, share=0.99, box=(500, 500, 160, 50))]
    behind = [reading("沪B98765", frame, box=(520, 200, 100, 32)) for frame in range(10)]
    voted, blurred = vote([*near, *behind]), vote([reading("京A12345", 5, share=0.9, box=(500, 500, 160, 50)), *behind])

    assert voted is not None
    assert blurred is not None
    assert (voted.text, voted.contested, blurred.contested) == ("沪B98765", True, False)


def test_the_nearer_plate_is_the_main_one_though_it_is_read_worse_than_one_behind_it() -> None:
    near = [reading("京A12345", frame, share=0.93, box=(500, 500, 160, 50)) for frame in range(4)]
    behind = [reading("沪B98765", frame, box=(520, 200, 110, 35)) for frame in range(4)]
    voted = vote([*near, *behind])

    assert voted is not None
    assert (voted.text, voted.contested) == ("京A12345", False)


def test_a_plate_in_the_next_lane_is_neither_the_main_one_nor_contests_it() -> None:
    main = [reading("京A12345", frame, box=(560, 500, 150, 48), off_centre=0.05) for frame in range(4)]
    beside = [reading("沪B98765", frame, box=(1100, 500, 156, 50), off_centre=0.8) for frame in range(4)]
    voted, unplaced = vote([*main, *beside]), vote([*main, *(replace(one, off_centre=0.05) for one in beside)])

    assert voted is not None
    assert unplaced is not None
    assert (voted.text, voted.contested) == ("京A12345", False)
    assert (unplaced.text, unplaced.contested) == ("沪B98765", True)


def test_a_large_plate_at_the_side_contests_wherever_it_is() -> None:
    main = [reading("京A12345", frame, box=(560, 300, 100, 32), off_centre=0.0) for frame in range(4)]
    nearer = [reading("沪B98765", frame, box=(1000, 500, 130, 41), off_centre=1.0) for frame in range(4)]
    voted = vote([*main, *nearer])

    assert voted is not None
    assert (voted.text, voted.contested) == ("京A12345", True)


def test_two_plates_that_the_reader_followed_apart_do_not_mix_though_they_are_neighbours() -> None:
    near = [reading("京A12345", frame, box=(500, 500, 160, 50), track=1) for frame in (0, 2, 4)]
    behind = [reading("京A12346", frame, box=(600, 420, 130, 42), track=2) for frame in (1, 3, 5)]
    voted, unfollowed = vote([*near, *behind]), vote([replace(one, track=0) for one in (*near, *behind)])

    assert voted is not None
    assert unfollowed is not None
    assert (voted.text, voted.frames, unfollowed.frames) == ("京A12345", 3, 6)


def test_one_text_that_the_reader_lost_and_found_is_of_one_plate() -> None:
    voted = vote([reading("京A12345", frame, box=(500, 500, 160, 50), track=1 + frame // 2) for frame in range(4)])

    assert voted is not None
    assert voted.frames == 4


def test_one_plate_that_two_frames_read_in_two_ways_is_not_contested() -> None:
    voted = vote([reading("皖AD12345", 1), reading("皖A12345", 2)])

    assert voted is not None
    assert not voted.contested


def test_the_readings_that_show_the_plate_best_are_kept_for_the_match() -> None:
    frames = [reading("京A12345", frame, share=0.9, box=(500, 500, 20 + frame, 10)) for frame in range(9)]
    voted = vote(frames)

    assert voted is not None
    assert voted.frames == 9
    assert [kept.frame for kept in voted.readings] == [8, 7, 6, 5, 4]


def test_the_colour_is_the_commonest_that_is_known() -> None:
    colours = ("not_known", "blue", "not_known", "yellow", "blue", "not_known", "not_known")
    voted = vote([reading("京A12345", frame, colour=colour) for frame, colour in enumerate(colours)])
    dark = vote([reading("京A12345", colour="not_known")])

    assert voted is not None
    assert dark is not None
    assert (voted.colour, dark.colour) == ("blue", "not_known")


def test_two_cameras_may_see_the_same_plate_anywhere() -> None:
    front = reading("京A12345", 1, box=(100, 100, 160, 50))
    rear = reading("京A12345", 1, camera="rear", box=(1500, 900, 80, 25))
    voted = vote([front, rear])

    assert voted is not None
    assert voted.frames == 2


def test_a_character_that_is_not_listed_is_unlikely_but_not_impossible() -> None:
    assert probability((("A", 0.9), ("B", 0.1)), "C") == 1e-4
    assert 0 < probability((("A", 0.6),), "C") < 0.05


characters = st.sampled_from("0123456789ABCDEFGH")
shares = st.floats(0.01, 1.0)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    length = draw(st.integers(5, 8))
    out = []
    for frame in range(draw(st.integers(1, 6))):
        text = "".join(draw(st.lists(characters, min_size=length, max_size=length)))
        out.append(reading(text, frame, share=draw(shares)))
    return out


@given(readings())
def test_a_vote_is_always_a_distribution_and_its_text_the_likeliest(drawn: list[Reading]) -> None:
    voted = vote(drawn)

    assert voted is not None
    assert voted.text == "".join(position[0][0] for position in voted.positions)
    assert 0 <= voted.confidence <= 1
    assert 1 <= voted.frames <= len(drawn)
    for position in voted.positions:
        assert sum(share for _, share in position) <= 1 + 1e-9
        assert all(a[1] >= b[1] for a, b in itertools.pairwise(position))
