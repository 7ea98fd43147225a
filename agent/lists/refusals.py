"""What is refused of the lists, as events: the first of a kind at once, a flood folded into one event a minute."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import ListsRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.events import Event
    from agent.core.model import ListName, Source

log = logging.getLogger(__name__)

FOLD_S: Final = 60.0


@dataclass(slots=True)
class _FoldedRefusals:
    told_at: float
    waiting: int = 0
    detail: str = ""


class Refusals:
    """Not safe for several threads: the caller holds a lock. Of each list, code and source one event in `FOLD_S`."""

    def __init__(self, note: Callable[[Event], None]) -> None:
        self._note = note
        self._folds: dict[tuple[ListName, str, Source], _FoldedRefusals] = {}

    def tell(self, name: ListName, code: str, detail: str, source: Source, at: float) -> None:
        """Note a refusal, now or with those to come. `at`: monotonic seconds."""
        fold = self._folds.setdefault((name, code, source), _FoldedRefusals(at - FOLD_S))
        fold.waiting, fold.detail = fold.waiting + 1, detail
        self.flush(at)

    def flush(self, at: float) -> None:
        """Note what has waited for long enough. To be called from time to time."""
        for (name, code, source), fold in self._folds.items():
            if fold.waiting and at - fold.told_at >= FOLD_S:
                times = f", {fold.waiting} times" if fold.waiting > 1 else ""
                log.warning("the %s list from %s is refused (%s%s): %s", name, source, code, times, fold.detail)
                self._note(ListsRefused(list=name, code=code, detail=fold.detail, source=source, count=fold.waiting))
                fold.told_at, fold.waiting = at, 0
