"""The steps that a terminal can do, in their order."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from agent.cli.configuration import DEFAULT_PATH
from agent.cli.setup.boards import choose_boards, choose_lamps
from agent.cli.setup.cameras import choose_camera
from agent.cli.setup.central import connect_central
from agent.cli.setup.inputs import wire_inputs
from agent.cli.setup.permits import choose_permits
from agent.console.web.interfaces import v4_addresses
from agent.settings import VARIABLE
from agent.setup import AnswerError, StepCode, checked_lane_name
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.cli.setup.interview import Interview
    from agent.cli.setup.lane_draft import LaneDraft
    from agent.setup import AnswerSheet

LOOPBACK: Final = "127.0.0.1"


def _gate(interview: Interview, lane: LaneDraft) -> None:
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


def _board(interview: Interview, lane: LaneDraft) -> None:
    choose_boards(interview, lane.path, lane.root)


def _inputs(interview: Interview, lane: LaneDraft) -> None:
    wire_inputs(interview, lane.path)


def _outputs(interview: Interview, lane: LaneDraft) -> None:
    choose_lamps(interview, lane.path)


def _cameras(interview: Interview, lane: LaneDraft) -> None:
    choose_camera(interview, lane.path, lane.root)


def _console(interview: Interview, _lane: LaneDraft) -> None:
    """At which addresses of this computer its page is served."""
    others = [address for address in v4_addresses() if not ip_address(address).is_loopback]
    if others:
        interview.say(Text("This computer can be reached at {addresses}.", addresses=", ".join(others)))
    question = Text("Addresses of this computer at which the console is served, separated by commas")
    interview.value(("console", "listen"), question, [LOOPBACK])


STEPS: Final[Mapping[StepCode, Callable[[Interview, LaneDraft], None]]] = {
    StepCode.GATE: _gate,
    StepCode.BOARD: _board,
    StepCode.INPUTS: _inputs,
    StepCode.OUTPUTS: _outputs,
    StepCode.CAMERAS: _cameras,
    StepCode.TRUST: choose_permits,
    StepCode.CENTRAL: connect_central,
    StepCode.NETWORK: _console,
}
"""The steps that a terminal can do. The others need a running gate, and are done in the browser."""
