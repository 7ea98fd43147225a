"""Reports a repeated problem once, until it changes or is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

_NOTHING: Final = object()


class ReportOnce:
    """Remembers what was last told of each subject. From several threads, a value may be told twice, no more.

    `subject`: where a part has troubles of several kinds at once.
    """

    def __init__(self) -> None:
        self._last: dict[Hashable, object] = {}

    def is_new(self, value: object, subject: Hashable = None) -> bool:
        """Whether this is another than was last told of the subject; it counts as told from now on."""
        before = self._last.get(subject, _NOTHING)
        self._last[subject] = value
        return before != value

    def clear(self, subject: Hashable = None) -> bool:
        """Note that it is over; whether anything was told of the subject."""
        return self._last.pop(subject, _NOTHING) is not _NOTHING
