"""The camera of a new lane: named or found on the machine, and looked through once."""

from __future__ import annotations

import threading
import time
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

import typer

from agent.clock import Clock
from agent.core.model import Figures, Grade, findings
from agent.i18n.cameras import flaw_text
from agent.lane import FOLDER, RUNTIME
from agent.setup import CONSEQUENCES, StepCode, check_camera_address
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from drivers import registry
from drivers.api import DeviceError
from drivers.camera.onvif import CameraSession, choose_streams, find_cameras
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cli.setup.interview import Interview
    from agent.settings import Path
    from agent.setup import AnswerSheet
    from agent.vision.mapping import CameraStatus
    from agent.vision.worker.protocol import Heartbeat
    from drivers.camera.onvif import FoundCamera

SIMULATED: Final = Text("none yet: a simulated scene, to be replaced later")
NETWORK: Final = Text("a network camera, by its rtsp:// address")
SEARCH: Final = Text("search the network for cameras (ONVIF)")
TYPED: Final = Text("another one: I enter its address")
SEARCH_S: Final = 4.0
SCENE: Final = "scene.json"
LOOK_S: Final = 15.0
MEASURED_WITHIN_S: Final = 5.0
COUNTED_S: Final = 2.0
"""For so long pictures are counted."""
_POLL_S: Final = 0.1


def choose_camera(interview: Interview, lane: Path, root: FilePath) -> None:
    """Ask for the first camera of a lane and look through it. `root`: where the file tree of the machine begins."""
    sheet, path = interview.sheet, (*lane, "cameras", 0)
    by_path = root / "dev/v4l/by-path"
    found = sorted(f"/dev/v4l/by-path/{one.name}" for one in by_path.glob("*-video-index0"))
    while True:
        before = sheet.before((*path, "url"))
        proposed = before if before in found else NETWORK
        chosen = interview.pick(
            Text("Which camera looks at the driver's side of the barrier?"),
            [*found, NETWORK, SIMULATED, SEARCH],
            proposed,
        )
        sheet.set_value(path, {})
        if chosen == SIMULATED:
            interview.say(CONSEQUENCES[StepCode.CAMERAS], 2)
            sheet.set_value((*path, "kind"), "simulated")
            sheet.set_value((*path, "scene_file"), _scene(sheet))
            break
        sheet.set_value((*path, "kind"), "opencv")
        if chosen == SEARCH:
            if not _searched(interview, path):
                continue
        elif chosen == NETWORK:
            question = Text("Its address (rtsp://user:password@192.168.1.64:554/stream1)")
            interview.value((*path, "url"), question, refused=_see_network_address)
        else:
            sheet.set_value((*path, "url"), chosen)
        if not interview.confirm(Text("Check the camera now?"), default=True) or looked_through(interview, path):
            break
        if interview.confirm(Text("Use it anyway? The agent keeps trying to connect."), default=False):
            break
    interview.value((*path, "id"), Text("Name of the camera, such as front"), "front")


def _searched(interview: Interview, path: Path) -> bool:
    """Find a camera by ONVIF, log in to it, and take one of its streams; whether one was taken."""
    interview.say(Text("searching, {seconds} s ...", seconds=round(SEARCH_S)), 2)
    found: dict[str, FoundCamera] = {}
    try:
        found = {one.place: one for one in find_cameras(SEARCH_S)}
    except DeviceError as error:
        interview.say(Text("{words}", words=error), 2)
    place: str = interview.pick(Text("Which camera?"), [*found, TYPED])
    camera = found.get(place) or interview.ask(Text("Address of the camera"))
    user = interview.ask(Text("User name"))
    password = str(typer.prompt(interview.words(Text("Password")), default="", show_default=False, hide_input=True))
    try:
        profiles = CameraSession(camera, user, password, utc=lambda: Clock().now().utc).profiles()
    except DeviceError as error:
        interview.say(Text("{words}", words=error), 2)
        return False
    chosen = choose_streams(profiles)
    if chosen is None:
        interview.say(Text("The camera offers no stream that the gate can read."), 2)
        return False
    for advice in chosen.advice:
        interview.say(advice, 2)
    names = [
        Text(
            "{name}: {codec}, {width} x {height} pixels",
            name=one.name,
            codec=one.codec,
            width=one.width_px or 0,
            height=one.height_px or 0,
        )
        for one in profiles
    ]
    picked = interview.pick(Text("Which stream?"), names, names[profiles.index(chosen.main)])
    taken = next(one for one, name in zip(profiles, names, strict=True) if name == picked)
    interview.sheet.set_value((*path, "url"), taken.url_for(user, password))
    if taken is chosen.main and chosen.second is not None:
        interview.sheet.set_value((*path, "second_url"), chosen.second.url_for(user, password))
    return True


def _scene(sheet: AnswerSheet) -> str:
    """A file in a folder of scenes.

    The folder is that of the state directory where one is named, else that of the service's runtime folder.
    """
    state = sheet.values.get("state", {}).get("directory") or sheet.before(("state", "directory"))
    return str(FilePath(state or RUNTIME) / FOLDER / SCENE)


def _see_network_address(url: object) -> None:
    check_camera_address("" if str(url).startswith("/") else str(url))


def looked_through(interview: Interview, path: Path, within_s: float = LOOK_S) -> bool:
    """Start a vision worker on the camera, say what comes, and whether the camera delivers."""
    table = dict(interview.sheet.values["lanes"][path[1]]["cameras"][0])
    kind = table.pop("kind")
    camera = registry.settings_model(registry.CAMERAS, kind).model_validate(table).model_dump(mode="json")
    changed = threading.Event()
    detail = ""

    def on_status(status: CameraStatus) -> None:
        nonlocal detail
        if status.detail and status.detail != detail:
            detail = status.detail
            interview.say(detail, 2)
        if status.up:
            changed.set()

    supervisor = CameraSupervisor(
        "setup", Configure(camera_kind=kind, camera=camera), on_seen=lambda _: None, on_status=on_status
    )
    interview.say(Text("looking, up to {seconds} s ...", seconds=round(within_s)), 2)
    supervisor.start()
    try:
        if not changed.wait(within_s):
            interview.say(Text("No picture came."), 2)
            return False
        _report_picture(interview, supervisor)
        return True
    finally:
        supervisor.stop()


def _report_picture(interview: Interview, supervisor: CameraSupervisor) -> None:
    """Say how the picture is, once the vision worker has measured it, and how many come.

    What a stream says of that is often wrong.
    """
    first = _beat_when(supervisor, lambda heartbeat: bool(heartbeat.sharpness), MEASURED_WITHIN_S)
    measured = first and _beat_when(supervisor, lambda heartbeat: heartbeat.at >= first.at + COUNTED_S, 2 * COUNTED_S)
    status = supervisor.status
    size = Text("{width} x {height} pixels", width=status.width_px, height=status.height_px)
    if first is None or measured is None:
        interview.say(size, 2)
        return
    rate_hz = (measured.captured - first.captured) / (measured.at - first.at)
    interview.say(Text("{size}, {rate:.0f} fps", size=size, rate=rate_hz), 2)
    figures = Figures(
        sharpness=measured.sharpness, glare=measured.glare, noise=measured.noise, brightness=measured.brightness
    )
    for one in findings(figures):
        if one.flaw is not None:
            interview.say(
                Text(
                    "{figure} {value:.2f}: {flaw}",
                    figure=one.figure,
                    value=one.value,
                    flaw=flaw_text(one.flaw, interview.language),
                ),
                2,
            )
    if all(one.grade is Grade.GOOD for one in findings(figures)):
        interview.say(Text("The picture is good. The page Aim shows how large codes and plates are in it."), 2)


def _beat_when(supervisor: CameraSupervisor, is_one: Callable[[Heartbeat], bool], within_s: float) -> Heartbeat | None:
    """The first heartbeat of a vision worker that is one of those; None where there is none in time."""
    wait, until = threading.Event(), time.monotonic() + within_s
    while time.monotonic() < until:
        heartbeat = supervisor.last_heartbeat
        if heartbeat is not None and is_one(heartbeat):
            return heartbeat
        wait.wait(_POLL_S)
    return None
