"""Rules that bind several keys. Each part of the tree that is sound by itself is checked, whatever else is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from agent.broker import TlsFiles, TlsFilesError, make_context
from agent.core.model import CommandName
from agent.settings.model.agent import (
    EXAMPLE_ROOT_KEY,
    Commands,
    Console,
    Evidence,
    Lists,
    Mail,
    Mqtt,
    Permits,
    Site,
    State,
    Uploads,
    Webhook,
)
from agent.settings.model.lane import Camera, Lane, Scanner, Sign, Witness
from agent.settings.rules.between_lanes import Neighbours
from agent.settings.rules.brokers import BrokerRules, readable
from agent.settings.rules.console import console_problems
from agent.settings.rules.driver_page import driver_page_problems
from agent.settings.rules.lane import LaneRules
from agent.settings.rules.notifications import mail_problems, webhook_problems
from agent.settings.rules.ports import port_problems
from agent.settings.rules.signs import sign_problems
from agent.settings.rules.site import access_problems, claim_problems, list_problems, site_problems
from agent.store.head_file import inside
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from agent.settings.model.agent import AckKey, CommandKey
    from agent.settings.model.devices import Board
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem
    from drivers.api import RelayCapabilities

_Part = TypeVar("_Part", bound=BaseModel)

_TAKEN = {
    "relay": Text("the lane's relay board has this name among its devices: take another"),
    "inputs": Text("the lane's board of inputs has this name among its devices: take another"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked: the tree, the boards whose drivers accept their keys, and what the relay boards can do."""

    data: Mapping[str, Any]
    boards: Mapping[Path, Board]
    capabilities: Mapping[Path, RelayCapabilities]


def problems(checked: Checked, pydantic_problems: PydanticProblems) -> list[Problem]:
    """Everything that the rules find wrong."""
    found = [
        *_state(checked.data, pydantic_problems),
        *_permits(checked.data, pydantic_problems),
        *_mqtt(checked.data, pydantic_problems),
    ]
    found += [*_commands(checked.data, pydantic_problems), *_evidence(checked.data, pydantic_problems)]
    found += _uploads(checked.data, pydantic_problems)
    found += _notifications(checked.data, pydantic_problems)
    found += _console(checked.data, pydantic_problems)
    lanes = _lanes(checked.data)
    for name, lane in lanes.items():
        path = ("lanes", name)
        inputs = checked.boards.get((*path, "inputs"))
        rules = LaneRules(path, lane, pydantic_problems, checked.capabilities.get((*path, "relay")), inputs)
        found += rules.problems()
    found += _site(checked.data, lanes, pydantic_problems)
    found += _unique(lanes, pydantic_problems)
    found += _driver_pages(checked.data, lanes, pydantic_problems)
    linked = [name for name in lanes if _has_linked_inputs(checked.capabilities.get(("lanes", name, "relay")))]
    found += Neighbours(lanes, _names(checked.data), checked.boards, linked, pydantic_problems).problems()
    found += port_problems(list(checked.boards.values()), pydantic_problems)
    found += sign_problems(lanes, checked.boards, pydantic_problems)
    return found


def _has_linked_inputs(board: RelayCapabilities | None) -> bool:
    return board is not None and board.linked_inputs


def _part(model: type[_Part], value: object) -> _Part | None:
    """The part when it is sound; its own errors are told elsewhere."""
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _names(data: Mapping[str, Any]) -> tuple[str, ...]:
    tables = data.get("lanes")
    return tuple(tables) if isinstance(tables, dict) else ()


def _lanes(data: Mapping[str, Any]) -> dict[str, Lane]:
    tables = data.get("lanes")
    parts = {name: _part(Lane, table) for name, table in tables.items()} if isinstance(tables, dict) else {}
    return {name: lane for name, lane in parts.items() if lane is not None}


# ------------------------------------------------------------------------------------------------- sections


def _state(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    state = _part(State, data.get("state", {}))
    if state is not None and not state.directory.is_absolute():
        yield pydantic_problems.about(("state", "directory"), Text("expected an absolute path"))
    if state is not None and state.head_file is not None and inside(state.head_file, state.directory):
        message = Text(
            "is in state.directory: if an older copy of that folder is restored, this file is restored "
            "with it; choose another folder"
        )
        yield pydantic_problems.about(("state", "head_file"), message)


def _permits(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    permits = _part(Permits, data.get("permits", {}))
    if permits is None:
        return
    if permits.trust_list is not None:
        yield from readable(("permits", "trust_list"), permits.trust_list, pydantic_problems)
    for number, key in enumerate(permits.root_keys):
        path = ("permits", "root_keys", number)
        if key in permits.root_keys[:number]:
            yield pydantic_problems.about(path, Text("this key is listed twice"))
        if key == EXAMPLE_ROOT_KEY:
            message = Text("is the example key without a private half: no permit will be accepted")
            yield pydantic_problems.about(path, message, warning=True)


def _commands(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    commands = _part(Commands, data.get("commands", {}))
    if commands is None:
        return
    path = ("commands", "keys")
    yield from _twice(path, commands.keys, pydantic_problems)
    permits = _part(Permits, data.get("permits", {}))
    for number, key in enumerate(commands.keys):
        if permits is not None and key.public_key in permits.root_keys:
            message = Text("is also a root key of permits: its owner could also make permits")
            yield pydantic_problems.about((*path, number, "public_key"), message, warning=True)


def _acknowledgements(mqtt: Mqtt, data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    path = ("mqtt", "ack_keys")
    yield from _twice(path, mqtt.ack_keys, pydantic_problems)
    commands = _part(Commands, data.get("commands", {}))
    ordering = {key.public_key for key in commands.keys} if commands is not None else frozenset[str]()
    for number, key in enumerate(mqtt.ack_keys):
        if key.public_key in ordering:
            message = Text("is also a key for commands: its owner could also give commands")
            yield pydantic_problems.about((*path, number, "public_key"), message, warning=True)


def _twice(path: Path, keys: Sequence[CommandKey | AckKey], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    for number, key in enumerate(keys):
        earlier = keys[:number]
        if any(other.id == key.id for other in earlier):
            yield pydantic_problems.about((*path, number, "id"), Text("another key has this name"))
        if any(other.public_key == key.public_key for other in earlier):
            yield pydantic_problems.about((*path, number, "public_key"), Text("this key is listed twice"))


def _evidence(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    evidence = _part(Evidence, data.get("evidence", {}))
    if evidence is not None and evidence.keep_passed_hours > evidence.keep_hours:
        message = Text("expected at most evidence.keep_hours: keep refusals at least as long as passages")
        yield pydantic_problems.about(("evidence", "keep_passed_hours"), message)


def _uploads(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    uploads = _part(Uploads, data.get("uploads", {}))
    if uploads is None:
        return
    for number, host in enumerate(uploads.hosts):
        if host in uploads.hosts[:number]:
            yield pydantic_problems.about(("uploads", "hosts", number), Text("this host is listed twice"))
    if uploads.ca_file is not None:
        path = ("uploads", "ca_file")
        unreadable = list(readable(path, uploads.ca_file, pydantic_problems))
        yield from unreadable
        if not unreadable:
            try:
                make_context(TlsFiles(uploads.ca_file))
            except TlsFilesError as error:
                yield pydantic_problems.in_file(path, Text.of(str(error)))
    mqtt, commands = _part(Mqtt, data.get("mqtt", {})), _part(Commands, data.get("commands", {}))
    able = mqtt is not None and mqtt.enabled and commands is not None
    may = {name for key in commands.keys for name in key.may} if able and commands is not None else set()
    if uploads.hosts and able and not may & {CommandName.UPLOAD_GRANT, CommandName.SEND_BUNDLE}:
        message = Text("no key of commands.keys may sign upload_grant, so nothing will be uploaded")
        yield pydantic_problems.about(("uploads", "hosts"), message, warning=True)


def _notifications(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    webhook, mail = _part(Webhook, data.get("webhook", {})), _part(Mail, data.get("mail", {}))
    if webhook is not None:
        yield from webhook_problems(webhook, pydantic_problems)
    if mail is not None:
        yield from mail_problems(mail, pydantic_problems)


def _console(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    console = _part(Console, data.get("console", {}))
    if console is not None:
        yield from console_problems(console, pydantic_problems)


def _driver_pages(
    data: Mapping[str, Any], lanes: Mapping[str, Lane], pydantic_problems: PydanticProblems
) -> Iterator[Problem]:
    console = _part(Console, data.get("console", {}))
    for name, lane in lanes.items():
        yield from driver_page_problems(("lanes", name), lane.driver_page, console, pydantic_problems)


def _mqtt(data: Mapping[str, Any], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    mqtt = _part(Mqtt, data.get("mqtt", {}))
    if mqtt is None:
        return
    if mqtt.enabled and not mqtt.brokers:
        yield pydantic_problems.about(
            ("mqtt", "brokers"), Text("expected at least one broker; or set mqtt.enabled = false")
        )
    yield from BrokerRules("mqtt", mqtt, pydantic_problems).problems()
    yield from _acknowledgements(mqtt, data, pydantic_problems)
    if mqtt.resend_min_s > mqtt.resend_max_s:
        yield pydantic_problems.about(
            ("mqtt", "resend_min_s"),
            Text(
                "{least_s} s is longer than mqtt.resend_max_s ({most_s} s): lower it, or raise resend_max_s",
                least_s=f"{mqtt.resend_min_s:g}",
                most_s=f"{mqtt.resend_max_s:g}",
            ),
        )


def _site(data: Mapping[str, Any], lanes: Mapping[str, Lane], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    site, lists = _part(Site, data.get("site", {})), _part(Lists, data.get("lists", {}))
    if site is not None:
        gate = data.get("gate")
        yield from site_problems(site, gate.get("id") if isinstance(gate, dict) else None, pydantic_problems)
        yield from claim_problems(site, lanes, pydantic_problems)
        yield from BrokerRules("site", site, pydantic_problems).problems()
    if lists is not None:
        yield from list_problems(lists, pydantic_problems)
    yield from access_problems(lanes, lists, pydantic_problems)


def _unique(lanes: Mapping[str, Lane], pydantic_problems: PydanticProblems) -> Iterator[Problem]:
    numbers: dict[int, str] = {}
    readers: dict[str, tuple[str, str]] = {}
    for name, lane in lanes.items():
        if lane.number in numbers:
            message = Text("lane {lane} has the number {number} already", lane=numbers[lane.number], number=lane.number)
            yield pydantic_problems.about(("lanes", name, "number"), message)
        numbers.setdefault(lane.number, name)
        families: dict[str, tuple[Camera | Scanner | Sign | Witness, ...]] = {
            "cameras": lane.cameras,
            "scanners": lane.scanners,
            "signs": lane.signs,
            "witnesses": lane.witnesses,
        }
        for family, devices in families.items():
            for place, device in enumerate(devices):
                if device.id in _TAKEN:
                    yield pydantic_problems.about(("lanes", name, family, place, "id"), _TAKEN[device.id])
                if device.id in readers:
                    message = _taken(*readers[device.id], device.id)
                    yield pydantic_problems.about(("lanes", name, family, place, "id"), message)
                readers.setdefault(device.id, (family, name))


def _taken(family: str, lane: str, name: str) -> Text:
    if family == "cameras":
        return Text("a camera of lane {lane} has the id {id} already", lane=lane, id=name)
    if family == "signs":
        return Text("a sign of lane {lane} has the id {id} already", lane=lane, id=name)
    if family == "witnesses":
        return Text("a witness of lane {lane} has the id {id} already", lane=lane, id=name)
    return Text("a scanner of lane {lane} has the id {id} already", lane=lane, id=name)
