"""What is gathered before anything is judged: plain values, of which any may be unknown (None)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from agent.core.clock import ClockState
    from agent.core.model import Figures, View
    from agent.vision.worker.protocol import CameraPhase

# --------------------------------------------------------------------------------------------------------- the software


@dataclass(frozen=True, slots=True)
class ProblemFacts:
    """A line of the configuration that is wrong. `head`: as editors read it, with its file; `brief`: for a page.

    A page has a title that names the file, and the severity beside it: `brief` says neither again.
    """

    head: str
    brief: str


@dataclass(frozen=True, slots=True)
class ConfigurationFacts:
    """The configuration on the disk. `errors`, `warnings`: in order; `digest`: of what is there, None if unusable.

    `running`: the digest of what the agent runs with; None: no agent was asked. `dry_run`: the lanes that move nothing.
    `fallback`: whether there is one that can be used, this one or the last one with which the agent ran.
    """

    path: Path
    errors: tuple[ProblemFacts, ...]
    warnings: tuple[ProblemFacts, ...]
    digest: str | None
    running: str | None
    dry_run: tuple[str, ...] = ()
    fallback: bool = True


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """The unit as the service manager knows it. `manager`: whether one runs on this machine.

    `asked`: whether it answered. `unit`: path of the unit's file, None where there is none. `unit_problems`: what the
    offline check of the file prints. `enabled`: whether it starts with the machine. `active`: active, inactive, failed
    and so on. `result`: of its last end.
    """

    manager: bool
    asked: bool = True
    unit: Path | None = None
    unit_problems: str = ""
    enabled: bool = True
    active: str = ""
    result: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """Which software this is. `running`: the version of the agent that runs; None: none was asked.

    `update`, `stage`: the update that root's helper has under way, "" for none. `undone`, `why`: the last one, where it
    was undone.
    """

    installed: str
    running: str | None
    python: str
    system: str
    kernel: str
    update: str = ""
    stage: str = ""
    undone: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """A driver that an installed package brings. `name`: port.kind, as declared. `package`: its name and version.

    `trouble`: why it cannot be used, "" for nothing. `rejected`: what is declared counts for nothing.
    """

    name: str
    package: str
    trouble: str = ""
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class WatchdogFacts:
    """The two watchdogs. `service_s`: within which the service manager wants a sign of life; None: it wants none.

    `asked`: whether that is known at all. `hardware`: the state of the machine's own (active, inactive); None: it has
    none.
    """

    asked: bool
    service_s: float | None
    hardware: str | None


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A way to people. `trouble`: why the last attempt failed. `waiting`, `dropped`: notices."""

    name: str
    place: str
    trouble: str = ""
    waiting: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class NotificationFacts:
    """How notices get to people. `trouble`: why none can be made; "" for nothing."""

    trouble: str
    channels: tuple[ChannelFacts, ...]


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """One thread of the agent that runs. `failures`: since its start.

    `trouble`: why it failed last, "" once it has recovered. `still_s`: for how long it has made no progress, where that
    is longer than it may be.
    """

    name: str
    failures: int
    trouble: str
    still_s: float | None


# ---------------------------------------------------------------------------------------------------------- the machine


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The clock. `required`: whether permits are judged by a trusted clock only. `why`: why it is not in step."""

    state: ClockState
    error_s: float | None
    why: str
    required: bool


@dataclass(frozen=True, slots=True)
class TimeZoneFacts:
    """The time zone of the machine; None: it has none."""

    name: str | None


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """The file system of the state. `wanted_bytes`: what the settings allow all stores to grow by from now on."""

    path: Path
    size_bytes: int
    free_bytes: int
    inodes: int
    free_inodes: int
    file_system: str
    source: str
    options: frozenset[str]
    wanted_bytes: int


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """The memory of the machine."""

    size_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True)
class ProcessorFacts:
    """How busy and how hot the machine is. `load_15`: the load average of 15 minutes. `throttled`: since its start."""

    cores: int
    load_15: float
    temperature_c: float | None
    throttled: bool | None


# ------------------------------------------------------------------------------------------------- the gate's own files


@dataclass(frozen=True, slots=True)
class AnchorFacts:
    """The trust anchors that root keeps. `trouble`: why they cannot be used, "" for nothing.

    `can_change`: whether anybody could change them once they are sealed.
    """

    path: Path
    exists: bool
    trouble: str = ""
    number: int = 0
    sealed: bool = False
    can_change: bool = False


@dataclass(frozen=True, slots=True)
class StateFacts:
    """The state directory. `user`: who the agent is there. `writable`: for that user."""

    path: Path
    exists: bool
    mode: int = 0
    user: str = ""
    writable: bool = False


@dataclass(frozen=True, slots=True)
class HeadFileFacts:
    """The head file. `path`: None where none is configured. `trouble`: why it cannot be used, "" for nothing.

    `not_whole`: the parts of the state that the agent has found behind or lost, by name, each with the cause.
    """

    path: Path | None
    trouble: str = ""
    not_whole: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """The journal. `trouble`: what is wrong with the file, "" for nothing. `failing`: the agent cannot write it now.

    `oldest_s`: age of the oldest event that is not acknowledged. `delivers`: whether anybody is to take the events.
    `acks_signed`: whether only acknowledgements count that central signed; None: nobody is asked for any.
    """

    path: Path
    exists: bool
    trouble: str = ""
    failing: bool = False
    events: int = 0
    size_bytes: int = 0
    limit_bytes: int = 0
    unacknowledged: int = 0
    oldest_s: float | None = None
    delivers: bool = True
    acks_signed: bool | None = None


@dataclass(frozen=True, slots=True)
class GateKeyFacts:
    """The key with which the gate signs. `trouble`: why it cannot be used, "" for nothing.

    `named`: the public half that the settings of the site name for this gate, "" where they name none.
    """

    exists: bool
    trouble: str
    public: str = ""
    named: str = ""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate file. `name`: its CN, which must be `expected` where that is not None.

    `renews`: when the gate asks for the next one, None where it does not; `renewal_trouble`: why it last could not.
    """

    path: Path
    trouble: str = ""
    name: str = ""
    expected: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    renews: datetime | None = None
    renewal_trouble: str = ""


@dataclass(frozen=True, slots=True)
class PrivateKeyFacts:
    """The file of a private key. `trouble`: why it cannot be used with its certificate. `mode`: of the file."""

    path: Path
    trouble: str
    mode: int


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """All files that TLS needs. `now`: by the wall clock, UTC."""

    certificates: tuple[CertificateFacts, ...]
    keys: tuple[PrivateKeyFacts, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One file of weights. `trouble`: why it is not the one that was measured, "" for nothing."""

    file: str
    trouble: str


# ------------------------------------------------------------------------------------------------ the way to the others


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """One address of a broker. `trouble`: why it cannot be reached, or lets the gate not in.

    `connect_ms`: until it has let the gate in; `publish_ms`: until it answered what was published; None where it did
    not come to that. `takes`, `gives`: why it refuses what the gate publishes and subscribes to, "" for nothing.
    """

    url: str
    encrypted: bool
    trouble: str = ""
    connect_ms: float | None = None
    publish_ms: float | None = None
    takes: str = ""
    gives: str = ""


@dataclass(frozen=True, slots=True)
class SiteGateFacts:
    """Another gate of the site. `heard_s`: since its last word that was taken; None: there was none since the start.

    `met`: whether each takes what the other says. `same_list`: whether it goes by the same list of gates. `version`: of
    the messages, where it speaks another one than this gate, whose own is `ours`; else 0.
    """

    gate: str
    heard_s: float | None
    met: bool
    same_list: bool = True
    version: int = 0
    ours: int = 0


@dataclass(frozen=True, slots=True)
class ListFacts:
    """One list. `age_s`: since central's last word on it; None: it has none. `required`: the gate cannot do without."""

    name: str
    version: int
    rows: int
    age_s: float | None
    required: bool


@dataclass(frozen=True, slots=True)
class IssuerKeyFacts:
    """A key of the trust list that may be used. `key`: its id, hex."""

    key: str
    issuer: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class ListsFacts:
    """All lists. `begun`: whether there is a store for them yet. `trouble`: why they cannot be read.

    `trust_ends_s`: until the trust list ends, `trust_ends`: when; None: there is none. `keys`: those that end first.
    """

    trouble: str = ""
    begun: bool = True
    trust_version: int = 0
    trust_ends_s: float | None = None
    trust_ends: datetime | None = None
    keys: tuple[IssuerKeyFacts, ...] = ()
    lists: tuple[ListFacts, ...] = ()
    fresh_s: float = 0.0
    known_only_s: float = 0.0


# ---------------------------------------------------------------------------------------------------------- the devices


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A file below /dev that the configuration names. `used_by`: the devices on it.

    `holders`: strangers that have it open. `permitted`: whether `user`, as whom the agent runs, may open it; `group`:
    the group that may, "" where it cannot be seen from within the service. `barred`: the kind of device, by the name of
    its driver, where it is the service manager that keeps all of that kind from the agent. `better`: the name that
    should be written down instead, "" for none; `why`: why.
    """

    path: str
    used_by: tuple[str, ...]
    exists: bool
    permitted: bool = True
    user: str = ""
    group: str = ""
    barred: str = ""
    holders: tuple[str, ...] = ()
    better: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera. `figures`: what was measured of its picture, None before the first. `detail`: what is wrong, in words.

    `unconfined`: what its process could not take from itself, and why.
    """

    name: str
    phase: CameraPhase
    detail: str
    misconfigured: bool
    view: View
    figures: Figures | None
    width_px: int
    height_px: int
    rate_hz: float | None
    overloaded: bool
    restarts: int
    unconfined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecondReadingFacts:
    """The processes that read kept pictures a second time: how many wait, of how many.

    `trouble`: why the last one could not be had. `unconfined`: what the newest could not take from itself, and why.
    """

    ready: int
    wanted: int
    trouble: str = ""
    unconfined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayFacts:
    """A relay board.

    `energised`: its relays that are on, None where it cannot say; `agent`: whether an agent owns it.
    """

    board: str
    lanes: tuple[str, ...]
    up: bool
    detail: str
    answer_s: float | None
    energised: tuple[int, ...] | None
    agent: bool


@dataclass(frozen=True, slots=True)
class InputsFacts:
    """The inputs of a lane. `wired`: whether there are any. `blind`: none says whether a vehicle is there.

    `signals`: each wired one by name, None where it is not known.
    """

    lane: str
    wired: bool
    up: bool = False
    detail: str = ""
    signals: Mapping[str, bool | None] | None = None
    blind: bool = False


@dataclass(frozen=True, slots=True)
class ScannerFacts:
    """A scanner. `noisy`: texts were dropped of late."""

    name: str
    up: bool
    noisy: bool
    detail: str


@dataclass(frozen=True, slots=True)
class DriverDeviceFacts:
    """A sign for drivers, or a sound device that speaks to them."""

    name: str
    up: bool
    detail: str
