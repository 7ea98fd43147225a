"""What the journals of the gates say, when all is over: who let which permit pass, and what was told of it."""

import json
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import inf
from sqlite3 import connect

KNOWN = "SELECT permit, use, gate, txn FROM ledger WHERE state = 'CONSUMED'"
OWN = f"{KNOWN} AND gate = ''"


@dataclass(frozen=True)
class Grant:
    """One opening of a barrier. `until`: when the vehicle turned back; inf where it passed, or nobody knows."""

    gate: str
    permit: str
    transaction: str
    at: float
    until: float
    passed: bool


@dataclass
class Verdict:
    """`consumed_twice`: (permit, use) by more than one transaction; `over`: permits that passed more often than they
    may; `overlapping`: permits that two grants held at one time; `untold`: uses consumed twice without a conflict event
    at each gate that took part, and permits that passed too often without any; `unheard`: uses consumed twice, of which
    one was lost with its journal before another gate had heard of it, so that nobody can tell; `unfounded`: conflict
    events without a double; `twins`: vehicles that left under two permits.
    """

    grants: int = 0
    passed: int = 0
    consumed_twice: set = field(default_factory=set)
    over: set = field(default_factory=set)
    overlapping: set = field(default_factory=set)
    conflicts: set = field(default_factory=set)
    untold: set = field(default_factory=set)
    unheard: set = field(default_factory=set)
    unfounded: set = field(default_factory=set)
    twins: set = field(default_factory=set)

    @property
    def doubles(self):
        return len({permit for permit, _use in self.consumed_twice} | self.over | self.overlapping)


def judge(journals, permits, opened):
    """Judge the journals: by gate all that it ever had, that of now first. `permits`: permit to (vehicle, max_uses).

    `opened`: the transactions for which a barrier opened. A grant that was recorded just before its gate was killed
    moved nothing.
    """
    consumed, known, grants, told = defaultdict(set), defaultdict(set), [], defaultdict(set)
    for gate, paths in journals.items():
        _uses(paths[0], KNOWN, gate, known)
        events = {}
        for path in paths:
            _uses(path, OWN, gate, consumed)
            events |= {event["id"]: event for event in _events(path)}
        grants += [one for one in _grants(gate, events.values()) if one.transaction in opened]
        for event in events.values():
            if event["type"] == "ledger.conflict":
                told[event["data"]["permit"], event["data"]["use"]].add(gate)
    found = Verdict(len(grants), sum(grant.passed for grant in grants))
    found.consumed_twice = {use for use, by in consumed.items() if len(by) > 1}
    found.conflicts = set(told)
    _compare(found, consumed, known, told)
    _count(found, grants, permits)
    return found


def _uses(path, query, gate, uses):
    """Note by whom the uses in a journal of a gate were consumed: gate and transaction."""
    with closing(connect(path)) as database:
        for permit, use, whose, transaction in database.execute(query):
            uses[permit.hex(), use].add((whose or gate, transaction))


def _events(path):
    with closing(connect(path)) as database:
        return [json.loads(raw) for (raw,) in database.execute("SELECT payload FROM events ORDER BY seq")]


def _compare(found, consumed, known, told):
    """Hold what was consumed twice against what was told of it, and against what the gates can know."""
    for use in found.consumed_twice:
        heard = consumed[use] & known[use]
        if len(heard) > 1 and not {gate for gate, _transaction in heard} <= told[use]:
            found.untold.add(use)
        elif not told[use]:
            found.unheard.add(use)
    found.unfounded = found.conflicts - found.consumed_twice


def _grants(gate, events):
    closed = {event["transaction"]: event for event in events if event["type"] == "transaction.closed"}
    for event in events:
        if event["type"] != "access.granted":
            continue
        end = closed.get(event["transaction"])
        outcome = end["data"]["outcome"] if end else ""
        until = _at(end) if outcome == "not_taken" else inf
        yield Grant(gate, event["data"]["permit"], event["transaction"], _at(event), until, outcome == "passed")


def _at(event):
    return datetime.fromisoformat(event["time"]).timestamp()


def _count(found, grants, permits):
    by_permit, by_vehicle = defaultdict(list), defaultdict(set)
    for grant in sorted(grants, key=lambda grant: grant.at):
        by_permit[grant.permit].append(grant)
        if grant.until == inf:
            by_vehicle[permits[grant.permit][0]].add(grant.permit)
    explained = {permit for permit, _use in found.conflicts | found.unheard}
    for permit, held in by_permit.items():
        most = permits[permit][1]
        if sum(grant.until == inf for grant in held) > most:
            found.over.add(permit)
        if sum(grant.passed for grant in held) > most and permit not in explained:
            found.untold.add((permit, 0))
        if most == 1 and any(before.until > after.at for before, after in pairwise(held)):
            found.overlapping.add(permit)
    found.twins = {vehicle for vehicle, used in by_vehicle.items() if len(used) > 1}
