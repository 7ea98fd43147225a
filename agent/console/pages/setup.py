"""The set-up: which step is how far, and one page a step."""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Role, Technician
from agent.console.dependencies import AtGate
from agent.console.navigation import Nav, Place
from agent.console.page import render
from agent.console.pages.setup_simulated_vehicle import LONGEST_PLATE, LONGEST_TEXT
from agent.console.wizard.setup_observations import AtVehicles, AtWizard, LastVehicles, Wizard
from agent.console.wizard.step_page import WORDS, live_part, step_page
from agent.console.wizard.step_visit import AtVisit, guarded
from agent.setup import StepProgress, first_open
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.SETTINGS, 20, "/settings/setup", Text("Set-up"), Role.TECHNICIAN)


@router.get("/settings/setup", response_class=HTMLResponse)
def setup(request: Request, gate: AtGate, vehicles: AtVehicles, wizard: AtWizard, _person: Technician) -> HTMLResponse:
    """The steps of every lane, and where to go on."""
    return render(
        request,
        "setup.html",
        lanes={lane: _lane(wizard, vehicles, lane) for lane in gate.lanes},
        words=WORDS,
        simulated_runs=set(gate.simulated_runs),
        practice=wizard.practice_text(),
        longest_text=LONGEST_TEXT,
        longest_plate=LONGEST_PLATE,
    )


@router.get("/settings/setup/{lane}/{step}", response_class=HTMLResponse)
def show_step(request: Request, visit: AtVisit) -> HTMLResponse:
    """One step of a lane."""
    return step_page(request, visit)


@router.get("/live/settings/setup/{lane}/{step}", response_class=HTMLResponse)
def show_live(request: Request, visit: AtVisit) -> HTMLResponse:
    """What is seen of a step now; a fragment that the page asks for again and again."""
    return live_part(request, visit)


def _lane(wizard: Wizard, vehicles: LastVehicles, lane: str) -> dict[str, Any]:
    found = guarded(lambda: wizard.steps(lane, vehicles))
    left = sum(one.progress in {StepProgress.LEFT, StepProgress.WRONG} for one in found)
    return {"steps": found, "left": left, "next": first_open(found)}
