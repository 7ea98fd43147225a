"""The relay board and the inputs of a new lane: found on the ports of this machine, and tried by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from agent.cli.setup.inputs import wire_inputs
from agent.cli.setup.interview import ask_value, pick
from agent.settings.drivers import usable_kinds
from drivers import registry
from drivers.api import DeviceError
from drivers.probe import identify
from drivers.serial.adapters import adapters, advice
from drivers.serial.usb_ids import ProbePolicy, likeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as FilePath

    from agent.cli.setup.interview import AnswerSheet
    from agent.settings import Path
    from drivers.probe import ProbeResult
    from drivers.serial.adapters import Adapter

SIMULATED: Final = "none yet: a simulated board, to be replaced later"
BY_HAND: Final = "another one: I name its kind and port"


def choose_boards(sheet: AnswerSheet, lane: Path, root: FilePath) -> None:
    """Ask for the relay board of a lane, and for its inputs where it has some.

    `root`: where the machine's file tree begins.
    """
    found = _found(root)
    names = [f"{port}: {board.words}" for port, board in found]
    chosen = pick("Which board moves the barrier?", [*names, BY_HAND, SIMULATED], _proposed(sheet, lane, found, names))
    if chosen == SIMULATED:
        sheet.set_value((*lane, "relay"), {"kind": "simulated"})
        sheet.set_value((*lane, "inputs"), {"kind": "simulated"})
        sheet.set_value((*lane, "signals"), {"presence": 1, "safety": 2, "opened": 3, "closed": 4})
        return
    if chosen == BY_HAND:
        _by_hand(sheet, lane)
    else:
        port, board = found[names.index(chosen)]
        sheet.set_value((*lane, "relay"), {"kind": board.kind, "port": port, **board.relay})
        if board.inputs is not None:
            sheet.set_value((*lane, "inputs"), {"kind": board.kind, "port": port, **board.inputs})
    _wire(sheet, lane)


def _proposed(sheet: AnswerSheet, lane: Path, found: Sequence[tuple[str, ProbeResult]], names: Sequence[str]) -> str:
    """The board that the lane has, where it has one that is real; else the first that was found."""
    before = sheet.before((*lane, "relay")) or {}
    if before.get("kind", "simulated") == "simulated":
        return names[0] if names else SIMULATED
    ports = [port for port, _ in found]
    return names[ports.index(before["port"])] if before.get("port") in ports else BY_HAND


def _found(root: FilePath) -> list[tuple[str, ProbeResult]]:
    """The boards that said what they are, and the names of their ports that stay."""
    ports = adapters(root)
    free = [
        one
        for one in ports
        if not one.holders and one.permitted and likeness(one).probe_policy is not ProbePolicy.NEVER
    ]
    for one in ports:
        if one not in free:
            typer.echo(f"  {one.device} is not asked: {_why(one)}")
    if not free:
        typer.echo("No serial port of this machine can be asked for a board.")
        return []
    typer.echo(
        f"Free serial ports: {', '.join(one.device for one in free)}. Each can be asked what board it is, "
        "at 9600 baud; "
        "no relay of a board that is known moves, but a device of another kind may act on the bytes."
    )
    return list(_asked(free, ports)) if typer.confirm("Ask them?", default=True) else []


def _why(port: Adapter) -> str:
    if port.holders:
        return f"{port.holders[0].name} has it open (stop the agent first: systemctl stop gate-agent)"
    return likeness(port).reason if port.permitted else f"no permission; the group {port.group or 'dialout'} has it"


def _asked(free: Sequence[Adapter], ports: Sequence[Adapter]) -> Iterator[tuple[str, ProbeResult]]:
    for one in free:
        typer.echo(f"  asking {one.device} ...")
        try:
            finding = identify(one.device, likeness(one), one.title)
        except DeviceError as error:
            typer.echo(f"  {one.device}: {error}")
            continue
        if finding.board is None:
            typer.echo(f"  {one.device}: {finding.why}")
            continue
        name = advice(one, ports)
        typer.echo(f"  {one.device}: {finding.board.words}; it is named {name.name} here: {name.why}")
        yield name.name, finding.board


def _by_hand(sheet: AnswerSheet, lane: Path) -> None:
    kind = pick("Which kind of relay board?", sorted(usable_kinds()["relay"]), sheet.before((*lane, "relay", "kind")))
    sheet.set_value((*lane, "relay", "kind"), kind)
    _keys(sheet, (*lane, "relay"), registry.settings_model(registry.RELAYS, kind).model_fields)
    if not typer.confirm("Are loops and contacts wired to inputs of a board?", default=kind in registry.INPUTS):
        typer.echo("The lane is blind then: passages are assumed, and every event says so.")
        return
    of_inputs = pick("Which kind of board has the inputs?", sorted(usable_kinds()["inputs"]), kind)
    sheet.set_value((*lane, "inputs", "kind"), of_inputs)
    relay = sheet.values["lanes"][lane[1]]["relay"] if of_inputs == kind else {}
    _keys(sheet, (*lane, "inputs"), registry.settings_model(registry.INPUTS, of_inputs).model_fields, relay)


def _keys(sheet: AnswerSheet, table: Path, fields: Mapping[str, Any], same: Mapping[str, Any] | None = None) -> None:
    """The keys of a driver that have no default, and those whose number is printed on the board.

    `same`: the values of another table of a board that is probably the same.
    """
    for name, field in fields.items():
        if field.is_required() or name in {"channels", "count", "unit"}:
            default = None if field.is_required() else field.default
            ask_value(sheet, (*table, name), f"{name}: {field.description or ''}", (same or {}).get(name, default))


def _wire(sheet: AnswerSheet, lane: Path) -> None:
    table, inputs = sheet.values["lanes"][lane[1]]["relay"], sheet.values["lanes"][lane[1]].get("inputs")
    own = {key: value for key, value in table.items() if key != "kind"}
    capabilities = registry.relay(table["kind"], own).capabilities
    if capabilities.linked_inputs:
        typer.echo(
            "As this board comes, each of its inputs drives the relay of the same number, until the agent has stopped "
            "that:\nwire OPEN to a relay whose own input has no wire, and try no input while OPEN hangs on the relay "
            "of its number."
        )
    proposed = capabilities.channels if capabilities.linked_inputs else 1
    ask_value(
        sheet, (*lane, "barrier", "open_channel"), "Which relay is wired to OPEN of the barrier's controller?", proposed
    )
    if inputs is not None:
        wire_inputs(sheet, lane, inputs)
