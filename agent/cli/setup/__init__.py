"""The command `gate-agent setup`: sets up a new gate step by step, by asking questions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH
from agent.cli.owner_rights import act_on_configuration
from agent.cli.setup.interview import Interview, StepBackError
from agent.cli.setup.lane_draft import LaneDraft
from agent.cli.setup.next_steps import tell_what_next
from agent.cli.setup.steps import STEPS
from agent.cli.setup.write_configuration import written
from agent.i18n import Language
from agent.lane import SIMULATED
from agent.settings import Settings, read
from agent.setup import INTROS, TITLES, AnswerSheet
from drivers.text import Text


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

    It finds and identifies boards, finds inputs as you use them, and checks the picture of the camera. Every answer
    is checked at once, and `<` goes one step back. Nothing is written before you have seen the whole configuration
    and agreed. An existing configuration is kept in the history (`gate-agent config undo`), and its values are the
    defaults. A relay moves only if you say yes to a trial.

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
    lane = LaneDraft(configuration, root)
    if not _through(interview, lane):
        raise typer.Exit(exit_codes.FAILED)
    tell_what_next(interview, configuration, STEPS, practising=bool(lane.files))


def _through(interview: Interview, lane: LaneDraft) -> bool:
    """Go through the steps, forwards and back, and write; whether it is written."""
    sheet, saved = interview.sheet, list[AnswerSheet]()
    number = 0
    while True:
        del saved[number:]
        saved.append(sheet.saved())
        try:
            if number == len(STEPS):
                _keep(sheet)
                return written(interview, lane.configuration, lane.files)
            code, asked = list(STEPS.items())[number]
            interview.say()
            title = Text("Step {number} of {count}: {title}", number=number + 1, count=len(STEPS), title=TITLES[code])
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
