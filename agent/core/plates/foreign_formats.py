"""The plate formats of Kazakhstan, its neighbours, Mongolia and Belarus, as far as their grammar is public.

Cyrillic letters that look Latin are Latin here, as everywhere in a number (`formats.normalise`). A region of two digits
is a pair in use. A pair that is reserved for a region and that no one has seen has a small prior.
"""

from __future__ import annotations

from string import ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

from agent.core.plates.plate_format import PlateFormat, RegionField
from agent.core.plates.plate_kinds import PlateKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CYRILLIC: Final = "БГДЖЗИЛПФЦЧШЭЮЯӨҮ"
"""The Cyrillic letters of Mongolian plates that no Latin letter looks like."""
LOOK_LATIN: Final = "ABEKMHOPCTYX"
"""The twelve letters of GOST R 50577 that Cyrillic and Latin have in common, as Latin ones."""
_ANY: Final = ascii_uppercase
_UZBEK: Final = _ANY.replace(
    "I", ""
)  # O'z DSt 640:2014 has no I (Ministry of the Interior, gazeta.uz, 5 November 2019)
_BELARUSIAN: Final = "ABEIKMHOPCTX"
_NOT_ZERO: Final = "123456789"

Places = tuple[str, ...]
Region = tuple[tuple[str, str], float]
"""The characters allowed at the first and the second place of a region code, and their weight."""


def _kazakh() -> Iterator[PlateFormat]:
    """The series of 2012 and of 1993: wikimili.com, "Vehicle registration plates of Kazakhstan"; regions 01 to 20.

    The pairs up to 29 weigh a little too. Plates of foreign owners are yellow, of diplomats red; their serials are
    known from summaries and photographs only.
    """
    for (tens, ones), weight in _KAZAKH_REGIONS:
        for letters in (3, 2):
            yield _behind(PlateKind.KAZAKHSTAN, (*[digits] * 3, *[_ANY] * letters), (tens, ones), weight)
        yield _behind(PlateKind.KAZAKHSTAN_FOREIGN, (_ANY, *[digits] * 4), (tens, ones), weight / 2)
    for letters in (3, 2):
        yield PlateFormat(PlateKind.KAZAKHSTAN_1993, (_ANY, *[digits] * 3, *[_ANY] * letters), 0.5)
    for length in (5, 6, 7):
        yield PlateFormat(PlateKind.KAZAKHSTAN_DIPLOMATIC, ("DT", *[digits] * length), 0.2)


_KAZAKH_REGIONS: Final[tuple[Region, ...]] = (
    (("0", _NOT_ZERO), 1.0),
    (("1", digits), 1.0),
    (("2", "0"), 1.0),
    (("2", _NOT_ZERO), 0.05),
)


def _uzbek() -> Iterator[PlateFormat]:
    """Resolution 131 of the Cabinet of Ministers, 2007; serials: de.wikipedia.org, "Kfz-Kennzeichen (Usbekistan)".

    H on yellow: foreigners; M on green: foreign companies and joint ventures.
    """
    for pair, weight in _UZBEK_REGIONS:
        yield _before(PlateKind.UZBEKISTAN, pair, (_UZBEK, *[digits] * 3, *[_UZBEK] * 2), weight)
        yield _before(PlateKind.UZBEKISTAN, pair, (*[digits] * 3, *[_UZBEK] * 3), weight)
        yield _before(PlateKind.UZBEKISTAN_FOREIGN, pair, ("HM", *[digits] * 6), weight)
        # A trailer's first digit may be 0 where a car has the letter O: of such pairs the car is the likelier one.
        yield _before(PlateKind.UZBEKISTAN_TRAILER, pair, (*[digits] * 4, *[_UZBEK] * 2), weight * 0.3)
        yield _behind(PlateKind.UZBEKISTAN_TEMPORARY, ("T", *[digits] * 6), pair, weight * 0.1)
    yield PlateFormat(PlateKind.UZBEKISTAN_DIPLOMATIC, ("DTX", *[digits] * 6), 0.1)


_UZBEK_REGIONS: Final[tuple[Region, ...]] = (
    (("0", "1"), 0.8),
    ((_NOT_ZERO, "0"), 0.8),
    (("2789", "5"), 0.8),
    ((digits, digits), 0.03),
)


def _russian() -> Iterator[PlateFormat]:
    """GOST R 50577: types 1 and 1A (M 000 MM 55), 1B of taxis and buses (MM 000 55, Amendment 4), 2 of trailers.

    Trailers: MM 0000 55; transit: MM 000 M 55. Regions of two digits, and of three since these ran out.
    """
    for region in (("0", _NOT_ZERO), (_NOT_ZERO, digits), ("123579", digits, digits)):
        for kind, serial, weight in _RUSSIAN_SERIALS:
            yield _behind(kind, serial, region, weight)


_RUSSIAN_SERIALS: Final = (
    (PlateKind.RUSSIA, (LOOK_LATIN, *[digits] * 3, LOOK_LATIN, LOOK_LATIN), 0.8),
    (PlateKind.RUSSIA_TRAILER, (LOOK_LATIN, LOOK_LATIN, *[digits] * 4), 0.4),
    (PlateKind.RUSSIA_TAXI, (LOOK_LATIN, LOOK_LATIN, *[digits] * 3), 0.2),
    (PlateKind.RUSSIA_TRANSIT, (LOOK_LATIN, LOOK_LATIN, *[digits] * 3, LOOK_LATIN), 0.1),
)


def _kyrgyz() -> Iterator[PlateFormat]:
    """Series of 2016 and of 1994: wikimili.com, "Vehicle registration plates of Kyrgyzstan"; regions 01 to 09."""
    pair = ("0", _NOT_ZERO)
    yield _before(PlateKind.KYRGYZSTAN, pair, (*[digits] * 3, *[_ANY] * 3), 0.5)
    yield _before(PlateKind.KYRGYZSTAN, pair, (*[digits] * 3, *[_ANY] * 2), 0.3)
    yield _before(PlateKind.KYRGYZSTAN_FOREIGN, pair, (*[digits] * 4, _UNLIKE_DIGITS), 0.1)
    for letters in (2, 1):
        places = (_UNLIKE_DIGITS, *[digits] * 4, *[_UNLIKE_DIGITS] * letters)
        yield PlateFormat(PlateKind.KYRGYZSTAN_1994, places, 0.2)


_UNLIKE_DIGITS: Final = _ANY.replace("I", "").replace("O", "")


def _tajik() -> Iterator[PlateFormat]:
    """Since 2010, of companies with three digits: it.wikipedia.org, "Targhe d'immatricolazione del Tagikistan".

    Regions 01 to 08.
    """
    for count, weight in ((4, 0.5), (3, 0.1)):
        serial = (*[digits] * count, LOOK_LATIN, LOOK_LATIN)
        yield _behind(PlateKind.TAJIKISTAN, serial, ("0", "12345678"), weight, RegionField.NONE)


def _turkmen() -> Iterator[PlateFormat]:
    """Since 1994, two letters in front since 2009: en.wikipedia.org, "Vehicle registration plates of Turkmenistan".

    The last two letters are the province. On yellow, with H, or HT of trailers: foreigners (it.wikipedia.org).
    """
    for pair in (("A", "GHK"), ("B", "N"), ("D", "Z"), ("L", "B"), ("M", "R")):
        for letters, weight in ((2, 0.5), (1, 0.2)):
            serial = (*[_ANY] * letters, *[digits] * 4)
            yield _behind(PlateKind.TURKMENISTAN, serial, pair, weight, RegionField.NONE)
    yield PlateFormat(PlateKind.TURKMENISTAN_FOREIGN, (digits, "H", *[digits] * 5), 0.1)
    yield PlateFormat(PlateKind.TURKMENISTAN_FOREIGN, (digits, "H", "T", *[digits] * 5), 0.1)


MONGOLIAN_PROVINCES: Final = (
    ("A", "P"),
    ("Б", "XHPӨY"),
    ("Г", "CAO"),
    ("Д", "AOГY"),
    ("З", "A"),  # noqa: RUF001 - the Cyrillic letter
    ("O", "P"),
    ("H", "A"),
    ("C", "ЭҮYБ"),  # noqa: RUF001 - the Cyrillic letter
    ("T", "Ө"),
    ("X", "ЭOӨ"),
    ("Y", "БHAEKB"),
    ("Ч", "O"),
    ("Э", "T"),
    ("Ө", "MB"),
)
"""First and second letter of the provinces and towns: en and de.wikipedia.org on the plates of Mongolia."""


def _mongolian() -> Iterator[PlateFormat]:
    """Four digits, the province in two letters, and a letter of the series."""
    for first, second in MONGOLIAN_PROVINCES:
        places = (*[digits] * 4, first, second, LOOK_LATIN + CYRILLIC)
        yield PlateFormat(PlateKind.MONGOLIA, places, 0.5, region=(4, 5))


def _belarusian() -> Iterator[PlateFormat]:
    """Since 2004: en.wikipedia.org, "Vehicle registration plates of Belarus"; behind the hyphen the region."""
    region = "01234567"
    two = (_BELARUSIAN, _BELARUSIAN)
    for kind, serial, weight in (
        (PlateKind.BELARUS, (*[digits] * 4, *two), 0.5),
        (PlateKind.BELARUS, ("E", *[digits] * 3, *two), 0.1),
        (PlateKind.BELARUS_TRUCK, (*two, *[digits] * 4), 0.3),
        (PlateKind.BELARUS_TRAILER, (_BELARUSIAN, *[digits] * 4, _BELARUSIAN), 0.2),
    ):
        yield _behind(kind, serial, (region,), weight, RegionField.NONE)


def _before(kind: PlateKind, region: Places, serial: Places, prior: float) -> PlateFormat:
    """A format whose region stands before the serial, in a field of its own."""
    return PlateFormat(kind, (*region, *serial), prior, region=tuple(range(len(region))), field=RegionField.LEFT)


def _behind(
    kind: PlateKind, serial: Places, region: Places, prior: float, field: RegionField = RegionField.RIGHT
) -> PlateFormat:
    """A format whose region stands behind the serial."""
    places = (*serial, *region)
    return PlateFormat(kind, places, prior, region=tuple(range(len(serial), len(places))), field=field)


FOREIGN: Final[tuple[PlateFormat, ...]] = (
    *_kazakh(),
    *_uzbek(),
    *_russian(),
    *_kyrgyz(),
    *_tajik(),
    *_turkmen(),
    *_mongolian(),
    *_belarusian(),
)


def in_two_lines() -> Iterable[PlateFormat]:
    """What a foreign plate of two lines may bear, in the order of print."""
    reordered = {PlateKind.KAZAKHSTAN, PlateKind.BELARUS_TRUCK}
    yield from (plate for plate in FOREIGN if plate.kind not in reordered)
    # Digits above, the region below on the left, the letters below on the right.
    for (tens, ones), weight in _KAZAKH_REGIONS:
        for letters in (2, 3):
            yield PlateFormat(
                PlateKind.KAZAKHSTAN,
                (*[digits] * 3, tens, ones, *[_ANY] * letters),
                weight,
                order=(0, 1, 2, *range(5, 5 + letters), 3, 4),
            )
    # Trucks and buses of Belarus: letters and region above, the digits below (pvgazeta.info, on its standard).
    yield PlateFormat(
        PlateKind.BELARUS_TRUCK,
        (_BELARUSIAN, _BELARUSIAN, "01234567", *[digits] * 4),
        0.3,
        order=(0, 1, 3, 4, 5, 6, 2),
    )
