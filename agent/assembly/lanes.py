"""Creates the lanes of a gate from the settings: each with its loop, cameras and relay board, which lanes may share."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from agent.barrier import DryRunRelay, RelayBoard
from agent.core.lane import CommandKind
from agent.devices import UnusableInputs, UnusableRelay, UnusableScanner, UnusableSign, UnusableVoice
from agent.lane import DriverPorts, LaneDevices, LaneService
from agent.settings.configuration_loading import models, place_of_board
from agent.vision.supervisor import CameraSupervisor
from agent.vision.witness import CAMERA_S, WitnessSupervisor
from agent.vision.worker.protocol import Configure, ConfigureWitness
from agent.vision.worker_link import VisionWorkerLimits
from drivers import registry
from drivers.api import DeviceMisconfiguredError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.core.lane import Decide, Decided
    from agent.core.model import Instant
    from agent.lane import LaneServiceDependencies
    from agent.settings import Camera, Device, Settings, Witness
    from agent.settings import Lane as LaneSettings

    Port = TypeVar("Port")
    Deciding = Callable[[Decide, Instant, Callable[[Decided], None]], Decided | None]

log = logging.getLogger(__name__)

FIRST_SERIALS = 10_000
CAMERA_STOP_S = 0.7
LOCK_S = 5.0
LIED = Text("reported something that its picture does not show, so it was stopped")


class GateLanes:
    """Makes all of them, and starts nothing. `decider`: what answers the questions of a lane, by its name.

    `units`: the lanes, in the order of the configuration. `cameras`, `witnesses`: the supervisor of each. `boards`: the
    relay boards, by where they are; `places`: the lanes of each.
    """

    def __init__(
        self, settings: Settings, services: LaneServiceDependencies, decider: Callable[[str], Deciding]
    ) -> None:
        self.cameras: list[CameraSupervisor] = []
        self.witnesses: list[WitnessSupervisor] = []
        self.boards: dict[str, RelayBoard] = {}
        self.places: dict[str, list[str]] = {}
        self._services = services
        self.units: Sequence[LaneService] = [
            self._unit(name, lane, decider(name)) for name, lane in settings.lanes.items()
        ]

    @property
    def by_name(self) -> Mapping[str, LaneService]:
        """The lanes by their names."""
        return {unit.name: unit for unit in self.units}

    @property
    def cameras_by_name(self) -> Mapping[str, CameraSupervisor]:
        """The supervisors of the cameras by their names."""
        return {supervisor.name: supervisor for supervisor in self.cameras}

    def lock(self, name: str, operator: str, cause: str, is_wanted: Callable[[], bool]) -> None:
        """Lock a lane that runs, unless it is locked.

        `is_wanted` is asked once it was seen that the lane is not: an officer who unlocked it meanwhile has ended that.
        """
        lane = self.by_name.get(name)
        if lane is None or lane.view is None or lane.view.lockout.locked_by or not is_wanted():
            return
        answer = lane.order(CommandKind.LOCK, operator, cause, LOCK_S)
        log.warning("the gate itself has ordered to lock the lane %s: %s", name, answer.detail)

    def distrust(self, camera: str) -> None:
        """End the vision worker of a camera that told of what its picture does not show: it may have been taken over.

        What took it over goes with the process; another one is started.
        """
        self.cameras_by_name[camera].start_anew(LIED)

    def _unit(self, name: str, settings: LaneSettings, decide: Deciding) -> LaneService:
        inputs = settings.inputs
        unit = LaneService(
            name,
            settings,
            LaneDevices(
                self._dry_board(name) if settings.dry_run else self._board(name, settings.relay),
                None if inputs is None else _made(registry.inputs, inputs, UnusableInputs),
                {scanner.id: _made(registry.scanner, scanner, UnusableScanner) for scanner in settings.scanners},
                _driver_ports(settings),
            ),
            self._services,
            decide,
            secrets.randbelow(FIRST_SERIALS),
        )
        for camera in settings.cameras:
            self.cameras.append(_supervisor(unit, camera))
        for witness in settings.witnesses:
            self.witnesses.append(_witness(unit, witness))
        return unit

    def _dry_board(self, lane: str) -> RelayBoard:
        """What stands in for the board of a lane in dry run: no driver is made for it, so none can be told anything."""
        place = f"dry run of {lane}"
        self.places[place] = [lane]
        self.boards[place] = RelayBoard(place, DryRunRelay())
        return self.boards[place]

    def _board(self, lane: str, device: Device) -> RelayBoard:
        """The board of a lane's relays: one for all lanes that name it."""
        place = place_of_board(device) or f"of lane {lane}"
        self.places.setdefault(place, []).append(lane)
        if place not in self.boards:
            self.boards[place] = RelayBoard(place, _made(registry.relay, device, UnusableRelay))
        return self.boards[place]


def _driver_ports(settings: LaneSettings) -> DriverPorts:
    voice = settings.voice_in_use
    return DriverPorts(
        {sign.id: _made(registry.sign, sign, UnusableSign) for sign in settings.signs_in_use},
        None if voice is None else _made(registry.voice, voice, UnusableVoice),
    )


def _made(make: Callable[[str, Mapping[str, object]], Port], device: Device, stand_in: Callable[[str], Port]) -> Port:
    """The device; one that never connects where its driver cannot be used: the gate goes on with all others."""
    try:
        return make(device.kind, device.table)
    except DeviceMisconfiguredError as error:
        log.error("%s", error)  # noqa: TRY400 - no fault of ours, and the driver's own trace says no more
        return stand_in(str(error))


def _table(family: Literal["camera", "witness"], device: Device) -> dict[str, Any]:
    """The keys of a camera as its process gets them; unchecked where its driver cannot be used: that finds it too."""
    try:
        checked: dict[str, Any] = models(family, device.kind).model_validate(device.table).model_dump(mode="json")
    except DeviceMisconfiguredError as error:
        log.error("%s", error)  # noqa: TRY400 - as above
        return dict(device.table)
    return checked


def _supervisor(lane: LaneService, camera: Camera) -> CameraSupervisor:
    configure = Configure(
        camera_kind=camera.kind,
        camera=_table("camera", camera),
        read_codes="qr" in camera.readers,
        read_plates="plate" in camera.readers,
        read_vins="vin" in camera.readers,
        exposure=camera.exposure,
        zone=camera.zone,
    )
    supervisor = CameraSupervisor(
        f"{lane.name}/{camera.id}",
        configure,
        on_seen=lane.detected,
        on_status=lambda status: lane.camera_changed(camera.id, status, reads_codes="qr" in camera.readers),
        limits=VisionWorkerLimits(hang_s=camera.hang_s, reading_s=camera.reading_deadline_s, stop_s=CAMERA_STOP_S),
    )
    lane.notify_code_awaited(supervisor.set_vehicle_present)
    return supervisor


def _witness(lane: LaneService, witness: Witness) -> WitnessSupervisor:
    configure = ConfigureWitness(
        witness_kind=witness.kind,
        witness=_table("witness", witness),
    )
    return WitnessSupervisor(
        f"{lane.name}/{witness.id}",
        configure,
        on_seen=lane.witnessed,
        on_status=lambda status: lane.witness_changed(witness.id, status),
        camera_lane=witness.camera_lane,
        limits=VisionWorkerLimits(camera_s=CAMERA_S, stop_s=CAMERA_STOP_S),
    )
