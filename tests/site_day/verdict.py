"""What must be true of a day at the site, by what was seen from outside."""

from dataclasses import dataclass

from agent.core.model import Reason
from bench.figures import percentile
from tests.site_day.decisions import Decided, permit_of
from tests.site_day.permits import permit_name

MOST_TOLD = 12
RESOLUTION_S = 0.005
"""Events have milliseconds, and the lines of the boards are noted by another thread."""
GRANT_S = 35.0
"""After so long a grant opens no barrier any more."""


@dataclass(frozen=True)
class Restored:
    """What a gate did with a restored backup. `held`: vehicles that had to wait for an officer; `let_in`: grants by
    permit in that time. `whole`: whether its ledger was whole again at the end. `changes`: of its state, in words.
    `spans`: from when to when its ledger was not whole, Unix seconds; None: to the end.
    """

    noticed: bool
    held: int
    let_in: int
    whole: bool
    changes: tuple = ()
    spans: tuple = ()


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


def never_issued(said, arrivals):
    """The permits that were granted and that nobody was given."""
    issued = {permit_name(permit_of(one)) for one in arrivals}
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
    own = [one for one in said if one.gate == gate and one.at >= since]
    states = [one for one in own if one.type == "state.changed"]
    spans = _not_whole([one for one in states if one.data["part"] == "ledger"])
    within = [
        one for one in own if any(began <= one.at and (ended is None or one.at < ended) for began, ended in spans)
    ]
    return Restored(
        noticed=any(one.data["state"] != "whole" for one in states),
        held=sum(one.type == "access.decided" and one.data["reason"] == Reason.STATE_NOT_WHOLE for one in within),
        let_in=sum(one.type == "access.granted" and one.data["by"] == "permit" for one in within),
        whole=all(ended is not None for _, ended in spans),
        changes=tuple(
            f"{one.at - since:.0f} s: {one.data['part']} {one.data['state']}: {one.data.get('detail', '')}"
            for one in states
        ),
        spans=spans,
    )


def _not_whole(states):
    """From when to when a part was not whole, by its changes; None: to the end."""
    spans, since = [], None
    for one in states:
        if one.data["state"] != "whole":
            since = one.at if since is None else since
        elif since is not None:
            spans.append((since, one.at))
            since = None
    return (*spans, *([(since, None)] if since is not None else []))


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
