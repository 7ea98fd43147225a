"""Whose plate it is: by grammar, colour, shape and field."""

from __future__ import annotations

import pytest

from agent.core.plates import (
    FORMATS,
    STRICT,
    Country,
    PlateColour,
    PlateKind,
    RegionField,
    Sight,
    as_seen,
    country_of,
    weighed,
)

LONG, SHORT = 4.4, 3.1


def formats_of(text: str) -> list:
    return [plate for plate in FORMATS if plate.fits(text)]


def shares(weights: dict[PlateKind, float]) -> dict[Country, float]:
    """What each country has of all weights."""
    found: dict[Country, float] = {}
    for kind, weight in weights.items():
        found[country_of(kind)] = found.get(country_of(kind), 0.0) + weight / sum(weights.values())
    return found


def likeliest(text: str, **sight: object) -> tuple[PlateKind, Country, float]:
    weights = weighed(as_seen(formats_of(text), Sight(**sight)))
    found = shares(weights)
    country = max(found, key=lambda one: found[one])
    return max(weights, key=lambda kind: weights[kind]), country, found[country]


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
        return shares(weighed(as_seen([chinese, kazakh], Sight(aspect=aspect))))[Country.CHINA]

    assert share_of_china(3.0) > 0.6
    assert share_of_china(4.7) < 0.3


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
