"""The kinds of plates, and their countries."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class PlateKind(StrEnum):
    """What a plate is. CIVIL is a blue or yellow one whose colour is not known: the number alone does not tell."""

    CIVIL = "civil"
    CIVIL_BLUE = "civil_blue"
    CIVIL_YELLOW = "civil_yellow"
    NEW_ENERGY_SMALL = "new_energy_small"
    NEW_ENERGY_LARGE = "new_energy_large"
    POLICE = "police"
    TRAILER = "trailer"
    LEARNER = "learner"
    HONG_KONG = "hong_kong"
    MACAO = "macao"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    ARMED_POLICE = "armed_police"
    TEMPORARY = "temporary"
    TRIAL = "trial"
    OVERSIZED = "oversized"
    KAZAKHSTAN = "kazakhstan"
    KAZAKHSTAN_1993 = "kazakhstan_1993"
    KAZAKHSTAN_FOREIGN = "kazakhstan_foreign"
    LATIN = "latin"
    KAZAKHSTAN_DIPLOMATIC = "kazakhstan_diplomatic"
    UZBEKISTAN = "uzbekistan"
    UZBEKISTAN_TRAILER = "uzbekistan_trailer"
    UZBEKISTAN_FOREIGN = "uzbekistan_foreign"
    UZBEKISTAN_TEMPORARY = "uzbekistan_temporary"
    UZBEKISTAN_DIPLOMATIC = "uzbekistan_diplomatic"
    RUSSIA = "russia"
    RUSSIA_TAXI = "russia_taxi"
    RUSSIA_TRAILER = "russia_trailer"
    RUSSIA_TRANSIT = "russia_transit"
    KYRGYZSTAN = "kyrgyzstan"
    KYRGYZSTAN_1994 = "kyrgyzstan_1994"
    KYRGYZSTAN_FOREIGN = "kyrgyzstan_foreign"
    TAJIKISTAN = "tajikistan"
    TURKMENISTAN = "turkmenistan"
    TURKMENISTAN_FOREIGN = "turkmenistan_foreign"
    MONGOLIA = "mongolia"
    BELARUS = "belarus"
    BELARUS_TRUCK = "belarus_truck"
    BELARUS_TRAILER = "belarus_trailer"


class Country(StrEnum):
    """Whose plates these are, in two letters of ISO 3166-1; OTHER: nobody knows, or one whose formats are not here."""

    CHINA = "CN"
    HONG_KONG = "HK"
    MACAO = "MO"
    KAZAKHSTAN = "KZ"
    UZBEKISTAN = "UZ"
    RUSSIA = "RU"
    KYRGYZSTAN = "KG"
    TAJIKISTAN = "TJ"
    TURKMENISTAN = "TM"
    MONGOLIA = "MN"
    BELARUS = "BY"
    OTHER = ""


_BY_FIRST_WORD: Final[Mapping[str, Country]] = {
    country.name.lower(): country
    for country in Country
    if country not in {Country.CHINA, Country.HONG_KONG, Country.MACAO, Country.OTHER}
}


def country_of(kind: PlateKind) -> Country:
    """The country that issues plates of this kind.

    HONG_KONG and MACAO are plates of the mainland for vehicles from there, so China's.
    """
    if kind is PlateKind.LATIN:
        return Country.OTHER
    return _BY_FIRST_WORD.get(kind.value.partition("_")[0], Country.CHINA)
