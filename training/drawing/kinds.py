"""The kinds of plates that are drawn, and what is printed on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from string import ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

from agent.core.plates import PROVINCES
from training.drawing.chance import happens, pick, weighted

if TYPE_CHECKING:
    import numpy as np

_LETTERS: Final = ascii_uppercase.replace("I", "").replace("O", "")
_ENERGY: Final = "DDDDDDFFFABCEGHJK"
_REGIONS: Final = 20
_DIGIT_SHARE: Final = 0.72


class DrawnKind(StrEnum):
    """What plate is drawn. Finer than the kinds that the reader tells apart: line counts and colours are kinds here."""

    BLUE = "blue"
    YELLOW = "yellow"
    YELLOW_TWO_LINES = "yellow_two_lines"
    NEW_ENERGY_SMALL = "new_energy_small"
    NEW_ENERGY_LARGE = "new_energy_large"
    POLICE = "police"
    BLACK = "black"
    LEARNER = "learner"
    TRAILER = "trailer"
    TRAILER_TWO_LINES = "trailer_two_lines"
    TEMPORARY = "temporary"
    TEMPORARY_TWO_LINES = "temporary_two_lines"
    TRIAL = "trial"
    OVERSIZED = "oversized"
    HONG_KONG = "hong_kong"
    MACAO = "macao"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    ARMED_POLICE = "armed_police"
    KAZAKHSTAN = "kazakhstan"
    KAZAKHSTAN_TWO_LINES = "kazakhstan_two_lines"
    KAZAKHSTAN_1993 = "kazakhstan_1993"
    KAZAKHSTAN_1993_TWO_LINES = "kazakhstan_1993_two_lines"
    KAZAKHSTAN_FOREIGN = "kazakhstan_foreign"
    KAZAKHSTAN_DIPLOMATIC = "kazakhstan_diplomatic"
    LATIN = "latin"
    LATIN_TWO_LINES = "latin_two_lines"


SHARES: Final = {
    DrawnKind.BLUE: 0.25,
    DrawnKind.YELLOW: 0.07,
    DrawnKind.YELLOW_TWO_LINES: 0.07,
    DrawnKind.NEW_ENERGY_SMALL: 0.09,
    DrawnKind.NEW_ENERGY_LARGE: 0.035,
    DrawnKind.POLICE: 0.025,
    DrawnKind.BLACK: 0.015,
    DrawnKind.LEARNER: 0.025,
    DrawnKind.TRAILER: 0.025,
    DrawnKind.TRAILER_TWO_LINES: 0.035,
    DrawnKind.TEMPORARY: 0.03,
    DrawnKind.TEMPORARY_TWO_LINES: 0.015,
    DrawnKind.TRIAL: 0.012,
    DrawnKind.OVERSIZED: 0.012,
    DrawnKind.HONG_KONG: 0.02,
    DrawnKind.MACAO: 0.012,
    DrawnKind.EMBASSY: 0.015,
    DrawnKind.CONSULATE: 0.012,
    DrawnKind.ARMED_POLICE: 0.035,
    DrawnKind.KAZAKHSTAN: 0.08,
    DrawnKind.KAZAKHSTAN_TWO_LINES: 0.035,
    DrawnKind.KAZAKHSTAN_1993: 0.025,
    DrawnKind.KAZAKHSTAN_1993_TWO_LINES: 0.01,
    DrawnKind.KAZAKHSTAN_FOREIGN: 0.02,
    DrawnKind.KAZAKHSTAN_DIPLOMATIC: 0.012,
    DrawnKind.LATIN: 0.02,
    DrawnKind.LATIN_TWO_LINES: 0.01,
}
"""How often each kind is drawn: the common ones often enough, the rare ones often enough to be learnt."""

_KINDS: Final = tuple(SHARES)
_WEIGHTS: Final = tuple(SHARES.values())


@dataclass(frozen=True, slots=True)
class Print:
    """What is printed: the text in the order of print, and how many of its characters stand in the upper line.

    `upper` is 0 for a plate of one line.
    """

    text: str
    upper: int = 0


def drawn_kind(rng: np.random.Generator) -> DrawnKind:
    """A kind, as often as SHARES says."""
    return _KINDS[weighted(rng, _WEIGHTS)]


def printed(rng: np.random.Generator, kind: DrawnKind) -> Print:  # noqa: C901, PLR0911, PLR0912 - a table of kinds
    """What stands on a plate of this kind; provinces are all alike."""
    match kind:
        case DrawnKind.BLUE | DrawnKind.YELLOW | DrawnKind.BLACK:
            return Print(_area(rng) + _serial(rng, 5))
        case DrawnKind.YELLOW_TWO_LINES:
            return Print(_area(rng) + _serial(rng, 5), upper=2)
        case DrawnKind.NEW_ENERGY_SMALL:
            second = pick(rng, digits) if happens(rng, 0.6) else pick(rng, _LETTERS)
            return Print(_plain_area(rng) + pick(rng, _ENERGY) + second + _digits(rng, 4))
        case DrawnKind.NEW_ENERGY_LARGE:
            return Print(_plain_area(rng) + _digits(rng, 5) + pick(rng, _ENERGY))
        case DrawnKind.POLICE:
            return Print(_area(rng) + _serial(rng, 4) + "警")
        case DrawnKind.LEARNER:
            return Print(_area(rng) + _serial(rng, 4) + "学")
        case DrawnKind.TRAILER:
            return Print(_area(rng) + _serial(rng, 4) + "挂")
        case DrawnKind.TRAILER_TWO_LINES:
            return Print(_area(rng) + _serial(rng, 4) + "挂", upper=2)
        case DrawnKind.TEMPORARY:
            return _temporary(rng, "临", upper=0)
        case DrawnKind.TEMPORARY_TWO_LINES:
            return _temporary(rng, "临", upper=2)
        case DrawnKind.TRIAL:
            return _temporary(rng, "试", upper=2 if happens(rng, 0.3) else 0)
        case DrawnKind.OVERSIZED:
            return _temporary(rng, "超", upper=2 if happens(rng, 0.3) else 0)
        case DrawnKind.HONG_KONG:
            return Print("粤Z" + _serial(rng, 4) + "港")
        case DrawnKind.MACAO:
            return Print("粤Z" + _serial(rng, 4) + "澳")
        case DrawnKind.EMBASSY:
            return Print(_digits(rng, 6) + "使" if happens(rng, 0.4) else "使" + _digits(rng, 6))
        case DrawnKind.CONSULATE:
            second = pick(rng, _LETTERS) if happens(rng, 0.7) else pick(rng, digits)
            return Print(pick(rng, PROVINCES) + second + _digits(rng, 4) + "领")
        case DrawnKind.ARMED_POLICE:
            return _armed_police(rng)
        case DrawnKind.KAZAKHSTAN:
            return Print(_digits(rng, 3) + _letters(rng, _three_or_two(rng)) + _region(rng))
        case DrawnKind.KAZAKHSTAN_TWO_LINES:
            return Print(_digits(rng, 3) + _region(rng) + _letters(rng, _three_or_two(rng)), upper=3)
        case DrawnKind.KAZAKHSTAN_1993:
            return Print(_letters(rng, 1) + _digits(rng, 3) + _letters(rng, 3 if happens(rng, 0.6) else 2))
        case DrawnKind.KAZAKHSTAN_1993_TWO_LINES:
            return Print(_letters(rng, 1) + _digits(rng, 3) + _letters(rng, 3 if happens(rng, 0.6) else 2), upper=4)
        case DrawnKind.KAZAKHSTAN_FOREIGN:
            return Print(pick(rng, "AHMFPCBDKT") + _digits(rng, 4) + _region(rng))
        case DrawnKind.KAZAKHSTAN_DIPLOMATIC:
            return _diplomatic(rng)
        case DrawnKind.LATIN:
            return Print(_latin(rng))
        case DrawnKind.LATIN_TWO_LINES:
            text = _latin(rng)
            return Print(text, upper=2 + int(rng.random() * (len(text) - 3)))


def _area(rng: np.random.Generator) -> str:
    """Province and city; O stands for offices in some provinces."""
    return _plain_area(rng) if happens(rng, 0.985) else pick(rng, PROVINCES) + "O"


def _plain_area(rng: np.random.Generator) -> str:
    return pick(rng, PROVINCES) + pick(rng, _LETTERS)


def _serial(rng: np.random.Generator, length: int) -> str:
    share = _DIGIT_SHARE
    return "".join(pick(rng, digits) if happens(rng, share) else pick(rng, _LETTERS) for _ in range(length))


def _digits(rng: np.random.Generator, length: int) -> str:
    return "".join(pick(rng, digits) for _ in range(length))


def _letters(rng: np.random.Generator, length: int) -> str:
    return "".join(pick(rng, ascii_uppercase) for _ in range(length))


def _three_or_two(rng: np.random.Generator) -> int:
    """Letters on a plate of 2012: three for people, two for companies."""
    return 3 if happens(rng, 0.7) else 2


def _region(rng: np.random.Generator) -> str:
    return f"{1 + int(rng.random() * _REGIONS):02d}"


def _temporary(rng: np.random.Generator, mark: str, upper: int) -> Print:
    """Their serials are published nowhere: four to six characters, mostly five, and the mark behind."""
    length = (5, 4, 6)[weighted(rng, (0.7, 0.2, 0.1))]
    return Print(_area(rng) + _serial(rng, length) + mark, upper)


def _armed_police(rng: np.random.Generator) -> Print:
    """WJ, the province, and four to six digits with a digit or a letter behind."""
    last = pick(rng, _LETTERS) if happens(rng, 0.35) else pick(rng, digits)
    return Print("WJ" + pick(rng, PROVINCES) + _digits(rng, (4, 5, 6)[weighted(rng, (0.55, 0.2, 0.25))]) + last)


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


def _latin(rng: np.random.Generator) -> str:
    length = 5 + weighted(rng, (0.1, 0.25, 0.35, 0.25, 0.05))
    return "".join(pick(rng, digits) if happens(rng, 0.5) else pick(rng, ascii_uppercase) for _ in range(length))
