"""A day at the site as data: which vehicle comes when and where, and which troubles begin when and last how long.

The same seed gives the same day. A day of 24 hours goes by in the seconds of the run; traffic has its rush hours.
"""

from dataclasses import dataclass, field
from random import Random

from tests.site_day.kinds import KINDS, LANES, SHOWN_AGAIN, USED_ELSEWHERE, VALID

DAY_S = 86_400.0
REAL_EVERY_S = 120.0
"""From vehicle to vehicle in a truck lane, on a day's average."""
RUSH = (2, 1, 1, 1, 2, 4, 7, 10, 12, 12, 10, 8, 6, 8, 10, 12, 12, 10, 8, 6, 4, 3, 3, 2)
"""How much of the traffic comes in each hour of the day."""
SEEN_S = 25.0
"""A permit is shown again this long after it was due the first time, at the least."""
QUIET_SHARE = 0.08
"""Of the time, at the beginning and at the end: no trouble begins."""
PAUSE_S = (4.0, 14.0)
"""From the end of one trouble to the begin of the next of its kind of place."""


@dataclass(frozen=True)
class Arrival:
    """A vehicle. `at_s`: when it comes at the earliest, from the begin. `again`: the vehicle whose permit it shows."""

    number: int
    gate: int
    lane: str
    at_s: float
    kind: str
    again: int | None = None


@dataclass(frozen=True)
class Trouble:
    """A kind of trouble. `place`: troubles of one place come one after the other. `once_at`: the share of the run at
    which it comes, once, at the last gate; None: it comes by chance. `calm_s`: before and after that, none begins.
    """

    place: str
    least_s: float
    most_s: float
    once_at: float | None = None
    calm_s: float = 0.0


@dataclass(frozen=True)
class Order:
    """A trouble in the plan. `gate`: at which gate; 0: at central, or on the way to it."""

    name: str
    gate: int
    at_s: float
    for_s: float

    @property
    def until_s(self):
        return self.at_s + self.for_s


@dataclass(frozen=True)
class Day:
    """A whole day."""

    seed: int
    seconds: float
    gates: int
    arrivals: tuple = ()
    orders: tuple = field(default=())

    def of_gate(self, gate):
        return [one for one in self.arrivals if one.gate == gate]


def make_day(seed, seconds, gates, every_s, troubles):
    """The day of a seed. `every_s`: from vehicle to vehicle in a lane, on average. `troubles`: by name."""
    arrivals = make_arrivals(Random(f"{seed} vehicles"), seconds, gates, every_s)  # noqa: S311 - to be repeatable
    orders = make_orders(Random(f"{seed} troubles"), seconds, gates, troubles)  # noqa: S311 - as above
    return Day(seed, seconds, gates, tuple(arrivals), tuple(orders))


def make_arrivals(dice, seconds, gates, every_s):
    """The vehicles, in the order in which they come."""
    due = sorted(
        (at_s, gate, lane)
        for gate in range(1, gates + 1)
        for lane in LANES
        for at_s in _moments(dice, seconds, every_s)
    )
    arrivals = []
    for number, (at_s, gate, lane) in enumerate(due, 1):
        kinds = [name for name, kind in KINDS.items() if lane in kind.lanes]
        (kind,) = dice.choices(kinds, [KINDS[name].share for name in kinds])
        again = None
        if kind in SHOWN_AGAIN:
            first = [one for one in arrivals if _may_be_shown_again(one, kind, gate, lane, at_s)]
            if first:
                again = dice.choice(first).number
            else:
                kind = VALID
        arrivals.append(Arrival(number, gate, lane, at_s, kind, again))
    return arrivals


def _moments(dice, seconds, every_s):
    """When vehicles come to one lane."""
    hour_s, found = seconds / len(RUSH), []
    for hour, share in enumerate(RUSH):
        count = seconds / every_s * share / sum(RUSH)
        whole = int(count) + (dice.random() < count - int(count))
        found += [hour * hour_s + dice.uniform(0.0, hour_s) for _ in range(whole)]
    return sorted(found)


def _may_be_shown_again(one, kind, gate, lane, at_s):
    elsewhere = one.gate != gate
    return (
        one.kind == VALID and one.lane == lane and one.at_s <= at_s - SEEN_S and elsewhere == (kind == USED_ELSEWHERE)
    )


def make_orders(dice, seconds, gates, troubles):
    """The troubles, in the order in which they begin."""
    orders = [
        Order(name, 0 if kind.place == "central" else gates, kind.once_at * seconds, kind.most_s)
        for name, kind in sorted(troubles.items())
        if kind.once_at is not None
    ]
    calm = [(one.at_s - troubles[one.name].calm_s, one.until_s + troubles[one.name].calm_s) for one in orders]
    for place in sorted({kind.place for kind in troubles.values()}):
        names = [name for name, kind in sorted(troubles.items()) if kind.place == place and kind.once_at is None]
        at_s, bag = seconds * QUIET_SHARE, []
        while names:
            at_s += dice.uniform(*PAUSE_S)
            # Each once before one comes again.
            bag = bag or dice.sample(names, len(names))
            kind = troubles[bag[-1]]
            for_s = dice.uniform(kind.least_s, kind.most_s)
            if at_s + for_s > seconds * (1 - QUIET_SHARE):
                break
            ahead = [end for begin, end in calm if begin < at_s + for_s and at_s < end]
            if ahead:
                at_s = max(ahead)
                continue
            orders.append(Order(bag.pop(), _gate(dice, kind, gates), at_s, for_s))
            at_s += for_s
    return sorted(orders, key=lambda one: one.at_s)


def _gate(dice, kind, gates):
    return 0 if kind.place == "central" else dice.randint(1, gates)
