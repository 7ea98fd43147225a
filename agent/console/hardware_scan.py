"""What is plugged into this computer.

Serial ports and cameras, who uses them, which name to write down, what board it is. Nothing is opened but a port that
somebody asks for, and that no lane and no program has.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.settings.toml.plain_value import toml
from drivers.api import DeviceError
from drivers.probe import identify
from drivers.serial.serial_ports import BY_ID, BY_PATH, adapters, advice
from drivers.serial.usb_ids import ProbePolicy, likeness
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.settings import Lane
    from drivers.probe import ProbeResult
    from drivers.serial.serial_ports import Adapter

ROOT: Final = Path("/")
VIDEO_FOLDERS: Final = ("dev/v4l/by-path", "dev/v4l/by-id")
_ASKING: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A serial port that is there. `probably`: what is on it; `probe_policy`: the same as a word for a text.

    `write`: the name for the configuration, `kind_of_name`: by_id, by_path, rule, built_in or passing. `users`: the
    devices of the configuration that name it; `holders`: programs that have it open. `can_be_asked`: what it is, by
    questions that move nothing.
    """

    device: str
    usb_id: str
    title: str
    maker: str
    serial: str
    names: tuple[str, ...]
    probably: str
    probe_policy: str
    write: str
    kind_of_name: str
    users: tuple[str, ...]
    holders: tuple[str, ...]
    permitted: bool
    group: str
    can_be_asked: bool


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """A camera of this computer. `write`: the name for the configuration; `lasting`: it survives replugging."""

    device: str
    title: str
    names: tuple[str, ...]
    write: str
    lasting: bool
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortAnswer:
    """What came of asking a port. `words`: what board it is, or why it is not known.

    `snippet`: for the configuration; `board`: the same as keys.
    """

    words: str
    recognised: bool
    snippet: str = ""
    board: ProbeResult | None = None
    heard: tuple[tuple[str, str], ...] = ()


class NotAskedError(Exception):
    """The port is not asked. `why`: what to tell the user."""

    def __init__(self, why: Text) -> None:
        super().__init__(why)
        self.why = why


def named(lanes: Mapping[str, Lane]) -> list[tuple[str, str]]:
    """The devices of the configuration that name a file below /dev, each with that path."""
    found: list[tuple[str, object]] = []
    for name, lane in lanes.items():
        found.append((f"{name}/relay", lane.relay.table.get("port")))
        if lane.inputs is not None:
            found.append((f"{name}/inputs", lane.inputs.table.get("port")))
        found += [(f"{name}/{one.id}", one.table.get("port")) for one in lane.scanners]
        found += [(f"{name}/{one.id}", one.table.get("port")) for one in lane.signs]
        found += [(f"{name}/{one.id}", one.table.get("url")) for one in lane.cameras]
    return [(user, path) for user, path in found if isinstance(path, str) and path.startswith("/")]


def missing(lanes: Mapping[str, Lane], root: Path = ROOT) -> list[tuple[str, str]]:
    """Those whose file is not there."""
    return [(user, path) for user, path in named(lanes) if path.startswith("/dev/") and not _file(root, path).exists()]


def serial_ports(lanes: Mapping[str, Lane], root: Path = ROOT) -> list[FoundPort]:
    """Every serial port of this computer. None is opened."""
    there = adapters(root)
    return [_port(one, there, lanes, root) for one in there]


def video_devices(lanes: Mapping[str, Lane], root: Path = ROOT) -> list[VideoDevice]:
    """Every camera that the kernel knows (V4L2), by its first node: the others of it are not for pictures."""
    found = []
    for entry in sorted((root / "sys/class/video4linux").glob("video*"), key=lambda one: (len(one.name), one.name)):
        if _text(entry / "index") not in ("0", ""):
            continue
        device = f"/dev/{entry.name}"
        names = tuple(_links(root, device))
        users = tuple(user for user, path in named(lanes) if path == device or path in names)
        found.append(
            VideoDevice(device, _text(entry / "name"), names, names[0] if names else device, bool(names), users)
        )
    return found


def ask_port(device: str, lanes: Mapping[str, Lane], root: Path = ROOT) -> PortAnswer:
    """Ask a port what board it is, by questions that move no relay of any board known.

    Takes up to half a minute. Raises NotAskedError for a port that a lane or another program has, or that must not be
    asked.
    """
    port = next((one for one in serial_ports(lanes, root) if one.device == device), None)
    if port is None:
        raise NotAskedError(Text("There is no such port. Load the page again."))
    if port.users:
        raise NotAskedError(Text("It was not searched: a lane of the configuration uses it."))
    if port.holders:
        raise NotAskedError(Text("It was not searched: a program has it open."))
    if not port.permitted:
        raise NotAskedError(Text("Not searched: the agent's user has no permission to open it."))
    if not port.can_be_asked:
        raise NotAskedError(Text("It was not searched: such a device could react to the bytes."))
    if not _ASKING.acquire(blocking=False):
        raise NotAskedError(Text("Another port is being searched now. Try again in a moment."))
    try:
        return _asked(port, next(one for one in adapters(root) if one.device == device), root)
    finally:
        _ASKING.release()


def _asked(port: FoundPort, adapter: Adapter, root: Path) -> PortAnswer:
    try:
        found = identify(str(_file(root, port.device)), likeness(adapter), adapter.title)
    except DeviceError as error:
        return PortAnswer(str(error), recognised=False)
    heard = tuple((one.request.hex(" ").upper(), one.reply.hex(" ").upper()) for one in found.heard if one.reply)
    if found.board is None:
        return PortAnswer(found.why, recognised=False, heard=heard)
    return PortAnswer(
        found.board.words, recognised=True, snippet=_snippet(port.write, found.board), board=found.board, heard=heard
    )


def _snippet(write: str, board: ProbeResult) -> str:
    tables = [("relay", board.relay), *([] if board.inputs is None else [("inputs", board.inputs)])]
    blocks = []
    for name, keys in tables:
        values = {"kind": board.kind, "port": write, **keys}
        blocks.append("\n".join([f"[lanes.NAME.{name}]", *(f"{key} = {toml(value)}" for key, value in values.items())]))
    return "\n\n".join(blocks)


def _port(one: Adapter, there: Iterable[Adapter], lanes: Mapping[str, Lane], root: Path) -> FoundPort:
    probably, told = likeness(one), advice(one, there)
    names = {one.device, *one.names}
    users = tuple(user for user, path in named(lanes) if path in names or _real(root, path) == one.device)
    return FoundPort(
        one.device,
        one.usb_id,
        one.title,
        one.maker,
        one.serial,
        one.names,
        probably.words,
        probably.probe_policy.value,
        told.name,
        _kind_of_name(told.name, one),
        users,
        tuple(f"{holder.name} ({holder.pid})" for holder in one.holders),
        one.permitted,
        one.group,
        can_be_asked=probably.probe_policy is not ProbePolicy.NEVER and not users and not one.holders and one.permitted,
    )


def _kind_of_name(name: str, one: Adapter) -> str:
    if name.startswith(BY_ID):
        return "by_id"
    if name.startswith(BY_PATH):
        return "by_path"
    if name != one.device:
        return "rule"
    return "passing" if one.usb_id else "built_in"


def _links(root: Path, device: str) -> Iterator[str]:
    for folder in VIDEO_FOLDERS:
        for link in sorted((root / folder).glob("*")):
            if link.resolve() == _file(root, device).resolve():
                yield f"/{link.relative_to(root)}"


def _file(root: Path, path: str) -> Path:
    return root / path.removeprefix("/")


def _real(root: Path, path: str) -> str:
    file = _file(root, path)
    return f"/{file.resolve().relative_to(root.resolve())}" if file.is_symlink() and file.exists() else path


def _text(path: Path) -> str:
    """What a file of sysfs says, cleared of what could steer a terminal; empty where it does not say."""
    try:
        found = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in found)
