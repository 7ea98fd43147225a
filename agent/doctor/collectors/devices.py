"""Opens the devices that the configuration names, while no agent has them, and looks. Moves nothing."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from agent.core.model import Figures, View
from agent.doctor.facts import (
    CameraFacts,
    DriverDeviceFacts,
    InputsFacts,
    RelayFacts,
    ScannerFacts,
    SecondReadingFacts,
)
from agent.lane import VOICE
from agent.service.parallel import at_once
from agent.vision.second_reading import SecondReadingService
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import CameraPhase, Configure
from drivers import registry
from drivers.api import DeviceError, DeviceUnavailableError
from drivers.serial.using_programs import holders
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.settings import Camera, Device, Lane, Settings
    from drivers.api import InputPort, RelayPort

CAMERA_LIMIT_S: Final = 20.0
BOARD_LIMIT_S: Final = 8.0
SECOND_READING_LIMIT_S: Final = 10.0
STEADY_S: Final = 4.5
"""How long a camera is watched once it delivers: long enough to tell a frozen picture, and a bad view, from a good
one."""
REFUSED_S: Final = 4.0
"""After so long, one that was tried and refused is not waited for any longer."""
_LOOK_S: Final = 0.1
HANGS: Final = Text("no answer in time")


class _Closes(Protocol):
    def close(self) -> None: ...


class _Opens(_Closes, Protocol):
    def open(self) -> str: ...


def cameras(settings: Settings) -> tuple[CameraFacts, ...]:
    """Watch every camera for some seconds, each by a vision worker of its own that reads nothing."""
    jobs: list[tuple[str, Callable[[], CameraFacts], CameraFacts]] = [
        (name, _watching(name, camera), _no_camera(name)) for name, camera in _each_camera(settings).items()
    ]
    return tuple(at_once(jobs, CAMERA_LIMIT_S + _LOOK_S))


def second_reading() -> SecondReadingFacts:
    """Start one process that reads kept pictures a second time, and end it."""
    service, pause = SecondReadingService(1), threading.Event()
    try:
        service.start()
        until = time.monotonic() + SECOND_READING_LIMIT_S
        while not service.status.ready and not service.status.trouble and time.monotonic() < until:
            pause.wait(_LOOK_S)
        status = service.status
    finally:
        service.stop()
    return SecondReadingFacts(
        status.ready,
        status.wanted,
        status.trouble or ("" if status.ready else HANGS),
        status.unconfined,
    )


def relays(settings: Settings, places: Mapping[str, list[str]]) -> tuple[RelayFacts, ...]:
    """Ask every relay board what it is and how its relays are. `places`: the lanes of each board, by where it is.

    A board of lanes in dry run alone is left alone: it is somebody else's, or not there yet.
    """
    jobs: list[tuple[str, Callable[[], RelayFacts], RelayFacts]] = []
    for place, lanes in places.items():
        if all(settings.lanes[lane].dry_run for lane in lanes):
            continue
        late = RelayFacts(place, tuple(lanes), up=False, detail=HANGS, answer_s=None, energised=None, agent=False)
        jobs.append((place, _asking(settings.lanes[lanes[0]].relay, late), late))
    return tuple(at_once(jobs, BOARD_LIMIT_S))


def inputs(settings: Settings) -> tuple[InputsFacts, ...]:
    """Read the inputs of every lane once."""
    jobs: list[tuple[str, Callable[[], InputsFacts], InputsFacts]] = []
    for name, lane in settings.lanes.items():
        blind = lane.signals is None or lane.signals.presence is None
        late = InputsFacts(name, wired=True, up=False, detail=HANGS, blind=blind)
        jobs.append((name, _reading(name, lane, late), late))
    return tuple(at_once(jobs, BOARD_LIMIT_S))


def scanners(settings: Settings) -> tuple[ScannerFacts, ...]:
    """Open every scanner, and close it again."""
    jobs: list[tuple[str, Callable[[], ScannerFacts], ScannerFacts]] = []
    for lane_name, lane in settings.lanes.items():
        for scanner in lane.scanners:
            late = ScannerFacts(f"{lane_name}/{scanner.id}", up=False, noisy=False, detail=HANGS)
            jobs.append((late.name, _finding(scanner, late), late))
    return tuple(at_once(jobs, BOARD_LIMIT_S))


def signs(settings: Settings) -> tuple[DriverDeviceFacts, ...]:
    """Open every sign for drivers, and close it again. Those that can be asked are; nothing changes on them."""
    return _each_opened(
        {
            f"{name}/{sign.id}": (sign, partial(registry.sign, sign.kind, sign.table))
            for name, lane in settings.lanes.items()
            for sign in lane.signs_in_use
        }
    )


def voices(settings: Settings) -> tuple[DriverDeviceFacts, ...]:
    """Look whether the sound device of every lane that speaks is there. Makes no sound."""
    return _each_opened(
        {
            f"{name}/{VOICE}": (voice, partial(registry.voice, voice.kind, voice.table))
            for name, lane in settings.lanes.items()
            if (voice := lane.voice_in_use) is not None
        }
    )


def _each_opened(named: Mapping[str, tuple[Device, Callable[[], _Opens]]]) -> tuple[DriverDeviceFacts, ...]:
    jobs: list[tuple[str, Callable[[], DriverDeviceFacts], DriverDeviceFacts]] = []
    for name, (device, make) in named.items():
        late = DriverDeviceFacts(name, up=False, detail=HANGS)
        jobs.append((name, _finding_driver_device(device, make, late), late))
    return tuple(at_once(jobs, BOARD_LIMIT_S))


# -------------------------------------------------------------------------------------------------------------- cameras


def _each_camera(settings: Settings) -> dict[str, Camera]:
    return {f"{name}/{camera.id}": camera for name, lane in settings.lanes.items() for camera in lane.cameras}


def _no_camera(name: str) -> CameraFacts:
    return CameraFacts(
        name,
        CameraPhase.BACKOFF,
        HANGS,
        misconfigured=False,
        view=View.CLEAR,
        figures=None,
        width_px=0,
        height_px=0,
        rate_hz=None,
        overloaded=False,
        restarts=0,
    )


def _watching(name: str, camera: Camera) -> Callable[[], CameraFacts]:
    return lambda: _watched(name, camera)


def _watched(name: str, camera: Camera) -> CameraFacts:
    try:
        model = registry.settings_model(registry.CAMERAS, camera.kind)
    except DeviceError as error:
        return replace(_no_camera(name), detail=str(error), misconfigured=True)
    configure = Configure(
        camera_kind=camera.kind,
        camera=model.model_validate(camera.table).model_dump(mode="json"),
        read_codes=False,
        read_plates=False,
    )
    supervisor = CameraSupervisor(name, configure, on_seen=lambda _seen: None, on_status=lambda _status: None)
    supervisor.start()
    try:
        _watch(supervisor)
        return camera_facts(supervisor)
    finally:
        supervisor.stop()


def _watch(supervisor: CameraSupervisor) -> None:
    """Return once the camera was watched for long enough, or will not deliver."""
    began_at, pause = time.monotonic(), threading.Event()
    first_at: float | None = None
    while not supervisor.status.misconfigured:
        patience_s = REFUSED_S if supervisor.status.phase is CameraPhase.BACKOFF else CAMERA_LIMIT_S
        if time.monotonic() - began_at >= patience_s:
            return
        heartbeat = supervisor.last_heartbeat
        if heartbeat is not None and heartbeat.captured:
            first_at = heartbeat.at if first_at is None else first_at
            if heartbeat.at - first_at >= STEADY_S:
                return
        pause.wait(_LOOK_S)


def camera_facts(supervisor: CameraSupervisor) -> CameraFacts:
    """What a supervisor knows of its camera."""
    status, heartbeat, figures = supervisor.status, supervisor.last_heartbeat, None
    if heartbeat is not None and heartbeat.captured:
        figures = Figures(
            sharpness=heartbeat.sharpness, glare=heartbeat.glare, noise=heartbeat.noise, brightness=heartbeat.brightness
        )
    return CameraFacts(
        supervisor.name,
        status.phase,
        status.detail,
        misconfigured=status.misconfigured,
        view=status.view,
        figures=figures,
        width_px=status.width_px,
        height_px=status.height_px,
        rate_hz=supervisor.stats.rate_hz,
        overloaded=status.overloaded,
        restarts=status.restarts,
        unconfined=() if supervisor.sandbox is None else supervisor.sandbox.missing,
    )


# --------------------------------------------------------------------------------------------------------------- boards


def _check_free(device: Device) -> None:
    """Raise DeviceUnavailableError where somebody has the port open.

    Two on one line would garble each other's words.
    """
    port = device.table.get("port")
    if not isinstance(port, str):
        return
    found = [one for one in holders(str(Path(port).resolve())) if one.pid != os.getpid()]
    if found:
        who = joined(Text("{name} (pid {pid})", name=one.name, pid=one.pid) for one in found)
        raise DeviceUnavailableError(Text("{port} is in use by {who}", port=port, who=who))


def _opened(device: Device, port: _Closes, work: Callable[[], Any]) -> Any:
    """What the work with an open port brings. Raises DeviceError."""
    _check_free(device)
    try:
        return work()
    finally:
        port.close()


def _asking(device: Device, late: RelayFacts) -> Callable[[], RelayFacts]:
    def read_relays() -> RelayFacts:
        def work(board: RelayPort) -> RelayFacts:
            identity = board.open()
            begun_at = time.monotonic()
            states = board.state()
            answer_s = None if states is None else time.monotonic() - begun_at
            on = None if states is None else tuple(number for number, state in enumerate(states, 1) if state)
            return replace(late, up=True, detail=identity, answer_s=answer_s, energised=on)

        try:
            board = registry.relay(device.kind, device.table)
            found: RelayFacts = _opened(device, board, partial(work, board))
        except DeviceError as error:
            return replace(late, detail=str(error))
        return found

    return read_relays


def _reading(name: str, lane: Lane, late: InputsFacts) -> Callable[[], InputsFacts]:
    def read() -> InputsFacts:
        device, wiring = lane.inputs, lane.signals
        if device is None or wiring is None:
            return InputsFacts(name, wired=False, blind=True)
        inverted = frozenset(wiring.inverted)

        def work(board: InputPort) -> InputsFacts:
            identity, bits = board.open(), board.sample().bits
            signals = {
                signal: None if number > len(bits) or (bit := bits[number - 1]) is None else bit != (number in inverted)
                for signal, number in wiring.wired.items()
            }
            return replace(late, up=True, detail=identity, signals=signals)

        try:
            board = registry.inputs(device.kind, device.table)
            found: InputsFacts = _opened(device, board, partial(work, board))
        except DeviceError as error:
            return replace(late, detail=str(error))
        return found

    return read


def _finding(device: Device, late: ScannerFacts) -> Callable[[], ScannerFacts]:
    def find() -> ScannerFacts:
        try:
            scanner = registry.scanner(device.kind, device.table)
            identity: str = _opened(device, scanner, scanner.open)
        except DeviceError as error:
            return replace(late, detail=str(error))
        return replace(late, up=True, detail=identity)

    return find


def _finding_driver_device(
    device: Device, make: Callable[[], _Opens], late: DriverDeviceFacts
) -> Callable[[], DriverDeviceFacts]:
    def find() -> DriverDeviceFacts:
        port = make()
        try:
            identity: str = _opened(device, port, port.open)
        except DeviceError as error:
            return replace(late, detail=str(error))
        return replace(late, up=True, detail=identity)

    return find
