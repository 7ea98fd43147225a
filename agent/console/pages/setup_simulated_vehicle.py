"""The form of the set-up that lets a simulated vehicle come to a lane without hardware."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse

from agent.console.access import Technician
from agent.console.dependencies import AtGate
from agent.console.errors import RefusedError
from drivers.text import Text

router = APIRouter()

LONGEST_TEXT: Final = 2953
LONGEST_PLATE: Final = 12


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
