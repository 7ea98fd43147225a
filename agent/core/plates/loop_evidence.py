"""What the loop before the arm says of plates: the vehicle on it came as the loop was occupied, and has stood since.

So a plate that drove into view while the loop was occupied already is of another vehicle: behind it, or in another
lane. And where a plate came with the loop, others that waited at their place before, or came to light later, are not
the vehicle's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.plates.plate_history import PlateHistory

EARLY_S: Final = 1.0
"""A vehicle may stand for so long before the loop says so."""
LATE_S: Final = 5.0
"""A vehicle may be on the loop for so long before its plate is read for the first time, or stands still."""
WAITED_S: Final = 5.0
"""A plate that was seen for so long without a vehicle on the loop did not come with it, unless it moves."""
DROVE_IN_S: Final = 2.0
"""A plate that moves within so short a time of coming into view drove into it."""
_IN_VIEW_S: Final = 5.0


def came_with_loop(plate: PlateHistory, occupied_at: float, at: float) -> bool:
    """Whether a plate, seen now, came to where it is about when the loop was occupied. Monotonic seconds."""
    return at - occupied_at <= LATE_S and plate.rest_at >= occupied_at - EARLY_S


def is_of_another(plate: PlateHistory, others: Iterable[PlateHistory], occupied_at: float, at: float) -> bool:
    """Whether a plate in view is not that of the vehicle on the loop, which has been occupied since then.

    `others`: the other plates of this camera. Monotonic seconds.
    """
    came_later = plate.first_at > occupied_at + LATE_S
    if came_later and plate.drove_in:
        return True
    if plate.with_loop or not (came_later or plate.waited):
        return False
    return any(other.with_loop and other.sure and at - other.last_at <= _IN_VIEW_S for other in others)
