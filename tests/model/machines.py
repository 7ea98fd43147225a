"""The machines that are explored, a row each: its name, how it is made, and how far it is explored.

The short form is a part of `make test`; its bounds are states, so that it is the same on each machine. The whole form
is `make model`; its seconds, of the processor, share half an hour on two cores, less what the processes and the faults
put in by hand take.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from tests.model import clock, lane, lane_kinds, lane_pairs, lists, relay_board, sessions, site, site_scenarios
from tests.model.explorer import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.model.explorer import Machine

WHOLE_S: Final = 30 * 60.0
CORES: Final = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A machine. `short`, `whole`: where each form ends at the latest."""

    name: str
    make: Callable[[], Machine]
    short: Bounds
    whole: Bounds


def _lanes() -> Iterator[Row]:
    for name, small in lane_kinds.SMALL.items():
        yield Row(f"lane: {name}", partial(lane.LaneMachine, small), Bounds(states=800), Bounds(seconds=39))
    for name, large in lane_kinds.LARGE.items():
        short, whole = Bounds(states=500), Bounds(states=250_000, seconds=50, judge_every=10)
        yield Row(f"lane: {name}", partial(lane.LaneMachine, large), short, whole)
    for name, pair in lane_pairs.PAIRS.items():
        short, whole = Bounds(states=500, judge_every=5), Bounds(states=150_000, seconds=60, judge_every=20)
        yield Row(f"lanes: {name}", partial(lane_pairs.PairMachine, pair), short, whole)


def _boards() -> Iterator[Row]:
    for name, kind in relay_board.KINDS.items():
        short, whole = Bounds(states=500, judge_every=10), Bounds(states=250_000, seconds=45, judge_every=20)
        yield Row(f"board: {name}", partial(relay_board.RelayBoardMachine, kind), short, whole)


def _sites() -> Iterator[Row]:
    for name, scenario in site_scenarios.SCENARIOS.items():
        short, whole = Bounds(states=300, judge_every=25), Bounds(states=250_000, seconds=35, judge_every=50)
        yield Row(f"site: {name}", partial(site.SiteMachine, scenario), short, whole)


def _sessions() -> Iterator[Row]:
    for name, kind in sessions.KINDS.items():
        short, whole = Bounds(states=500, judge_every=25), Bounds(states=250_000, seconds=25, judge_every=50)
        yield Row(f"sessions: {name}", partial(sessions.SessionsMachine, kind), short, whole)


def _clocks() -> Iterator[Row]:
    for name, rules in clock.RULES.items():
        yield Row(
            f"clock: {name}",
            partial(clock.ClockMachine, rules),
            Bounds(states=2_000),
            Bounds(states=400_000, seconds=75),
        )


def _lists() -> Iterator[Row]:
    for name, seconds in (("at one instant", (0,)), ("over time", (0, 1))):
        short, whole = Bounds(states=2_000, judge_every=10), Bounds(states=400_000, seconds=75, judge_every=10)
        yield Row(f"lists: {name}", partial(lists.ListsMachine, seconds), short, whole)


def _trust() -> Iterator[Row]:
    """The trust state, where the product has one."""
    if find_spec("agent.core.trust_state") is None:
        return
    trust = import_module("tests.model.trust")
    for name, kind in trust.KINDS.items():
        short, whole = Bounds(states=800, judge_every=5), Bounds(states=400_000, seconds=60, judge_every=10)
        yield Row(f"trust: {name}", partial(trust.TrustMachine, kind), short, whole)


MACHINES: Final = {
    row.name: row for row in (*_lanes(), *_boards(), *_sites(), *_sessions(), *_clocks(), *_lists(), *_trust())
}


def machine(name: str) -> Machine:
    """A machine by its name, new. Raises KeyError with the names that there are."""
    if name not in MACHINES:
        raise KeyError(f"no machine {name!r}; there are: {'; '.join(MACHINES)}")
    return MACHINES[name].make()
