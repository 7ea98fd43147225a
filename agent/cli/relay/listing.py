"""The command `gate-agent relay list`: what is plugged in, and which name to write into the configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import exit_codes
from agent.cli.owner_rights import act_at_gate
from agent.cli.relay.entries import MissingPort, PortEntry, snippet
from agent.cli.terminal import echo
from agent.settings.configuration_loading import load_configuration
from drivers.api import DeviceError
from drivers.probe import UNITS, ProbeFinding, identify
from drivers.serial.serial_ports import Adapter, adapters, advice
from drivers.serial.usb_ids import ProbePolicy, likeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.settings import Device, Lane

HIGHEST_UNIT = 247


def list_ports(  # noqa: PLR0913 - each is an option of the command
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Also say which ports of this configuration are missing.", show_default=False
        ),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--identify", help="Ask each free port what board it is. Sends bytes to it.")
    ] = False,
    only: Annotated[str | None, typer.Option("--port", "-p", help="Only this port, by any of its names.")] = None,
    units: Annotated[
        int,
        typer.Option(
            "--units", min=1, max=HIGHEST_UNIT, help="Ask Modbus units and KMTronic addresses from 1 to this number."
        ),
    ] = UNITS[-1],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before bytes are sent.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")] = False,
    root: Annotated[
        Path, typer.Option("--root", hidden=True, help="Where the file tree of the machine begins.")
    ] = Path("/"),
) -> None:
    """List the serial ports of this computer, who has them open, and which name to use in the configuration.

    A name under /dev/serial/by-id follows the device to any socket. A name under by-path belongs to the socket, for
    devices without a serial number. The probable kind of device is guessed from the USB id.

    With --identify, the command asks each free port which board it is, at 9600 baud, with queries that move no relay of
    any known board. It prints lines to paste into the configuration. Some boards cannot be identified by harmless
    queries; the command sends them nothing more. It skips Modbus units whose number is a command for another board,
    such as 80 or 100.

    Exit code 1 when a port of the configuration is missing.
    """
    found = [one for one in adapters(root) if only is None or _is_named(one, only)]
    if only is not None and not found:
        found = [_bare(only)]
    users = _users(config)
    entries = [PortEntry(one, likeness(one), advice(one, found), _named_by(one, users)) for one in found]
    missing = [MissingPort(user, port) for user, port in users if not _exists(root, port)]
    if ask:
        _agree(entries, yes=yes)
        entries = list(_asked(entries, range(1, units + 1)))
    if as_json:
        echo(json.dumps(_json(entries, missing), ensure_ascii=False, indent=2))
    else:
        from agent.cli.relay.ports_table import show  # noqa: PLC0415 - not needed for JSON

        show(entries, missing)
    raise typer.Exit(exit_codes.FAILED if missing else exit_codes.OK)


# --------------------------------------------------------------------------------------------------- configuration


def _users(config: Path | None) -> list[tuple[str, str]]:
    """The devices of the configuration and the ports that they name."""
    if config is None:
        return []
    lanes = load_configuration(act_at_gate(config)).settings.lanes
    return [
        (f"lane {name}, {family}", port)
        for name, lane in lanes.items()
        for family, device in _devices(lane)
        if isinstance(port := device.table.get("port"), str)
    ]


def _devices(lane: Lane) -> Iterator[tuple[str, Device]]:
    yield "relay", lane.relay
    if lane.inputs is not None:
        yield "inputs", lane.inputs
    yield from ((f"scanner {scanner.id}", scanner) for scanner in lane.scanners)
    yield from ((f"sign {sign.id}", sign) for sign in lane.signs)


def _named_by(adapter: Adapter, users: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(user for user, port in users if port in {adapter.device, *adapter.names})


def _exists(root: Path, port: str) -> bool:
    return (root / port[1:]).exists()


# ---------------------------------------------------------------------------------------------------------- asking


def _is_named(adapter: Adapter, name: str) -> bool:
    return name in {adapter.device, *adapter.names} or str(Path(name).resolve()) == adapter.device


def _bare(path: str) -> Adapter:
    """A port that sysfs does not know, such as a pseudo-terminal or one of another machine."""
    from drivers.serial.using_programs import holders  # noqa: PLC0415 - rare

    return Adapter(device=path, holders=holders(str(Path(path).resolve())))


def _can_be_asked(entry: PortEntry) -> bool:
    return (
        not entry.adapter.holders and entry.adapter.permitted and entry.likeness.probe_policy is not ProbePolicy.NEVER
    )


def _agree(entries: Iterable[PortEntry], *, yes: bool) -> None:
    """Have the technician agree to what will be sent. Raises typer.Exit where he does not."""
    wanted = [entry.adapter.device for entry in entries if _can_be_asked(entry)]
    if yes or not wanted:
        return
    echo(
        f"This opens {', '.join(wanted)} and sends a few bytes there at 9600 baud. "
        "No relay of a known board moves.\n"
        "A device of another kind may act on them, and an Arduino with a CH340 restarts when its port is opened.",
        err=True,
    )
    if not typer.confirm("Ask?", default=False, err=True):
        echo("gate-agent relay list: nothing was sent", err=True)
        raise typer.Exit(exit_codes.FAILED)


def _asked(entries: Iterable[PortEntry], units: range) -> Iterator[PortEntry]:
    for entry in entries:
        finding = _finding(entry, units)
        yield PortEntry(entry.adapter, entry.likeness, entry.advice, entry.users, finding)


def _finding(entry: PortEntry, units: range) -> ProbeFinding:
    if entry.adapter.holders:
        return ProbeFinding(None, "not asked: a program has it open")
    if not entry.adapter.permitted:
        return ProbeFinding(None, "not asked: no permission to open it")
    try:
        return identify(entry.adapter.device, entry.likeness, entry.adapter.title, units)
    except DeviceError as error:
        return ProbeFinding(None, f"not asked: {error}")


# ------------------------------------------------------------------------------------------------------------ JSON


def _json(entries: Iterable[PortEntry], missing: Iterable[MissingPort]) -> dict[str, Any]:
    return {
        "ports": [_port_json(entry) for entry in entries],
        "missing": [{"user": one.user, "port": one.port} for one in missing],
    }


def _port_json(entry: PortEntry) -> dict[str, Any]:
    adapter = entry.adapter
    row: dict[str, Any] = {
        "device": adapter.device,
        "usb_id": adapter.usb_id or None,
        "maker": adapter.maker or None,
        "product": adapter.title or None,
        "serial": adapter.serial or None,
        "driver": adapter.driver or None,
        "names": list(adapter.names),
        "write": entry.advice.name,
        "why": entry.advice.why,
        "lasting": entry.advice.lasting,
        "probably": entry.likeness.words,
        "open_in": [{"name": holder.name, "pid": holder.pid} for holder in adapter.holders],
        "permitted": adapter.permitted,
        "group": adapter.group or None,
        "named_by": list(entry.users),
    }
    if entry.finding is not None:
        row["identified"] = _finding_json(entry, entry.finding)
    return row


def _finding_json(entry: PortEntry, finding: ProbeFinding) -> dict[str, Any]:
    board = finding.board
    return {
        "board": board.words if board else None,
        "kind": board.kind if board else None,
        "relay": dict(board.relay) if board else None,
        "inputs": dict(board.inputs) if board and board.inputs is not None else None,
        "configuration": snippet(entry, board) if board else None,
        "why": finding.why or None,
        "heard": [{"sent": one.request.hex(" "), "received": one.reply.hex(" ")} for one in finding.heard],
    }
