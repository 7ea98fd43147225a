"""The likelihood of a number: against the sum over all ways to lay it, written out."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.plates.plate_likelihood import PlateLattice, printed_forms
from agent.core.plates.recogniser_columns import BLANK, Columns, of_positions

SYMBOLS = ("", "A", "B", "7")


def columns(*shares: dict[str, float]) -> Columns:
    return Columns(shares, (1e-7,) * len(shares))


@st.composite
def blurred(draw: st.DrawFn) -> Columns:
    """Five or six columns of four symbols."""
    found = []
    for _ in range(draw(st.integers(5, 6))):
        weights = [draw(st.floats(0.01, 1)) for _ in SYMBOLS]
        found.append({symbol: weight / sum(weights) for symbol, weight in zip(SYMBOLS, weights, strict=True)})
    return columns(*found)


def written_out(seen: Columns) -> dict[str, float]:
    """For each text the sum over every path of symbols that collapses to it."""
    found: dict[str, float] = {}
    for path in itertools.product(SYMBOLS, repeat=len(seen.shares)):
        text = "".join(symbol for symbol, _ in itertools.groupby(path))
        likelihood = math.prod(shares[symbol] for shares, symbol in zip(seen.shares, path, strict=True))
        found[text] = found.get(text, 0.0) + likelihood
    return found


@settings(max_examples=25, deadline=None)
@given(blurred(), st.text(alphabet="AB7", min_size=1, max_size=3))
def test_the_likelihood_is_the_sum_over_all_ways_to_lay_the_text(seen: Columns, text: str) -> None:
    assert PlateLattice(seen).log_likelihood(text) == pytest.approx(
        math.log(written_out(seen).get(text, 1e-300)), abs=1e-6
    )


@settings(max_examples=25, deadline=None)
@given(blurred(), st.text(alphabet="AB7", min_size=5, max_size=5))
def test_every_single_change_has_the_likelihood_of_its_own_text(seen: Columns, text: str) -> None:
    found, wanted = PlateLattice(seen).around(text), written_out(seen)

    assert set(found) == {text} | {
        text[:place] + other + text[place + 1 :] for place in range(5) for other in "AB7" if other != text[place]
    }
    for other, likelihood in found.items():
        assert likelihood == pytest.approx(math.log(wanted.get(other, 1e-300)), abs=1e-6)


def test_also_a_number_that_looks_quite_different_has_its_exact_likelihood() -> None:
    """The way to lay it that counts at the end is next to nothing before that."""
    almost = [
        {symbol: 1 - 3e-9 if symbol == shown else 1e-9 for symbol in SYMBOLS}
        for shown in ("A", BLANK, "B", BLANK, "7", "7")
    ]
    seen = columns(*almost)

    wanted = written_out(seen)
    assert PlateLattice(seen).log_likelihood("B7AB") == pytest.approx(math.log(wanted["B7AB"]), abs=1e-6)
    assert math.log(wanted["B7AB"]) == pytest.approx(-82.2, abs=0.1)


def test_what_was_asked_before_changes_no_answer() -> None:
    positions = tuple((((character, 0.6), ("7", 0.2), ("A", 0.1))) for character in "京A12345")
    texts = ["京A12345", "京A12346", "京A1234挂", "A12345", "京AA1177", "京A12345"]
    kept = PlateLattice(of_positions(positions))
    for text in texts:
        fresh = PlateLattice(of_positions(positions))
        assert kept.around(text) == fresh.around(text)
        assert kept.log_likelihood(text) == fresh.log_likelihood(text)


@pytest.mark.parametrize("length", [11, 12, 16])
def test_a_number_longer_than_any_format_has_a_likelihood_and_nothing_beside_it(length: int) -> None:
    text = "A1B2C3D4E5F6G7H8"[:length]
    seen = of_positions(tuple(((character, 0.9), ("7", 0.1)) for character in text))

    assert list(PlateLattice(seen).around(text)) == [text]
    assert PlateLattice(seen).log_likelihood(text) > -5


def test_a_double_character_needs_a_blank_between() -> None:
    once = columns({"A": 1.0}, {"A": 1.0}, {"A": 1.0})
    twice = columns({"A": 1.0}, {BLANK: 1.0}, {"A": 1.0})

    assert PlateLattice(once).log_likelihood("A") == pytest.approx(0.0, abs=1e-6)
    assert PlateLattice(once).log_likelihood("AA") < -10
    assert PlateLattice(twice).log_likelihood("AA") == pytest.approx(0.0, abs=1e-6)


def test_only_characters_that_a_format_allows_compete() -> None:
    positions = tuple((((character, 0.5), ("挂", 0.3), ("7", 0.2))) for character in "京A12345")
    found = PlateLattice(of_positions(positions)).around("京A12345")

    assert "京A1234挂" in found  # a trailer's plate
    assert "京A123挂5" not in found
    assert "京712345" not in found


def test_a_number_of_no_format_is_printed_as_it_is() -> None:
    assert printed_forms("A1", two_lines=False) == (("A1", None),)


def test_a_kazakh_plate_of_two_lines_prints_its_region_before_its_letters() -> None:
    printed = [text for text, _ in printed_forms("241VBZ10", two_lines=True)]
    seen = of_positions(tuple(((character, 0.99),) for character in "24110VBZ"))

    assert printed[0] == "24110VBZ"
    assert PlateLattice(seen).log_likelihood("241VBZ10", two_lines=True) > -1
    assert PlateLattice(seen).log_likelihood("241VBZ10") < -10


def test_the_mark_of_a_temporary_plate_is_printed_behind_the_number() -> None:
    printed = {text for text, _ in printed_forms("京A12345", two_lines=False)}
    seen = of_positions(tuple(((character, 0.99),) for character in "京A12345临"))

    assert {"京A12345", "京A12345临"} <= printed
    assert PlateLattice(seen).log_likelihood("京A12345") > -1


def test_around_speaks_of_numbers_and_not_of_what_is_printed() -> None:
    positions = tuple(((character, 0.9), ("7", 0.1)) for character in "24110VBZ")
    found = PlateLattice(of_positions(positions)).around("241VBZ10", two_lines=True)

    assert found["247VBZ10"] > found["241VBZ10"] - 5
    assert "241VBZ17" in found


def test_a_twin_that_was_seen_counts_in_part_for_the_character_that_the_format_wants() -> None:
    """The noughts of 077 000 16 can only be the letter."""
    seen = of_positions(tuple(((character, 0.99),) for character in "07700016"))
    lattice = PlateLattice(seen)

    assert lattice.log_likelihood("077OOO16") == pytest.approx(
        lattice.log_likelihood("07700016") + 3 * math.log(0.8), abs=0.05
    )
    assert lattice.log_likelihood("077DDD16") < -20


def test_a_number_that_only_the_generic_form_allows_weighs_little_beside_one_of_a_format() -> None:
    positions = tuple(((character, 0.5), ("K", 0.5)) for character in "498VDZ08")
    found = PlateLattice(of_positions(positions)).around("498VDZ08")

    assert found["498VDZ0K"] == pytest.approx(found["498VDZ08"] + math.log(0.01), abs=1e-6)
    assert found["498VKZ08"] == pytest.approx(found["498VDZ08"], abs=1e-6)
