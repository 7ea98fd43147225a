"""Small pictures inside the head of a large one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import small_pictures_of, with_small_pictures

HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
REST = b"\xff\xdb what follows \xff\xd9"
SMALL = b"\xff\xd8\xff a small one \xff\xd9"
MEDIUM = b"\xff\xd8\xff one that is larger \xff\xd9"
MOST = 0xFFFF - 8
KEPT = with_small_pictures(HEAD + REST, SMALL, MEDIUM)


def test_what_goes_in_comes_out_and_the_rest_stays_as_it_was() -> None:
    assert small_pictures_of(KEPT) == (SMALL, MEDIUM)
    inside = KEPT[20 : 20 + 2 * 10 + len(SMALL + MEDIUM)]
    assert KEPT.replace(inside, b"") == HEAD.replace(b"\x01\x01", b"\x01\x02", 1) + REST


@pytest.mark.parametrize("size", [MOST, MOST + 1])
def test_what_does_not_fit_into_one_segment_is_left_out(size: int) -> None:
    small = SMALL.ljust(size, b"x")
    assert small_pictures_of(with_small_pictures(HEAD + REST, small)) == ((small,) if size == MOST else ())


def test_no_more_than_two_are_taken_or_looked_for() -> None:
    assert with_small_pictures(HEAD + REST, SMALL, SMALL, SMALL) == HEAD + REST
    twice = with_small_pictures(KEPT, SMALL, SMALL)
    assert small_pictures_of(twice) == (SMALL, SMALL)


def test_a_picture_of_another_kind_is_left_alone() -> None:
    other = b"\xff\xd8\xff\xe1\x00\x10Exif\x00" + REST
    assert with_small_pictures(other, SMALL) == other


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        HEAD,
        HEAD + REST,
        KEPT[: 30 + len(SMALL) - 1],  # it ends inside
        KEPT.replace(b"JFXX\x00\x10", b"JFXX\x00\x11"),  # coded in another way
        with_small_pictures(HEAD + REST, b"<svg>"),  # no picture
    ],
)
def test_there_is_none_where_nothing_like_it_is(jpeg: bytes) -> None:
    assert small_pictures_of(jpeg) == ()


@given(st.binary(max_size=64))
def test_whatever_a_stranger_sends_nothing_fails(rest: bytes) -> None:
    assert all(one in rest for one in small_pictures_of(HEAD + b"\xff\xe0" + rest))
