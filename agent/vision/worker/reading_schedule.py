"""When the readers look how: briefly at each frame, thoroughly now and then. Times are those of frames, monotonic s."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.vision.worker.latest_frame import NumberedFrame

SAME_PLATE_EVERY_S: Final = 0.25
"""So often a plate is looked for where the last picture held none: the reader must stay free for the next picture."""
STILL_EVERY_S: Final = 0.5
"""So often codes are looked for thoroughly while nothing stands out."""
ASLEEP_AFTER_S: Final = 15.0
ASLEEP_EVERY_S: Final = 4.0
"""So often they look where nothing has stood out for long and no vehicle waits."""
VIN_EVERY_S: Final = 0.4
"""So often VINs are looked for while a vehicle waits or something moves, and none is known."""
VIN_READ_EVERY_S: Final = 2.0
"""And so often where one was just read: another label may come into view, and another vehicle."""
_VIN_READ_LATELY_S: Final = 5.0
_THOROUGH_EVERY_S: Final = 0.5
_THOROUGH_LATER_EVERY_S: Final = 2.0
_NEW_S: Final = 1.0
"""For so long a picture is new, and a thorough look worth its time that much sooner again."""
_READ_LATELY_S: Final = 1.0
_CODE_FIRST_S: Final = 0.15
"""For so long a code that has just come into view has the machine for itself, where the plate is known already."""


class ReadingSchedule:
    """The looks of one camera's readers: what was read last decides what is worth the time of the next."""

    def __init__(self) -> None:
        self._code_at = self._thorough_code_at = self._thorough_plate_at = self._plate_at = -math.inf
        self._code_since = -math.inf
        self._vin_look_at = self._vin_at = -math.inf
        self._without_plate: float | None = None

    @property
    def code_at(self) -> float:
        """The time of the newest frame in which a code was read."""
        return self._code_at

    def begin_thorough_code_look(self, at: float) -> bool:
        """Whether codes are to be looked for thoroughly in the frame of this time; the look counts as made."""
        # A sign in the yard may show a code for ever: it must not put off the looks for the driver's.
        due = max(at - self._code_at, at - self._thorough_code_at) > _READ_LATELY_S
        if due:
            self._thorough_code_at = at
        return due

    def note_code(self, at: float) -> None:
        """Note that a code was read in the frame of this time."""
        if at - self._code_at > _READ_LATELY_S:
            # It is the plate's turn now, without which a permit may not be enough.
            self._thorough_code_at = self._code_since = at
        self._code_at = at

    def knows_plate(self, at: float) -> bool:
        """Whether the newest look found a plate, shortly before the frame of this time."""
        return self._without_plate is None and at - self._plate_at <= _READ_LATELY_S

    def is_plate_look_due(self, numbered: NumberedFrame) -> bool:
        """Whether plates are to be looked for in this frame.

        Not where a code has just come into view and the plate is known: what its permit takes must not wait for a look
        that shows what is known.
        """
        at = numbered.frame.at
        if self.knows_plate(at) and at - self._code_since <= _CODE_FIRST_S:
            return False
        return numbered.since != self._without_plate or numbered.frame.at - self._plate_at >= SAME_PLATE_EVERY_S

    def begin_thorough_plate_look(self, numbered: NumberedFrame) -> bool:
        """Whether that look is to be a thorough one; it counts as made."""
        at = numbered.frame.at
        every_s = _THOROUGH_EVERY_S if at - numbered.since <= _NEW_S else _THOROUGH_LATER_EVERY_S
        due = numbered.changing and at - self._thorough_plate_at > every_s
        if due:
            self._thorough_plate_at = at
        return due

    def note_plates(self, numbered: NumberedFrame, *, found: bool) -> None:
        """Note what a look for plates at this frame came to."""
        self._plate_at, self._without_plate = numbered.frame.at, None if found else numbered.since

    def begin_vin_look(self, numbered: NumberedFrame, *, attending: bool) -> bool:
        """Whether VINs are to be looked for in this frame; the look counts as made.

        `attending`: a vehicle waits. None are looked for in a yard where nothing happens: nobody waits for one there.
        """
        at = numbered.frame.at
        every_s = VIN_READ_EVERY_S if at - self._vin_at <= _VIN_READ_LATELY_S else VIN_EVERY_S
        due = (attending or numbered.changing) and at - self._vin_look_at >= every_s
        if due:
            self._vin_look_at = at
        return due

    def note_vin(self, at: float) -> None:
        """Note that a VIN was read in the frame of this time."""
        self._vin_at = at
