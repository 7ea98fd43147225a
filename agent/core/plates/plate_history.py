"""The history of one plate that a camera sees, and how to compare two of them. Times: monotonic seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.core.model import Reading

Box = tuple[int, int, int, int]
PlateKey = tuple[str, int]
"""Camera and track."""

OUTLASTED: Final = 3
"""Without a loop: how many other plates must have come and gone. One alone may be of the neighbouring lane."""
_MOVED: Final = 0.5
_GREW: Final = 1.25
"""A plate has moved when its centre is half its width away, or its width a quarter more or less: boxes jitter by
less."""
_LOST_S: Final = 10.0
_BESIDE: Final = 1.0
_SLIPS: Final = 2
"""One plate that was lost and found again: near in time, in place and in text."""


@dataclass(frozen=True, slots=True)
class PlateHistory:
    """What is known of one plate. `rest`: where it has stood since `rest_at`; `box`: where it was seen last.

    `alone_at`: since when it has been seen there without a vehicle; `before`: it was, as the vehicle came that is there
    or has just left; `waited`: for long. `outlasted`: how many vehicles have come and gone while it stood.
    `drove_in`: it was moving as it came into view. `with_loop`: it came to where it is as the loop was occupied.
    `aside`: it did not count when it was seen last; `behind_s`: how much later than `last_at` that frame came.
    """

    text: str
    box: Box
    rest: Box
    first_at: float
    rest_at: float
    last_at: float
    sure: bool = False
    alone_at: float | None = None
    before: bool = False
    waited: bool = False
    outlasted: int = 0
    drove_in: bool = False
    with_loop: bool = False
    behind: bool = False
    gone: bool = False
    aside: bool = False
    behind_s: float = 0.0

    @property
    def stands(self) -> bool:
        """Whether it has stood over vehicles."""
        return self.outlasted >= OUTLASTED


def key_of(reading: Reading) -> PlateKey:
    """The camera and the track of a reading."""
    return reading.camera, reading.track


def has_moved(rest: Box, box: Box) -> bool:
    """Whether a plate is no more where it rested."""
    wider = max(rest[2], box[2])
    return _distance(rest, box) > _MOVED * wider or wider > _GREW * min(rest[2], box[2])


def may_be_found_again(plate: PlateHistory, reading: Reading) -> bool:
    """Whether a reading of a new track may be of this plate, which its reader has lost and found again."""
    wider = max(plate.box[2], reading.box[2])
    return (
        0 < reading.at - plate.last_at <= _LOST_S
        and _distance(plate.box, reading.box) <= _BESIDE * wider
        and wider < _GREW * min(plate.box[2], reading.box[2])
        and len(plate.text) == len(reading.text)
        and sum(one != other for one, other in zip(plate.text, reading.text, strict=True)) <= _SLIPS
    )


def _distance(a: Box, b: Box) -> float:
    """Between two middles, pixels."""
    return math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2)
