"""A decision: the answer for one transaction at one time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.core.events import FactsRecord
    from agent.core.lists import DataStanding
    from agent.core.model import Check, Reason, TraceContext, Verdict
    from agent.core.permit import Permit
    from agent.core.plates import PlateMatch, PlateVote, WitnessedMatch
    from agent.core.vin_match import VinMatch


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one transaction at one time.

    `checks`: every check made, in order; the last one is the first that failed. `permit`: the verified permit, None
    when the text failed before its signature held. `match`: the plate match, None when none was made. `data`: how fresh
    the lists behind it were, None where they were not asked. `voted`: the plate that the readings point to, None when
    there are none. `pictures`: by SHA-256, the kept pictures that were read once more. `vin`: the VIN match, None when
    no VIN was read or no permit says which it is to be. `witnessed`: what the witnesses made of the plate match, None
    when they said nothing. `facts`: what it was made on, for its event; None where nothing was asked. `trace`: that of
    the permit's declaration, for its event; None where it carries none. Nothing is decided by it.
    """

    verdict: Verdict
    reason: Reason
    checks: tuple[Check, ...]
    permit: Permit | None = None
    match: PlateMatch | None = None
    data: DataStanding | None = None
    voted: PlateVote | None = None
    pictures: tuple[str, ...] = ()
    vin: VinMatch | None = None
    witnessed: WitnessedMatch | None = None
    facts: FactsRecord | None = field(default=None, compare=False)
    trace: TraceContext | None = field(default=None, compare=False)

    @property
    def own_match(self) -> PlateMatch | None:
        """The plate match by the gate's own cameras alone."""
        return self.match if self.match is None or self.witnessed is None else self.witnessed.own
