"""A report as people and programs get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.core.detail import message_of
from agent.core.events import time_text
from agent.doctor.codes import DiagnosticCheck, FindingCode, Severity
from agent.doctor.finding import DiagnosticReport, Finding
from agent.doctor.texts import advice, check_title, measured, said_by, severity
from agent.i18n import Language, translate
from agent.i18n.recorded import recorded_text
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_MS_PER_S: Final = 1000
MEASURED: Final = "measured"
"""Beside the names of values: the message of what was measured."""


def report_as_json(report: DiagnosticReport, language: Language) -> dict[str, Any]:
    """The whole report: the codes and figures for programs, the words in one language for people."""
    return {
        "gate": report.gate,
        "version": report.version,
        "by": "agent" if report.agent else "doctor",
        "time": time_text(round(report.utc * _MS_PER_S)),
        "worst": report.worst.value,
        "findings": [_finding(one, language) for one in report.findings],
    }


def report_from_json(told: dict[str, Any], utc: float) -> DiagnosticReport:
    """The report behind `as_json`. Raises KeyError, TypeError or ValueError for what is none.

    `utc`: when it was asked for.
    """
    return DiagnosticReport(
        str(told["gate"]),
        str(told["version"]),
        agent=told["by"] == "agent",
        utc=utc,
        findings=tuple(_read(one) for one in told["findings"]),
    )


def report_lines(report: DiagnosticReport, language: Language) -> Iterator[str]:
    """Who reports it; a line for each finding, with how to fix it below; how many there are of each severity."""
    yield f"{report.gate}, gate-agent {report.version}: {said_by(agent=report.agent, language=language)}"
    width = max(len(severity(one, language)) for one in Severity)
    for one in report.findings:
        head = f"{severity(one.severity, language):<{width}}  {check_title(one.check, language)}"
        head += f" {one.subject}" if one.subject else ""
        words = advice(one)
        if words is None:
            yield f"{head}: {measured(one, language)}" if one.measured else head
        else:
            yield f"{head}: {translate(words.what, language)}"
            yield f"{'':<{width}}  → {translate(words.act, language)}"
    counts = (f"{severity(one, language)}: {report.count(one)}" for one in reversed(Severity))
    yield ", ".join(counts)


def _finding(one: Finding, language: Language) -> dict[str, Any]:
    words = advice(one)
    said = {**one.values, MEASURED: one.measured}
    return {
        "check": one.check.value,
        "title": check_title(one.check, language),
        "subject": one.subject,
        "severity": one.severity.value,
        "code": None if one.code is None else one.code.value,
        "measured": measured(one, language),
        "values": dict(one.values),
        "messages": {name: message_of(value) for name, value in said.items() if isinstance(value, Text)},
        "finding": None if words is None else translate(words.what, language),
        "fix": None if words is None else translate(words.act, language),
    }


def _read(told: dict[str, Any]) -> Finding:
    messages = told.get("messages", {})
    return Finding(
        DiagnosticCheck(told["check"]),
        str(told["subject"]),
        None if told["code"] is None else FindingCode(told["code"]),
        recorded_text(str(told["measured"]), messages.get(MEASURED)),
        {str(name): recorded_text(str(value), messages.get(name)) for name, value in told["values"].items()},
    )
