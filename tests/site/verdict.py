"""What must be true of a day at the site, by what was seen from outside."""

from collections import Counter
from dataclasses import dataclass

from agent.core.model import Reason, Verdict
from bench.figures import percentile
from tests.site.kinds import KINDS, SHOWN_AGAIN
from tests.site.permits import permit_name
from tests.site.seen import decisions_in

MOST_TOLD = 12
RESOLUTION_S = 0.005
"""Events have milliseconds, and the lines of the boards are noted by another thread."""
GRANT_S = 35.0
"""After so long a grant opens no barrier any more."""
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


@dataclass(frozen=True)
class Restored:
    """What a gate did with a restored backup. `held`: vehicles that had to wait for an officer; `let_in`: grants by
    permit in that time. `whole`: whether its ledger was whole again at the end.
    """

    noticed: bool
    held: int
    let_in: int
    whole: bool


@dataclass(frozen=True)
class Updated:
    """How a roll-out ended. `code`: of the tool. `versions`: at work on the gates afterwards, in their order."""

    code: int
    versions: tuple


@dataclass(frozen=True)
class Findings:
    """All that was found. `events`: of each gate, with the flaws of its chains. `updates`: what must be of each
    version, and what is. `unseen`: the gates that central's exporter does not show. `failures`: why a part of the proof
    itself did not work.
    """

    decided: Decided
    events: dict
    transactions: dict
    used_twice: list
    never_issued: list
    without_grant: list
    unsafe: int
    restored: dict
    updates: dict
    unseen: list
    failures: list


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
        free = one.kind in SHOWN_AGAIN and not any(at < visit.came_at for at in passed_at[_permit(one)])
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


def _permit(arrival):
    return arrival.again if arrival.again is not None else arrival.number


def _passages(visits, plan):
    found = {}
    for one in plan.values():
        found.setdefault(_permit(one), [])
    for visit in visits:
        if visit.may_have_passed:
            found[_permit(plan[visit.number])].append(visit.came_at)
    return found


def used_twice(visits, arrivals):
    """The permits by which more than one vehicle may have passed, over all gates."""
    plan = {one.number: one for one in arrivals}
    return sorted(permit for permit, at in _passages(visits, plan).items() if len(at) > 1)


def never_issued(said, arrivals):
    """The permits that were granted and that nobody was given."""
    issued = {permit_name(_permit(one)) for one in arrivals}
    granted = {one.data["permit"] for one in said if one.type == "access.granted" and one.data.get("permit")}
    return sorted(granted - issued)


def without_grant(switchings, said):
    """The pulses that no grant of their lane came before that was recorded and had not been used by another pulse."""
    found = []
    for lane in sorted({(one.gate, one.lane) for one in switchings if one.what == "pulse"}):
        grants = sorted(one.at for one in said if one.type == "access.granted" and (one.gate, one.lane) == lane)
        for at in sorted(one.at for one in switchings if one.what == "pulse" and (one.gate, one.lane) == lane):
            fitting = [grant for grant in grants if at - GRANT_S <= grant <= at + RESOLUTION_S]
            if fitting:
                grants.remove(fitting[0])
            else:
                found.append((*lane, at))
    return found


def unsafe(lanes):
    """How often an arm was told to close, or met a vehicle, while one was under it."""
    return sum(one.struck + sum(each.what == "close" and each.under for each in one.switchings) for one in lanes)


def restored(said, gate, since):
    """What a gate did with a backup that was restored at a moment. `said`: in the order of time."""
    noticed, held, let_in, lost = False, 0, 0, False
    for one in said:
        if one.gate != gate or one.at < since:
            continue
        if one.type == "state.changed":
            noticed |= one.data["state"] != "whole"
            if one.data["part"] == "ledger":
                lost = one.data["state"] != "whole"
        elif lost and one.type == "access.decided":
            held += one.data["reason"] == Reason.STATE_NOT_WHOLE
        elif lost and one.type == "access.granted":
            let_in += one.data["by"] == "permit"
    return Restored(noticed, held, let_in, not lost)


def wrongs(found):
    """What is wrong, in words; empty where all is well. `found`: all that was found of a day."""
    said = [
        (found.used_twice, f"permits passed twice: {found.used_twice[:3]}"),
        (found.never_issued, f"permits were granted that nobody issued: {found.never_issued[:3]}"),
        (
            found.without_grant,
            f"{len(found.without_grant)} pulses without a grant, the first: {found.without_grant[:1]}",
        ),
        (found.unsafe, f"{found.unsafe} times an arm was moved onto a vehicle"),
        (not found.decided.right.total(), "no vehicle was decided on as it must be"),
        (found.unseen, f"central's exporter does not show {', '.join(found.unseen)}"),
        (found.failures, "; ".join(found.failures[:5])),
    ]
    for gate, (events, flaws) in sorted(found.events.items()):
        said += [
            (not events.recorded, f"{gate} recorded nothing"),
            (events.lost, f"{gate}: {events.lost} events are lost"),
            (events.altered, f"{gate}: {events.altered} events at central are not those of the gate"),
            (flaws, f"{gate}: its chains at central: {'; '.join(flaws)}"),
        ]
    for gate, one in sorted(found.transactions.items()):
        said += [
            (one.unfinished, f"{gate}: transactions without an outcome: {one.unfinished[:3]}"),
            (one.twice, f"{gate}: transactions with two outcomes: {one.twice[:3]}"),
        ]
    for gate, one in sorted(found.restored.items()):
        said += [
            (not one.noticed, f"{gate} did not notice that its state is an older copy"),
            (one.let_in, f"{gate} let {one.let_in} vehicles in while its ledger was not whole"),
            (not one.whole, f"{gate}: its ledger is not whole again"),
        ]
    for version, (promise, one) in sorted(found.updates.items()):
        said.append((one != promise, f"software {version}: {one}, not {promise}"))
    # The first few of them say what it is.
    return [text for wrong, text in said if wrong] + list(found.decided.wrong[:MOST_TOLD])


def latencies(visits):
    """Seconds from a code that is shown to the relay, with the moment at which it was shown."""
    return [(one.shown_at, one.pulses[0] - one.shown_at) for one in visits if one.pulses and one.shown_at is not None]


def in_words(values):
    """The figures of some seconds."""
    if not values:
        return "not known"
    return f"p50 {percentile(values, 0.5):.2f} s, p99 {percentile(values, 0.99):.2f} s, slowest {max(values):.2f} s"
