"""A small picture inside the head of a large one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import small_picture_of, with_small_picture

HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
REST = b"\xff\xdb what follows \xff\xd9"
SMALL = b"\xff\xd8\xff a small one \xff\xd9"
MOST = 0xFFFF - 8


def test_what_goes_in_comes_out_and_the_rest_stays_as_it_was() -> None:
    kept = with_small_picture(HEAD + REST, SMALL)
    assert small_picture_of(kept) == SMALL
    assert kept.replace(kept[20 : 20 + 10 + len(SMALL)], b"") == HEAD.replace(b"\x01\x01", b"\x01\x02", 1) + REST


@pytest.mark.parametrize("size", [MOST, MOST + 1])
def test_what_does_not_fit_into_one_segment_is_left_out(size: int) -> None:
    small = SMALL.ljust(size, b"x")
    assert small_picture_of(with_small_picture(HEAD + REST, small)) == (small if size == MOST else None)


def test_a_picture_of_another_kind_is_left_alone() -> None:
    other = b"\xff\xd8\xff\xe1\x00\x10Exif\x00" + REST
    assert with_small_picture(other, SMALL) == other


KEPT = with_small_picture(HEAD + REST, SMALL)


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        HEAD,
        HEAD + REST,
        KEPT[: 30 + len(SMALL) - 1],  # it ends inside
        KEPT.replace(b"JFXX\x00\x10", b"JFXX\x00\x11"),  # coded in another way
        with_small_picture(HEAD + REST, b"<svg>"),  # no picture
    ],
)
def test_there_is_none_where_nothing_like_it_is(jpeg: bytes) -> None:
    assert small_picture_of(jpeg) is None


@given(st.binary(max_size=64))
def test_whatever_a_stranger_sends_nothing_fails(rest: bytes) -> None:
    found = small_picture_of(HEAD + b"\xff\xe0" + rest)
    assert found is None or found in rest
