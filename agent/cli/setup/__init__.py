"""The command `gate-agent setup`: from a bare box to a working lane, by questions."""

from __future__ import annotations

import os
import shlex
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from agent.cli import exit_codes
from agent.cli.agent_client import DEFAULT_SOCKET
from agent.cli.configuration import DEFAULT_PATH
from agent.cli.journal_option import DEFAULT_JOURNAL
from agent.cli.path_callbacks import act_on_configuration
from agent.cli.setup.boards import choose_boards
from agent.cli.setup.cameras import choose_camera
from agent.cli.setup.interview import AnswerSheet, ask_choice, ask_value
from agent.cli.setup.practice_permit import practice_permit
from agent.cli.setup.write_configuration import runtime_folder, written
from agent.clock import Clock
from agent.console.setup_checklist import PRACTICE, is_practice
from agent.console.web.interfaces import v4_addresses
from agent.core.model import ListKind
from agent.lane import SIMULATED
from agent.settings import EXAMPLE_ROOT_KEY, VARIABLE, Settings, read, state_directory
from central.issuing import OrderError

if TYPE_CHECKING:
    from typing import Literal

    from agent.cli.setup.practice_permit import PracticePermit

LOOPBACK = "127.0.0.1"
REQUIRE: Final = ("lists", "require")


def setup(
    configuration: Annotated[
        Path,
        typer.Argument(metavar="[CONFIG]", callback=act_on_configuration, help="The configuration file to write."),
    ] = DEFAULT_PATH,
    *,
    root: Annotated[
        Path, typer.Option("--root", hidden=True, help="Where the file tree of the machine begins.")
    ] = Path("/"),
) -> None:
    """Set up a gate with one lane by questions: gate, boards, inputs, camera, permits, broker, console.

    Boards are found and asked what they are, inputs are found out by using them, the camera is looked through. Every
    answer is judged at once. Nothing is written before the whole is shown and agreed to; a configuration that is there
    is kept in the history (`gate-agent config undo`), and its values are what is proposed. No relay moves.

    Exit code 0 when the configuration is written, 1 when it is not.
    """
    configuration = configuration.absolute()
    if configuration.exists() and not os.access(configuration, os.W_OK):
        typer.echo(f"gate-agent setup: {configuration} cannot be written; run it as root (sudo)", err=True)
        raise typer.Exit(exit_codes.FAILED)
    sheet = AnswerSheet(_before(configuration))
    sheet.set_value(("version",), 1)
    typer.echo("Each question shows in [brackets] what Enter takes. Ctrl-C ends; nothing is written before the end.\n")
    _gate(sheet)
    _state(sheet, configuration)
    lane = _lane(sheet)
    choose_boards(sheet, lane, root)
    typer.echo("")
    choose_camera(sheet, lane, root)
    typer.echo("")
    files = _permits(sheet, lane, configuration.parent)
    typer.echo("")
    _broker(sheet)
    typer.echo("")
    _console(sheet)
    _keep(sheet)
    if not written(sheet, configuration, files):
        raise typer.Exit(exit_codes.FAILED)
    _tell_what_next(configuration, practising=bool(files))


def _keep(sheet: AnswerSheet) -> None:
    """What is not asked for stays as it is, also other lanes that move something; a new gate has its console on."""
    for name in Settings.model_fields:
        before = sheet.before((name,))
        if isinstance(before, dict) and name != "lanes":
            sheet.keep((name,))
    for name, lane in dict(sheet.before(("lanes",)) or {}).items():
        if name not in sheet.values["lanes"] and lane.get("relay", {}).get("kind") != SIMULATED:
            sheet.set_value(("lanes", name), lane)
    if sheet.before(("console",)) is None:
        sheet.set_value(("console", "enabled"), value=True)


def _before(configuration: Path) -> dict[str, Any]:
    """The values of the configuration that is there, as far as it can be read."""
    return read(configuration).data if configuration.exists() else {}


def _gate(sheet: AnswerSheet) -> None:
    ask_value(sheet, ("gate", "id"), "Name of this gate, as central knows it: letters, digits, - and _", "gate-1")
    ask_value(sheet, ("gate", "site"), "Number of the site, as permits name it", 1)


def _state(sheet: AnswerSheet, configuration: Path) -> None:
    """Keep what a configuration outside the service's folder makes beside it, so that two gates share nothing."""
    if configuration != DEFAULT_PATH and sheet.before(("state", "directory")) is None and VARIABLE not in os.environ:
        sheet.set_value(("state", "directory"), str(configuration.parent / "state"))


def _lane(sheet: AnswerSheet) -> tuple[str, str]:
    known = list(sheet.before(("lanes",)) or {})
    while True:
        name = str(typer.prompt("Name of the lane, such as exit-1", default=known[0] if known else "lane-1")).strip()
        if name.replace("-", "").replace("_", "").isalnum() and name.isascii():
            break
        typer.echo("  Letters, digits, - and _ only.")
    ask_value(sheet, ("lanes", name, "number"), "Number of the lane, as permits name it", 1)
    ask_choice(sheet, ("lanes", name, "direction"), "Which way do vehicles pass?", "export")
    typer.echo("")
    return "lanes", name


def _permits(sheet: AnswerSheet, lane: tuple[str, str], folder: Path) -> dict[Path, bytes]:
    """The root key and the trust list; files to write beside the configuration where the gate is to practise."""
    if is_practice(Path(sheet.before(("permits", "trust_list")) or "")):
        # Nobody has the private half of a practice key, so it is not proposed as the issuer's.
        sheet.forget(("permits", "root_keys"))
        sheet.forget(("permits", "trust_list"))
        sheet.set_value(REQUIRE, [ListKind.REVOCATIONS.value])  # as it is shipped, unless it practises again
    known = [key for key in sheet.before(("permits", "root_keys")) or [] if key != EXAMPLE_ROOT_KEY]
    typer.echo("Whose permits are accepted is decided by the root key of the issuer, 64 hexadecimal digits.")
    if typer.confirm("Do you have it?", default=bool(known)):
        ask_value(sheet, ("permits", "root_keys"), "Root key", known or None)
        ask_value(
            sheet, ("permits", "trust_list"), "File of the signed trust list; empty: it comes over MQTT", optional=True
        )
        return {}
    typer.echo("To try the lane, a practice permit can be made. It is valid for one day; then the gate lets nobody in.")
    if not typer.confirm("Make a practice permit?", default=True):
        sheet.set_value(("permits", "root_keys"), [EXAMPLE_ROOT_KEY])
        return {}
    site = sheet.values["gate"]["site"]
    direction = cast("Literal['export', 'import']", sheet.values["lanes"][lane[1]]["direction"])
    made = _practice(site, direction)
    place = folder / PRACTICE
    sheet.set_value(("permits", "root_keys"), [made.root])
    sheet.set_value(REQUIRE, [])  # nobody publishes lists by a key that is made for a day
    sheet.set_value(("permits", "trust_list"), str(place / "trust-list.txt"))
    return {
        place / "trust-list.txt": made.trust_list,
        place / "permit.png": made.code,
        place / "permit.txt": made.text.encode() + b"\n",
    }


def _practice(site: int, direction: Literal["export", "import"]) -> PracticePermit:
    while True:
        plate = str(typer.prompt("Plate of the vehicle that you practise with"))
        try:
            return practice_permit(site, direction, plate, int(Clock().now().utc))
        except OrderError as error:
            typer.echo(f"  {error}")


def _broker(sheet: AnswerSheet) -> None:
    mqtt = ("mqtt",)
    on = bool(sheet.before((*mqtt, "enabled")))
    sheet.set_value(
        (*mqtt, "enabled"),
        typer.confirm("Report to a central broker? Without, events wait in the journal.", default=on),
    )
    if not sheet.values["mqtt"]["enabled"]:
        return
    ask_value(sheet, (*mqtt, "brokers"), "Its addresses (mqtts://broker.example:8883, more with commas between)")
    if any(url.startswith("mqtts:") for url in sheet.values["mqtt"]["brokers"]):
        ask_value(
            sheet,
            (*mqtt, "ca_file"),
            "File of the certificate that signed the broker's; empty: the system's",
            optional=True,
        )
        if ask_value(
            sheet, (*mqtt, "certificate_file"), "File of the gate's own certificate; empty: none", optional=True
        ):
            ask_value(sheet, (*mqtt, "key_file"), "File of its private key")
    if ask_value(sheet, (*mqtt, "username"), "User name at the broker; empty: none", optional=True):
        typer.echo("  Its password goes into /etc/credstore/gate-agent.mqtt.password, which only root can read.")


def _console(sheet: AnswerSheet) -> None:
    """At which addresses of this computer its page is served."""
    others = [address for address in v4_addresses() if not ip_address(address).is_loopback]
    if others:
        typer.echo(f"A phone or laptop reaches the console only where it is served at {' or '.join(others)} too.")
    question = "Addresses of this computer at which the console is served, with commas between"
    ask_value(sheet, ("console", "listen"), question, [LOOPBACK])


def _tell_what_next(configuration: Path, *, practising: bool) -> None:
    typer.echo("\nNext:")
    for command, words in _next_steps(configuration).items():
        typer.echo(f"  {command:<38}  {words}")
    if practising:
        typer.echo(
            f"\nPractice permit, to print or to show on a phone: {configuration.parent / PRACTICE / 'permit.png'}"
        )


def _next_steps(configuration: Path) -> dict[str, str]:
    """Commands and what they are for. The service runs DEFAULT_PATH; another configuration is run from a terminal."""
    start = {"systemctl enable --now gate-agent": "start it, now and at every boot"}
    given, of_config, of_agent, of_journal = "", "", "", ""
    if configuration != DEFAULT_PATH:
        file, folder = shlex.quote(str(configuration)), runtime_folder(configuration)
        start = {f"RUNTIME_DIRECTORY={shlex.quote(str(folder))} gate-agent run {file}": "start it"}
        given, of_config = f" {file}", f" --config {file}"
        of_agent = f" --socket {shlex.quote(str(folder / DEFAULT_SOCKET.name))}"
        journal = state_directory(configuration, os.environ) / DEFAULT_JOURNAL.name
        of_journal = f" --journal {shlex.quote(str(journal))}"
    return {
        **start,
        f"gate-agent doctor{of_agent}{given}": "check everything",
        f"gate-agent anchors adopt{of_config}": "lock keys and brokers before the first real vehicle",
        f"gate-agent console code{of_config}": "show the code for the first log-in at the console",
        f"gate-agent watch{of_agent}{of_journal}": "see the lane live while the first vehicle passes",
        "gate-agent demo": "see a vehicle pass a simulated barrier on this machine",
    }
