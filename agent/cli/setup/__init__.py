"""The command `gate-agent setup`: from a bare box to a working lane, step by step, by questions."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from agent.cli import exit_codes
from agent.cli.agent_client import DEFAULT_SOCKET
from agent.cli.configuration import DEFAULT_PATH
from agent.cli.journal_option import DEFAULT_JOURNAL
from agent.cli.path_callbacks import act_on_configuration
from agent.cli.setup.boards import choose_boards, choose_lamps
from agent.cli.setup.cameras import choose_camera
from agent.cli.setup.inputs import wire_inputs
from agent.cli.setup.interview import Interview, StepBackError
from agent.cli.setup.write_configuration import runtime_folder, written
from agent.cli.terminal import echo
from agent.clock import Clock
from agent.console.web.interfaces import v4_addresses
from agent.core.model import ListKind
from agent.i18n import Language
from agent.lane import SIMULATED
from agent.settings import EXAMPLE_ROOT_KEY, VARIABLE, Settings, read, state_directory
from agent.setup import (
    CONSEQUENCES,
    INTROS,
    PRACTICE,
    TITLES,
    AnswerError,
    AnswerSheet,
    PlateError,
    StepCode,
    checked_lane_name,
    code_png,
    is_practice,
    practice_permit,
)
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from agent.setup import PracticePermit

LOOPBACK: Final = "127.0.0.1"
REQUIRE: Final = ("lists", "require")


@dataclass(slots=True)
class _Lane:
    """What the steps share. `files`: what is to be written beside the configuration."""

    configuration: Path
    root: Path
    name: str = ""
    files: dict[Path, bytes] = field(default_factory=dict)

    @property
    def path(self) -> tuple[str, str]:
        return "lanes", self.name


def setup(
    configuration: Annotated[
        Path,
        typer.Argument(metavar="[CONFIG]", callback=act_on_configuration, help="The configuration file to write."),
    ] = DEFAULT_PATH,
    *,
    language: Annotated[Language, typer.Option(help="The language of the questions.")] = Language.EN,
    root: Annotated[
        Path, typer.Option("--root", hidden=True, help="Where the file tree of the machine begins.")
    ] = Path("/"),
) -> None:
    """Set up a gate with one lane by questions: gate, board, inputs, lamps, camera, permits, central, console.

    Boards are found and asked what they are, inputs are found out by using them, the camera is looked through. Every
    answer is judged at once, and `<` goes one step back. Nothing is written before the whole is shown and agreed to; a
    configuration that is there is kept in the history (`gate-agent config undo`), and its values are what is proposed.
    A relay moves only where you say yes to a trial.

    Exit code 0 when the configuration is written, 1 when it is not.
    """
    configuration = configuration.absolute()
    if configuration.exists() and not os.access(configuration, os.W_OK):
        typer.echo(f"gate-agent setup: {configuration} cannot be written; run it as root (sudo)", err=True)
        raise typer.Exit(exit_codes.FAILED)
    sheet = AnswerSheet(_before(configuration))
    sheet.set_value(("version",), 1)
    interview = Interview(sheet, language)
    interview.say(
        Text(
            "Enter takes the value in [brackets], < goes one step back, Ctrl-C ends. "
            "Nothing is written before you agree."
        )
    )
    lane = _Lane(configuration, root)
    if not _through(interview, lane):
        raise typer.Exit(exit_codes.FAILED)
    _tell_what_next(interview, configuration, practising=bool(lane.files))


def _through(interview: Interview, lane: _Lane) -> bool:
    """Go through the steps, forwards and back, and write; whether it is written."""
    sheet, saved = interview.sheet, list[AnswerSheet]()
    number = 0
    while True:
        del saved[number:]
        saved.append(sheet.saved())
        try:
            if number == len(_STEPS):
                _keep(sheet)
                return written(interview, lane.configuration, lane.files)
            code, asked = list(_STEPS.items())[number]
            interview.say()
            title = Text("Step {number} of {count}: {title}", number=number + 1, count=len(_STEPS), title=TITLES[code])
            interview.say(title)
            interview.say(INTROS[code])
            asked(interview, lane)
            number += 1
        except StepBackError:
            sheet.go_back(saved[number])
            number = max(0, number - 1)
            sheet.go_back(saved[number])


def _keep(sheet: AnswerSheet) -> None:
    """What is not asked for stays as it is, also other lanes that move something; a new gate has its console on."""
    for name in Settings.model_fields:
        before = sheet.original((name,))
        if isinstance(before, dict) and name != "lanes":
            sheet.keep((name,))
    for name, lane in dict(sheet.original(("lanes",)) or {}).items():
        if name not in sheet.values["lanes"] and lane.get("relay", {}).get("kind") != SIMULATED:
            sheet.set_value(("lanes", name), lane)
    if sheet.original(("console",)) is None or "enabled" not in sheet.values.get("console", {}):
        sheet.set_value(("console", "enabled"), value=True)


def _before(configuration: Path) -> dict[str, Any]:
    """The values of the configuration that is there, as far as it can be read."""
    return read(configuration).data if configuration.exists() else {}


def _gate(interview: Interview, lane: _Lane) -> None:
    sheet = interview.sheet
    interview.value(("gate", "id"), Text("Name of this gate, as central knows it: letters, digits, - and _"), "gate-1")
    interview.value(("gate", "site"), Text("Number of the site, as permits name it"), 1)
    if lane.configuration != DEFAULT_PATH and sheet.before(("state", "directory")) is None:
        _state(sheet, lane.configuration)
    known = list(sheet.before(("lanes",)) or {})
    while True:
        name = interview.ask(Text("Name of the lane, such as exit-1"), lane.name or (known[0] if known else "lane-1"))
        try:
            lane.name = checked_lane_name(name)
            break
        except AnswerError as error:
            interview.say(error.text, 2)
    interview.value((*lane.path, "number"), Text("Number of the lane, as permits name it"), 1)
    interview.choice((*lane.path, "direction"), Text("In which direction do vehicles pass?"), "export")


def _state(sheet: AnswerSheet, configuration: Path) -> None:
    """Keep what a configuration outside the service's folder makes beside it, so that two gates share nothing."""
    if VARIABLE not in os.environ:
        sheet.set_value(("state", "directory"), str(configuration.parent / "state"))


def _board(interview: Interview, lane: _Lane) -> None:
    choose_boards(interview, lane.path, lane.root)


def _inputs(interview: Interview, lane: _Lane) -> None:
    wire_inputs(interview, lane.path)


def _outputs(interview: Interview, lane: _Lane) -> None:
    choose_lamps(interview, lane.path)


def _cameras(interview: Interview, lane: _Lane) -> None:
    choose_camera(interview, lane.path, lane.root)


def _permits(interview: Interview, lane: _Lane) -> None:
    """The root key and the trust list; files to write beside the configuration where the gate is to practise."""
    sheet = interview.sheet
    lane.files.clear()
    if is_practice(Path(sheet.before(("permits", "trust_list")) or "")):
        # Nobody has the private half of a practice key, so it is not proposed as the issuer's.
        sheet.forget(("permits", "root_keys"))
        sheet.forget(("permits", "trust_list"))
        sheet.set_value(REQUIRE, [ListKind.REVOCATIONS.value])  # as it is shipped, unless it practises again
    known = [key for key in sheet.before(("permits", "root_keys")) or [] if key != EXAMPLE_ROOT_KEY]
    if interview.confirm(Text("Do you have the root key of the issuer, 64 hexadecimal digits?"), default=bool(known)):
        interview.value(("permits", "root_keys"), Text("Root key"), known or None)
        question = Text("File of the signed trust list; empty: it comes over MQTT")
        interview.value(("permits", "trust_list"), question, optional=True)
        return
    interview.say(INTROS[StepCode.PRACTICE])
    if not interview.confirm(Text("Make a practice permit?"), default=True):
        interview.say(CONSEQUENCES[StepCode.TRUST], 2)
        sheet.set_value(("permits", "root_keys"), [EXAMPLE_ROOT_KEY])
        return
    site = sheet.values["gate"]["site"]
    direction = cast("Literal['export', 'import']", sheet.values["lanes"][lane.name]["direction"])
    made = _practice(interview, site, direction)
    place = lane.configuration.parent / PRACTICE
    sheet.set_value(("permits", "root_keys"), [made.root])
    sheet.set_value(REQUIRE, [])  # nobody publishes lists by a key that is made for a day
    sheet.set_value(("permits", "trust_list"), str(place / "trust-list.txt"))
    lane.files |= {
        place / "trust-list.txt": made.trust_list,
        place / "permit.png": code_png(made.text),
        place / "permit.txt": made.text.encode() + b"\n",
    }


def _practice(interview: Interview, site: int, direction: Literal["export", "import"]) -> PracticePermit:
    while True:
        plate = interview.ask(Text("Plate of the vehicle that you practise with"))
        try:
            return practice_permit(site, direction, plate, int(Clock().now().utc))
        except PlateError as error:
            interview.say(Text("Invalid: {why}", why=error), 2)


def _broker(interview: Interview, _lane: _Lane) -> None:
    sheet, mqtt = interview.sheet, ("mqtt",)
    on = bool(sheet.before((*mqtt, "enabled")))
    sheet.set_value((*mqtt, "enabled"), interview.confirm(Text("Report to a central broker?"), default=on))
    if not sheet.values["mqtt"]["enabled"]:
        interview.say(CONSEQUENCES[StepCode.CENTRAL], 2)
        return
    interview.value((*mqtt, "brokers"), Text("Its addresses (mqtts://broker.example:8883), separated by commas"))
    if any(url.startswith("mqtts:") for url in sheet.values["mqtt"]["brokers"]):
        question = Text("File of the CA certificate for the broker; empty: the certificates of the system")
        interview.value((*mqtt, "ca_file"), question, optional=True)
        question = Text("File of the gate's own certificate; empty: none")
        if interview.value((*mqtt, "certificate_file"), question, optional=True):
            interview.value((*mqtt, "key_file"), Text("File of its private key"))
    if interview.value((*mqtt, "username"), Text("User name at the broker; empty: none"), optional=True):
        interview.say(
            Text("Its password goes into /etc/credstore/gate-agent.mqtt.password, which only root can read."), 2
        )


def _console(interview: Interview, _lane: _Lane) -> None:
    """At which addresses of this computer its page is served."""
    others = [address for address in v4_addresses() if not ip_address(address).is_loopback]
    if others:
        interview.say(Text("This computer can be reached at {addresses}.", addresses=", ".join(others)))
    question = Text("Addresses of this computer at which the console is served, separated by commas")
    interview.value(("console", "listen"), question, [LOOPBACK])


_STEPS: Final[Mapping[StepCode, Callable[[Interview, _Lane], None]]] = {
    StepCode.GATE: _gate,
    StepCode.BOARD: _board,
    StepCode.INPUTS: _inputs,
    StepCode.OUTPUTS: _outputs,
    StepCode.CAMERAS: _cameras,
    StepCode.TRUST: _permits,
    StepCode.CENTRAL: _broker,
    StepCode.NETWORK: _console,
}
"""The steps that a terminal can do. The others need a running gate, and are done in the browser."""


def _tell_what_next(interview: Interview, configuration: Path, *, practising: bool) -> None:
    echo()
    interview.say(Text("Next:"))
    for command, words in _next_steps(configuration).items():
        echo(f"  {command:<38}  {interview.words(words)}")
    left = [interview.words(TITLES[code]) for code in StepCode if code not in _STEPS and code is not StepCode.PRACTICE]
    echo()
    interview.say(Text("In the browser, open Set-up for the steps that are left: {steps}.", steps=", ".join(left)))
    if practising:
        place = configuration.parent / PRACTICE / "permit.png"
        interview.say(Text("Practice permit, to print or to show on a phone: {file}", file=str(place)))


def _next_steps(configuration: Path) -> dict[str, Text]:
    """Commands and what they are for. The service runs DEFAULT_PATH; another configuration is run from a terminal."""
    start = {"systemctl enable --now gate-agent": Text("start it now and at every boot")}
    given, of_config, of_agent, of_journal = "", "", "", ""
    if configuration != DEFAULT_PATH:
        file, folder = shlex.quote(str(configuration)), runtime_folder(configuration)
        start = {f"RUNTIME_DIRECTORY={shlex.quote(str(folder))} gate-agent run {file}": Text("start it")}
        given, of_config = f" {file}", f" -c {file}"
        of_agent = f" --socket {shlex.quote(str(folder / DEFAULT_SOCKET.name))}"
        journal = state_directory(configuration, os.environ) / DEFAULT_JOURNAL.name
        of_journal = f" --journal {shlex.quote(str(journal))}"
    return {
        **start,
        f"gate-agent doctor{of_agent}{given}": Text("check everything"),
        f"gate-agent anchors adopt{of_config}": Text("lock keys and brokers before the first real vehicle"),
        f"gate-agent console code{of_config}": Text("show the code for the first log-in at the console"),
        f"gate-agent watch{of_agent}{of_journal}": Text("see the lane live while the first vehicle passes"),
        "gate-agent demo": Text("see a vehicle pass a simulated barrier on this computer"),
    }
