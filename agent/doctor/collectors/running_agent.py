"""Asks a running agent how its devices are: it has them, and nobody else may open them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from agent.core.site import VERSION
from agent.devices import PortState, ScannerState
from agent.doctor.collectors.devices import camera_facts
from agent.doctor.facts import (
    CameraFacts,
    ChannelFacts,
    DriverDeviceFacts,
    InputsFacts,
    NotificationFacts,
    RelayFacts,
    ScannerFacts,
    SecondReadingFacts,
    SiteGateFacts,
    WorkerFacts,
)
from agent.lane import VOICE
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.barrier import RelayBoard
    from agent.devices import DeviceState
    from agent.lane import LaneService
    from agent.notifications import ChannelView
    from agent.service.worker_supervisor import WorkerState
    from agent.settings import Settings
    from agent.site import GateView
    from agent.vision.second_reading import SecondReadingService
    from agent.vision.supervisor import CameraSupervisor

STALE_TIMES: Final = 3
"""A sample of the inputs that is so many times older than the lane bears is no sample any more."""
NOT_SEEN: Final = Text("it has not been seen yet")


def parts(states: Iterable[WorkerState]) -> tuple[WorkerFacts, ...]:
    """Every thread of the agent."""
    return tuple(WorkerFacts(one.name, one.failures, one.trouble, one.still_s) for one in states)


def notifications(trouble: str, views: Iterable[ChannelView]) -> NotificationFacts:
    """How notices get to people."""
    return NotificationFacts(
        trouble, tuple(ChannelFacts(one.name, one.place, one.trouble, one.waiting, one.dropped) for one in views)
    )


def site(gates: Iterable[GateView]) -> tuple[SiteGateFacts, ...]:
    """Every other gate of the site."""
    return tuple(SiteGateFacts(one.gate, one.heard_s, one.met, one.same_list, one.version, VERSION) for one in gates)


def cameras(supervisors: Iterable[CameraSupervisor]) -> tuple[CameraFacts, ...]:
    """Every camera."""
    return tuple(camera_facts(supervisor) for supervisor in supervisors)


def second_reading(service: SecondReadingService) -> SecondReadingFacts:
    """The processes that wait for pictures."""
    status = service.status
    return SecondReadingFacts(status.ready, status.wanted, status.trouble, status.unconfined)


def relays(boards: Mapping[str, RelayBoard], places: Mapping[str, list[str]]) -> tuple[RelayFacts, ...]:
    """Every relay board. `places`: the lanes of each board, by where it is."""
    return tuple(
        RelayFacts(
            place,
            tuple(places.get(place, ())),
            up=board.state is PortState.UP,
            detail=board.detail,
            answer_s=board.answer_s,
            energised=None,
            agent=True,
        )
        for place, board in boards.items()
    )


def inputs(
    settings: Settings, lanes: Iterable[LaneService], devices: Mapping[str, DeviceState]
) -> tuple[InputsFacts, ...]:
    """The inputs of every lane."""
    return tuple(_inputs(settings, lane, devices.get(f"{lane.name}/inputs")) for lane in lanes)


def scanners(settings: Settings, devices: Mapping[str, DeviceState]) -> tuple[ScannerFacts, ...]:
    """Every scanner."""
    names = [f"{name}/{scanner.id}" for name, lane in settings.lanes.items() for scanner in lane.scanners]
    return tuple(_scanner(name, devices.get(name)) for name in names)


def signs(settings: Settings, devices: Mapping[str, DeviceState]) -> tuple[DriverDeviceFacts, ...]:
    """Every sign for drivers."""
    names = [f"{name}/{sign.id}" for name, lane in settings.lanes.items() for sign in lane.signs_in_use]
    return tuple(_driver_device(name, devices.get(name)) for name in names)


def voices(settings: Settings, devices: Mapping[str, DeviceState]) -> tuple[DriverDeviceFacts, ...]:
    """The sound device of every lane that has one."""
    names = [f"{name}/{VOICE}" for name, lane in settings.lanes.items() if lane.voice_in_use is not None]
    return tuple(_driver_device(name, devices.get(name)) for name in names)


def _driver_device(name: str, known: DeviceState | None) -> DriverDeviceFacts:
    if known is None:
        return DriverDeviceFacts(name, up=False, detail=NOT_SEEN)
    return DriverDeviceFacts(name, up=known.state == PortState.UP.value, detail=known.detail)


def _inputs(settings: Settings, lane: LaneService, known: DeviceState | None) -> InputsFacts:
    wiring, view = settings.lanes[lane.name].signals, lane.view
    if wiring is None:
        return InputsFacts(lane.name, wired=False, blind=True)
    blind = wiring.presence is None
    up = known is not None and known.state == PortState.UP.value
    detail = NOT_SEEN if known is None else known.detail
    if not up or view is None:
        return InputsFacts(lane.name, wired=True, up=up, detail=detail, blind=blind)
    fresh = time.monotonic() - view.input_state.signals.at <= STALE_TIMES * settings.lanes[lane.name].timing.stale_s
    signals = {name: getattr(view.input_state.signals, name) if fresh else None for name in wiring.wired}
    return InputsFacts(lane.name, wired=True, up=True, detail=detail, signals=signals, blind=blind)


def _scanner(name: str, known: DeviceState | None) -> ScannerFacts:
    if known is None:
        return ScannerFacts(name, up=False, noisy=False, detail=NOT_SEEN)
    state = ScannerState(known.state)
    return ScannerFacts(name, up=state.works, noisy=state is ScannerState.NOISY, detail=known.detail)
