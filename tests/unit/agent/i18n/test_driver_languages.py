"""The languages for a vehicle: those of its plate's country, then those of the lane."""

import pytest

from agent.core.plates import PlateKind
from agent.i18n import Language
from agent.i18n.driver_languages import AT_ONCE, OF_COUNTRIES, languages_for

EN, ZH, RU, KK = Language
LANE = (ZH, KK, EN)


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (None, LANE),
        ("", LANE),
        ("cn", LANE),
        ("KZ", (KK, RU, ZH)),
        ("RU", (RU, ZH, KK)),
        ("UZ", (RU, ZH, KK)),
        ("DE", LANE),
        (PlateKind.CIVIL_BLUE, LANE),
        (PlateKind.TEMPORARY, LANE),
        (PlateKind.HONG_KONG, LANE),
        (PlateKind.KAZAKHSTAN, (KK, RU, ZH)),
        (PlateKind.KAZAKHSTAN_1993, (KK, RU, ZH)),
        (PlateKind.KAZAKHSTAN_FOREIGN, (RU, EN, ZH)),
        (PlateKind.KAZAKHSTAN_DIPLOMATIC, (EN, ZH, KK)),
        (PlateKind.EMBASSY, (EN, ZH, KK)),
        (PlateKind.UZBEKISTAN, (RU, ZH, KK)),
        (PlateKind.UZBEKISTAN_FOREIGN, (RU, EN, ZH)),
        (PlateKind.RUSSIA_TRAILER, (RU, ZH, KK)),
        (PlateKind.MONGOLIA, (RU, ZH, KK)),
        (PlateKind.BELARUS_TRUCK, (RU, ZH, KK)),
        (PlateKind.LATIN, LANE),
    ],
)
def test_the_plates_country_comes_first(origin, told):
    assert languages_for(origin, LANE) == told


@pytest.mark.parametrize("origin", [None, *PlateKind, *OF_COUNTRIES])
@pytest.mark.parametrize("order", [(), (RU,), (EN, ZH), tuple(Language)])
def test_each_is_there_once_and_no_more_than_a_page_shows(origin, order):
    told = languages_for(origin, order)
    assert len(set(told)) == len(told) <= AT_ONCE
    assert not order or set(told) & set(order)


def test_a_lane_of_one_language_adds_that_of_the_plate_before_it():
    assert languages_for(PlateKind.CIVIL_BLUE, (RU,)) == (ZH, RU)
    assert languages_for(PlateKind.KAZAKHSTAN, (EN,)) == (KK, RU, EN)
