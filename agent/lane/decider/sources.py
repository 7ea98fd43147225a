"""Whom a decider asks, and what it is told of its lane."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

from agent.core.lists import FreshnessRules
from agent.core.permit import PermitForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.core.decision import JudgementRules
    from agent.core.lists import ListStanding
    from agent.core.model import Declaration, Revocation, Subject, Watched
    from agent.core.permit import TrustList
    from agent.core.site import ClaimAnswer, ClaimRequest, OtherExit
    from agent.store.journal import LastPassage, UseState

_NONE_REQUIRED: Final = FreshnessRules()


class Lists(Protocol):
    """What is asked of the lists (agent.store.registry.registry.Registry). Every method may raise RegistryError."""

    def trust(self) -> TrustList | None:
        """The trust list in force."""

    def standings(self) -> Iterable[ListStanding]:
        """The lists that are held."""

    def declaration(self, permit_id: bytes) -> Declaration | None:
        """The declaration of a permit."""

    def declaration_by_reference(self, digest: bytes) -> Declaration | None:
        """The declaration that a reference names."""

    def declared(self, plates: Sequence[str], utc: float) -> Sequence[Declaration]:
        """The active declarations of these plates."""

    def revocation(self, permit_id: bytes) -> Revocation | None:
        """The revocation of a permit."""

    def watched(self, subjects: Sequence[tuple[Subject, str]]) -> Watched | None:
        """An entry of the watch list that names one of these."""


class Ledger(Protocol):
    """What is asked of the permit ledger (agent.store.journal.journal.Journal). Every method may raise JournalError."""

    def use_state(self, permit_id: bytes, transaction: str | None = None) -> UseState:
        """What became of a permit so far."""

    def last_passage(self, vehicle: str, transaction: str) -> LastPassage | None:
        """The last passage of a vehicle before this transaction."""

    def other_exit(self, vehicle: str, permit_id: bytes, direction: str, since_utc: float) -> OtherExit | None:
        """The newest passage of a vehicle the same way under another permit."""


class WatchedClock(Protocol):
    """What is asked of the clock (agent.clock.monitor.ClockMonitor)."""

    def trusted(self) -> bool:
        """Whether permits may be judged by it."""


class ClaimService(Protocol):
    """Where uses are claimed among the gates of the site (agent.site.service). May raise JournalError."""

    def claim(self, request: ClaimRequest, answer: Callable[[ClaimAnswer], None]) -> ClaimAnswer | None:
        """Answer at once, or None and later, from another thread, exactly once by `answer`."""


@dataclass(frozen=True, slots=True)
class LanePlace:
    """Where a lane is and what it asks of permits. `freshness`: what the gate asks of its lists.

    `longest_life_s`: for so long from its beginning a permit holds here at most.
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


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom the decider asks."""

    lists: Lists
    ledger: Ledger
    clock: WatchedClock
    desk: ClaimService
