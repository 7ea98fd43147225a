"""What is printed on the plates of Kazakhstan, its neighbours, Mongolia and Belarus.

The grammar and its sources are in agent/core/plates/foreign_formats.py. Regions are drawn as often as they are issued,
as far as anybody knows that: the common ones more often.
"""

from __future__ import annotations

from string import ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

from agent.core.plates import CYRILLIC, LOOK_LATIN, MONGOLIAN_PROVINCES
from training.drawing.chance import happens, pick, weighted
from training.drawing.kinds import DrawnKind, Print

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

_KAZAKH_REGIONS: Final = 20
_DOUBLED: Final = 0.15
"""How often a group of letters is one letter again and again: such plates are sold, and the hardest to count."""
_ROUND: Final = 0.15
"""How often a group of digits is one digit again and again, or has noughts in front."""
_UZBEK: Final = ascii_uppercase.replace("I", "")
_UZBEK_REGIONS: Final = ("01", "10", "20", "25", "30", "40", "50", "60", "70", "75", "80", "85", "90", "95")
_UNLIKE_DIGITS: Final = ascii_uppercase.replace("I", "").replace("O", "")
_TURKMEN_PROVINCES: Final = ("AG", "AH", "AK", "BN", "DZ", "LB", "MR")
_BELARUSIAN: Final = "ABEIKMHOPCTX"
_MONGOLIAN: Final = LOOK_LATIN + CYRILLIC


def printed_abroad(rng: np.random.Generator, kind: DrawnKind) -> Print:
    """What stands on a plate of this kind. Raises KeyError for a kind that is drawn elsewhere."""
    return _PRINTS[kind](rng)


def _digits(rng: np.random.Generator, length: int) -> str:
    if happens(rng, _ROUND):
        last = 1 + int(rng.random() * length)
        return (pick(rng, digits) * length)[:last].rjust(length, "0")
    return "".join(pick(rng, digits) for _ in range(length))


def _letters(rng: np.random.Generator, length: int, alphabet: str = ascii_uppercase) -> str:
    if length > 1 and happens(rng, _DOUBLED):
        one = pick(rng, "OI") if happens(rng, 0.3) else pick(rng, alphabet)
        return (one if one in alphabet else alphabet[0]) * length
    return "".join(pick(rng, alphabet) for _ in range(length))


# ------------------------------------------------------------------------------------------------------ Kazakhstan


def _kazakh_region(rng: np.random.Generator) -> str:
    return f"{1 + int(rng.random() * _KAZAKH_REGIONS):02d}"


def _three_or_two(rng: np.random.Generator, three: float = 0.7) -> int:
    """Letters: three for people, two for companies."""
    return 3 if happens(rng, three) else 2


def _kazakh(rng: np.random.Generator) -> Print:
    return Print(_digits(rng, 3) + _letters(rng, _three_or_two(rng)) + _kazakh_region(rng))


def _kazakh_square(rng: np.random.Generator) -> Print:
    return Print(_digits(rng, 3) + _kazakh_region(rng) + _letters(rng, _three_or_two(rng)), upper=3)


def _kazakh_1993(rng: np.random.Generator, upper: int = 0) -> Print:
    letters = _letters(rng, _three_or_two(rng, 0.6))
    return Print(_letters(rng, 1) + _digits(rng, 3) + letters, upper)


def _kazakh_foreign(rng: np.random.Generator) -> Print:
    return Print(pick(rng, "AHMFPCBDKT") + _digits(rng, 4) + _kazakh_region(rng))


def _diplomatic(rng: np.random.Generator) -> Print:
    """Red plates; D for diplomats, T for staff. No official grammar is public, so several orders are drawn."""
    status = "D" if happens(rng, 0.6) else "T"
    match weighted(rng, (0.5, 0.25, 0.25)):
        case 0:
            return Print(status + _digits(rng, 6))
        case 1:
            return Print(_digits(rng, 3) + status + _digits(rng, 3))
        case _:
            return Print(status + _digits(rng, 5))


# ------------------------------------------------------------------------------------------------------ Uzbekistan


def _uzbek_region(rng: np.random.Generator) -> str:
    return "01" if happens(rng, 0.25) else pick(rng, _UZBEK_REGIONS)


def _uzbek(rng: np.random.Generator) -> Print:
    return Print(_uzbek_region(rng) + pick(rng, _UZBEK) + _digits(rng, 3) + _letters(rng, 2, _UZBEK))


def _uzbek_company(rng: np.random.Generator) -> Print:
    return Print(_uzbek_region(rng) + _digits(rng, 3) + _letters(rng, 3, _UZBEK))


def _uzbek_trailer(rng: np.random.Generator) -> Print:
    return Print(_uzbek_region(rng) + _digits(rng, 4) + _letters(rng, 2, _UZBEK))


def _uzbek_square(rng: np.random.Generator) -> Print:
    """The letters of the series alone below, or all but the region and the first group."""
    text = pick(rng, (_uzbek, _uzbek_company, _uzbek_trailer))(rng).text
    below = 3 if text[2:5].isdigit() and not text[5].isdigit() else 2
    return Print(text, upper=len(text) - below)


def _uzbek_numbered(rng: np.random.Generator, letter: str) -> Print:
    return Print(_uzbek_region(rng) + letter + _digits(rng, 6))


# ---------------------------------------------------------------------------------------------------------- Russia


def _russian_region(rng: np.random.Generator) -> str:
    """Two digits, or three, of which 777 is the best known."""
    if happens(rng, 0.55):
        return f"{1 + int(rng.random() * 99):02d}"
    return "777" if happens(rng, 0.15) else pick(rng, "1112777935") + _digits(rng, 2)


def _russian(rng: np.random.Generator, upper: int = 0) -> Print:
    serial = _letters(rng, 1, LOOK_LATIN) + _digits(rng, 3) + _letters(rng, 2, LOOK_LATIN)
    return Print(serial + _russian_region(rng), upper)


def _russian_taxi(rng: np.random.Generator) -> Print:
    return Print(_letters(rng, 2, LOOK_LATIN) + _digits(rng, 3) + _russian_region(rng))


def _russian_trailer(rng: np.random.Generator) -> Print:
    return Print(_letters(rng, 2, LOOK_LATIN) + _digits(rng, 4) + _russian_region(rng))


def _russian_transit(rng: np.random.Generator) -> Print:
    serial = _letters(rng, 2, LOOK_LATIN) + _digits(rng, 3) + _letters(rng, 1, LOOK_LATIN)
    return Print(serial + _russian_region(rng))


# -------------------------------------------------------------------------------- Kyrgyzstan, Tajikistan, Turkmenistan


def _kyrgyz_region(rng: np.random.Generator) -> str:
    return f"0{1 + int(rng.random() * 9)}"


def _kyrgyz(rng: np.random.Generator) -> Print:
    return Print(_kyrgyz_region(rng) + _digits(rng, 3) + _letters(rng, _three_or_two(rng)))


def _kyrgyz_square(rng: np.random.Generator) -> Print:
    return Print(_kyrgyz(rng).text, upper=5)


def _kyrgyz_1994(rng: np.random.Generator) -> Print:
    count = 1 + int(rng.random() * 2)
    return Print(pick(rng, _UNLIKE_DIGITS) + _digits(rng, 4) + _letters(rng, count, _UNLIKE_DIGITS))


def _kyrgyz_foreign(rng: np.random.Generator) -> Print:
    return Print(_kyrgyz_region(rng) + _digits(rng, 4) + pick(rng, _UNLIKE_DIGITS))


def _tajik(rng: np.random.Generator) -> Print:
    count = 4 if happens(rng, 0.75) else 3
    return Print(f"{_digits(rng, count)}{_letters(rng, 2, LOOK_LATIN)}0{1 + int(rng.random() * 8)}")


def _turkmen(rng: np.random.Generator) -> Print:
    count = 2 if happens(rng, 0.7) else 1
    return Print(_letters(rng, count) + _digits(rng, 4) + pick(rng, _TURKMEN_PROVINCES))


def _turkmen_foreign(rng: np.random.Generator) -> Print:
    return Print(pick(rng, digits) + pick(rng, ("H", "H", "HT")) + _digits(rng, 5))


# ------------------------------------------------------------------------------------------------ Mongolia, Belarus


def _mongolian(rng: np.random.Generator, upper: int = 0) -> Print:
    """Nearly every second plate is of the capital."""
    first, second = ("Y", "БHA") if happens(rng, 0.4) else pick(rng, MONGOLIAN_PROVINCES)
    return Print(_digits(rng, 4) + first + pick(rng, second) + pick(rng, _MONGOLIAN), upper)


def _belarusian(rng: np.random.Generator, upper: int = 0) -> Print:
    front = "E" + _digits(rng, 3) if happens(rng, 0.15) else _digits(rng, 4)
    return Print(front + _letters(rng, 2, _BELARUSIAN) + _belarusian_region(rng), upper)


def _belarusian_region(rng: np.random.Generator) -> str:
    return pick(rng, "12345677770")


def _belarusian_truck(rng: np.random.Generator) -> Print:
    return Print(_letters(rng, 2, _BELARUSIAN) + _digits(rng, 4) + _belarusian_region(rng))


def _belarusian_truck_square(rng: np.random.Generator) -> Print:
    return Print(_letters(rng, 2, _BELARUSIAN) + _belarusian_region(rng) + _digits(rng, 4), upper=3)


def _belarusian_trailer(rng: np.random.Generator) -> Print:
    letters = _letters(rng, 2, _BELARUSIAN)
    return Print(letters[0] + _digits(rng, 4) + letters[1] + _belarusian_region(rng))


_PRINTS: Final[dict[DrawnKind, Callable[[np.random.Generator], Print]]] = {
    DrawnKind.KAZAKHSTAN: _kazakh,
    DrawnKind.KAZAKHSTAN_TWO_LINES: _kazakh_square,
    DrawnKind.KAZAKHSTAN_1993: _kazakh_1993,
    DrawnKind.KAZAKHSTAN_1993_TWO_LINES: lambda rng: _kazakh_1993(rng, 4),
    DrawnKind.KAZAKHSTAN_FOREIGN: _kazakh_foreign,
    DrawnKind.KAZAKHSTAN_DIPLOMATIC: _diplomatic,
    DrawnKind.UZBEKISTAN: _uzbek,
    DrawnKind.UZBEKISTAN_COMPANY: _uzbek_company,
    DrawnKind.UZBEKISTAN_TRAILER: _uzbek_trailer,
    DrawnKind.UZBEKISTAN_FOREIGN: lambda rng: _uzbek_numbered(rng, "H"),
    DrawnKind.UZBEKISTAN_JOINT_VENTURE: lambda rng: _uzbek_numbered(rng, "M"),
    DrawnKind.UZBEKISTAN_TWO_LINES: _uzbek_square,
    DrawnKind.RUSSIA: _russian,
    DrawnKind.RUSSIA_TWO_LINES: lambda rng: _russian(rng, 4),
    DrawnKind.RUSSIA_TAXI: _russian_taxi,
    DrawnKind.RUSSIA_TRAILER: _russian_trailer,
    DrawnKind.RUSSIA_TRANSIT: _russian_transit,
    DrawnKind.KYRGYZSTAN: _kyrgyz,
    DrawnKind.KYRGYZSTAN_TWO_LINES: _kyrgyz_square,
    DrawnKind.KYRGYZSTAN_1994: _kyrgyz_1994,
    DrawnKind.KYRGYZSTAN_FOREIGN: _kyrgyz_foreign,
    DrawnKind.TAJIKISTAN: _tajik,
    DrawnKind.TURKMENISTAN: _turkmen,
    DrawnKind.TURKMENISTAN_FOREIGN: _turkmen_foreign,
    DrawnKind.MONGOLIA: _mongolian,
    DrawnKind.MONGOLIA_TWO_LINES: lambda rng: _mongolian(rng, 4),
    DrawnKind.BELARUS: _belarusian,
    DrawnKind.BELARUS_TWO_LINES: lambda rng: _belarusian(rng, 4),
    DrawnKind.BELARUS_TRUCK: _belarusian_truck,
    DrawnKind.BELARUS_TRUCK_TWO_LINES: _belarusian_truck_square,
    DrawnKind.BELARUS_TRAILER: _belarusian_trailer,
}
ABROAD: Final = frozenset(_PRINTS)
"""The kinds that are drawn here."""
