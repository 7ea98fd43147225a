"""Judges the configuration, the service, the versions, the drivers of others, and the parts of the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import BRIEF, Finding
from agent.doctor.rules.formatting import span
from drivers.text import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.doctor.facts import (
        ConfigurationFacts,
        DriverFacts,
        NotificationFacts,
        ServiceFacts,
        VersionFacts,
        WorkerFacts,
    )

MOST_PROBLEMS: Final = 10
MANY_RESTARTS: Final = 3
LONGEST_TEXT: Final = 300
DIGEST_SHOWN: Final = 12


def configuration(facts: ConfigurationFacts) -> Iterator[Finding]:
    """Whether it can be used, what is unwise in it, whether it is the one that runs, and which lanes move nothing."""
    check, path = DiagnosticCheck.CONFIGURATION, str(facts.path)
    wrong = FindingCode.CONFIGURATION_REFUSED if facts.fallback else FindingCode.CONFIGURATION_UNUSABLE
    told = [(wrong, one) for one in facts.errors[:MOST_PROBLEMS]]
    told += [(FindingCode.CONFIGURATION_DOUBTFUL, one) for one in facts.warnings[:MOST_PROBLEMS]]
    for code, one in told:
        yield Finding(check, path, code, values={"problem": one.head, BRIEF: one.brief})
    for lane in facts.dry_run:
        yield Finding(check, lane, FindingCode.LANE_DRY_RUN)
    if facts.digest is not None and facts.running not in (None, facts.digest):
        yield Finding(check, path, FindingCode.CONFIGURATION_WAITS, values={})
    elif not told:
        yield Finding(check, path, measured=(facts.digest or "")[:DIGEST_SHOWN])


def service(facts: ServiceFacts) -> Iterator[Finding]:
    """Whether the service is there, is written as it must be, and runs."""
    check = DiagnosticCheck.SERVICE
    if not facts.asked:
        yield Finding(check, measured="?")
        return
    if not facts.manager or facts.unit is None:
        yield Finding(check, code=FindingCode.UNIT_MISSING)
        return
    told = []
    if facts.unit_problems:
        told.append(
            Finding(
                check, str(facts.unit), FindingCode.UNIT_FAULTY, values={"text": facts.unit_problems[:LONGEST_TEXT]}
            )
        )
    if not facts.enabled:
        told.append(Finding(check, code=FindingCode.UNIT_NOT_ENABLED))
    if facts.active == "failed":
        told.append(Finding(check, code=FindingCode.SERVICE_FAILED, values={"result": facts.result or "?"}))
    elif facts.active in {"inactive", "deactivating"}:
        told.append(Finding(check, code=FindingCode.SERVICE_STOPPED))
    if facts.restarts >= MANY_RESTARTS:
        told.append(Finding(check, code=FindingCode.SERVICE_RESTARTED, values={"count": str(facts.restarts)}))
    yield from told or [Finding(check, str(facts.unit), measured=facts.active)]


def versions(facts: VersionFacts) -> Iterator[Finding]:
    """Whether the installed agent is the one that runs, and how the update is that central has ordered."""
    if facts.update:
        values = {"version": facts.update, "stage": shortened(facts.stage, LONGEST_TEXT)}
        yield Finding(DiagnosticCheck.VERSIONS, code=FindingCode.UPDATE_UNDER_WAY, values=values)
        return
    if facts.undone:
        values = {"version": facts.undone, "why": shortened(facts.why, LONGEST_TEXT)}
        yield Finding(DiagnosticCheck.VERSIONS, code=FindingCode.UPDATE_UNDONE, values=values)
    if facts.running not in (None, facts.installed):
        values = {"running": str(facts.running), "installed": facts.installed}
        yield Finding(DiagnosticCheck.VERSIONS, code=FindingCode.VERSION_WAITS, values=values)
        return
    measured = f"gate-agent {facts.installed}, Python {facts.python}, {facts.system}, Linux {facts.kernel}"
    yield Finding(DiagnosticCheck.VERSIONS, measured=measured)


def drivers(facts: Iterable[DriverFacts]) -> Iterator[Finding]:
    """Which drivers installed packages bring, and which of them cannot be used."""
    known = tuple(facts)
    if not known:
        yield Finding(DiagnosticCheck.DRIVERS, measured="0")
    for one in known:
        if one.trouble:
            code = FindingCode.DRIVER_REJECTED if one.rejected else FindingCode.DRIVER_UNUSABLE
            values = {"package": one.package, "trouble": shortened(one.trouble, LONGEST_TEXT)}
            yield Finding(DiagnosticCheck.DRIVERS, one.name, code, values=values)
        else:
            yield Finding(DiagnosticCheck.DRIVERS, one.name, measured=one.package)


def parts(facts: Iterable[WorkerFacts]) -> Iterator[Finding]:
    """Whether every thread of the agent makes progress, and which have failed."""
    known = tuple(facts)
    told = [found for one in known for found in _part(one)]
    yield from told or [Finding(DiagnosticCheck.PARTS, measured=str(len(known)))]


def notifications(facts: NotificationFacts) -> Iterator[Finding]:
    """Whether notices are made, and each channel delivers them."""
    check = DiagnosticCheck.NOTIFICATIONS
    told = []
    if facts.trouble:
        values = {"trouble": facts.trouble[:LONGEST_TEXT]}
        told.append(Finding(check, code=FindingCode.NOTIFICATIONS_STOPPED, values=values))
    for one in facts.channels:
        if one.trouble:
            values = {"trouble": one.trouble[:LONGEST_TEXT], "waiting": str(one.waiting)}
            told.append(Finding(check, one.name, FindingCode.NOTIFICATION_FAILING, values=values))
        if one.dropped:
            values = {"count": str(one.dropped)}
            told.append(Finding(check, one.name, FindingCode.NOTIFICATIONS_DROPPED, values=values))
    yield from told or [Finding(check, measured=", ".join(f"{one.name}: {one.place}" for one in facts.channels) or "-")]


def _part(one: WorkerFacts) -> Iterator[Finding]:
    if one.still_s is not None:
        yield Finding(DiagnosticCheck.PARTS, one.name, FindingCode.PART_STALLED, values={"time": span(one.still_s)})
    if one.trouble:
        yield Finding(
            DiagnosticCheck.PARTS, one.name, FindingCode.PART_FAILED, values={"trouble": one.trouble[:LONGEST_TEXT]}
        )
    elif one.failures:
        yield Finding(DiagnosticCheck.PARTS, one.name, FindingCode.PART_RESTARTED, values={"count": str(one.failures)})
