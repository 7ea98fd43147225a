"""Reads the parts of the running gate into figures, when somebody asks: nothing here runs by itself."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.lane import LaneState
from agent.devices import PortState
from agent.observability.figures import (
    CameraFigures,
    ChannelFigures,
    DiskFigures,
    GateFigures,
    JournalFigures,
    LaneFigures,
    LinkFigures,
    RelayFigures,
    UplinkFigures,
    WorkerFigures,
)
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from agent.barrier import RelayBoard
    from agent.clock import ClockMonitor
    from agent.core.lists import DataState
    from agent.devices import DeviceStatusTable
    from agent.enrolment import Expiry
    from agent.lane import LaneService
    from agent.mqtt import BrokerLinkView, UplinkView
    from agent.notifications import ChannelView
    from agent.recording import Recorder
    from agent.service.watchdog import Watchdog
    from agent.service.worker_supervisor import WorkerSupervisor
    from agent.store.journal import Journal
    from agent.vision.supervisor import CameraSupervisor

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class MeasuredParts:
    """The parts that are read.

    `uplink`: None without central; `pictures_waiting`: 0 then. `uploads`: how often one ended so. `refused`: whether
    the configuration on the disk is.
    """

    gate: str
    version: str
    state: Path
    journal_limit_bytes: int
    lanes: Sequence[LaneService]
    cameras: Sequence[CameraSupervisor]
    relays: Mapping[str, RelayBoard]
    devices: DeviceStatusTable
    journal: Journal
    recorder: Recorder
    clock: ClockMonitor
    watchdog: Watchdog
    workers: WorkerSupervisor
    lists: Callable[[], DataState | None]
    uplink: Callable[[], UplinkView | None]
    pictures_waiting: Callable[[], int]
    refused: Callable[[], bool]
    expiries: Callable[[], tuple[Expiry, ...]] = tuple
    uploads: Callable[[], Mapping[str, int]] = dict
    notifications: Callable[[], tuple[ChannelView, ...]] = tuple


class MetricsCollector:
    """For all threads. `links`: how each link, central or site, was last heard to be; others fill it."""

    def __init__(self, parts: MeasuredParts, links: Mapping[str, BrokerLinkView]) -> None:
        self._parts = parts
        self._links = links

    def read(self) -> GateFigures:
        """The figures of now."""
        parts = self._parts
        trust = parts.clock.trust()
        return GateFigures(
            gate=parts.gate,
            version=parts.version,
            lanes=tuple(map(_lane, parts.lanes)),
            cameras=tuple(map(camera_figures, parts.cameras)),
            relays=tuple(
                RelayFigures(name, board.state is PortState.UP, board.answer_s) for name, board in parts.relays.items()
            ),
            devices=parts.devices.states,
            journal=_journal(parts.journal, parts.journal_limit_bytes),
            journal_failing=parts.recorder.failing,
            links=tuple(
                LinkFigures(name, view.state is PortState.UP, view.connections)
                for name, view in sorted(dict(self._links).items())
            ),
            uplink=_uplink(parts.uplink(), parts.pictures_waiting(), parts.uploads()),
            lists=parts.lists(),
            clock_trusted=trust.trusted,
            clock_error_s=trust.error_s,
            disk=_disk(parts.state),
            watchdog_margin_s=parts.watchdog.margin_s(),
            parts=tuple(
                WorkerFigures(one.name, one.failures, well=not one.trouble and one.still_s is None)
                for one in parts.workers.states
            ),
            configuration_refused=parts.refused(),
            expiries=parts.expiries(),
            notifications=tuple(map(_channel, parts.notifications())),
        )


def _lane(lane: LaneService) -> LaneFigures:
    view = lane.view
    if view is None:
        return LaneFigures(lane.name, None, vehicle=False, locked=False, out_of_service=False, dry_run=lane.dry_run)
    return LaneFigures(
        lane.name,
        LaneState(view.state),
        vehicle=view.transaction is not None,
        locked=bool(view.lockout.locked_by),
        out_of_service=bool(view.lockout.out_of_service_by),
        dry_run=lane.dry_run,
    )


def camera_figures(supervisor: CameraSupervisor) -> CameraFigures:
    """The figures of one camera."""
    lane, _, camera = supervisor.name.partition("/")
    status, heartbeat, pid = supervisor.status, supervisor.last_heartbeat, supervisor.pid
    shared = CameraFigures(
        lane=lane,
        camera=camera,
        up=status.up,
        view=status.view,
        overloaded=status.overloaded,
        restarts=status.restarts,
        frame_rate_hz=status.frame_rate_hz,
    )
    if heartbeat is None:
        return shared
    return replace(
        shared,
        captured=heartbeat.captured,
        read=heartbeat.read,
        skipped=heartbeat.skipped,
        dropped=heartbeat.dropped,
        load=heartbeat.load,
        behind_s=heartbeat.behind_s,
        age_s=None if heartbeat.captured_at is None else max(0.0, time.monotonic() - heartbeat.captured_at),
        age_p95_s=supervisor.stats.age_p95_s,
        health=supervisor.stats.health,
        memory_bytes=None if pid is None else resident_bytes(pid),
    )


def resident_bytes(pid: int) -> int | None:
    """The resident memory of a process (proc(5), statm); None where it has gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return None


def _journal(journal: Journal, limit_bytes: int) -> JournalFigures | None:
    try:
        depth = journal.depth()
        return JournalFigures(journal.head, depth.events, depth.bytes, journal.used_bytes(), limit_bytes)
    except JournalError:  # the recorder tells of it
        return None


def _uplink(view: UplinkView | None, pictures_waiting: int, uploads: Mapping[str, int]) -> UplinkFigures | None:
    if view is None:
        return None
    return UplinkFigures(
        view.under_way,
        view.refused,
        view.resent,
        pictures_waiting,
        acks=view.acks,
        acks_signed=view.acks_signed,
        answer_s=view.answer_s,
        resend_after_s=view.resend_after_s,
        uploads=uploads,
    )


def _channel(view: ChannelView) -> ChannelFigures:
    return ChannelFigures(view.name, not view.trouble, view.waiting, view.dropped, view.results)


def _disk(state: Path) -> DiskFigures | None:
    try:
        found = os.statvfs(state)
    except OSError:
        return None
    return DiskFigures(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize, found.f_favail)
