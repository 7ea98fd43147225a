"""Composes the message of the gate's health: from its figures and from what the doctor found last."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from agent.core.events import CameraHealth, Health, HealthExpiry, HealthFinding, time_text
from agent.doctor.codes import Severity

if TYPE_CHECKING:
    from agent.core.fleet import FleetReport
    from agent.doctor.finding import DiagnosticReport, Finding
    from agent.enrolment import Expiry
    from agent.observability import CameraFigures, GateFigures

MOST_FINDINGS: Final = 64
"""More would tell no more, and the message must stay small."""
_MS_PER_S: Final = 1000.0
VALUE_CHARACTERS: Final = 200
"""A value is a date, a figure or a name; some hold the words of an error."""
_DIGITS: Final = 3
_WORST_FIRST: Final = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def health(
    figures: GateFigures, boot: str, utc: float, report: DiagnosticReport | None, fleet: FleetReport | None = None
) -> Health:
    """What a running gate says. `report`: None before the first examination. `utc`: now, Unix seconds.

    `fleet`: of its fleet documents; None: not known yet.
    """
    return Health(
        gate=figures.gate,
        version=figures.version,
        boot=boot,
        time=_text(utc),
        cameras={
            name: _camera(one, figures.devices.get(name, ""))
            for one in figures.cameras
            for name in (f"{one.lane}/{one.camera}",)
        },
        relays_ms={
            one.board: None if one.answer_s is None else round(one.answer_s * _MS_PER_S, 1) for one in figures.relays
        },
        disk_free_bytes=None if figures.disk is None else figures.disk.free_bytes,
        examined=None if report is None else _text(report.utc),
        findings=() if report is None else _findings(report.findings),
        expiries=tuple(map(_expiry, figures.expiries)),
        fleet=fleet,
    )


def health_of_the_doctor(gate: str, version: str, utc: float) -> Health:
    """What the doctor says to try a broker while no agent was asked."""
    return Health(gate=gate, version=version, boot=None, time=_text(utc))


def health_payload(made: Health) -> bytes:
    """The message as it is sent: compact JSON in UTF-8."""
    return made.model_dump_json().encode()


def _camera(one: CameraFigures, state: str) -> CameraHealth:
    return CameraHealth(
        state=state,
        score=None if one.health is None else round(one.health, _DIGITS),
        age_p95_ms=None if one.age_p95_s is None else max(0, ceil(one.age_p95_s * _MS_PER_S)),
        load=None if one.load is None else round(one.load, _DIGITS),
        restarts=one.restarts,
    )


def _findings(findings: tuple[Finding, ...]) -> tuple[HealthFinding, ...]:
    told = [one for one in findings if one.code is not None]
    told.sort(key=lambda one: _WORST_FIRST.index(one.severity))
    return tuple(
        # Only a finding that is OK has no code.
        HealthFinding(
            code=str(one.code),
            subject=one.subject,
            severity=one.severity.value,  # type: ignore[arg-type]
            values={name: str(value)[:VALUE_CHARACTERS] for name, value in one.values.items()},
        )
        for one in told[:MOST_FINDINGS]
    )


def _expiry(one: Expiry) -> HealthExpiry:
    return HealthExpiry(
        kind=one.kind,
        subject=one.subject,
        ends=None if one.ends_utc is None else _text(one.ends_utc),
        renews=None if one.renews_utc is None else _text(one.renews_utc),
        trouble=str(one.trouble),
    )


def _text(utc: float) -> str:
    return time_text(round(utc * _MS_PER_S))
