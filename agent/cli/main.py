"""The command `gate-agent`."""

from __future__ import annotations

import logging
import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.lazy import CliCommand, CommandBrokenError, mount
from agent.cli.terminal import drop_output, echo
from agent.service.credentials import hold_credentials
from agent.service.garbage_collection import leave_loaded_alone
from agent.service.privileges import own_process

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    CliCommand("run", "agent.cli.run:run", "Run the agent. The service starts this command."),
    CliCommand("setup", "agent.cli.setup:setup", "Set up a gate with one lane, step by step."),
    CliCommand("config", "agent.cli.config:app", "Check, show and change the configuration, and undo a change."),
    CliCommand("watch", "agent.cli.watch:watch", "Show a lane live in the terminal, as the running agent sees it."),
    CliCommand("release", "agent.cli.release:release", "Release every relay while the agent is not running."),
    CliCommand(
        "doctor", "agent.cli.doctor:doctor", "Check everything that the gate needs, and report problems and fixes."
    ),
    CliCommand("bundle", "agent.cli.bundle:bundle", "Create a support bundle, without secrets."),
    CliCommand("scan", "agent.cli.scan:scan", "Read QR codes, plates and VINs in pictures."),
    CliCommand("permit", "agent.cli.permit:app", "Make, verify and revoke permits, keys and trust lists."),
    CliCommand("enrol", "agent.cli.enrol:enrol_command", "Get the gate's certificate with a one-time token."),
    CliCommand(
        "est",
        "agent.cli.est:app",
        "Give gates their certificates, at the central side: tokens, the EST server, revocation.",
    ),
    CliCommand(
        "anchors",
        "agent.cli.anchors:app",
        "Show, adopt and change the trust anchors: keys, brokers, gates of the site.",
    ),
    CliCommand(
        "console", "agent.cli.console:app", "Manage users of the console, and get the code for the first log-in."
    ),
    CliCommand("lists", "agent.cli.lists:app", "Publish, pack, import and show declarations and other lists."),
    CliCommand(
        "clock", "agent.cli.clock:app", "Show how reliable the clock is, and correct its floor after a wrong time."
    ),
    CliCommand("events", "agent.cli.events:app", "Show the journal of events, and verify that nothing is missing."),
    CliCommand(
        "replay",
        "agent.cli.replay:replay_command",
        "Show what another configuration would have decided on past vehicles. Moves nothing.",
    ),
    CliCommand(
        "notify", "agent.cli.notify:app", "Send a test message by each channel, and make a secret for a webhook."
    ),
    CliCommand("command", "agent.cli.command:app", "Sign and send commands to gates."),
    CliCommand("relay", "agent.cli.relay:app", "Find, try and watch relay and input boards."),
    CliCommand("sign", "agent.cli.sign:app", "Find and try the signs that tell drivers what to do."),
    CliCommand("camera", "agent.cli.camera:app", "Find network cameras, and show what to write into gate.toml."),
    CliCommand("voice", "agent.cli.voice:app", "List, hear and replace what the gate says to drivers."),
    CliCommand(
        "fleet", "agent.cli.rollout:app", "Roll out documents to many gates, or simulate many gates against brokers."
    ),
    CliCommand("demo", "agent.cli.demo:demo", "Play fourteen vehicles at a gate on this computer, without hardware."),
)
EPILOG = (
    "Exit codes: 0 success; 1 failed, or a check found a problem; 2 invalid command; "
    "78 the configuration cannot be used; 130 interrupted by Ctrl-C."
)
INTERRUPTED = 130
TRACE_VARIABLE = "GATE_AGENT_TRACE"


def _version(wanted: bool) -> None:
    if wanted:
        echo(f"gate-agent {metadata.version('gate-agent')}")
        raise typer.Exit


def application(arguments: Sequence[str]) -> typer.Typer:
    """The command line for these arguments (without the program's name).

    Raises:
        CommandBrokenError: the command that they name cannot be loaded.
    """
    app = typer.Typer(
        name="gate-agent",
        help="The agent of a vehicle gate: reads permits and plates, decides, moves the barrier, reports.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def _root(
        _version_wanted: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
        ] = False,
    ) -> None:
        pass

    mount(app, COMMANDS, arguments)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code. An error that the user can fix is one line, without a traceback."""
    own = arguments is None
    given = list(sys.argv[1:] if arguments is None else arguments)
    if own:
        own_process()
    try:
        app = application(given)
        if own:
            leave_loaded_alone()
            hold_credentials()
        app(args=given, prog_name="gate-agent")
    except SystemExit:  # the usual end; which errors a user can fix need not be known for it
        raise
    except KeyboardInterrupt:
        echo("gate-agent: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        drop_output()
        sys.exit(exit_codes.FAILED)
    except _expected() as error:
        if os.environ.get(TRACE_VARIABLE):
            raise
        code = _code(error)
        echo(str(error) if code == exit_codes.CONFIGURATION else f"gate-agent: {error}", err=True)
        sys.exit(code)


def _expected() -> tuple[type[Exception], ...]:
    """The errors that a user can fix; all others are bugs, whose traceback is wanted."""
    from agent.settings import SettingsError  # noqa: PLC0415 - needed only when something went wrong
    from drivers.api import DeviceError  # noqa: PLC0415

    return SettingsError, DeviceError, OSError, CommandBrokenError


def _code(error: Exception) -> int:
    from agent.settings import SettingsError  # noqa: PLC0415 - as above

    if isinstance(error, SettingsError):
        return exit_codes.CONFIGURATION
    logging.getLogger(__name__).debug("the error in full", exc_info=error)
    return exit_codes.FAILED


if __name__ == "__main__":
    main()
