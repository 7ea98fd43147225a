"""Rules that bind several keys. Each part of the tree that is sound by itself is checked, whatever else is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from agent.link.tls import TlsFiles, TlsFilesError, make_context
from agent.settings.lane import Lane
from agent.settings.model import EXAMPLE_ROOT_KEY, Mqtt, Permits, State
from agent.settings.ports import port_problems
from agent.settings.values import broker_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path as FilePath
    from typing import Any

    from agent.settings.complaints import Complaints
    from agent.settings.devices import Board
    from agent.settings.places import Path
    from agent.settings.problems import Problem
    from drivers.api import RelayCapabilities

_Part = TypeVar("_Part", bound=BaseModel)

_LAST_LANE_OF_PERMITS = 32
_SAMPLES_BEFORE_STALE = 3
_CHANNELS = ("open_channel", "close_channel", "hold_channel", "red_channel", "green_channel")
_SIGNALS = ("presence", "safety", "photocell", "opened", "closed")
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked: the tree, the boards whose drivers accept their keys, and what the relay boards can do."""

    data: Mapping[str, Any]
    boards: Mapping[Path, Board]
    capabilities: Mapping[Path, RelayCapabilities]


def problems(checked: Checked, complaints: Complaints) -> list[Problem]:
    """Everything that the rules find wrong."""
    found = [*_state(checked.data, complaints), *_permits(checked.data, complaints), *_mqtt(checked.data, complaints)]
    lanes = _lanes(checked.data)
    for name, lane in lanes.items():
        rules = _LaneRules(("lanes", name), lane, checked, complaints)
        found += rules.problems()
    found += _unique(lanes, complaints)
    found += port_problems(list(checked.boards.values()), complaints)
    return found


def _part(model: type[_Part], value: object) -> _Part | None:
    """The part when it is sound; its own errors are told elsewhere."""
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _lanes(data: Mapping[str, Any]) -> dict[str, Lane]:
    tables = data.get("lanes")
    parts = {name: _part(Lane, table) for name, table in tables.items()} if isinstance(tables, dict) else {}
    return {name: lane for name, lane in parts.items() if lane is not None}


# ------------------------------------------------------------------------------------------------- sections


def _state(data: Mapping[str, Any], complaints: Complaints) -> Iterator[Problem]:
    state = _part(State, data.get("state", {}))
    if state is not None and not state.directory.is_absolute():
        yield complaints.about(("state", "directory"), "expected an absolute path")


def _permits(data: Mapping[str, Any], complaints: Complaints) -> Iterator[Problem]:
    permits = _part(Permits, data.get("permits", {}))
    if permits is None:
        return
    if permits.trust_list is not None:
        yield from _readable(("permits", "trust_list"), permits.trust_list, complaints)
    for number, key in enumerate(permits.root_keys):
        path = ("permits", "root_keys", number)
        if key in permits.root_keys[:number]:
            yield complaints.about(path, "this key stands here twice")
        if key == EXAMPLE_ROOT_KEY:
            message = "is the example key, whose private half nobody has: no permit will be accepted"
            yield complaints.about(path, message, warning=True)


def _mqtt(data: Mapping[str, Any], complaints: Complaints) -> Iterator[Problem]:
    mqtt = _part(Mqtt, data.get("mqtt", {}))
    if mqtt is None:
        return
    if mqtt.enabled and not mqtt.brokers:
        yield complaints.about(("mqtt", "brokers"), "expected at least one broker; or set mqtt.enabled = false")
    yield from _tls_problems(mqtt, complaints)
    if mqtt.password is not None and mqtt.username is None:
        yield complaints.about(("mqtt", "password"), "needs mqtt.username beside it")
    yield from _broker_problems(mqtt, complaints)


def _tls_problems(mqtt: Mqtt, complaints: Complaints) -> Iterator[Problem]:
    if (mqtt.certificate_file is None) != (mqtt.key_file is None):
        given, other = ("certificate_file", "key_file") if mqtt.certificate_file else ("key_file", "certificate_file")
        yield complaints.about(("mqtt", given), f"needs mqtt.{other} beside it")
        return
    files = {name: getattr(mqtt, name) for name in ("ca_file", "certificate_file", "key_file")}
    unreadable = [
        problem
        for name, file in files.items()
        if file is not None
        for problem in _readable(("mqtt", name), file, complaints)
    ]
    yield from unreadable
    if unreadable or not any(files.values()):
        return
    try:
        make_context(TlsFiles(mqtt.ca_file))
    except TlsFilesError as error:
        yield complaints.about(("mqtt", "ca_file"), str(error))
    try:
        make_context(TlsFiles(None, mqtt.certificate_file, mqtt.key_file))
    except TlsFilesError as error:
        yield complaints.about(("mqtt", "certificate_file"), str(error))


def _broker_problems(mqtt: Mqtt, complaints: Complaints) -> Iterator[Problem]:
    addresses = [broker_address(url) for url in mqtt.brokers]
    for number, address in enumerate(addresses):
        path = ("mqtt", "brokers", number)
        if address in addresses[:number]:
            yield complaints.about(path, "this broker stands here twice")
        if mqtt.password is not None and not address.tls and address.host not in _LOCAL:
            message = "the password goes over the network in the clear: use mqtts://"
            yield complaints.about(path, message, warning=True)
    if mqtt.certificate_file and addresses and not any(address.tls for address in addresses):
        message = "serves only mqtts:// brokers, and there is none"
        yield complaints.about(("mqtt", "certificate_file"), message)


def _readable(path: Path, file: FilePath, complaints: Complaints) -> Iterator[Problem]:
    try:
        with file.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        yield complaints.about(path, f"{file} cannot be read: {error.strerror or error}")


def _unique(lanes: Mapping[str, Lane], complaints: Complaints) -> Iterator[Problem]:
    numbers: dict[int, str] = {}
    cameras: dict[str, str] = {}
    for name, lane in lanes.items():
        if lane.number in numbers:
            message = f"lane {numbers[lane.number]} has the number {lane.number} already"
            yield complaints.about(("lanes", name, "number"), message)
        numbers.setdefault(lane.number, name)
        for place, camera in enumerate(lane.cameras):
            if camera.id in cameras:
                message = f"a camera of lane {cameras[camera.id]} has the id {camera.id} already"
                yield complaints.about(("lanes", name, "cameras", place, "id"), message)
            cameras.setdefault(camera.id, name)


# ------------------------------------------------------------------------------------------------- a lane


class _LaneRules:
    def __init__(self, path: Path, lane: Lane, checked: Checked, complaints: Complaints) -> None:
        self._path = path
        self._lane = lane
        self._capabilities = checked.capabilities.get((*path, "relay"))
        inputs = checked.boards.get((*path, "inputs"))
        self._inputs = getattr(inputs.settings, "count", None) if inputs else None
        self._complaints = complaints

    def problems(self) -> Iterator[Problem]:
        yield from self._closing()
        yield from self._channels()
        yield from self._pulse()
        yield from self._signals()
        yield from self._inverted()
        yield from self._readers()

    def _about(self, *keys: str | int, message: str, warning: bool = False) -> Problem:
        return self._complaints.about((*self._path, *keys), message, warning=warning)

    def _closing(self) -> Iterator[Problem]:
        lane = self._lane
        if lane.close_mode == "controller":
            if lane.barrier.close_channel is not None:
                message = 'is not used: with close_mode = "controller" the agent never closes the arm'
                yield self._about("barrier", "close_channel", message=message, warning=True)
            return
        if lane.barrier.close_channel is None:
            yield self._about("close_mode", message='"agent" needs barrier.close_channel')
        if lane.inputs is None or lane.signals is None:
            yield self._about(
                "close_mode", message='"agent" needs inputs and signals that see the vehicle under the arm'
            )

    def _channels(self) -> Iterator[Problem]:
        users: dict[int, str] = {}
        most = self._capabilities.channels if self._capabilities else None
        for name in _CHANNELS:
            channel = getattr(self._lane.barrier, name)
            if channel is None:
                continue
            if most is not None and channel > most:
                message = f"expected a channel from 1 to {most}: the relay board has no more; got {channel}"
                yield self._about("barrier", name, message=message)
            if channel in users:
                yield self._about("barrier", name, message=f"channel {channel} is {users[channel]} already")
            users.setdefault(channel, name)

    def _pulse(self) -> Iterator[Problem]:
        capabilities, pulse_ms = self._capabilities, self._lane.barrier.pulse_ms
        if capabilities is None or not capabilities.hardware_pulse or not capabilities.pulse_step_ms:
            return
        if pulse_ms % capabilities.pulse_step_ms:
            message = (
                f"expected a multiple of {capabilities.pulse_step_ms}, the step of the relay board; got {pulse_ms}"
            )
            yield self._about("barrier", "pulse_ms", message=message)

    def _signals(self) -> Iterator[Problem]:
        lane = self._lane
        if (lane.inputs is None) != (lane.signals is None):
            given, other = ("inputs", "signals") if lane.inputs else ("signals", "inputs")
            yield self._about(given, message=f"needs the table {other} beside it")
        if lane.signals is None:
            return
        users: dict[int, str] = {}
        for name in _SIGNALS:
            number = getattr(lane.signals, name)
            if number is None:
                continue
            if isinstance(self._inputs, int) and number > self._inputs:
                message = f"expected an input from 1 to {self._inputs}: the board has no more; got {number}"
                yield self._about("signals", name, message=message)
            if number in users:
                yield self._about("signals", name, message=f"input {number} is {users[number]} already")
            users.setdefault(number, name)
        shortest = _SAMPLES_BEFORE_STALE / lane.signals.poll_hz
        if lane.timing.stale_s < shortest:
            message = f"expected at least {shortest:g}, three polls at {lane.signals.poll_hz:g} Hz; got {lane.timing.stale_s:g}"
            yield self._about("timing", "stale_s", message=message)

    def _inverted(self) -> Iterator[Problem]:
        signals = self._lane.signals
        if signals is None:
            return
        wired = {getattr(signals, name) for name in _SIGNALS}
        seen = Counter[int]()
        for place, number in enumerate(signals.inverted):
            seen[number] += 1
            if number not in wired:
                yield self._about("signals", "inverted", place, message=f"no signal is wired to input {number}")
            if seen[number] > 1:
                yield self._about("signals", "inverted", place, message=f"input {number} stands here twice")

    def _readers(self) -> Iterator[Problem]:
        if self._lane.number > _LAST_LANE_OF_PERMITS:
            message = f"permits name lanes up to {_LAST_LANE_OF_PERMITS}: only permits for any lane will pass here"
            yield self._about("number", message=message, warning=True)
        if not any("qr" in camera.readers for camera in self._lane.cameras):
            message = "no camera reads QR permits: only an officer's order opens this lane"
            yield self._about("cameras", message=message, warning=True)
