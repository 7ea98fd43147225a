"""The checks beyond the permit's own text, in their fixed order. Each takes one case and returns one check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision.checks import (
    list_data,
    own_state,
    permit_uses,
    plate,
    random_sample,
    second_reading,
    seen_vin,
    vehicle,
    watch_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.decision.checks.check_input import Case, CheckFinding

CHECKS: Final[tuple[Callable[[Case], CheckFinding | None], ...]] = (
    list_data.revoked,
    list_data.declared,
    list_data.released,
    list_data.agreeing,
    list_data.fresh_enough,
    plate.readable,
    plate.undisputed,
    plate.sure,
    plate.matching,
    plate.nobody_elses,
    seen_vin.readable,
    seen_vin.sure,
    seen_vin.matching,
    vehicle.checked_digit,
    vehicle.not_exited,
    plate.of_its_class,
    permit_uses.unused,
    permit_uses.unused_elsewhere,
    permit_uses.unreserved_elsewhere,
    permit_uses.ledger_reached,
    own_state.whole,
    vehicle.not_back,
    watch_list.unwatched,
    random_sample.undrawn,
    second_reading.confirmed,
)
"""In their order: the first that fails decides. One that leaves no finding was not to be made."""
