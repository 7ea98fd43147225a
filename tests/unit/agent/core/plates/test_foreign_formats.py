"""The formats of Kazakhstan, its neighbours, Mongolia and Belarus, country by country."""

from __future__ import annotations

import pytest

from agent.core.plates import FORMATS, TWO_LINES, Country, Grammar, PlateKind, country_of, kinds_of, normalise
from agent.core.plates.foreign_formats import CYRILLIC, FOREIGN
from agent.core.plates.plate_format import RegionField
from agent.core.plates.recogniser_columns import ALPHABET

K = PlateKind

OF_COUNTRIES = {
    Country.KAZAKHSTAN: {
        "498VDZ08": (K.KAZAKHSTAN,),
        "077OOO16": (K.KAZAKHSTAN,),
        "857IMB02": (K.KAZAKHSTAN,),
        "010VP20": (K.KAZAKHSTAN,),
        "A123BCD": (K.KAZAKHSTAN_1993,),
        "H123401": (K.KAZAKHSTAN_FOREIGN,),
        "D1234567": (K.KAZAKHSTAN_DIPLOMATIC,),
    },
    Country.UZBEKISTAN: {
        "01A123BC": (K.UZBEKISTAN,),
        "70O999FB": (K.UZBEKISTAN,),
        "85J582OA": (K.UZBEKISTAN,),
        "95123ABC": (K.UZBEKISTAN,),
        "40123AB9": (),
        "011234AB": (K.UZBEKISTAN_TRAILER,),
        "01H014629": (K.UZBEKISTAN_FOREIGN,),
        "10M001197": (K.UZBEKISTAN_FOREIGN,),
        "T12345601": (K.UZBEKISTAN_TEMPORARY,),
        "X123456": (K.UZBEKISTAN_DIPLOMATIC,),
        "01A123IC": (),
    },
    Country.RUSSIA: {
        "A123BC77": (K.RUSSIA,),
        "A123BC777": (K.RUSSIA,),
        "O000OO199": (K.RUSSIA,),
        "A123BC00": (),
        "A123BC477": (),
        "A123BZ77": (),
        "AB12377": (K.RUSSIA_TAXI, K.BELARUS_TRUCK),
        "AB123777": (K.RUSSIA_TRAILER, K.RUSSIA_TAXI),
        "AB123477": (K.RUSSIA_TRAILER,),
        "AB1234777": (K.RUSSIA_TRAILER,),
        "AB123C77": (K.RUSSIA_TRANSIT,),
    },
    Country.KYRGYZSTAN: {
        "08123ABC": (K.UZBEKISTAN, K.KYRGYZSTAN),
        "01123ABC": (K.UZBEKISTAN, K.KYRGYZSTAN),
        "01123AB": (K.KYRGYZSTAN,),
        "011234H": (K.KYRGYZSTAN_FOREIGN,),
        "B1234AB": (K.KYRGYZSTAN_1994,),
        "B1234A": (K.KYRGYZSTAN_1994,),
    },
    Country.TAJIKISTAN: {
        "1234AB01": (K.TAJIKISTAN,),
        "123AB01": (K.KAZAKHSTAN, K.TAJIKISTAN),
        "1234AB09": (),
        "1234AD01": (),
    },
    Country.TURKMENISTAN: {
        "AB1234AG": (K.TURKMENISTAN,),
        "A1234MR": (K.TURKMENISTAN, K.KYRGYZSTAN_1994),
        "1H12345": (K.TURKMENISTAN_FOREIGN,),
        "1HT12345": (K.TURKMENISTAN_FOREIGN,),
        "AB1234QQ": (),
    },
    Country.MONGOLIA: {
        "1234 УБА": (K.MONGOLIA,),
        "0001 УНЯ": (K.MONGOLIA,),
        "1234 ӨВЧ": (K.MONGOLIA,),
        "1234 ХӨА": (K.MONGOLIA,),
        "1234 ЗАЗ": (K.MONGOLIA,),  # noqa: RUF001 - Cyrillic letters
        "1234 ЖЖА": (),
    },
    Country.BELARUS: {
        "1234AB-7": (K.BELARUS,),
        "E123AB-7": (K.BELARUS,),
        "1234II-5": (K.BELARUS,),
        "AI1234-5": (K.BELARUS_TRUCK,),
        "A1234B-0": (K.BELARUS_TRAILER,),
        "1234AB-8": (),
        "1234AD-7": (),
    },
}
TABLE = [(country, text, kinds) for country, plates in OF_COUNTRIES.items() for text, kinds in plates.items()]


@pytest.mark.parametrize(("country", "text", "kinds"), TABLE, ids=[text for _, text, _ in TABLE])
def test_a_number_is_of_its_kinds_and_of_no_other(country: Country, text: str, kinds: tuple[PlateKind, ...]) -> None:
    found = kinds_of(text)

    assert set(found) == set(kinds or {PlateKind.LATIN} & set(found))
    assert not kinds or country in {country_of(kind) for kind in found}


def test_every_format_is_of_a_country_and_says_where_its_region_stands() -> None:
    for plate in FOREIGN:
        assert country_of(plate.kind) not in {Country.CHINA, Country.OTHER}
        assert all(0 <= place < len(plate.places) for place in plate.region)
        assert plate.field is RegionField.NONE or plate.region
        assert 0 < plate.prior <= 1


def test_the_kinds_of_every_country_are_told_by_their_first_word() -> None:
    for kind in PlateKind:
        country = country_of(kind)
        if country not in {Country.CHINA, Country.OTHER}:
            assert kind.value.startswith(country.name.lower())


def test_the_network_has_a_class_for_every_character_of_every_format() -> None:
    assert set("".join("".join(plate.places) for plate in FORMATS)) <= set(ALPHABET)
    assert ALPHABET.endswith("试超" + CYRILLIC)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("01 A 123 BC", "01A123BC"),
        ("O1 A 123 BC", "01A123BC"),
        ("70 0 999 FB", "700999FB"),
        ("А 123 ВС 777", "A123BC777"),  # noqa: RUF001 - Cyrillic letters
        ("A 123 BC 77 RUS", "A123BC77RUS"),
        ("1234 уба", "1234YБA"),  # noqa: RUF001 - Cyrillic letters
        ("1234 АВ-7", "1234AB7"),  # noqa: RUF001 - Cyrillic letters
        ("077 000 16", "07700016"),
    ],
)
def test_a_number_from_abroad_is_written_in_one_way(written: str, number: str) -> None:
    assert normalise(written) == number
    assert normalise(number) == number


def test_a_belarusian_truck_of_two_lines_is_put_in_the_order_of_its_number() -> None:
    grammar = Grammar(TWO_LINES)
    printed = "AI51234"
    trucks = [
        plate
        for plate in grammar.complete(grammar.follow(printed), len(printed))
        if plate.kind is PlateKind.BELARUS_TRUCK
    ]

    assert [plate.number(printed) for plate in trucks] == ["AI12345"]
