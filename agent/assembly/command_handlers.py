"""What carries out each command from central.

Thin adapters between the desk of the commands and the parts of the gate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from agent.core.commands import LANE_COMMANDS, Command, CommandAnswer, CommandName, Result
from agent.core.lane import CommandKind
from agent.store.errors import EvidenceError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.permit import TrustList
    from agent.mqtt import ReplayPlan
    from agent.observability import LogLevel
    from agent.store.evidence import EvidenceStore

ORDER_S = 5.0
SNAPSHOT_S = 5.0


class OrderedLane(Protocol):
    """A lane that takes orders (agent.lane.service.LaneService)."""

    def order(self, kind: CommandKind, operator: str, cause: str, timeout_s: float) -> CommandAnswer:
        """Order something and wait for what becomes of it."""
        ...


class Camera(Protocol):
    """An eye that shows what it sees (agent.vision.supervisor.CameraSupervisor)."""

    def snapshot(self, timeout_s: float) -> bytes | None:
        """The newest frame as JPEG, None when there is none in time."""
        ...


class Replayer(Protocol):
    """Who sends events again (agent.mqtt.uplink.Uplink)."""

    def replay(self, stream: str, first: int, last: int) -> ReplayPlan:
        """Queue a range; raises ValueError in words."""
        ...


class Reloaded(Protocol):
    """The result of reloading a trust list (agent.lists.monitor.Reloaded)."""

    @property
    def trust(self) -> TrustList | None:
        """The list in force now."""
        ...

    @property
    def problem(self) -> str:
        """Why it is not the one that was read, in words; "" when it is."""
        ...


class Reloader(Protocol):
    """Who reads the trust list's file (agent.lists.monitor.ListMonitor)."""

    def reload(self) -> Reloaded:
        """Reload it, and say what is in force now."""
        ...


@dataclass(frozen=True, slots=True)
class HandlerDependencies:
    """The parts that commands need. `lanes` by name; `cameras` by lane and camera, as `lane/camera`."""

    lanes: Mapping[str, OrderedLane]
    cameras: Mapping[str, Camera]
    uplink: Replayer
    evidence: EvidenceStore
    trust: Sequence[Reloader]
    log_level: LogLevel


def make_handlers(parts: HandlerDependencies) -> Mapping[CommandName, Callable[[Command], CommandAnswer]]:
    """An executor for every command."""
    ordering = partial(order_lane, parts)
    return {
        **dict.fromkeys(LANE_COMMANDS - {CommandName.SNAPSHOT}, ordering),
        CommandName.SNAPSHOT: partial(take_snapshot, parts),
        CommandName.REPLAY: partial(replay, parts),
        CommandName.SEND_EVIDENCE: partial(send_evidence, parts),
        CommandName.RELOAD_LISTS: partial(reload_lists, parts),
        CommandName.SET_LOG_LEVEL: partial(set_log_level, parts),
    }


def order_lane(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Hand an order to its lane and wait for what becomes of it."""
    lane = parts.lanes[command.lane or ""]
    return lane.order(CommandKind(command.name.value), command.operator, command.cause, ORDER_S)


def replay(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Send a range of events again. `data`: what of it will be sent, and what is not kept any more."""
    asked: Mapping[str, Any] = command.arguments
    try:
        plan = parts.uplink.replay(asked["stream"], asked["first"], asked["last"])
    except ValueError as error:
        return CommandAnswer(Result.NOT_DONE, str(error))
    data = {
        "first": plan.first,
        "last": plan.last,
        "events": plan.events,
        "gone": None if plan.gone is None else list(plan.gone),
    }
    return CommandAnswer(
        Result.DONE, Text("events {first} to {last} are sent again", first=plan.first, last=plan.last), data
    )


def send_evidence(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Queue pictures to be sent. `data`: which are queued, and which are not kept (any more)."""
    asked: Mapping[str, Any] = command.arguments
    try:
        requested = parts.evidence.request(asked["pictures"])
    except EvidenceError as error:
        return CommandAnswer(Result.FAILED, Text("the pictures cannot be queued: {error}", error=error))
    data = {"queued": list(requested.queued), "unknown": list(requested.unknown)}
    if not requested.queued:
        return CommandAnswer(Result.NOT_DONE, Text("none of these pictures is kept"), data)
    return CommandAnswer(Result.DONE, Text("{count} pictures will be sent", count=len(requested.queued)), data)


def take_snapshot(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Keep what a camera sees now as evidence, and send it. `data`: the picture's SHA-256."""
    name = f"{command.lane}/{command.arguments['camera']}"
    camera = parts.cameras.get(name)
    if camera is None:
        return CommandAnswer(Result.NOT_DONE, Text("there is no camera {name}", name=name))
    jpeg = camera.snapshot(SNAPSHOT_S)
    if jpeg is None:
        return CommandAnswer(
            Result.FAILED,
            Text("the camera {name} gave no picture within {snapshot_s} s", name=name, snapshot_s=f"{SNAPSHOT_S:g}"),
        )
    picture = hashlib.sha256(jpeg).hexdigest()
    try:
        parts.evidence.keep(picture, jpeg)
        parts.evidence.request([picture])
    except EvidenceError as error:
        return CommandAnswer(Result.FAILED, Text("the picture cannot be kept: {error}", error=error))
    return CommandAnswer(Result.DONE, Text("the picture will be sent"), {"picture": picture, "bytes": len(jpeg)})


def reload_lists(parts: HandlerDependencies, _command: Command) -> CommandAnswer:
    """Read the trust lists anew. `data`: what is in force now: version, expiry, issuers, and the ids of the keys."""
    found = [file.reload() for file in parts.trust]
    problem = next((each.problem for each in found if each.problem), "")
    trust = next((each.trust for each in found if each.trust is not None), None)
    if trust is None:
        return CommandAnswer(Result.FAILED, problem or Text("there is no trust list"), {"version": None})
    data = {
        "version": trust.version,
        "expires_at": trust.expires_at,
        "issuers": sorted({entry.issuer for entry in trust.entries}),
        "keys": sorted(entry.key_id.hex() for entry in trust.entries),
    }
    if problem:
        return CommandAnswer(
            Result.FAILED,
            Text(
                "{problem}; {said}",
                problem=problem,
                said=Text("version {version} stays in force", version=trust.version),
            ),
            data,
        )
    return CommandAnswer(Result.DONE, Text("trust list version {version} is in force", version=trust.version), data)


def set_log_level(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Log more or less, for a while."""
    asked: Mapping[str, Any] = command.arguments
    level, for_s = asked["level"], asked["for_s"]
    parts.log_level.change(level, for_s)
    return CommandAnswer(
        Result.DONE,
        Text(
            "the log level is {level} {duration}",
            level=level,
            duration=Text("for {for_s} s", for_s=for_s) if for_s else Text("until the next start"),
        ),
    )
