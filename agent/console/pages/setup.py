"""The page Set-up.

What is done and what is left of a new gate, and a vehicle that is played through a simulated lane.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.console.access import Role, Technician
from agent.console.dependencies import AtGate, Gate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.live.dependencies import AtLive, Live  # noqa: TC001
from agent.console.navigation import Nav, Place
from agent.console.page import render
from agent.console.setup_checklist import PRACTICE, SetupFacts, StepProgress, steps
from agent.core.model import Outcome
from agent.store.errors import JournalError
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

router = APIRouter()
NAV = Nav(Place.SETTINGS, 20, "/setup", Text("Set-up"), Role.TECHNICIAN)

LOOKED_AT: Final = 40
LONGEST_TEXT: Final = 2953
LONGEST_PLATE: Final = 12
_PASSED: Final = frozenset({Outcome.PASSED, Outcome.OVERRIDDEN})


@router.get("/setup", response_class=HTMLResponse)
async def setup(request: Request, gate: AtGate, live: AtLive, _person: Technician) -> HTMLResponse:
    """The steps, and where to go for each."""
    await live.vehicles.refresh()
    found = steps(gate.loaded.settings, _knowledge(gate, live))
    return render(
        request,
        "setup.html",
        steps=[step for step in found if not step.lane],
        lanes={lane: [step for step in found if step.lane == lane] for lane in gate.lanes},
        left=sum(step.progress in {StepProgress.LEFT, StepProgress.WRONG} for step in found),
        simulated_runs=set(gate.simulated_runs),
        practice=_practice(gate.configuration),
        longest_text=LONGEST_TEXT,
        longest_plate=LONGEST_PLATE,
    )


@router.post("/setup/{lane}/vehicle")
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
                "No simulated vehicle can come in the lane {lane}: it or another lane of this gate has real hardware, "
                "or its camera's scene is not a file of the folder for scenes.",
                lane=lane,
            ),
        )
    if not simulated_run.play(plate.strip(), permit.strip()):
        raise RefusedError(
            HTTPStatus.CONFLICT,
            Text("A simulated vehicle is still under way in the lane {lane}. Wait until it is through.", lane=lane),
        )
    gate.audit(person, "vehicle.rehearsed", lane=lane, detail=plate.strip())
    return RedirectResponse(f"/lane/{lane}", HTTPStatus.SEE_OTHER)


def _knowledge(gate: Gate, live: Live) -> SetupFacts:
    passed = {
        lane
        for lane in gate.lanes
        if any(one.seen and one.outcome in _PASSED for one in live.vehicles.last(lane, LOOKED_AT))
    }
    return SetupFacts(gate.devices.states, gate.clock.trust().state, passed, acknowledged=_is_acknowledged(gate))


def _is_acknowledged(gate: Gate) -> bool:
    """Whether anything of this journal is known to have arrived.

    A damaged journal says nothing, and Health says that.
    """
    try:
        return gate.journal.watermark > 0
    except JournalError:
        return False


def _practice(configuration: Path) -> str:
    """The permit to practise with that `gate-agent setup` made.

    Empty without one, or where it is not for the service.
    """
    try:
        return (configuration.parent / PRACTICE / "permit.txt").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
