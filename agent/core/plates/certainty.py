"""When a reading may count as the text of the plate: a text that may lack a character does not.

A network is certain of the characters that it sees, but knows nothing about a character that was cut off. So its own
confidence is not enough. The confidence of a reading in doubt is at most DOUBTFUL_AT_MOST, which is below every
threshold for an action. A vote in doubt neither matches nor contradicts a declared plate. There is one exception: a
plate of unknown format whose text is exactly the declared one (agent.core.plates.match).
"""

from __future__ import annotations

from enum import StrEnum
from operator import contains
from typing import TYPE_CHECKING, Final

from agent.core.plates.chinese_formats import CHINESE
from agent.core.plates.colours import PlateColour, expected
from agent.core.plates.foreign_formats import FOREIGN
from agent.core.plates.formats import MARKS, PROVINCES, STRICT_TABLE
from agent.core.plates.plate_format import RegionField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.plates.plate_country import Sight

ACCEPTED: Final = 0.9
"""From this confidence on a reading is taken for what the plate says; below it, for a hint."""
DOUBTFUL_AT_MOST: Final = 0.85
"""The most confidence of a reading in doubt."""


class Doubt(StrEnum):
    """Why a text may not be all that the plate says.

    LONGER: something else that was read there contains it, or it is what is left of a plate whose province or region
    was not seen. EDGE: it goes on to the edge of what was looked at, or of the picture. FORM: nothing of that is seen,
    but no format is known that it has, so nobody knows how many characters there should be.
    """

    NONE = ""
    LONGER = "longer"
    EDGE = "edge"
    FORM = "form"


def has_known_form(number: str) -> bool:
    """Whether a number has a format that says something about the place of each character; with its mark or without."""
    bare = number.strip("".join(MARKS))
    return STRICT_TABLE.fits_any(bare)


def doubt_of(number: str, *, at_edge: bool = False, others: Iterable[str] = (), sight: Sight | None = None) -> Doubt:
    """What keeps a normalised number from being sure. `others`: what else was read at that place.

    `at_edge`: whether there are characters at the edge of the outline that was read. `sight`: how the plate looks.
    """
    if any(_is_part(number, other) for other in others):
        return Doubt.LONGER
    if sight is not None and (_lacks_province(number, sight.colour) or _lacks_region(number, sight)):
        return Doubt.LONGER
    if at_edge:
        return Doubt.EDGE
    return Doubt.NONE if has_known_form(number) else Doubt.FORM


def bounded(confidence: float, doubt: Doubt) -> float:
    """The confidence, or DOUBTFUL_AT_MOST where it is more and there is doubt."""
    return min(confidence, DOUBTFUL_AT_MOST) if doubt else confidence


def _is_part(number: str, other: str) -> bool:
    """Whether the other text holds this one and more."""
    return len(number) < len(other) and number in other


def _lacks_province(number: str, colour: PlateColour) -> bool:
    """Whether a Chinese plate of this colour could have this number behind its province."""
    whole = PROVINCES[0] + number
    return any(
        plate.fits(whole) and (colour is PlateColour.NOT_KNOWN or colour in expected(plate.kind))
        for plate in _OF_PROVINCES
    )


def _lacks_region(number: str, sight: Sight) -> bool:
    """Whether a plate of a country with regions could have this number but for them, and is seen, but not as whole."""
    if sight.aspect == 0 or (not sight.two_lines and sight.aspect >= _WHOLE_ASPECT):
        return False
    return any(len(number) == len(rest) and all(map(contains, rest, number)) for rest in _WITHOUT_REGION)


_OF_PROVINCES: Final = tuple(plate for plate in CHINESE if plate.places[0] == PROVINCES and not plate.mark)
_WITHOUT_REGION: Final = frozenset(
    tuple(allowed for place, allowed in enumerate(plate.places) if place not in plate.region)
    for plate in FOREIGN
    if plate.field is not RegionField.NONE
)
_WHOLE_ASPECT: Final = 4.0
"""From this width to height of its outline on a long plate has been found from end to end."""
