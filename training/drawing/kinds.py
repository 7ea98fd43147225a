"""The kinds of plates that are drawn, and how often each is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from training.drawing.chance import weighted

if TYPE_CHECKING:
    import numpy as np


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
    UZBEKISTAN = "uzbekistan"
    UZBEKISTAN_COMPANY = "uzbekistan_company"
    UZBEKISTAN_TRAILER = "uzbekistan_trailer"
    UZBEKISTAN_FOREIGN = "uzbekistan_foreign"
    UZBEKISTAN_JOINT_VENTURE = "uzbekistan_joint_venture"
    UZBEKISTAN_TWO_LINES = "uzbekistan_two_lines"
    RUSSIA = "russia"
    RUSSIA_TWO_LINES = "russia_two_lines"
    RUSSIA_TAXI = "russia_taxi"
    RUSSIA_TRAILER = "russia_trailer"
    RUSSIA_TRANSIT = "russia_transit"
    KYRGYZSTAN = "kyrgyzstan"
    KYRGYZSTAN_TWO_LINES = "kyrgyzstan_two_lines"
    KYRGYZSTAN_1994 = "kyrgyzstan_1994"
    KYRGYZSTAN_FOREIGN = "kyrgyzstan_foreign"
    TAJIKISTAN = "tajikistan"
    TURKMENISTAN = "turkmenistan"
    TURKMENISTAN_FOREIGN = "turkmenistan_foreign"
    MONGOLIA = "mongolia"
    MONGOLIA_TWO_LINES = "mongolia_two_lines"
    BELARUS = "belarus"
    BELARUS_TWO_LINES = "belarus_two_lines"
    BELARUS_TRUCK = "belarus_truck"
    BELARUS_TRUCK_TWO_LINES = "belarus_truck_two_lines"
    BELARUS_TRAILER = "belarus_trailer"


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
    DrawnKind.KAZAKHSTAN: 0.10,
    DrawnKind.KAZAKHSTAN_TWO_LINES: 0.035,
    DrawnKind.KAZAKHSTAN_1993: 0.03,
    DrawnKind.KAZAKHSTAN_1993_TWO_LINES: 0.012,
    DrawnKind.KAZAKHSTAN_FOREIGN: 0.02,
    DrawnKind.KAZAKHSTAN_DIPLOMATIC: 0.012,
    DrawnKind.LATIN: 0.025,
    DrawnKind.LATIN_TWO_LINES: 0.012,
    DrawnKind.UZBEKISTAN: 0.08,
    DrawnKind.UZBEKISTAN_COMPANY: 0.035,
    DrawnKind.UZBEKISTAN_TRAILER: 0.02,
    DrawnKind.UZBEKISTAN_FOREIGN: 0.012,
    DrawnKind.UZBEKISTAN_JOINT_VENTURE: 0.012,
    DrawnKind.UZBEKISTAN_TWO_LINES: 0.025,
    DrawnKind.RUSSIA: 0.07,
    DrawnKind.RUSSIA_TWO_LINES: 0.02,
    DrawnKind.RUSSIA_TAXI: 0.012,
    DrawnKind.RUSSIA_TRAILER: 0.025,
    DrawnKind.RUSSIA_TRANSIT: 0.012,
    DrawnKind.KYRGYZSTAN: 0.035,
    DrawnKind.KYRGYZSTAN_TWO_LINES: 0.012,
    DrawnKind.KYRGYZSTAN_1994: 0.015,
    DrawnKind.KYRGYZSTAN_FOREIGN: 0.01,
    DrawnKind.TAJIKISTAN: 0.025,
    DrawnKind.TURKMENISTAN: 0.02,
    DrawnKind.TURKMENISTAN_FOREIGN: 0.008,
    DrawnKind.MONGOLIA: 0.03,
    DrawnKind.MONGOLIA_TWO_LINES: 0.015,
    DrawnKind.BELARUS: 0.02,
    DrawnKind.BELARUS_TWO_LINES: 0.008,
    DrawnKind.BELARUS_TRUCK: 0.015,
    DrawnKind.BELARUS_TRUCK_TWO_LINES: 0.008,
    DrawnKind.BELARUS_TRAILER: 0.012,
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
