"""Carries out the commands from central.

It has thin adapters between the command processor and the parts of the gate. agent.assembly.upload_handlers has the
adapters for uploads.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.assembly.upload_handlers import grant_uploads, send_bundle
from agent.core.commands import LANE_COMMANDS, Command, CommandAnswer, Result
from agent.core.lane import CommandKind, TextForDriver
from agent.core.model import SEQ_MAX, CommandName, DriverMessage
from agent.i18n import Language
from agent.i18n.drive_on_words import sounds_like_go
from agent.i18n.driver_texts import sentence
from agent.recording import ErasureRequest
from agent.service.parallel import at_once
from agent.store.errors import EvidenceError, JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.assembly.upload_handlers import UploadParts
    from agent.lane import LaneService
    from agent.lists import ListService
    from agent.mqtt import Uplink
    from agent.observability import LogLevel
    from agent.recording import ValueErasure
    from agent.store.evidence import EvidenceStore
    from agent.vision.supervisor import CameraSupervisor

ORDER_S = 5.0
SNAPSHOT_S = 8.0


@dataclass(frozen=True, slots=True)
class HandlerDependencies:
    """The parts that commands need. `lanes` by name; `cameras` by lane and camera, as `lane/camera`.

    `rebirth` has birth and status published again, and returns whether the gate is connected. `stream`: that of the
    journal.
    """

    lanes: Mapping[str, LaneService]
    cameras: Mapping[str, CameraSupervisor]
    uplink: Uplink
    evidence: EvidenceStore
    lists: ListService
    log_level: LogLevel
    rebirth: Callable[[], bool]
    uploads: UploadParts
    values: ValueErasure
    stream: str


def make_handlers(parts: HandlerDependencies) -> Mapping[CommandName, Callable[[Command], CommandAnswer]]:
    """An executor for every command."""
    ordering = partial(order_lane, parts)
    return {
        **dict.fromkeys(LANE_COMMANDS - {CommandName.SNAPSHOT, CommandName.DISPLAY}, ordering),
        CommandName.DISPLAY: partial(display, parts),
        CommandName.SNAPSHOT: partial(take_snapshot, parts),
        CommandName.REPLAY: partial(replay, parts),
        CommandName.SEND_EVIDENCE: partial(send_evidence, parts),
        CommandName.RELOAD_LISTS: partial(reload_lists, parts),
        CommandName.SET_LOG_LEVEL: partial(set_log_level, parts),
        CommandName.REBIRTH: partial(rebirth, parts),
        CommandName.SEND_BUNDLE: partial(send_bundle, parts.uploads),
        CommandName.UPLOAD_GRANT: partial(grant_uploads, parts.uploads),
        CommandName.ERASE: partial(erase, parts),
    }


def order_lane(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Hand an order to its lane and wait for what becomes of it."""
    lane = parts.lanes[command.lane or ""]
    return lane.order(CommandKind(command.name.value), command.operator, command.cause, ORDER_S)


def display(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Hand a text for the driver to the lane, or to every lane, and wait for what becomes of it.

    Nothing that could be taken for the gate's own word that one may drive on.
    """
    asked: Mapping[str, Any] = command.arguments
    texts = _texts(asked)
    if any(sounds_like_go(text) for _, text in texts):
        return CommandAnswer(
            Result.NOT_DONE,
            Text("it could be mistaken for the gate's own permission to drive on: use other words"),
        )
    text = TextForDriver(texts, asked["seconds"], asked["transaction"] or "")
    if command.lane is not None:
        return parts.lanes[command.lane].display(text, command.operator, command.cause, ORDER_S)
    return _everywhere(parts, command, text)


def _texts(asked: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if asked["message"] is None:
        return tuple(sorted(asked["texts"].items()))
    message = DriverMessage(asked["message"])
    return tuple(sorted((language.value, sentence(message, language)) for language in Language))


def _everywhere(parts: HandlerDependencies, command: Command, text: TextForDriver) -> CommandAnswer:
    """At every lane at once. `data`: what became of it, by lane."""
    jobs = [
        (
            f"display-{name}",
            partial(lane.display, text, command.operator, command.cause, ORDER_S),
            CommandAnswer(Result.UNKNOWN, Text("it did not finish in time")),
        )
        for name, lane in parts.lanes.items()
    ]
    answers = dict(zip(parts.lanes, at_once(jobs, ORDER_S + 1.0), strict=True))
    shown = sum(answer.result is Result.DONE for answer in answers.values())
    data = {"lanes": {name: {"result": each.result.value, "detail": each.detail} for name, each in answers.items()}}
    if not shown:
        return CommandAnswer(Result.NOT_DONE, Text("no lane can show it now"), data)
    return CommandAnswer(Result.DONE, Text("at {shown} of {all} lanes", shown=shown, all=len(answers)), data)


def rebirth(parts: HandlerDependencies, _command: Command) -> CommandAnswer:
    """Publish birth and status again."""
    if not parts.rebirth():
        return CommandAnswer(Result.FAILED, Text("the gate is not connected now; it publishes both when it is"))
    return CommandAnswer(Result.DONE, Text("the birth and status messages are published"))


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
    """Keep what a camera sees now as evidence, and send it. `data`: the picture's SHA-256, and how long it was awaited.

    A camera that was only just started is waited for. It fails where the camera delivers nothing in time: a picture of
    before is not what it sees.
    """
    name = f"{command.lane}/{command.arguments['camera']}"
    camera = parts.cameras.get(name)
    if camera is None:
        return CommandAnswer(Result.NOT_DONE, Text("there is no camera {name}", name=name))
    asked_at = time.monotonic()
    jpeg = camera.snapshot(SNAPSHOT_S)
    waited_s = round(time.monotonic() - asked_at, 1)
    if jpeg is None:
        return CommandAnswer(
            Result.FAILED,
            Text("the camera {name} gave no picture within {snapshot_s} s", name=name, snapshot_s=f"{waited_s:g}"),
            {"waited_s": waited_s},
        )
    picture = hashlib.sha256(jpeg).hexdigest()
    try:
        parts.evidence.keep(picture, jpeg)
        parts.evidence.request([picture])
    except EvidenceError as error:
        return CommandAnswer(Result.FAILED, Text("the picture cannot be kept: {error}", error=error))
    return CommandAnswer(
        Result.DONE, Text("the picture will be sent"), {"picture": picture, "bytes": len(jpeg), "waited_s": waited_s}
    )


def reload_lists(parts: HandlerDependencies, _command: Command) -> CommandAnswer:
    """Read the trust list again. `data`: what is in force now: version, expiry, issuers, and the ids of the keys."""
    reloaded = parts.lists.reload()
    trust, problem = reloaded.trust, reloaded.problem
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


def erase(parts: HandlerDependencies, command: Command) -> CommandAnswer:
    """Erase personal values of events. `data`: how many, of how many events, and how many pictures went with them."""
    asked: Mapping[str, Any] = command.arguments
    if asked["stream"] not in (None, parts.stream):
        return CommandAnswer(Result.NOT_DONE, Text("the gate keeps no stream {stream}", stream=asked["stream"]))
    request = ErasureRequest(
        id=command.id,
        operator=command.operator,
        cause=command.cause,
        first=asked["first"] or 1,
        last=asked["last"] or SEQ_MAX,
        digest=asked["digest"] or "",
    )
    try:
        done = parts.values.erase(request)
    except (JournalError, EvidenceError) as error:
        return CommandAnswer(Result.FAILED, Text("could not erase everything: {error}", error=error))
    data = {"values": done.values, "events": done.events, "pictures": done.pictures, "copies": done.copies}
    if not done.values:
        return CommandAnswer(Result.NOT_DONE, Text("nothing of it is kept"), data)
    return CommandAnswer(
        Result.DONE,
        Text("{values} values of {events} events are erased", values=done.values, events=done.events),
        data,
    )
