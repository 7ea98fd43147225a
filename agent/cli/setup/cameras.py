"""The camera of a new lane: named by hand or found on the machine, and looked through once."""

from __future__ import annotations

import threading
import time
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

import typer

from agent.cli.setup.interview import ask_value, pick
from agent.core.model import Figures, Grade, findings
from agent.i18n import Language
from agent.i18n.cameras import flaw_text
from agent.lane import FOLDER, RUNTIME
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from drivers import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cli.setup.interview import AnswerSheet
    from agent.settings import Path
    from agent.vision.mapping import CameraStatus
    from agent.vision.worker.protocol import Heartbeat

SIMULATED: Final = "none yet: a drawn yard, to be replaced later"
NETWORK: Final = "a network camera, by its rtsp:// address"
SCENE: Final = "scene.json"
LOOK_S: Final = 15.0
MEASURED_WITHIN_S: Final = 5.0
COUNTED_S: Final = 2.0
"""For so long pictures are counted."""
_POLL_S: Final = 0.1
_CHARACTERS: Final = "a camera's pixels of one character's height and one module's side are shown by the page Aim"


def choose_camera(sheet: AnswerSheet, lane: Path, root: FilePath) -> None:
    """Ask for the first camera of a lane and look through it. `root`: where the file tree of the machine begins."""
    path = (*lane, "cameras", 0)
    by_path = root / "dev/v4l/by-path"
    found = sorted(f"/dev/v4l/by-path/{one.name}" for one in by_path.glob("*-video-index0"))
    while True:
        before = sheet.before((*path, "url"))
        proposed = before if before in found else NETWORK
        chosen = pick("Which camera looks at the driver's side of the barrier?", [*found, NETWORK, SIMULATED], proposed)
        sheet.set_value(path, {})
        if chosen == SIMULATED:
            sheet.set_value((*path, "kind"), "simulated")
            sheet.set_value((*path, "scene_file"), _scene(sheet))
            break
        sheet.set_value((*path, "kind"), "opencv")
        if chosen == NETWORK:
            question = "Its address (rtsp://user:password@192.168.1.64:554/stream1)"
            ask_value(sheet, (*path, "url"), question, refused=_no_network_address)
        else:
            sheet.set_value((*path, "url"), chosen)
        if not typer.confirm("Look through it now?", default=True) or looked_through(sheet, path):
            break
        if typer.confirm("Take it all the same? The agent looks for it for ever.", default=False):
            break
    ask_value(sheet, (*path, "id"), "Name of the camera, such as front", "front")


def _scene(sheet: AnswerSheet) -> str:
    """A file in a folder of scenes.

    The folder is that of the state directory where one is named, else that of the service's runtime folder.
    """
    state = sheet.values.get("state", {}).get("directory") or sheet.before(("state", "directory"))
    return str(FilePath(state or RUNTIME) / FOLDER / SCENE)


def _no_network_address(url: str) -> str:
    return "" if "://" in url else "the address of a network camera starts with rtsp://, rtsps://, http:// or https://"


def looked_through(sheet: AnswerSheet, path: Path, within_s: float = LOOK_S) -> bool:
    """Start a vision worker on the camera, say what comes, and whether the camera delivers."""
    table = dict(sheet.values["lanes"][path[1]]["cameras"][0])
    kind = table.pop("kind")
    camera = registry.settings_model(registry.CAMERAS, kind).model_validate(table).model_dump(mode="json")
    changed = threading.Event()
    detail = ""

    def on_status(status: CameraStatus) -> None:
        nonlocal detail
        if status.detail and status.detail != detail:
            detail = status.detail
            typer.echo(f"  {detail}")
        if status.up:
            changed.set()

    supervisor = CameraSupervisor(
        "setup", Configure(camera_kind=kind, camera=camera), on_seen=lambda _: None, on_status=on_status
    )
    typer.echo(f"  looking, up to {within_s:.0f} s ...")
    supervisor.start()
    try:
        if not changed.wait(within_s):
            typer.echo("  no picture came")
            return False
        _report_picture(supervisor)
        return True
    finally:
        supervisor.stop()


def _report_picture(supervisor: CameraSupervisor) -> None:
    """Say how the picture is, once the vision worker has measured it, and how many come.

    What a stream says of that is often wrong.
    """
    first = _beat_when(supervisor, lambda heartbeat: bool(heartbeat.sharpness), MEASURED_WITHIN_S)
    measured = first and _beat_when(supervisor, lambda heartbeat: heartbeat.at >= first.at + COUNTED_S, 2 * COUNTED_S)
    status = supervisor.status
    size = f"  {status.width_px} x {status.height_px}"
    if first is None or measured is None:
        typer.echo(size)
        return
    rate_hz = (measured.captured - first.captured) / (measured.at - first.at)
    typer.echo(f"{size}, {rate_hz:.0f} pictures a second")
    figures = Figures(
        sharpness=measured.sharpness, glare=measured.glare, noise=measured.noise, brightness=measured.brightness
    )
    for one in findings(figures):
        advice = "" if one.flaw is None else f": {flaw_text(one.flaw, Language.EN)}"
        typer.echo(f"  {one.figure} {one.value:.2f} {one.grade.value}{advice}")
    if all(one.grade is Grade.GOOD for one in findings(figures)):
        typer.echo(f"  the picture is good; {_CHARACTERS}")


def _beat_when(supervisor: CameraSupervisor, is_one: Callable[[Heartbeat], bool], within_s: float) -> Heartbeat | None:
    """The first heartbeat of a vision worker that is one of those; None where there is none in time."""
    wait, until = threading.Event(), time.monotonic() + within_s
    while time.monotonic() < until:
        heartbeat = supervisor.last_heartbeat
        if heartbeat is not None and is_one(heartbeat):
            return heartbeat
        wait.wait(_POLL_S)
    return None
