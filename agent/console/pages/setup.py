"""The set-up: which step is how far, one page a step, and a vehicle that is played through a simulated lane."""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.console.access import Role, Technician
from agent.console.dependencies import AtGate
from agent.console.errors import RefusedError
from agent.console.navigation import Nav, Place
from agent.console.page import render
from agent.console.wizard.step_page import WORDS, live_part, step_page
from agent.console.wizard.step_visit import AtVisit, guarded
from agent.console.wizard.wizard import AtVehicles, AtWizard, LastVehicles, Wizard
from agent.setup import StepProgress, first_open
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.SETTINGS, 20, "/settings/setup", Text("Set-up"), Role.TECHNICIAN)

LONGEST_TEXT: Final = 2953
LONGEST_PLATE: Final = 12


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


@router.post("/settings/setup/{lane}/vehicle")
def vehicle(
    gate: AtGate,
    person: Technician,
    lane: str,
    plate: Annotated[str, Form(min_length=1, max_length=LONGEST_PLATE)],
    permit: Annotated[str, Form(min_length=1, max_length=LONGEST_TEXT)],
) -> RedirectResponse:
    """Let a simulated vehicle come, and look at its lane."""
    simulated_run = gate.simulated_runs.get(lane)
    if simulated_run is None:
        raise RefusedError(
            HTTPStatus.NOT_FOUND,
            Text(
                "The lane {lane} cannot simulate a vehicle. It or another lane of this gate has real "
                "hardware, or the scene of its camera is not a file in the folder for scenes.",
                lane=lane,
            ),
        )
    if not simulated_run.play(plate.strip(), permit.strip()):
        raise RefusedError(
            HTTPStatus.CONFLICT,
            Text("A simulated vehicle is still in the lane {lane}. Wait until it has passed.", lane=lane),
        )
    gate.audit(person, "vehicle.rehearsed", lane=lane, detail=plate.strip())
    return RedirectResponse(f"/lanes/{lane}", HTTPStatus.SEE_OTHER)


def _lane(wizard: Wizard, vehicles: LastVehicles, lane: str) -> dict[str, Any]:
    found = guarded(lambda: wizard.steps(lane, vehicles))
    left = sum(one.progress in {StepProgress.LEFT, StepProgress.WRONG} for one in found)
    return {"steps": found, "left": left, "next": first_open(found)}
