"""The page Aim.

The whole picture of a camera, where plates count in it, and how well it is aimed, focused and exposed.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response  # noqa: TC002

from agent.console.access import Role, Technician
from agent.console.aim_target import target_code, target_plate
from agent.console.dependencies import AtGate, Gate  # noqa: TC001 - FastAPI reads the annotations
from agent.console.errors import RefusedError
from agent.console.navigation import Nav, Place
from agent.console.page import render
from agent.console.pages.live import supervisor_of
from agent.settings import ChangeError, EditStep, HistoryError, SettingsError, dotted, read_file, set_value
from agent.settings.configuration_loading import editor_of
from drivers.text import Text, first_line, joined, shortened

if TYPE_CHECKING:
    from agent.settings import Camera

router = APIRouter()
NAV = Nav(Place.SETTINGS, 30, "/settings/aim", Text("Aim"), Role.TECHNICIAN)

LONGEST_ZONE: Final = 4_000
EXPOSURE_FOR_S: Final = 60.0
SHARES: Final = (2, 4, 8, 16, 32, 64, 128)
"""The automatic's light is divided by these."""

ZoneText = Annotated[str, Form(max_length=LONGEST_ZONE)]


@router.get("/settings/aim", response_class=HTMLResponse)
async def first_camera(request: Request, gate: AtGate, _person: Technician) -> Response:
    """The page of the first camera."""
    first = next(iter(gate.cameras), None)
    return (
        render(request, "aim_none.html")
        if first is None
        else RedirectResponse(f"/settings/aim/{first}", HTTPStatus.SEE_OTHER)
    )


@router.get("/settings/aim/target", response_class=HTMLResponse)
async def target(request: Request, _person: Technician) -> HTMLResponse:
    """A sheet to print: a code as large as a permit's on a phone, and a plate of known size."""
    return render(request, "aim_target.html", code=target_code(), plate=target_plate())


@router.get("/settings/aim/{lane}/{camera}", response_class=HTMLResponse)
async def aim(request: Request, gate: AtGate, _person: Technician, lane: str, camera: str) -> HTMLResponse:
    """The page of one camera."""
    supervisor_of(gate, lane, camera)
    place, settings = _camera(gate, lane, camera)
    return render(
        request,
        "aim.html",
        lane=lane,
        camera=settings,
        key=_key(lane, place),
        cameras=list(gate.cameras),
        configuration=gate.loaded.digest,
        shares=SHARES,
        exposure_for_s=round(EXPOSURE_FOR_S),
    )


@router.post("/settings/aim/{lane}/{camera}/zone", response_class=HTMLResponse)
def save_zone(
    request: Request, gate: AtGate, person: Technician, lane: str, camera: str, zone: ZoneText, was: ZoneText
) -> HTMLResponse:
    """Write the zone into the configuration and have the gate take it. `was`: the zone that the page began with."""
    place, _ = _camera(gate, lane, camera)
    corners = _corners(zone)
    key = _key(lane, place)
    editor = editor_of(gate.configuration)
    try:
        on_disk = editor.load(read_file).settings.lanes[lane].cameras[place]
        if on_disk.id != camera or on_disk.zone != _corners(was):
            raise RefusedError(
                HTTPStatus.CONFLICT,
                Text("Someone else has changed the configuration of this camera. Reload the page; nothing was saved."),
            )
        step = EditStep(person.name, Text("zone of {lane}/{camera}", lane=lane, camera=camera), gate.now().utc)
        change = set_value(editor, key, json.dumps(corners), step)
    except (ChangeError, HistoryError, SettingsError, OSError, KeyError, IndexError) as error:
        gate.audit(person, "configuration.changed", lane=lane, detail=joined([key, _first(error)], ": "), done=False)
        cause = _first(error)
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("The zone could not be saved; nothing has changed. {cause}", cause=cause),
        ) from error
    said = f"{key} = {json.dumps(corners)}"
    gate.audit_configuration(person, "configuration.changed", change.loaded, said=said, lane=lane)
    gate.reload()
    return render(request, "aim_saved.html")


@router.post("/settings/aim/{lane}/{camera}/exposure", response_class=HTMLResponse)
def try_exposure(
    gate: AtGate,
    person: Technician,
    lane: str,
    camera: str,
    divisor: Annotated[int, Form(ge=1, le=128)],
) -> HTMLResponse:
    """Have the camera take a part of its automatic's light for a while. 1: leave it to the automatic again.

    What came of it is told with the news of the camera.
    """
    supervisor = supervisor_of(gate, lane, camera)
    if divisor == 1:
        supervisor.expose(None, 0.0)
    else:
        supervisor.expose(1 / divisor, EXPOSURE_FOR_S)
    gate.audit(
        person,
        "camera.exposure_tried",
        lane=lane,
        detail=Text(
            "{lane}/{camera}: 1/{divisor} of the automatic exposure", lane=lane, camera=camera, divisor=divisor
        ),
    )
    return HTMLResponse("")


def _first(error: Exception) -> str:
    """The first thing that is wrong, in one line."""
    problems = [each for each in error.problems if each.severity == "error"] if isinstance(error, SettingsError) else []
    if not problems:
        return shortened(first_line(str(error)), LONGEST_ZONE)
    # Without a line: the file was never written.
    return joined([problems[0].key, problems[0].message], ": ")


def _key(lane: str, place: int) -> str:
    return dotted(("lanes", lane, "cameras", place, "zone"))


def _camera(gate: Gate, lane: str, camera: str) -> tuple[int, Camera]:
    """The camera's place in its lane's list, and its settings. Raises RefusedError where there is none."""
    settings = gate.loaded.settings.lanes.get(lane)
    for place, each in enumerate(settings.cameras if settings is not None else ()):
        if each.id == camera:
            return place, each
    raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no camera {camera}.", camera=f"{lane}/{camera}"))


def _corners(text: str) -> tuple[tuple[float, float], ...]:
    """The corners of a zone as a page sends them. Raises RefusedError for what is none; the loader judges the rest."""
    try:
        found = json.loads(text)
        return tuple((round(float(x), 4), round(float(y), 4)) for x, y in found)
    except (ValueError, TypeError, RecursionError):
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("The zone is invalid: pairs of numbers from 0 to 1 are expected. Nothing was saved."),
        ) from None
