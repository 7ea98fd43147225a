"""What is printed on drawn plates: on those of China here, on those of others in `foreign_prints`."""

from __future__ import annotations

from string import ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

from agent.core.plates import PROVINCES
from training.drawing.chance import happens, pick, weighted
from training.drawing.foreign_prints import printed_abroad
from training.drawing.kinds import DrawnKind, Print

if TYPE_CHECKING:
    import numpy as np

_LETTERS: Final = ascii_uppercase.replace("I", "").replace("O", "")
_ENERGY: Final = "DDDDDDFFFABCEGHJK"
_DIGIT_SHARE: Final = 0.72


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
        case DrawnKind.LATIN:
            return Print(_latin(rng))
        case DrawnKind.LATIN_TWO_LINES:
            text = _latin(rng)
            return Print(text, upper=2 + int(rng.random() * (len(text) - 3)))
        case _:
            return printed_abroad(rng, kind)


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


def _temporary(rng: np.random.Generator, mark: str, upper: int) -> Print:
    """Their serials are published nowhere: four to six characters, mostly five, and the mark behind."""
    length = (5, 4, 6)[weighted(rng, (0.7, 0.2, 0.1))]
    return Print(_area(rng) + _serial(rng, length) + mark, upper)


def _armed_police(rng: np.random.Generator) -> Print:
    """WJ, the province, and four to six digits with a digit or a letter behind."""
    last = pick(rng, _LETTERS) if happens(rng, 0.35) else pick(rng, digits)
    return Print("WJ" + pick(rng, PROVINCES) + _digits(rng, (4, 5, 6)[weighted(rng, (0.55, 0.2, 0.25))]) + last)


def _latin(rng: np.random.Generator) -> str:
    length = 5 + weighted(rng, (0.1, 0.25, 0.35, 0.25, 0.05))
    return "".join(pick(rng, digits) if happens(rng, 0.5) else pick(rng, ascii_uppercase) for _ in range(length))
