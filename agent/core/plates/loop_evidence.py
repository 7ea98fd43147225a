"""What the loop before the arm shows about plates: its vehicle came when the loop became occupied, and is still there.

So a plate that comes into view while the loop is already occupied belongs to another vehicle, behind it or in another
lane. If a plate came when the loop became occupied, plates that were there before or appear later are not the
vehicle's. A camera that views vehicles from behind may see their plates late at every visit. The first rule does not
apply to such a camera.
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
_LATE_VISITS: Final = 2
"""After so many visits on end in which plates only came late, that is how this camera sees vehicles."""


def came_with_loop(plate: PlateHistory, occupied_at: float, at: float) -> bool:
    """Whether a plate, seen now, came to where it is about when the loop was occupied. Monotonic seconds."""
    return at - occupied_at <= LATE_S and plate.rest_at >= occupied_at - EARLY_S


def late_visits(before: int, plates: Iterable[PlateHistory], occupied_at: float) -> int:
    """How many visits on end plates have only come late to a camera, as the loop gets free again.

    `before`: before this visit. `plates`: those of this camera. Monotonic seconds.
    """
    seen = [plate for plate in plates if plate.last_at >= occupied_at]
    if any(plate.with_loop for plate in seen):
        return 0
    return before + any(_drove_in_late(plate, occupied_at) for plate in seen)


def is_of_another(
    plate: PlateHistory, others: Iterable[PlateHistory], occupied_at: float, at: float, *, late_before: int = 0
) -> bool:
    """Whether a plate in view is not that of the vehicle on the loop, which has been occupied since then.

    `others`: the other plates of this camera. `late_before`: see `late_visits`. Monotonic seconds.
    """
    came_later = plate.first_at > occupied_at + LATE_S
    # Until it is known whether it drives, one that comes to light late does not count: one frame may open the barrier.
    drives = plate.drove_in or at - plate.first_at < DROVE_IN_S
    if came_later and drives and late_before < _LATE_VISITS:
        return True
    if plate.with_loop or not (came_later or plate.waited):
        return False
    return any(other.with_loop and other.sure and at - other.last_at <= _IN_VIEW_S for other in others)


def _drove_in_late(plate: PlateHistory, occupied_at: float) -> bool:
    return plate.drove_in and plate.first_at > occupied_at + LATE_S
