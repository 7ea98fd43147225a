"""The relay board of a new lane: found on the ports of this machine, or named, and tried once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from agent.cli.relay.pulse_trial import TestPulse
from agent.cli.terminal import echo
from agent.settings.configuration_loading import usable_kinds
from agent.setup import CONSEQUENCES, StepCode
from drivers import registry
from drivers.api import DeviceError
from drivers.probe import identify
from drivers.serial.serial_ports import adapters, advice
from drivers.serial.usb_ids import ProbePolicy, likeness
from drivers.text import Text, prefixed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as FilePath

    from agent.cli.setup.interview import Interview
    from agent.settings import Path
    from drivers.probe import ProbeResult
    from drivers.serial.serial_ports import Adapter

SIMULATED: Final = Text("none yet: a simulated board, to be replaced later")
BY_HAND: Final = Text("another one: I name its kind and port")
PULSE_MS: Final = 500
LONGEST_S: Final = 15
"""How long a port that says nothing is asked, at most."""
_PRINTED: Final = frozenset({"channels", "count", "unit", "profile"})
"""Keys of a driver that depend on the very board, so they are asked for even where they have a default."""
_LAMPS: Final[Mapping[str, Text]] = {
    "red": Text("Which relay is wired to the red lamp? Empty: none"),
    "green": Text("Which relay is wired to the green lamp? Empty: none"),
}


def choose_boards(interview: Interview, lane: Path, root: FilePath) -> None:
    """Ask for the relay board of a lane. `root`: where the machine's file tree begins."""
    sheet = interview.sheet
    found = _found(interview, root)
    names = [Text("{port}: {words}", port=port, words=board.words) for port, board in found]
    chosen = interview.pick(
        Text("Which board controls the barrier?"),
        [*names, BY_HAND, SIMULATED],
        _proposed(interview, lane, found, names),
    )
    sheet.set_value((*lane, "inputs"), None)
    if chosen == SIMULATED:
        interview.say(CONSEQUENCES[StepCode.BOARD], 2)
        sheet.set_value((*lane, "relay"), {"kind": "simulated"})
        sheet.set_value((*lane, "inputs"), {"kind": "simulated"})
        sheet.set_value((*lane, "signals"), {"presence": 1, "safety": 2, "opened": 3, "closed": 4})
        return
    if chosen == BY_HAND:
        _by_hand(interview, lane)
    else:
        port, board = next(one for one, name in zip(found, names, strict=True) if name == chosen)
        sheet.set_value((*lane, "relay"), {"kind": board.kind, "port": port, **board.relay})
        if board.inputs is not None:
            sheet.set_value((*lane, "inputs"), {"kind": board.kind, "port": port, **board.inputs})
    _wire(interview, lane)


def choose_lamps(interview: Interview, lane: Path) -> None:
    """Ask for the relays of the lamps, where the board is real."""
    if interview.sheet.values["lanes"][lane[1]]["relay"]["kind"] == "simulated":
        return
    for lamp, question in _LAMPS.items():
        interview.value((*lane, "barrier", f"{lamp}_channel"), question, optional=True)


def _proposed(interview: Interview, lane: Path, found: Sequence[tuple[str, ProbeResult]], names: Sequence[str]) -> str:
    """The board that the lane has, where it has one that is real; else the first that was found."""
    before = interview.sheet.before((*lane, "relay")) or {}
    if before.get("kind", "simulated") == "simulated":
        return names[0] if names else SIMULATED
    ports = [port for port, _ in found]
    return names[ports.index(before["port"])] if before.get("port") in ports else BY_HAND


def _found(interview: Interview, root: FilePath) -> list[tuple[str, ProbeResult]]:
    """The boards that said what they are, and the names of their ports that stay."""
    ports = adapters(root)
    free = [
        one
        for one in ports
        if not one.holders and one.permitted and likeness(one).probe_policy is not ProbePolicy.NEVER
    ]
    for one in ports:
        if one not in free:
            interview.say(Text("{port} is not searched: {why}", port=one.device, why=_why(one)), 2)
    if not free:
        interview.say(Text("No serial port of this computer can be searched for a board."))
        return []
    interview.say(
        Text(
            "Free serial ports: {ports}. The gate can ask each which board it is, at 9600 baud. No relay of a known "
            "board moves, but a device of another kind may act on the bytes.",
            ports=", ".join(one.device for one in free),
        )
    )
    return list(_asked(interview, free, ports)) if interview.confirm(Text("Search these ports?"), default=True) else []


def _why(port: Adapter) -> Text:
    if port.holders:
        return Text(
            "{program} has it open (stop the agent first: systemctl stop gate-agent)", program=port.holders[0].name
        )
    if port.permitted:
        return Text.of(likeness(port).reason)
    return Text("no permission; the group {group} has it", group=port.group or "dialout")


def _asked(
    interview: Interview, free: Sequence[Adapter], ports: Sequence[Adapter]
) -> Iterator[tuple[str, ProbeResult]]:
    for one in free:
        interview.say(Text("searching {port}, up to {longest} s", port=one.device, longest=LONGEST_S), 2)
        try:
            finding = identify(one.device, likeness(one), one.title, asked=_tick)
        except DeviceError as error:
            echo()
            interview.say(Text("{port}: {words}", port=one.device, words=error), 2)
            continue
        echo()
        if finding.board is None:
            interview.say(Text("{port}: {words}", port=one.device, words=finding.why), 2)
            continue
        name = advice(one, ports)
        interview.say(
            Text(
                "{port}: {words}; its name here is {name}: {why}",
                port=one.device,
                words=finding.board.words,
                name=name.name,
                why=name.why,
            ),
            2,
        )
        yield name.name, finding.board


def _tick(_number: int) -> None:
    """One dot a question, so that a silent port is seen to be asked."""
    echo(".", nl=False)


def _by_hand(interview: Interview, lane: Path) -> None:
    sheet = interview.sheet
    kind = interview.pick(
        Text("Which kind of relay board?"), sorted(usable_kinds()["relay"]), sheet.before((*lane, "relay", "kind"))
    )
    sheet.set_value((*lane, "relay", "kind"), kind)
    _keys(interview, (*lane, "relay"), registry.settings_model(registry.RELAYS, kind).model_fields)
    wired = Text("Are loops and contacts wired to inputs of a board?")
    if not interview.confirm(wired, default=kind in registry.INPUTS):
        interview.say(CONSEQUENCES[StepCode.INPUTS], 2)
        return
    of_inputs = interview.pick(Text("Which kind of board has the inputs?"), sorted(usable_kinds()["inputs"]), kind)
    sheet.set_value((*lane, "inputs", "kind"), of_inputs)
    relay = sheet.values["lanes"][lane[1]]["relay"] if of_inputs == kind else {}
    _keys(interview, (*lane, "inputs"), registry.settings_model(registry.INPUTS, of_inputs).model_fields, relay)


def _keys(interview: Interview, table: Path, fields: Mapping[str, Any], same: Mapping[str, Any] | None = None) -> None:
    """The keys of a driver that have no default, and those that depend on the very board.

    `same`: the values of another table of a board that is probably the same.
    """
    for name, field in fields.items():
        if field.is_required() or name in _PRINTED:
            default = None if field.is_required() else field.default
            question = prefixed(name, Text(field.description or ""))
            interview.value((*table, name), question, (same or {}).get(name, default))


def _wire(interview: Interview, lane: Path) -> None:
    table = interview.sheet.values["lanes"][lane[1]]["relay"]
    own = {key: value for key, value in table.items() if key != "kind"}
    capabilities = registry.relay(table["kind"], own).capabilities
    if capabilities.linked_inputs:
        interview.say(
            Text(
                "As delivered, each input of this board drives the relay of the same number until the "
                "agent turns that off. Wire OPEN to a relay whose own input is not connected."
            )
        )
    proposed = capabilities.channels if capabilities.linked_inputs else 1
    channel = interview.value(
        (*lane, "barrier", "open_channel"),
        Text("Which relay is wired to OPEN of the barrier's controller?"),
        proposed,
    )
    interview.say(Text("A trial closes this relay for half a second: the barrier may open. Keep the lane clear."))
    if interview.confirm(Text("Try it now?"), default=False):
        _try(interview, table["kind"], own, channel)


def _try(interview: Interview, kind: str, table: Mapping[str, Any], channel: int) -> None:
    """Give one pulse, released whatever happens; say what the board reports, and ask what the person saw."""
    trial = TestPulse(registry.relay(kind, table), channel, PULSE_MS)
    try:
        trial.run()
    except DeviceError as error:
        interview.say(Text("The board did not accept it: {error}", error=error), 2)
        return
    for line in trial.report():
        echo(f"  {line}")
    if not interview.confirm(Text("Did the barrier open?"), default=True):
        interview.say(Text("Check the number of the relay, the wire to OPEN and the controller. Then try again."), 2)
