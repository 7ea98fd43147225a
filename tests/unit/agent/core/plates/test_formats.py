"""Formats of plates: what fits which kind, and how a number is written."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.plates.formats import (
    FORMATS,
    PROVINCES,
    STRICT,
    TWO_LINES,
    Grammar,
    PlateKind,
    is_plate_text,
    kinds_of,
    normalise,
)

KINDS = [
    ("京A12345", PlateKind.CIVIL),
    ("粤O1234A", PlateKind.CIVIL),
    ("皖AD12345", PlateKind.NEW_ENERGY_SMALL),
    ("皖ADB2345", PlateKind.NEW_ENERGY_SMALL),
    ("皖A12345D", PlateKind.NEW_ENERGY_LARGE),
    ("川A1234警", PlateKind.POLICE),
    ("沪B1234挂", PlateKind.TRAILER),
    ("渝B3587学", PlateKind.LEARNER),
    ("粤ZR066港", PlateKind.HONG_KONG),
    ("粤Z1234澳", PlateKind.MACAO),
    ("使014578", PlateKind.EMBASSY),
    ("沪A1707领", PlateKind.CONSULATE),
    ("WJ粤1693015", PlateKind.ARMED_POLICE),
    ("京A12345临", PlateKind.TEMPORARY),
    ("京A1234试", PlateKind.TRIAL),
    ("京A1234超", PlateKind.OVERSIZED),
    ("498VDZ08", PlateKind.KAZAKHSTAN),
    ("498VD08", PlateKind.KAZAKHSTAN),
    ("A123BCD", PlateKind.KAZAKHSTAN_1993),
    ("A123BC", PlateKind.KAZAKHSTAN_1993),
    ("A444501", PlateKind.KAZAKHSTAN_FOREIGN),
    ("D1234567", PlateKind.KAZAKHSTAN_DIPLOMATIC),
    ("T12345", PlateKind.KAZAKHSTAN_DIPLOMATIC),
    ("WOB1234", PlateKind.LATIN),
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_a_plate_has_the_kind_of_its_format(text: str, kind: PlateKind) -> None:
    assert kinds_of(text)[0] == kind


@pytest.mark.parametrize("text", ["", "京", "京12345", "AB", "京A123456789", "临", "警警警警警警警", "北A12345"])
def test_what_is_no_plate_has_no_kind(text: str) -> None:
    assert kinds_of(text) == ()


@pytest.mark.parametrize("text", ["京A·12345", " 498 VDZ 08 ", "京A-12345临", "A.123•BC", "京Ａ１２３４５"])
def test_a_plate_is_written_in_letters_and_digits_with_little_between_them(text: str) -> None:
    assert is_plate_text(text)


@pytest.mark.parametrize("text", ["", " ", "- .", "京A12345!", "A/123/BC", "<b>京A12345", "京A\n12345", "A_1"])
def test_other_characters_are_not_of_a_plate(text: str) -> None:
    assert not is_plate_text(text)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("京A·12345", "京A12345"),
        (" 京a 12345 ", "京A12345"),
        ("京A-12345临", "京A12345"),
        ("京Ａ１２３４５", "京A12345"),
        ("京AI2O45", "京A12045"),
        ("498 VDZ 08", "498VDZ08"),
        ("498 VDZ O8", "498VDZ08"),
        ("498VD008", "498VDO08"),
        ("498 ВЕК 08", "498BEK08"),  # noqa: RUF001 - Cyrillic on purpose
        ("使 014578", "使014578"),
        ("1234567", "1234567"),
        ("12345678", "12345678"),
        ("no plate!", "NOPLATE"),
        ("", ""),
        ("临", ""),
    ],
)
def test_a_number_is_written_in_one_way(written: str, number: str) -> None:
    assert normalise(written) == number


@given(st.text(max_size=12) | st.text(alphabet=PROVINCES + "01OIABD临试学 ·-", max_size=10))
def test_writing_it_twice_changes_nothing(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once


@given(st.text(max_size=12))
def test_a_number_holds_letters_and_digits_only(text: str) -> None:
    assert all(character.isalnum() for character in normalise(text))


@st.composite
def plates(draw: st.DrawFn) -> tuple[str, PlateKind]:
    plate = draw(st.sampled_from(STRICT))
    return "".join(draw(st.sampled_from(place)) for place in plate.places) + plate.mark, plate.kind


@given(plates())
def test_every_plate_of_a_format_is_among_its_kinds(drawn: tuple[str, PlateKind]) -> None:
    text, kind = drawn

    assert kind in kinds_of(text)


@given(plates())
def test_a_plate_of_a_known_format_is_only_freed_of_its_mark(drawn: tuple[str, PlateKind]) -> None:
    text, _ = drawn

    assert normalise(text) == text.rstrip("临试超")


@given(plates())
def test_the_grammar_follows_every_plate_of_its_formats(drawn: tuple[str, PlateKind]) -> None:
    text, kind = drawn
    grammar = Grammar(FORMATS)
    complete = grammar.complete(grammar.follow(text), len(text))

    assert kind in {plate.kind for plate in complete}


@given(st.text(alphabet=PROVINCES + "01ABD学", min_size=1, max_size=10))
def test_the_grammar_and_the_formats_agree(text: str) -> None:
    grammar = Grammar(STRICT)
    complete = {plate.kind for plate in grammar.complete(grammar.follow(text), len(text))} if len(text) <= 9 else set()

    assert complete == {plate.kind for plate in STRICT if not plate.mark and plate.fits(text)}


def test_the_grammar_follows_nothing_beyond_the_longest_format() -> None:
    grammar = Grammar(FORMATS)

    assert grammar.follow("A" * 40) == 0


def test_only_what_a_format_allows_can_stand_at_a_place() -> None:
    grammar = Grammar(STRICT)

    assert grammar.alternatives("京A12346", 0) - frozenset(ascii_uppercase) == frozenset(PROVINCES)
    assert "Z" not in grammar.alternatives("京A12346", 0)
    assert "I" not in grammar.alternatives("京A12345", 3)
    assert "学" in grammar.alternatives("京A12345", 6)
    assert grammar.alternatives("498VDZ08", 7) == frozenset("123456789")
    assert grammar.alternatives("498VDZ18", 6) == frozenset("012")
    assert grammar.priors_at("498VDZ20", 7)["0"] > grammar.priors_at("498VDZ20", 7)["1"] > 0


def test_the_best_prior_of_a_state_is_that_of_the_likeliest_format_that_is_left() -> None:
    grammar = Grammar(FORMATS)

    assert grammar.best_prior(grammar.start) == 1.0
    assert grammar.best_prior(grammar.follow("498VDZ08")) == 1.0 == grammar.prior("498VDZ08")
    assert grammar.best_prior(grammar.follow("WOB12")) == grammar.prior("WOB12") == 0.01
    assert grammar.best_prior(0) == 0 == grammar.prior("A" * 40) == grammar.prior("-")


def test_a_kazakh_plate_of_two_lines_is_put_in_the_order_of_its_number() -> None:
    grammar = Grammar(TWO_LINES)
    printed = "24110VBZ"
    (best, *_) = grammar.complete(grammar.follow(printed), len(printed))

    assert best.kind is PlateKind.KAZAKHSTAN
    assert best.number(printed) == "241VBZ10"


def test_a_grammar_with_other_priors_allows_the_same_and_leaves_the_first_as_it_was() -> None:
    grammar = Grammar(FORMATS)
    assert grammar.prior("498VDZ08") == 1.0
    other = grammar.reweighed([replace(plate, prior=plate.prior / 4) for plate in FORMATS])

    assert (grammar.prior("498VDZ08"), other.prior("498VDZ08")) == (1.0, 0.25)
    assert other.alternatives("498VDZ08", 3) == grammar.alternatives("498VDZ08", 3)
    assert other.best_prior(other.start) == 0.25
