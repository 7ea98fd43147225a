"""What became of each vehicle, held against its kind: right, excused by a trouble, or wrong."""

from collections import Counter
from dataclasses import dataclass

from agent.core.model import Reason, Verdict
from tests.site_day.kinds import KINDS, SHOWN_AGAIN
from tests.site_day.seen import decisions_in

SETTLED_S = 20.0
"""After a trouble it takes so long until all is as before: devices come back, and programs start."""
UNREAD = frozenset(
    {
        Reason.QR_NONE,
        Reason.NOT_A_PERMIT,
        Reason.ENCODING_INVALID,
        Reason.STRUCTURE_INVALID,
        Reason.ALREADY_USED,
        Reason.USED_AT_OTHER_GATE,
    }
)
"""For these a good vehicle may be refused in a trouble: its code did not arrive whole, or its use began before."""


@dataclass(frozen=True)
class Spell:
    """A trouble as it was. `excuses`: gates whose good vehicles may wait in vain meanwhile. Times in Unix seconds."""

    name: str
    gate: str
    began_at: float
    ended_at: float
    excuses: frozenset = frozenset()

    def touches(self, gate, begin, end):
        return gate in self.excuses and self.began_at <= end and begin <= self.ended_at + SETTLED_S


NEEDED = frozenset({"camera", "scanner", "relay", "inputs"})
"""The families of devices without which a lane lets nobody in."""
AT_WORK = frozenset({"up", "streaming"})
SILENT = "device silent"
"""How a spell is called in which a device did not answer its gate, by what the gate itself has told central."""


def silences(said, spells, until):
    """When devices of a gate were silent although no trouble of that gate explains it: on a computer that is too busy.

    The gate must then ask an officer. `said`: in the order of time. `until`: the end of the day.
    """
    since, found = {}, []
    for one in said:
        if one.type != "device.changed" or one.data["family"] not in NEEDED:
            continue
        device = (one.gate, one.data["device"])
        if one.data["state"] not in AT_WORK:
            since.setdefault(device, one.at)
        elif device in since:
            found.append((*device, since.pop(device), one.at))
    found += [(*device, at, until) for device, at in since.items()]
    return [
        Spell(SILENT, gate, began, ended, frozenset({gate}))
        for gate, _, began, ended in sorted(found, key=lambda each: each[2])
        if not any(spell.touches(gate, began, began) for spell in spells)
    ]


@dataclass(frozen=True)
class Decided:
    """What became of the vehicles. `right`, `excused`: how many of each kind; `wrong`: in words.

    `excused_at`, `wrong_at`: when they came, Unix seconds.
    """

    right: Counter
    excused: Counter
    wrong: tuple
    excused_at: tuple = ()
    wrong_at: tuple = ()


def decided(visits, said, arrivals, spells, until):
    """Hold each vehicle against its kind. `until`: the end of the day."""
    plan = {one.number: one for one in arrivals}
    after = _next_comes(visits, until)
    passed_at = _passages(visits, plan)
    right, excused, wrong, moments = Counter(), Counter(), [], {"excused": [], "wrong": []}
    for visit in visits:
        one = plan[visit.number]
        end = after[visit.gate, visit.lane, visit.number]
        found = decisions_in(said, visit, end)
        troubled = visit.gone_at is None or any(s.touches(visit.gate, visit.came_at, end) for s in spells)
        free = one.kind in SHOWN_AGAIN and not any(at < visit.came_at for at in passed_at[permit_of(one)])
        why = _fault(KINDS[one.kind], visit, found, troubled=troubled or free, free=free)
        if why:
            wrong.append(f"{visit.gate} {visit.lane}: vehicle {visit.number} ({one.kind}): {why}")
            moments["wrong"].append(visit.came_at)
        elif _is_right(KINDS[one.kind], visit, found):
            right[one.kind] += 1
        else:
            excused[one.kind] += 1
            moments["excused"].append(visit.came_at)
    return Decided(right, excused, tuple(wrong), tuple(moments["excused"]), tuple(moments["wrong"]))


def _is_right(kind, visit, found):
    if kind.may_open:
        return bool(visit.pulses)
    return not visit.pulses and any(verdict in kind.verdicts and reason in kind.reasons for verdict, reason in found)


def _fault(kind, visit, found, *, troubled, free):
    """What is wrong with what became of a vehicle; "" for nothing. `free`: the permit that it shows was not used."""
    told = ", ".join(f"{verdict} {reason}" for verdict, reason in dict.fromkeys(found)) or "no decision"
    if visit.pulses and not kind.may_open and not free:
        return f"let in ({told})"
    if kind.may_open and not visit.pulses:
        denied = [reason for verdict, reason in found if verdict is Verdict.DENY and reason not in UNREAD]
        return f"not let in ({told})" if denied or not troubled else ""
    return "" if troubled or _is_right(kind, visit, found) else f"not refused as it must be ({told})"


def _next_comes(visits, until):
    """Until when what happens at a lane is of a vehicle."""
    after, last = {}, {}
    for visit in sorted(visits, key=lambda one: one.came_at, reverse=True):
        lane = (visit.gate, visit.lane)
        after[*lane, visit.number] = last.get(lane, until)
        last[lane] = visit.came_at
    return after


def permit_of(arrival):
    return arrival.again if arrival.again is not None else arrival.number


def _passages(visits, plan):
    found = {}
    for one in plan.values():
        found.setdefault(permit_of(one), [])
    for visit in visits:
        if visit.may_have_passed:
            found[permit_of(plan[visit.number])].append(visit.came_at)
    return found


def used_twice(visits, arrivals):
    """The permits by which more than one vehicle may have passed, over all gates."""
    plan = {one.number: one for one in arrivals}
    return sorted(permit for permit, at in _passages(visits, plan).items() if len(at) > 1)
