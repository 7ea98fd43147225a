"""What must be true of the vehicles that come to the gates while something is rolled out."""

import json
from dataclasses import dataclass, field

from tests.fleet.arrivals import CAME, NOBODY

FEW = 3
"""So many must pass each gate at the least."""
PATIENCE_S = 60.0
"""A vehicle that waits longer than that when the proof ends waits in vain."""
RELAY_AWAY = ("MANUAL", "GATE_FAULT")
REFUSALS = {"DENY", "MANUAL"}
START_S = 10.0
"""A code that is read before the relay board has answered at a start asks for an officer. That is no refusal where the
board answers so soon, and the gate then lets the vehicle pass by its permit, without an officer."""
AROUND_S = (5.0, 15.0)
"""So much of a gate's events before and after a refusal tells how it came about."""


@dataclass(frozen=True)
class Vehicle:
    """A vehicle with a good permit. `opened_at`: None while it waits. All times are Unix seconds."""

    permit: str
    came_at: float
    opened_at: float | None = None


@dataclass(frozen=True)
class Traffic:
    """The vehicles of one gate, and what its events say of them.

    `unasked`: how often the arm opened for nobody. `refused`: when and why, by vehicle. `restarts`: of the agent.
    `resumed`: the same of those that asked for an officer at a start, and passed without one. `ended_at`: when no more
    vehicles came.
    """

    vehicles: tuple = ()
    unasked: int = 0
    granted: frozenset = frozenset()
    refused: dict = field(default_factory=dict)
    restarts: tuple = ()
    resumed: dict = field(default_factory=dict)
    ended_at: float = 0.0

    def passed(self, began, ended):
        return sum(one.opened_at is not None and began <= one.opened_at < ended for one in self.vehicles)

    def turned_away(self, began, ended):
        return sum(began <= at < ended for at, _ in self.refused.values())

    def longest_wait_s(self, since):
        """Of those that came since a moment."""
        return max((_waited_s(one, self.ended_at) for one in self.vehicles if one.came_at >= since), default=0.0)

    def restarted(self, since):
        """When the agent started since a moment, as long as vehicles came."""
        return [at for at in self.restarts if since <= at < self.ended_at]

    def over_restarts(self, since):
        """During how many of these starts a vehicle waited that then passed."""
        passed = [one for one in self.vehicles if one.opened_at is not None]
        return sum(any(one.came_at < at < one.opened_at for one in passed) for at in self.restarted(since))


def vehicles_of(notes):
    """The vehicles by the lines of tests.fleet.arrivals, and how often the arm opened for nobody."""
    found, unasked = {}, 0
    for permit, what, at in map(str.split, notes):
        if permit == NOBODY:
            unasked += 1
        elif what == CAME:
            found[permit] = Vehicle(permit, float(at))
        else:
            found[permit] = Vehicle(permit, found[permit].came_at, float(at))
    return tuple(found.values()), unasked


def traffic_of(came, events, ended_at):
    """The traffic of a gate. `came`: as vehicles_of has it. `events`: what central has of the gate, each as a dict."""
    vehicles, unasked = came
    granted, refused, restarts, resumed = set(), {}, [], {}
    by_permit = {
        event["transaction"]: event["at"]
        for event in events
        if event["type"] == "access.granted" and event["data"]["by"] == "permit"
    }
    for event in events:
        data = event["data"]
        if event["type"] == "gate.started":
            restarts.append(event["at"])
        elif event["type"] == "access.granted":
            granted.add(data["permit"])
        elif event["type"] == "access.decided" and data["verdict"] in REFUSALS:
            whom = (data["permit"] or {}).get("permit") or event["transaction"]
            passed_at = by_permit.get(event["transaction"], float("inf"))
            away = (data["verdict"], data["reason"]) == RELAY_AWAY
            soon = bool(restarts) and passed_at - restarts[-1] < START_S
            kind = resumed if away and soon else refused
            kind.setdefault(whom, (event["at"], f"{data['verdict']} {data['reason']}"))
    return Traffic(vehicles, unasked, frozenset(granted), refused, tuple(restarts), resumed, ended_at)


def course(events, at):
    """The events of a gate around a moment, a line each, with the seconds from that moment."""
    before_s, after_s = AROUND_S
    near = (event for event in events if -before_s <= event["at"] - at <= after_s)
    return [f"{event['at'] - at:+.3f} s {event['type']} {json.dumps(event['data'])}" for event in near]


def wrongs_of_traffic(traffic, began):
    """What is wrong with the vehicles, by gate. `began`: when the first roll-out began."""
    found = []
    for gate, one in sorted(traffic.items()):
        opened = [vehicle for vehicle in one.vehicles if vehicle.opened_at is not None]
        unknown = [vehicle.permit for vehicle in opened if vehicle.permit not in one.granted]
        in_vain = [vehicle for vehicle in one.vehicles if vehicle.opened_at is None and _stuck(vehicle, one.ended_at)]
        whys = ", ".join(sorted({why for _, why in one.refused.values()}))
        said = [
            (one.refused, f"{gate}: refused with a good permit: {len(one.refused)} ({whys})"),
            (in_vain, f"{gate}: a vehicle waits in vain for {sum(_waited_s(v, one.ended_at) for v in in_vain):.0f} s"),
            (len(opened) < FEW, f"{gate}: only {len(opened)} vehicles passed"),
            (unknown, f"{gate}: opened, and not granted by central's events: {', '.join(unknown)}"),
            (one.unasked, f"{gate}: opened {one.unasked} times for nobody"),
        ]
        found += [text for wrong, text in said if wrong]
    if not any(one.over_restarts(began) for one in traffic.values()):
        found.append("no vehicle waited in any restart of a gate")
    return found


def summary(traffic, began):
    """One line of all vehicles since a moment."""
    passed = sum(one.passed(began, float("inf")) for one in traffic.values())
    refused = sum(len(one.refused) for one in traffic.values())
    restarts = sum(len(one.restarted(began)) for one in traffic.values())
    waited = sum(one.over_restarts(began) for one in traffic.values())
    resumed = sum(len(one.resumed) for one in traffic.values())
    gate, longest_s = max(
        ((gate, one.longest_wait_s(began)) for gate, one in traffic.items()), key=lambda each: each[1], default=("-", 0)
    )
    return (
        f"vehicles: {passed:,} passed, {refused} refused; one waited in {waited} of {restarts} restarts of its gate, "
        f"the longest wait {longest_s:.0f} s at {gate}; "
        f"{resumed} asked for an officer until the relay board answered at a start"
    )


def _waited_s(vehicle, ended_at):
    return (ended_at if vehicle.opened_at is None else vehicle.opened_at) - vehicle.came_at


def _stuck(vehicle, ended_at):
    return _waited_s(vehicle, ended_at) > PATIENCE_S
