"""The sites that are explored: their gates, permits and vehicles, and how often each thing may go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.core.site import PartitionPolicy

BUDGET: Final = ("crashes", "doubles", "cuts", "losses", "restores", "backs", "waits", "heartbeats")


@dataclass(frozen=True)
class Scenario:
    """A site. `permits`: name, home gate, how often each may be used. `vehicles`: name, gate, permit that it shows.

    How often each may happen: `asks` of a vehicle, `crashes`, `doubles`: messages that are taken twice, as if sessions
    did not refuse the second (site_sessions), `cuts` of links, `losses` of journals, `restores` of older ones, `backs`:
    vehicles that turn round before an open arm, `waits` for a time-out, `heartbeats`. `in_flight`: messages under way.
    `window_s`: see ClaimRequest.already_exited_s.
    """

    gates: str = "AB"
    policy: PartitionPolicy = PartitionPolicy.HOME_GATE
    permits: tuple[tuple[str, str, int], ...] = (("P", "A", 1),)
    vehicles: tuple[tuple[str, str, str], ...] = (("v1", "A", "P"), ("v2", "B", "P"))
    asks: int = 1
    crashes: int = 0
    doubles: int = 0
    cuts: int = 0
    losses: int = 0
    restores: int = 0
    backs: int = 1
    waits: int = 2
    heartbeats: int = 0
    in_flight: int = 8
    window_s: float = 0.0
    skews: tuple[float, ...] = ()
    synced: bool = True
    sees: tuple[str, ...] = ("passes",)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle at a gate. `state`: new, asked, granted, refused, open, passed, left, gone (with its gate's process),
    doubt (open when its gate fell).
    """

    state: str = "new"
    use: int = 0
    asks: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """`gates`: the numbers of their states. `messages`: under way, sorted. `left`: of each thing that may still happen.

    `linked`: which gates reach the broker. `lost`: vehicles whose use nobody else had heard of when its journal went.
    """

    gates: tuple[int, ...]
    vehicles: tuple[Vehicle, ...]
    messages: tuple[int, ...]
    left: tuple[int, ...]
    linked: tuple[bool, ...]
    lost: frozenset[str] = frozenset()


_FLAG: Final = PartitionPolicy.ALLOW_AND_FLAG
_ONE_OF_C: Final = (("P", "C", 1),)
_TWO_OF_C: Final = (("P", "C", 1), ("Q", "C", 1))
_AT_EACH: Final = (("v1", "A", "P"), ("v2", "B", "P"), ("v3", "C", "P"))
SCENARIOS: Final = {
    # two gates, one permit of one use, at home at A
    "two": Scenario(),
    "two, crashes": Scenario(crashes=2, backs=0),
    "two, doubled messages": Scenario(doubles=2, waits=3, asks=2),
    "two, crash and doubt": Scenario(crashes=1, doubles=1, heartbeats=1, asks=2),
    "two, cut off": Scenario(cuts=2, crashes=1),
    "two, deny": Scenario(policy=PartitionPolicy.DENY, cuts=2, crashes=1),
    "two, flag": Scenario(policy=_FLAG, cuts=2),
    "two, flag, clocks off": Scenario(policy=_FLAG, cuts=1, crashes=1, backs=0, skews=(5000.0, -5000.0)),
    "two, a lost journal": Scenario(crashes=1, losses=1, heartbeats=1, backs=0),
    "two, a lost journal, twice at one gate": Scenario(
        vehicles=(("v1", "B", "P"), ("v2", "B", "P")), crashes=1, losses=1, waits=0, backs=0, in_flight=4
    ),
    "two, an older journal": Scenario(crashes=1, restores=1, waits=1, heartbeats=1, backs=0),
    "two, an older journal, turned round": Scenario(
        vehicles=(("v1", "A", "P"), ("v2", "A", "P"), ("v3", "A", "P")), crashes=1, restores=1, waits=0, in_flight=4
    ),
    "two, first start": Scenario(synced=False, waits=1, backs=0, crashes=1),
    "two, two uses": Scenario(
        permits=(("P", "A", 2),), vehicles=(("v1", "A", "P"), ("v2", "B", "P"), ("v3", "B", "P")), waits=1, crashes=1
    ),
    "two, one vehicle by two permits": Scenario(
        permits=(("P", "A", 1), ("Q", "A", 1)),
        vehicles=(("v1", "A", "P"), ("v2", "B", "Q")),
        window_s=3600.0,
        crashes=1,
        asks=2,
    ),
    # three gates; the home gate is C, whom both others ask
    "three": Scenario("ABC", permits=_ONE_OF_C),
    "three, crashes": Scenario("ABC", permits=_ONE_OF_C, crashes=2, backs=0),
    "three, doubled messages": Scenario("ABC", permits=_ONE_OF_C, doubles=1, crashes=1),
    "three, all at once": Scenario("ABC", permits=_ONE_OF_C, vehicles=_AT_EACH, crashes=1),
    "three, a lost journal": Scenario("ABC", permits=_ONE_OF_C, crashes=1, losses=1, waits=1, backs=0),
    "three, an older journal": Scenario("ABC", permits=_ONE_OF_C, crashes=1, restores=1, waits=1, backs=0),
    "three, flag": Scenario("ABC", _FLAG, permits=_ONE_OF_C, cuts=1, backs=0),
    "three, one vehicle by two permits": Scenario(
        "ABC", permits=_TWO_OF_C, vehicles=(("v1", "A", "P"), ("v2", "B", "Q"), ("v3", "C", "Q")), window_s=3600.0
    ),
    # four gates; the home gate is D
    "four": Scenario(
        "ABCD",
        permits=(("P", "D", 1),),
        vehicles=(*_AT_EACH, ("v4", "D", "P")),
        waits=1,
        backs=0,
        crashes=1,
    ),
}
