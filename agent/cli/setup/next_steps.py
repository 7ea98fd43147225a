"""What comes after a set-up: commands that start and examine the gate, and the steps that are left for the browser."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from agent.cli.agent_client import DEFAULT_SOCKET
from agent.cli.configuration import DEFAULT_PATH
from agent.cli.journal_option import DEFAULT_JOURNAL
from agent.cli.setup.write_configuration import runtime_folder
from agent.cli.terminal import echo
from agent.settings import state_directory
from agent.setup import PRACTICE, TITLES, StepCode
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from agent.cli.setup.interview import Interview


def tell_what_next(interview: Interview, configuration: Path, done: Collection[StepCode], *, practising: bool) -> None:
    """Say what comes next. `done`: the steps that a terminal does."""
    echo()
    interview.say(Text("Next:"))
    for command, words in _next_steps(configuration).items():
        echo(f"  {command:<38}  {interview.words(words)}")
    left = [interview.words(TITLES[code]) for code in StepCode if code not in done and code is not StepCode.PRACTICE]
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
