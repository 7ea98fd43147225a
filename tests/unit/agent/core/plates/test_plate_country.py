"""Whose plate it is: by grammar, colour, shape and field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.plates import (
    FORMATS,
    STRICT,
    Country,
    PlateColour,
    PlateKind,
    RegionField,
    Sight,
    as_seen,
    shares,
    weighed,
)

LONG, SHORT = 4.4, 3.1


def formats_of(text: str) -> list:
    return [plate for plate in FORMATS if plate.fits(text)]


def likeliest(text: str, **sight: object) -> tuple[PlateKind, Country, float]:
    weights = weighed(as_seen(formats_of(text), Sight(**sight)))
    (country, share), *_ = shares(weights)
    return max(weights, key=lambda kind: weights[kind]), country, share


ORIGINS = [
    ("京A12345", {"colour": PlateColour.BLUE, "aspect": SHORT}, PlateKind.CIVIL, Country.CHINA),
    ("498VDZ08", {"colour": PlateColour.WHITE, "aspect": LONG}, PlateKind.KAZAKHSTAN, Country.KAZAKHSTAN),
    ("01123ABC", {"colour": PlateColour.WHITE, "aspect": LONG}, PlateKind.UZBEKISTAN, Country.UZBEKISTAN),
    ("AB12377", {"colour": PlateColour.YELLOW, "aspect": LONG}, PlateKind.RUSSIA_TAXI, Country.RUSSIA),
    ("AB12377", {"colour": PlateColour.WHITE, "aspect": LONG}, PlateKind.BELARUS_TRUCK, Country.BELARUS),
    ("123AB01", {"field": RegionField.RIGHT, "aspect": LONG}, PlateKind.KAZAKHSTAN, Country.KAZAKHSTAN),
    ("D123456", {"colour": PlateColour.RED}, PlateKind.KAZAKHSTAN_DIPLOMATIC, Country.KAZAKHSTAN),
    ("D123456", {"colour": PlateColour.GREEN}, PlateKind.UZBEKISTAN_DIPLOMATIC, Country.UZBEKISTAN),
    ("A1234AB", {"aspect": LONG}, PlateKind.KYRGYZSTAN_1994, Country.KYRGYZSTAN),
    ("WOB1234", {"colour": PlateColour.WHITE, "aspect": LONG}, PlateKind.LATIN, Country.OTHER),
]


@pytest.mark.parametrize(("text", "sight", "kind", "country"), ORIGINS)
def test_the_likeliest_kind_and_country(text: str, sight: dict, kind: PlateKind, country: Country) -> None:
    found, land, share = likeliest(text, **sight)

    assert (found, land) == (kind, country)
    assert share > 0.5


def test_what_only_the_look_tells_apart_is_less_sure_than_what_the_text_tells() -> None:
    _, _, alone = likeliest("498VDZ08", colour=PlateColour.WHITE, aspect=LONG)
    _, _, shared = likeliest("01123ABC", colour=PlateColour.WHITE, aspect=LONG)

    assert alone > 0.98
    assert shared < 0.7


@pytest.mark.parametrize(
    ("text", "with_it", "against_it"),
    [
        ("123AB01", {"field": RegionField.RIGHT}, {"field": RegionField.NONE}),
        ("01123ABC", {"colour": PlateColour.WHITE}, {"colour": PlateColour.RED}),
    ],
)
def test_a_sight_that_goes_with_the_format_raises_it_against_what_has_no_such_sight(
    text: str, with_it: dict, against_it: dict
) -> None:
    def against_latin(sight: dict) -> float:
        weights = weighed(as_seen(formats_of(text), Sight(**sight)))
        return max(value for kind, value in weights.items() if kind is not PlateKind.LATIN) / weights[PlateKind.LATIN]

    assert against_latin(with_it) > against_latin(against_it)


def test_a_squat_plate_is_chinese_sooner_than_a_long_one() -> None:
    chinese = next(plate for plate in STRICT if plate.kind is PlateKind.CIVIL)
    kazakh = next(plate for plate in STRICT if plate.kind is PlateKind.KAZAKHSTAN)

    def share_of_china(aspect: float) -> float:
        return dict(shares(weighed(as_seen([chinese, kazakh], Sight(aspect=aspect)))))[Country.CHINA]

    assert share_of_china(3.0) > 0.6
    assert share_of_china(4.7) < 0.3


@given(
    st.lists(st.sampled_from(FORMATS), min_size=1, max_size=6),
    st.sampled_from(PlateColour),
    st.floats(0, 8),
    st.booleans(),
    st.none() | st.sampled_from(RegionField),
)
def test_the_probabilities_of_the_countries_sum_to_one(formats, colour, aspect, two_lines, field) -> None:
    found = shares(weighed(as_seen(formats, Sight(colour, aspect, two_lines, field))))

    assert sum(share for _, share in found) == pytest.approx(1)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    assert len({country for country, _ in found}) == len(found)


def test_a_sight_never_raises_a_format_and_rules_none_out() -> None:
    for colour in PlateColour:
        for aspect in (0.0, 1.5, 3.1, 4.6, 9.0):
            seen = as_seen(FORMATS, Sight(colour, aspect, field=RegionField.LEFT))
            assert all(0 < now.prior <= then.prior for now, then in zip(seen, FORMATS, strict=True))


@pytest.mark.parametrize("aspect", [0.0, 0.1, 1.6, 3.14, 4.6, 40.0])
def test_a_rounded_sight_is_nearly_the_same_and_there_are_few_of_them(aspect: float) -> None:
    sight = Sight(PlateColour.WHITE, aspect)

    assert sight.rounded == sight.rounded.rounded
    assert aspect == 0 or not 0.5 <= aspect <= 10 or sight.rounded.aspect == pytest.approx(aspect, rel=0.07)


def test_nothing_weighed_is_of_no_country() -> None:
    assert shares({}) == ()


def test_a_country_of_several_kinds_is_never_more_than_certain() -> None:
    weights = {PlateKind.CIVIL: 0.5, PlateKind.CIVIL_BLUE: 0.1, PlateKind.CIVIL_YELLOW: 0.7}
    total = sum(weights.values())
    assert sum(weight / total for weight in weights.values()) > 1.0, "these floats sum to a hair above 1"
    assert shares(weights) == ((Country.CHINA, 1.0),)
