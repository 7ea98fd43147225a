"""Plates near an edge of the picture: which of them are complete.

The part outside the edge would be a guess. Of 85A101AA the picture may show 5A101AA, which is a number too. A detector
puts the outline of a cut plate a little inside the picture, so its distance alone is not enough. A plate is complete
towards an edge if the picture shows its end: its rim, or what is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

NEAR_EDGE: Final = 0.1
"""Within so many of its own widths of the edge of the picture a plate may go on outside it."""


@dataclass(frozen=True, slots=True)
class PlateSide:
    """One side of a plate, and the edge of the picture that it is turned to.

    `gap`: from the outline to the edge, in widths of the plate; negative where it reaches beyond. `end_seen`: between
    the outermost character and that edge a line is seen all along the side that is not the plate's ground.
    """

    gap: float
    end_seen: bool = False

    @property
    def near(self) -> bool:
        """Whether the plate may go on beyond the edge."""
        return self.gap < NEAR_EDGE


def is_cut(sides: Iterable[PlateSide]) -> bool:
    """Whether the edge of the picture cuts the plate, or nothing shows that it does not."""
    return any(side.near and not side.end_seen for side in sides)
