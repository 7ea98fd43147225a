"""Plays a vehicle through a lane without hardware.

The module draws the vehicle before the camera, triggers the loops, and passes the vehicle when the arm opens.
Technicians use it to see the lane at work before anything is wired. The board, inputs and camera of the lane must all
be simulated, and the gate must have no real relay board. So nothing real moves, and no journal mixes real and simulated
vehicles. The agent writes scenes, so they are in folders of their own.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.service.cleanup import on_failure
from agent.service.parallel import Job
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated as simulated_relay
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from agent.settings import Lane

log = logging.getLogger(__name__)

SIMULATED: Final = "simulated"
RUNTIME: Final = "/run/gate-agent"
FOLDER: Final = "rehearsal"
SUFFIX: Final = ".json"
SCENE_KEYS: Final = frozenset({"vehicle", "code", "sign", "arm_raised", "light"})
"""Of drivers.camera.simulated_yard.scene.Scene, which needs a picture library."""
LARGEST_SCENE_BYTES: Final = 1 << 16
WAIT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 2.0
_LOOK_S: Final = 0.05
_RAISE_S: Final = 1.0
_UNDER_S: Final = 1.5
_LEAVE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class SimulatedLane:
    """The simulated things of one lane: the channel that opens, the numbers of the signals, the camera's scene."""

    relay: str
    channels: int
    open_channel: int
    inputs: str
    count: int
    signals: Mapping[str, int]
    scene_file: Path


def stage_of(lane: Lane) -> SimulatedLane | None:
    """The stage of a lane; None where something of it is real, nothing moves, or its camera draws no scene."""
    signals, camera = lane.signals, next(iter(lane.cameras), None)
    if lane.inputs is None or signals is None or camera is None or signals.presence is None or signals.safety is None:
        return None
    scene_file = camera.table.get("scene_file")
    if {lane.relay.kind, lane.inputs.kind, camera.kind} != {SIMULATED} or not scene_file or lane.dry_run:
        return None
    relay = simulated_relay.SimulatedRelay.Settings.model_validate(lane.relay.table)
    inputs = simulated_inputs.SimulatedInputs.Settings.model_validate(lane.inputs.table)
    named = {name: getattr(signals, name) for name in ("presence", "safety", "opened", "closed")}
    wired = {name: number for name, number in named.items() if number is not None}
    place = Path(scene_file)
    return SimulatedLane(relay.name, relay.channels, lane.barrier.open_channel, inputs.name, inputs.count, wired, place)


def scene_folders(state: Path, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The folders of scenes: below the runtime folder that the service manager gives, and below the state directory."""
    runtime = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0] or RUNTIME
    return Path(runtime) / FOLDER, state / FOLDER


def simulated_vehicle_runs(
    lanes: Mapping[str, Lane], folders: Collection[Path]
) -> Iterator[tuple[str, SimulatedVehicleRun]]:
    """One for each lane that is all simulated, at a gate without a real relay board. `folders`: of scenes.

    A scene that has no place is logged and left out.
    """
    if any(lane.relay.kind != SIMULATED for lane in lanes.values()):
        return
    for name, lane in lanes.items():
        stage = stage_of(lane)
        if stage is None:
            continue
        try:
            check_scene(stage.scene_file, folders)
            yield name, SimulatedVehicleRun(stage)
        except OSError as error:
            log.warning("no simulated vehicle can come in lane %s: %s", name, error)


def check_scene(file: Path, folders: Collection[Path]) -> None:
    """Raise OSError where a file is not a scene in one of the folders of scenes, or the place of a new one."""
    if file.parent not in folders or file.suffix != SUFFIX or file.parent.is_symlink():
        places = " or ".join(str(folder / f"NAME{SUFFIX}") for folder in folders)
        raise OSError(Text("the scene file {file} must be {places}", file=file, places=places))
    if not file.is_symlink() and not file.exists():
        return
    if file.is_symlink() or not file.is_file() or not _is_scene(file):
        raise OSError(Text("{file} exists and is not a scene: it is left as it is", file=file))


def _is_scene(file: Path) -> bool:
    with file.open("rb") as stream:
        data = stream.read(LARGEST_SCENE_BYTES)
    try:
        found = json.loads(data)
    except ValueError:
        return False
    return isinstance(found, dict) and found.keys() <= SCENE_KEYS


class SimulatedVehicleRun:
    """Play one vehicle after the other on a stage; `play` returns at once."""

    def __init__(self, stage: SimulatedLane) -> None:
        """Make room for the scene. Raises OSError."""
        self._stage = stage
        self._stopping = threading.Event()
        self._busy = threading.Lock()
        self._last: Job[None] | None = None
        stage.scene_file.parent.mkdir(parents=True, exist_ok=True)
        self._set(closed=True, opened=False)

    @property
    def playing(self) -> bool:
        """Whether a vehicle is under way."""
        return self._busy.locked()

    def play(self, plate: str, text: str) -> bool:
        """Let a vehicle with this plate come and show a code with this text; False where one is under way already."""
        if not self._busy.acquire(blocking=False):
            return False
        with on_failure(self._busy.release):
            self._last = Job("rehearsal", partial(self._play, plate, text))
        return True

    def stop(self) -> bool:
        """Send the vehicle away, within a bounded time; whether it has gone."""
        self._stopping.set()
        return self._last is None or self._last.ended(STOP_TIMEOUT_S)

    def _play(self, plate: str, text: str) -> None:
        try:
            self._show(vehicle={"plate": plate}, code={"text": text})
            self._set(presence=True)
            if self._opened():
                self._drive_through()
        except OSError:
            log.exception("the scene of the simulated camera cannot be written")
        finally:
            self._leave()
            self._busy.release()

    def _opened(self) -> bool:
        """Wait until the relay that opens is energised; False: it is not in time, so the vehicle turns back."""
        board = simulated_relay.board(self._stage.relay, self._stage.channels)
        for _ in range(round(WAIT_S / _LOOK_S)):
            if board.relays.states[self._stage.open_channel - 1]:
                return True
            if self._stopping.wait(_LOOK_S):
                return False
        return False

    def _drive_through(self) -> None:
        self._stopping.wait(_RAISE_S)
        self._set(closed=False, opened=True)
        self._show(vehicle=None, code=None, arm_raised=True)
        self._set(safety=True)
        self._stopping.wait(_LEAVE_S)
        self._set(presence=False)
        self._stopping.wait(_UNDER_S)
        self._set(safety=False)
        self._stopping.wait(_RAISE_S)

    def _leave(self) -> None:
        self._set(presence=False, safety=False, opened=False, closed=True)
        try:
            self._show()
        except OSError as error:
            log.warning("the scene of the simulated camera cannot be cleared: %s", error)

    def _set(self, **signals: bool) -> None:
        board = simulated_inputs.board(self._stage.inputs, self._stage.count)
        for name, on in signals.items():
            if name in self._stage.signals:
                board.set(self._stage.signals[name], on)

    def _show(self, **scene: Any) -> None:
        put_scene(self._stage.scene_file, scene)


def put_scene(file: Path, scene: Mapping[str, Any]) -> None:
    """Put a scene (of drivers.camera.simulated_yard) before a simulated camera, at once and whole. Raises OSError."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(scene, ensure_ascii=False), encoding="utf-8")
    fresh.replace(file)
