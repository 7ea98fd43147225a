"""What the network's classes are read as: the characters of VINs, and doubts where one was read that no VIN has."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.permit.vin import CHARACTERS
from agent.vision.worker.vin.print_recogniser import BORDER, _read_as, _spelt

PRINTED = ("", *"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abcdefghijklmnopqrstuvwxyz", *"|-.*好Жß", "ab", " ")


@pytest.fixture(scope="module")
def read_as() -> dict[str, dict[str, float]]:
    return {PRINTED[place]: dict(shares) for place, shares in _read_as(PRINTED).items()}


@pytest.mark.parametrize("character", sorted(CHARACTERS))
def test_a_character_of_vins_is_read_as_itself(read_as: dict[str, dict[str, float]], character: str) -> None:
    assert read_as[character] == {character: 1.0}


def test_small_letters_are_those_of_vins(read_as: dict[str, dict[str, float]]) -> None:
    for small in "abcdefghjkmnprstuvwxyz":
        assert read_as[small] == {small.upper(): 1.0}


@pytest.mark.parametrize(("read", "likeliest"), [*((one, "1") for one in "Iil|"), *((one, "0") for one in "OoQ")])
def test_what_no_vin_has_is_read_with_doubts(read_as: dict[str, dict[str, float]], read: str, likeliest: str) -> None:
    shares = read_as[read]
    assert max(shares, key=lambda one: shares[one]) == likeliest
    assert shares.keys() <= CHARACTERS
    assert len(shares) > 1
    assert sum(shares.values()) == pytest.approx(1.0)


def test_blank_and_space_are_nothing_and_all_else_is_left_out(read_as: dict[str, dict[str, float]]) -> None:
    assert read_as[""] == read_as[" "] == {"": 1.0}
    assert not read_as.keys() & {"-", ".", "*", "好", "Ж", "ß", "ab", "q"}


def test_a_character_stands_where_its_run_is_likeliest_and_no_blank_behind_it_moves_it() -> None:
    likeliest = [(1, 0.9), (0, 0.8), (0, 0.99), (2, 0.6), (2, 0.9), (2, 0.7), (3, 0.9), (0, 0.9), (1, 0.9)]
    shares = np.full((len(likeliest), 4), 0.01, np.float32)
    for column, (place, share) in enumerate(likeliest):
        shares[column, place] = share
    assert _spelt(shares, {1: "L", 2: "S"}) == (f"LS{BORDER}L", (0, 4, 6, 8))
    assert _spelt(shares[:0], {}) == ("", ())
