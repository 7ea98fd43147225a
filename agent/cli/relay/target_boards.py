"""Which boards a command is about: those of a lane of the configuration, or one that the command line describes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from agent.cli.configuration import DEFAULT_PATH
from agent.cli.owner_rights import act_at_gate
from agent.settings.configuration_loading import load_configuration
from drivers import registry
from drivers.api import DeviceUnavailableError
from drivers.serial.using_programs import holders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import BarrierWiring, Device, Lane, SignalWiring
    from drivers.api import InputPort, RelayPort

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help=f"The configuration file. Without --port: {DEFAULT_PATH}.", show_default=False),
]
LaneOption = Annotated[str | None, typer.Option("--lane", "-l", help="Name of the lane; needed if there are several.")]
PortOption = Annotated[
    str | None, typer.Option("--port", "-p", help="The board's port, instead of a configuration file.")
]
KindOption = Annotated[str | None, typer.Option("--kind", "-k", help="The board's kind, with --port.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", metavar="KEY=VALUE", help="A key of the board's table, such as channels=4; repeat for more."
    ),
]


@dataclass(frozen=True, slots=True)
class TargetBoard:
    """A board as the configuration describes it: the kind, and the keys of its driver."""

    kind: str
    table: Mapping[str, Any]

    @property
    def port(self) -> str | None:
        """The path of its serial port; None for a board without one."""
        port = self.table.get("port")
        return port if isinstance(port, str) else None

    @property
    def words(self) -> str:
        """The board in words."""
        return f"the {self.kind} board" + (f" on {self.port}" if self.port else "")

    def check_free(self) -> None:
        """Raise DeviceUnavailableError, with who it is, where another program has the port open."""
        if self.port is None:
            return
        found = holders(str(Path(self.port).resolve()))
        if found:
            who = ", ".join(f"{holder.name} (pid {holder.pid})" for holder in found)
            raise DeviceUnavailableError(
                f"{self.port} is in use by {who}; stop that first (the agent: systemctl stop gate-agent)"
            )


@dataclass(frozen=True, slots=True)
class Target:
    """The boards of one lane. `lane` is None, and no wiring is known, for a board given on the command line.

    `sharers`: other lanes whose relays are on the same board.
    """

    relay: TargetBoard | None
    inputs: TargetBoard | None
    lane: str | None = None
    barrier: BarrierWiring | None = None
    signals: SignalWiring | None = None
    sharers: tuple[str, ...] = field(default=())

    @property
    def boards(self) -> tuple[TargetBoard, ...]:
        """Those that there are."""
        return tuple(board for board in (self.relay, self.inputs) if board is not None)


def from_options(
    config: Path | None, lane: str | None, port: str | None, kind: str | None, pairs: list[str] | None
) -> Target:
    """The boards that the options name.

    Raises typer.BadParameter for options that do not go together, SettingsError for a configuration that cannot be
    used.
    """
    if port is None and kind is None:
        if pairs:
            raise typer.BadParameter("--set needs --port and --kind")
        return _configured(config or DEFAULT_PATH, lane)
    if config or lane:
        raise typer.BadParameter("--port and --kind describe a board; they do not go with --config and --lane")
    if kind is None:
        raise typer.BadParameter(f"--kind is missing; there is: {', '.join(_kinds())}")
    board = TargetBoard(kind, ({"port": port} if port else {}) | dict(map(key_and_value, pairs or ())))
    return Target(
        board if kind in registry.RELAYS or kind not in registry.INPUTS else None,
        board if kind in registry.INPUTS else None,
    )


def relay_port(board: TargetBoard) -> RelayPort:
    """Make the relay driver.

    Raises typer.BadParameter for keys that it refuses, DeviceMisconfiguredError for the kind.
    """
    model = registry.settings_model(registry.RELAYS, board.kind)
    try:
        return registry.relay(board.kind, _known(model, board))
    except ValidationError as error:
        raise typer.BadParameter(_refusal(board, error)) from None


def input_port(board: TargetBoard) -> InputPort:
    """Make the input driver. Errors as in `relay_port`."""
    model = registry.settings_model(registry.INPUTS, board.kind)
    try:
        return registry.inputs(board.kind, _known(model, board))
    except ValidationError as error:
        raise typer.BadParameter(_refusal(board, error)) from None


def _configured(path: Path, name: str | None) -> Target:
    lanes = load_configuration(act_at_gate(path)).settings.lanes
    there = ", ".join(lanes)
    if name is None and len(lanes) != 1:
        raise typer.BadParameter(f"--lane is missing; there is: {there}" if lanes else f"{path} has no lane")
    if name is not None and name not in lanes:
        raise typer.BadParameter(f"no lane {name!r}; there is: {there}")
    chosen = name or next(iter(lanes))
    lane = lanes[chosen]
    return Target(
        relay=_board(lane.relay),
        inputs=_board(lane.inputs) if lane.inputs else None,
        lane=chosen,
        barrier=lane.barrier,
        signals=lane.signals,
        sharers=tuple(other for other in lanes if other != chosen and _same_board(lanes[other], lane)),
    )


def _board(device: Device) -> TargetBoard:
    return TargetBoard(device.kind, device.table)


def _same_board(one: Lane, other: Lane) -> bool:
    return one.relay.kind == other.relay.kind and one.relay.table == other.relay.table


def key_and_value(text: str) -> tuple[str, object]:
    """The key and the value, as TOML or a bare text, of KEY=VALUE. Raises typer.BadParameter."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise typer.BadParameter(f"--set {text}: expected KEY=VALUE")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value


def _known(model: type[Any], board: TargetBoard) -> dict[str, Any]:
    """The keys of the board, after a clear word about those that its driver does not have."""
    strange = [key for key in board.table if key not in model.model_fields]
    if strange:
        there = ", ".join(model.model_fields)
        raise typer.BadParameter(f"{board.words} has no key {', '.join(strange)}; there is: {there}")
    return dict(board.table)


def _refusal(board: TargetBoard, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    return f"{board.words}: {key + ': ' if key else ''}{first['msg']}"


def _kinds() -> list[str]:
    return sorted({*registry.RELAYS, *registry.INPUTS})
