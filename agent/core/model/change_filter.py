"""What goes wrong again and again in the same way is told once, until it changes or is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class ChangeFilter:
    """Remembers what was last told of each subject. For one thread.

    `subject`: where a part has troubles of several kinds at once.
    """

    def __init__(self) -> None:
        self._last: dict[Hashable, object] = {}

    def is_new(self, value: object, subject: Hashable = None) -> bool:
        """Whether this is another than was last told of the subject; it counts as told from now on."""
        new = subject not in self._last or self._last[subject] != value
        self._last[subject] = value
        return new

    def clear(self, subject: Hashable = None) -> bool:
        """Note that it is over; whether anything was told of the subject."""
        return self._last.pop(subject, None) is not None
