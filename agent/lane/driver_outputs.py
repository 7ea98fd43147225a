"""The signs and the loudspeaker of one lane: passes them the message of the lane's view with each new view."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, Literal

from agent.core.lane import LaneState
from agent.core.plates import kinds_of
from agent.i18n.driver_languages import languages_for
from agent.lane.driver_record import DriverRecord
from agent.lane.signage import LaneSign
from agent.lane.speech import LaneSpeech
from agent.voice import Recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import time

    from agent.core.events import DriverOutputRecord
    from agent.core.model import DriverMessage, Instant
    from agent.core.plates import PlateKind
    from agent.devices import DeviceStatusTable, PortState, SignMonitor, VoicePlayer
    from agent.lane.driver_record import Told
    from agent.lane.lane_view import LaneView
    from agent.service.worker import Worker
    from agent.settings import Lane as LaneSettings
    from drivers.api import SignPort, VoicePort

VOICE: Final = "voice"
"""The name of the loudspeaker in its lane."""
_EMPTY: Final = frozenset(
    {LaneState.INIT, LaneState.IDLE, LaneState.OUT_OF_SERVICE, LaneState.HELD_OPEN, LaneState.FAULT}
)
"""States in which nobody need be there; a vehicle may be, as its inputs and its transaction tell."""


@dataclass(frozen=True, slots=True)
class DriverPorts:
    """The ports of a lane's signs by id, and of its sound device, not opened yet. `voice`: None: it has none."""

    signs: Mapping[str, SignPort] = field(default_factory=dict)
    voice: VoicePort | None = None


@dataclass(frozen=True, slots=True)
class DriverOutputServices:
    """What all lanes share. `recordings`: makes those of a lane that speaks.

    `local_time`: the time of day at the gate; None while the clock is not trusted.
    """

    devices: DeviceStatusTable
    now: Callable[[], Instant]
    recordings: Callable[[], Recordings] = Recordings
    local_time: Callable[[], time | None] = lambda: None


class DriverOutputs:
    """Made with the lane. `observe` is for the lane's own thread."""

    def __init__(self, lane: str, settings: LaneSettings, ports: DriverPorts, services: DriverOutputServices) -> None:
        self._lane = lane
        self._devices = services.devices
        self._now = services.now
        self._record = DriverRecord(lane, services.devices.note)
        self._voice_name = f"{lane}/{VOICE}"
        self._speech: LaneSpeech | None = None
        if ports.voice is not None and settings.voice is not None:
            self._speech = LaneSpeech(
                lane,
                settings.voice,
                ports.voice,
                services.recordings(),
                services.local_time,
                partial(self._changed, "voice", self._voice_name),
            )
        tables = [table for table in settings.signs if table.id in ports.signs]
        # One voice at a post: two that say the same a moment apart are not understood.
        speaker = next((table for table in tables if ports.signs[table.id].capabilities.speaks), None)
        self._signs = [
            LaneSign(
                f"{lane}/{table.id}",
                table,
                ports.signs[table.id],
                partial(self._changed, "sign", f"{lane}/{table.id}"),
                partial(self._begin, f"{lane}/{table.id}"),
                may_speak=self._speech is None and table is speaker,
            )
            for table in tables
        ]

    @property
    def latest(self) -> Mapping[str, DriverOutputRecord]:
        """What each device was given last and what became of it, by the device's name."""
        return self._record.latest

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads of its devices."""
        return tuple(monitor.worker for monitor in self._monitors)

    def start(self) -> None:
        """Start to keep the devices connected."""
        for monitor in self._monitors:
            monitor.start()

    def ask_to_stop(self) -> None:
        """Have them stop soon; returns at once."""
        for worker in self.workers:
            worker.ask_to_stop()

    def stop(self) -> bool:
        """Have the driver wait, and let the devices go; whether all have stopped."""
        ended = [monitor.stop() for monitor in self._monitors]
        self._record.close(self._now().utc)
        return all(ended)

    def observe(self, view: LaneView) -> None:
        """Tell the devices what the lane says now; each of them takes note where it is news. Waits for nothing."""
        if not self._monitors:
            return
        if view.transaction is not None:
            self._record.follow(view.transaction, self._now())
        self._tell(view)
        # The message with which a transaction ended is its own, and all that one who was refused is told.
        if view.transaction is None and view.state != LaneState.DENIED:
            self._record.follow(None, self._now())

    def _tell(self, view: LaneView) -> None:
        message = view.driver_message
        if message is None:
            return
        origin = _origin(view.plate)
        anybody = _is_anybody_there(view)
        for sign in self._signs:
            sign.tell(message, view.texts, origin, anybody=anybody)
        if self._speech is not None:
            self._speech.tell(
                message, languages_for(origin, ()), anybody=anybody, begin=partial(self._begin, self._voice_name)
            )

    @property
    def _monitors(self) -> tuple[SignMonitor | VoicePlayer, ...]:
        speech = () if self._speech is None else (self._speech.monitor,)
        return (*(sign.monitor for sign in self._signs), *speech)

    def _begin(self, device: str, message: DriverMessage) -> Told:
        return self._record.begin(device, message, self._now().at)

    def _changed(self, family: Literal["sign", "voice"], name: str, state: PortState, detail: str) -> None:
        self._devices.changed(family, name, state.value, detail, self._lane)


@lru_cache(maxsize=16)
def _origin(plate: str) -> PlateKind | None:
    """The kind of a plate, which tells of the driver's country; None where no plate was read, or it is of no kind."""
    kinds = kinds_of(plate) if plate else ()
    return kinds[0] if kinds else None


def _is_anybody_there(view: LaneView) -> bool:
    if view.transaction is not None or view.input_state.signals.presence:
        return True
    return LaneState(view.state) not in _EMPTY
