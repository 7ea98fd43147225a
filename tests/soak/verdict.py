"""What must be true at the end, as central sees it, beyond what tests.faults.judge says of lost and altered events.

There every grant is a passage; here vehicles back out, and their permits may be granted again.
"""

import json
from collections import Counter
from dataclasses import dataclass

from agent.core.model import Outcome

PASSAGES = frozenset({Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION, Outcome.OVERRIDDEN})
FLAT_MB_AN_HOUR = 6.0
JUDGED_FROM_S = 1200.0
"""A line through the memory of a shorter run says nothing; nor need a technician have come by often enough."""
SHOWN = ("logged in", "pages", "live news", "live pictures")
LAST_WORDS = 5
"""Events that a gate records as it stops, for which no acknowledgement can reach it any more."""


@dataclass(frozen=True)
class Transactions:
    """`unfinished`: without an outcome, and no end of the agent's process explains it. `twice`: with more than one."""

    begun: int
    closed: int
    interrupted: int
    unfinished: tuple
    twice: tuple


def transactions(payloads):
    """What became of the transactions in these events, which are in order."""
    outcomes, open_, interrupted = Counter(), set(), set()
    begun = set()
    for event in map(json.loads, payloads):
        if event["type"] == "gate.started":
            interrupted |= open_
            open_.clear()
        name = event.get("transaction")
        if name is None:
            continue
        begun.add(name)
        if event["type"] == "transaction.closed":
            outcomes[name] += 1
            open_.discard(name)
        elif not outcomes[name]:
            open_.add(name)
    return Transactions(
        begun=len(begun),
        closed=len(outcomes),
        interrupted=len(interrupted - set(outcomes)),
        unfinished=tuple(sorted(open_)),
        twice=tuple(name for name, count in outcomes.items() if count > 1),
    )


def twice_used(payloads):
    """The permits, all good for one passage, that were granted again before their use before was given back.

    It is given back by an outcome that is no passage.
    """
    using, twice = {}, set()
    for event in map(json.loads, payloads):
        if event["type"] == "access.granted" and event["data"].get("permit"):
            permit = event["data"]["permit"]
            if permit in using:
                twice.add(permit)
            using[permit] = event["transaction"]
        elif event["type"] == "transaction.closed" and event["data"]["outcome"] not in PASSAGES:
            using = {permit: name for permit, name in using.items() if name != event["transaction"]}
    return sorted(twice)


def strange_grants(payloads, genuine):
    """The permits that were granted and that nobody had issued."""
    granted = {e["data"]["permit"] for e in map(json.loads, payloads) if e["type"] == "access.granted"}
    return sorted(str(permit) for permit in granted - genuine)


def wrongs(ending, found, strange, twice, *, unacknowledged, growth, for_s, visits, failures):
    """What is wrong, in words; empty where all is well. `visits`: what the technician at the console got."""
    judged = ending.judgement
    lacked = [what for what in SHOWN if not visits[what]]
    said = [
        (judged.lost, f"{judged.lost} events are lost"),
        (judged.invented, f"{judged.invented} events at central are not those of the gate"),
        (judged.doubles, f"{judged.doubles} events are stored twice"),
        (twice, f"permits were granted twice: {twice[:3]}"),
        (judged.refused, f"central put aside: {judged.refused[:3]}"),
        (judged.chain != "whole", f"the chain: {judged.chain}"),
        (judged.keyed and judged.signed < judged.recorded - 1, "the signed checkpoints do not reach the end"),
        (ending.breaches, "; ".join(ending.breaches[:5])),
        (found.unfinished, f"transactions without an outcome: {found.unfinished[:3]}"),
        (found.twice, f"transactions with two outcomes: {found.twice[:3]}"),
        (not found.closed, "no vehicle came to an outcome"),
        (strange, f"permits were granted that nobody issued: {strange[:3]}"),
        (unacknowledged > LAST_WORDS, f"{unacknowledged} events are not acknowledged"),
        (
            for_s >= JUDGED_FROM_S and (growth is None or growth > FLAT_MB_AN_HOUR),
            f"the agent's memory grows by {growth} MB an hour",
        ),
        (for_s >= JUDGED_FROM_S and lacked, f"the console never gave its technician: {', '.join(lacked)}"),
        (failures, "; ".join(failures[:5])),
    ]
    return [text for wrong, text in said if wrong]
