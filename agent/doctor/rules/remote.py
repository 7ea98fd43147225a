"""Judges the brokers and the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import ListKind
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.doctor.facts import BrokerFacts, ListFacts, ListsFacts, SiteGateFacts

SLOW_MS: Final = 2000.0
RENEW_S: Final = 7 * 86_400.0
SILENT_S: Final = 30.0
"""A gate speaks every ten seconds at least."""


def brokers(facts: Iterable[BrokerFacts]) -> Iterator[Finding]:
    """Whether each broker lets the gate in, takes what it publishes and gives what it asks for."""
    there = list(facts)
    if not there:
        yield Finding(DiagnosticCheck.BROKERS, code=FindingCode.BROKER_NONE)
    for one in there:
        yield from _broker(one)


def _broker(one: BrokerFacts) -> Iterator[Finding]:
    check = DiagnosticCheck.BROKERS
    if one.trouble:
        yield Finding(check, one.url, FindingCode.BROKER_UNREACHABLE, values={"trouble": one.trouble})
        return
    told = []
    if one.takes:
        told.append(Finding(check, one.url, FindingCode.BROKER_TAKES_NOTHING, values={"trouble": one.takes}))
    if one.gives:
        told.append(Finding(check, one.url, FindingCode.BROKER_GIVES_NOTHING, values={"trouble": one.gives}))
    if not one.encrypted:
        told.append(Finding(check, one.url, FindingCode.BROKER_IN_CLEAR))
    slowest_ms = max(one.connect_ms or 0.0, one.publish_ms or 0.0)
    if slowest_ms > SLOW_MS:
        told.append(Finding(check, one.url, FindingCode.BROKER_SLOW, values={"time": f"{slowest_ms:.0f} ms"}))
    measured = ", ".join(f"{ms:.0f} ms" for ms in (one.connect_ms, one.publish_ms) if ms is not None)
    yield from told or [Finding(check, one.url, measured=measured)]


def site(facts: Iterable[SiteGateFacts]) -> Iterator[Finding]:
    """Whether this gate and each other gate of its site hear one another."""
    yield from [_site_gate(one) for one in facts] or [Finding(DiagnosticCheck.SITE, measured="-")]


def _site_gate(one: SiteGateFacts) -> Finding:
    check, named = DiagnosticCheck.SITE, {"gate": one.gate}
    if one.version:
        values = named | {"theirs": str(one.version), "ours": str(one.ours)}
        return Finding(check, one.gate, FindingCode.SITE_GATE_OTHER_VERSION, values=values)
    if not one.same_list:
        return Finding(check, one.gate, FindingCode.SITE_GATES_DIFFER, values=named)
    if not one.met or one.heard_s is None or one.heard_s > SILENT_S:
        return Finding(check, one.gate, FindingCode.SITE_GATE_UNHEARD, values=named)
    return Finding(check, one.gate, measured=span(one.heard_s))


def lists(facts: ListsFacts) -> Iterator[Finding]:
    """Whether the gate knows whom to trust, and how old what it knows is."""
    if facts.trouble:
        yield Finding(DiagnosticCheck.LISTS, code=FindingCode.LISTS_UNREADABLE, values={"trouble": facts.trouble})
        return
    if not facts.begun:
        yield Finding(DiagnosticCheck.LISTS, measured="-")
        return
    yield from _trust(facts)
    for one in facts.lists:
        yield from _list(one, facts)
    if not any(one.required for one in facts.lists if one.name == ListKind.REVOCATIONS.value):
        yield Finding(DiagnosticCheck.LISTS, ListKind.REVOCATIONS.value, FindingCode.LIST_NOT_REQUIRED)


def _trust(facts: ListsFacts) -> Iterator[Finding]:
    check, left_s = DiagnosticCheck.LISTS, facts.trust_ends_s
    if left_s is None:
        yield Finding(check, "trust", FindingCode.TRUST_LIST_MISSING)
    elif left_s <= 0:
        yield Finding(check, "trust", FindingCode.TRUST_LIST_EXPIRED, values={"age": span(left_s)})
    elif left_s < RENEW_S:
        date = "-" if facts.trust_ends is None else f"{facts.trust_ends:%Y-%m-%d}"
        yield Finding(check, "trust", FindingCode.TRUST_LIST_EXPIRES, values={"left": span(left_s), "date": date})
    else:
        date = "" if facts.trust_ends is None else f"{facts.trust_ends:%Y-%m-%d}, "
        yield Finding(check, "trust", measured=f"{facts.trust_version}, → {date}{span(left_s)}")
    for key in facts.keys:
        yield Finding(check, key.key, measured=f"{key.issuer}, → {key.ends:%Y-%m-%d}")


def _list(one: ListFacts, facts: ListsFacts) -> Iterator[Finding]:
    check = DiagnosticCheck.LISTS
    if one.age_s is None:
        if one.required:
            yield Finding(check, one.name, FindingCode.LIST_MISSING)
    elif one.age_s > facts.known_only_s:
        yield Finding(check, one.name, FindingCode.LIST_TOO_OLD, values={"age": span(one.age_s)})
    elif one.age_s > facts.fresh_s:
        yield Finding(check, one.name, FindingCode.LIST_OLD, values={"age": span(one.age_s)})
    else:
        yield Finding(check, one.name, measured=f"{one.version}, {one.rows}, {span(one.age_s)}")
