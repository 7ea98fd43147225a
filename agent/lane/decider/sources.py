"""The sources that a decider asks, and what it knows about its lane."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

from agent.core.lists import FreshnessRules
from agent.core.permit import PermitForm
from agent.core.trust_state import NO_HOLD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.decision import JudgementRules, PicturesShown
    from agent.core.model import WitnessReading
    from agent.core.site import ClaimAnswer, ClaimRequest
    from agent.core.trust_state import StateHold
    from agent.store.journal import Journal
    from agent.store.registry import Registry

_NONE_REQUIRED: Final = FreshnessRules()


class ClaimService(Protocol):
    """Where uses of permits are claimed (agent.site.service): among the gates of a site, or by this gate alone.

    May raise JournalError.
    """

    def claim(self, request: ClaimRequest, answer: Callable[[ClaimAnswer], None]) -> ClaimAnswer | None:
        """Answer at once, or None and later, from another thread, exactly once by `answer`."""


class KeptPictures(Protocol):
    """Who reads kept pictures once more (agent.vision.second_reading): a process that nothing has touched yet."""

    def read(
        self,
        codes: Sequence[bytes],
        plates: Sequence[bytes],
        answer: Callable[[PicturesShown | None, str], None],
        vins: Sequence[bytes] = (),
    ) -> None:
        """Read pictures, JPEG, of codes, of plates and of VINs; answer once, in bounded time, from another thread.

        `answer` gets what they show; or None and, in words, why that is not known. One that reads no VINs leaves
        `PicturesShown.vins` at None, which confirms none.
        """


@dataclass(frozen=True, slots=True)
class LanePlace:
    """Where a lane is and what it asks of permits. `freshness`: what the gate asks of its lists.

    `longest_life_s`: for so long from its beginning a permit holds here at most. `scanners`: by name, the readers of
    the lane that are no cameras.
    """

    site: int
    lane: int
    direction: str
    clock_skew_s: int
    max_text: int
    require_clock: bool
    rules: JudgementRules
    forms: frozenset[PermitForm] = frozenset({PermitForm.SIGNED})
    freshness: FreshnessRules = _NONE_REQUIRED
    longest_life_s: float = inf
    scanners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom the decider asks. `clock_trusted`: whether permits may be judged by the clock.

    `hold`: what the gate's own state keeps from permits. `distrust` is told, from any thread, which camera's vision
    worker told of what its picture does not show; it must not block. `witnessed`: what the witnesses of the lane have
    said since a time (monotonic), asked from any thread.

    `lists` may raise RegistryError, `ledger` and `claims` JournalError.
    """

    lists: Registry
    ledger: Journal
    clock_trusted: Callable[[], bool]
    claims: ClaimService
    kept_pictures: KeptPictures
    distrust: Callable[[str], None] = lambda _camera: None
    hold: Callable[[], StateHold] = lambda: NO_HOLD
    witnessed: Callable[[float], tuple[WitnessReading, ...]] = lambda _since: ()
