"""Judges ports, cameras, relay boards, inputs, scanners, and what tells the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Grade, View, findings
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import Finding
from agent.doctor.rules.formatting import milliseconds
from agent.vision.worker.protocol import CameraPhase
from drivers.text import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.doctor.facts import (
        CameraFacts,
        DriverDeviceFacts,
        InputsFacts,
        PortFacts,
        RelayFacts,
        ScannerFacts,
        SecondReadingFacts,
    )

SLOW_HZ: Final = 5.0
MANY_RESTARTS: Final = 3
SLOW_ANSWER_S: Final = 0.3
"""A lane waits for one call of another lane on the same board; an answer usually takes 10 to 50 ms."""
_GIVES_NOTHING: Final = frozenset({CameraPhase.CONNECTING, CameraPhase.BACKOFF, CameraPhase.ENDED})


def ports(facts: Iterable[PortFacts]) -> Iterator[Finding]:
    """Whether each port is there, may be opened, is free, and has a name that stays."""
    for one in facts:
        yield from _port(one)


def _port(one: PortFacts) -> Iterator[Finding]:
    check, used = DiagnosticCheck.PORTS, {"used_by": ", ".join(one.used_by)}
    if not one.exists:
        yield Finding(check, one.path, FindingCode.PORT_MISSING, values=used)
        return
    told = []
    if not one.permitted:
        told.append(_forbidden(one))
    if one.holders:
        told.append(Finding(check, one.path, FindingCode.PORT_HELD, values={"holders": joined(one.holders)}))
    if one.better:
        values = {"better": one.better, "why": one.why}
        told.append(Finding(check, one.path, FindingCode.PORT_NAME_CHANGES, values=values))
    yield from told or [Finding(check, one.path, measured=used["used_by"])]


def _forbidden(one: PortFacts) -> Finding:
    if one.barred:
        return Finding(DiagnosticCheck.PORTS, one.path, FindingCode.PORT_BARRED, values={"kind": one.barred})
    if not one.group:
        return Finding(
            DiagnosticCheck.PORTS, one.path, FindingCode.PORT_GROUP_HIDDEN, values={"user": one.user, "path": one.path}
        )
    return Finding(
        DiagnosticCheck.PORTS, one.path, FindingCode.PORT_FORBIDDEN, values={"user": one.user, "group": one.group}
    )


def cameras(facts: Iterable[CameraFacts]) -> Iterator[Finding]:
    """Whether each camera delivers, and pictures in which something can be read."""
    for one in facts:
        yield from _camera(one)


def _camera(one: CameraFacts) -> Iterator[Finding]:
    check, told = DiagnosticCheck.CAMERAS, list(_no_pictures(one))
    if not told:
        told += _poor_pictures(one)
    if one.restarts >= MANY_RESTARTS:
        told.append(Finding(check, one.name, FindingCode.CAMERA_RESTARTED, values={"count": str(one.restarts)}))
    if one.unconfined:
        values = {"missing": "; ".join(one.unconfined)}
        told.append(Finding(check, one.name, FindingCode.CAMERA_UNCONFINED, values=values))
    rate = "" if one.rate_hz is None else f", {one.rate_hz:.1f} Hz"
    sharpness = "" if one.figures is None or one.figures.sharpness is None else f", {one.figures.sharpness:.2f}"
    yield from told or [Finding(check, one.name, measured=f"{one.width_px}x{one.height_px}{rate}{sharpness}")]


def _no_pictures(one: CameraFacts) -> Iterator[Finding]:
    values = {"trouble": one.detail or one.phase.value}
    code = {CameraPhase.STALE: FindingCode.CAMERA_STALE, CameraPhase.FROZEN: FindingCode.CAMERA_FROZEN}.get(one.phase)
    if one.misconfigured:
        code = FindingCode.CAMERA_MISCONFIGURED
    elif one.phase in _GIVES_NOTHING:
        code = FindingCode.CAMERA_LOST
    if code is not None:
        yield Finding(DiagnosticCheck.CAMERAS, one.name, code, values=values)


def _poor_pictures(one: CameraFacts) -> Iterator[Finding]:
    check = DiagnosticCheck.CAMERAS
    if one.view is not View.CLEAR:
        yield Finding(check, one.name, FindingCode.CAMERA_VIEW, values={"view": one.view.value})
    elif one.figures is not None:
        for found in findings(one.figures):
            if found.grade is Grade.BAD and found.flaw is not None:
                yield Finding(check, one.name, FindingCode.CAMERA_PICTURE, values={"flaw": found.flaw.value})
    if one.rate_hz is not None and one.rate_hz < SLOW_HZ:
        yield Finding(check, one.name, FindingCode.CAMERA_SLOW, values={"rate": f"{one.rate_hz:.1f} Hz"})
    if one.overloaded:
        yield Finding(check, one.name, FindingCode.CAMERA_OVERLOADED)


def second_reading(facts: SecondReadingFacts) -> Iterator[Finding]:
    """Whether a process waits that reads kept pictures a second time, confined."""
    check, told = DiagnosticCheck.SECOND_READING, []
    if facts.trouble:
        told.append(Finding(check, code=FindingCode.SECOND_READING_LOST, values={"trouble": facts.trouble}))
    if facts.unconfined:
        values = {"missing": "; ".join(facts.unconfined)}
        told.append(Finding(check, code=FindingCode.SECOND_READING_UNCONFINED, values=values))
    yield from told or [Finding(check, measured=f"{facts.ready}/{facts.wanted}")]


def relays(facts: Iterable[RelayFacts]) -> Iterator[Finding]:
    """Whether each board answers, soon, and holds no relay that nobody ordered."""
    for one in facts:
        yield from _relay(one)


def _relay(one: RelayFacts) -> Iterator[Finding]:
    check = DiagnosticCheck.RELAYS
    if not one.up:
        yield Finding(check, one.board, FindingCode.RELAY_LOST, values={"trouble": one.detail})
        return
    told = []
    if one.answer_s is not None and one.answer_s > SLOW_ANSWER_S:
        told.append(Finding(check, one.board, FindingCode.RELAY_SLOW, values={"time": milliseconds(one.answer_s)}))
    if one.energised and not one.agent:
        channels = ", ".join(map(str, one.energised))
        told.append(Finding(check, one.board, FindingCode.RELAY_ENERGISED, values={"channels": channels}))
    answer = [] if one.answer_s is None else [milliseconds(one.answer_s)]
    yield from told or [Finding(check, one.board, measured=joined([one.detail, *answer]))]


def inputs(facts: Iterable[InputsFacts]) -> Iterator[Finding]:
    """Whether each lane feels what is before its arm."""
    for one in facts:
        yield from _inputs(one)


def _inputs(one: InputsFacts) -> Iterator[Finding]:
    check = DiagnosticCheck.INPUTS
    if one.blind or not one.wired:
        yield Finding(check, one.lane, FindingCode.LANE_BLIND)
    if not one.wired:
        return
    if not one.up:
        yield Finding(check, one.lane, FindingCode.INPUTS_LOST, values={"trouble": one.detail})
        return
    signals = one.signals or {}
    unknown = [name for name, value in signals.items() if value is None]
    if unknown:
        yield Finding(check, one.lane, FindingCode.INPUTS_UNKNOWN, values={"signals": ", ".join(unknown)})
        return
    yield Finding(check, one.lane, measured=", ".join(f"{name} {int(bool(value))}" for name, value in signals.items()))


def scanners(facts: Iterable[ScannerFacts]) -> Iterator[Finding]:
    """Whether each scanner is there and quiet."""
    for one in facts:
        if not one.up:
            yield Finding(DiagnosticCheck.SCANNERS, one.name, FindingCode.SCANNER_LOST, values={"trouble": one.detail})
        elif one.noisy:
            yield Finding(DiagnosticCheck.SCANNERS, one.name, FindingCode.SCANNER_NOISY, values={"trouble": one.detail})
        else:
            yield Finding(DiagnosticCheck.SCANNERS, one.name, measured=one.detail)


def signs(facts: Iterable[DriverDeviceFacts]) -> Iterator[Finding]:
    """Whether each sign for drivers is there, as far as it can be asked."""
    return _driver_devices(facts, DiagnosticCheck.SIGNS, FindingCode.SIGN_LOST)


def voices(facts: Iterable[DriverDeviceFacts]) -> Iterator[Finding]:
    """Whether the sound device of each lane that speaks is there."""
    return _driver_devices(facts, DiagnosticCheck.VOICES, FindingCode.VOICE_LOST)


def _driver_devices(facts: Iterable[DriverDeviceFacts], check: DiagnosticCheck, lost: FindingCode) -> Iterator[Finding]:
    for one in facts:
        if one.up:
            yield Finding(check, one.name, measured=one.detail)
        else:
            yield Finding(check, one.name, lost, values={"trouble": one.detail})
