"""The figures of the running gate as plain values: what the metrics are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.lane import LaneState
    from agent.core.lists import DataState
    from agent.core.model import View
    from agent.enrolment import Expiry
    from agent.lane import DryRunCounts


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """A lane now. `state`: None before its first round. `vehicle`: whether a transaction is under way.

    `dry_run`: how its decisions agree with what happens, where it moves nothing; None: it is at work.
    """

    lane: str
    state: LaneState | None
    vehicle: bool
    locked: bool
    out_of_service: bool
    dry_run: DryRunCounts | None = None


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """A camera and its vision worker now.

    The counts are those of the process that runs now; None where none has spoken yet.
    `health`: share of the frames in a time of change that were read, over the last minute; `age_s`: of the newest
    frame, `age_p95_s`: what 95 of 100 looks at it in the last minute stayed below.
    """

    lane: str
    camera: str
    up: bool
    view: View
    overloaded: bool
    restarts: int
    frame_rate_hz: float
    captured: int | None = None
    read: int | None = None
    skipped: int | None = None
    dropped: int | None = None
    load: float | None = None
    behind_s: float | None = None
    age_s: float | None = None
    age_p95_s: float | None = None
    health: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RelayFigures:
    """A relay board now. `answer_s`: how long its last answer took; None while none came."""

    board: str
    up: bool
    answer_s: float | None


@dataclass(frozen=True, slots=True)
class JournalFigures:
    """The journal now. `sequence`: of its last event."""

    sequence: int
    unacknowledged: int
    unacknowledged_bytes: int
    used_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """The connection to a broker. `link`: central or site."""

    link: str
    up: bool
    connections: int


@dataclass(frozen=True, slots=True)
class UplinkFigures:
    """The events on their way. `refused`, `resent` and `acks`, by what became of them, count since the start.

    `acks_signed`: whether only acknowledgements count that central signed; None: nobody is asked for any. `answer_s`:
    how long central takes for an event, smoothed; None: not measured yet. `resend_after_s`: how long it may take before
    the gate sends the oldest event again. `uploads`: tries to put something into object storage, by how they ended.
    """

    under_way: int
    refused: int
    resent: int
    pictures_waiting: int
    acks: Mapping[str, int]
    acks_signed: bool | None
    answer_s: float | None
    resend_after_s: float
    uploads: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiskFigures:
    """The file system of the state directory."""

    size_bytes: int
    free_bytes: int
    free_inodes: int


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """One thread of the agent. `failures`: since the start.

    `well`: it makes progress, and has recovered from its last failure.
    """

    part: str
    failures: int
    well: bool


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """A way to people, and the notices for it. `well`: its last attempt did not fail.

    `results`: attempts since the start, by how they ended.
    """

    channel: str
    well: bool
    waiting: int
    dropped: int
    results: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GateFigures:
    """The whole gate now. None: not there, or it cannot be known now.

    `devices`: the state of every device by its name. `clock_error_s`: None where no time server keeps the clock.
    `watchdog_margin_s`: how long the part of the gate that is closest to it may still stand still before the service
    manager restarts the agent. `expiries`: when what ends that the gate goes by.
    """

    gate: str
    version: str
    lanes: tuple[LaneFigures, ...]
    cameras: tuple[CameraFigures, ...]
    relays: tuple[RelayFigures, ...]
    devices: Mapping[str, str]
    journal: JournalFigures | None
    journal_failing: bool
    links: tuple[LinkFigures, ...]
    uplink: UplinkFigures | None
    lists: DataState | None
    clock_trusted: bool
    clock_error_s: float | None
    disk: DiskFigures | None
    watchdog_margin_s: float | None
    parts: tuple[WorkerFigures, ...]
    configuration_refused: bool
    expiries: tuple[Expiry, ...] = ()
    notifications: tuple[ChannelFigures, ...] = ()
