"""Counts the events of a journal, one after another, into tallies of local hours.

Unfinished things are state beside the tallies: a vehicle at the barrier, or a device since its last change. The same
events in the same order give the same tallies, even if the counter stops between them.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from agent.core.events import (
    AccessDecided,
    AccessGranted,
    AlarmRaised,
    BarrierTested,
    ClockChanged,
    DeviceChanged,
    GateStarted,
    GateStopping,
    PermitPresented,
    TransactionClosed,
    VehiclePresent,
)
from agent.core.numbers.device_uptime import DeviceUptime, KnownDevice, Stretch
from agent.core.numbers.local_hours import HOUR_S, LocalHour, local_hour
from agent.core.numbers.tally import NAME_LIMIT, Subject, Tally, add, merged, named
from agent.core.numbers.vehicle_tally import OpenVehicle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OPEN_LIMIT: Final = 64
"""Open vehicles that are remembered; the oldest goes first. A lane has one at a time."""
EARLIEST_MS: Final = 978_307_200_000
"""The year 2001: an earlier time is that of a clock that was never set, and is not counted."""
_LONGEST_STRETCH_HOURS: Final = 24 * 400
"""A device's state that lasts longer is counted to here: a clock in the far future must not fill the disk."""

KINDS: Final = frozenset(
    kind.TYPE
    for kind in (
        *(VehiclePresent, PermitPresented, AccessDecided, AccessGranted, BarrierTested, TransactionClosed),
        *(AlarmRaised, DeviceChanged, GateStarted, GateStopping, ClockChanged),
    )
)
"""The types of events that count. All others need not be read."""

Place = tuple[LocalHour, str]
"""An hour and a lane; "" is the gate as a whole."""


class EventCounter:
    """Counts events. `tallies`: what was counted since they were taken last, by hour and lane.

    `offset_at`: the offset from UTC at a moment (Unix seconds), in seconds.
    """

    def __init__(self, offset_at: Callable[[float], int]) -> None:
        self._offset_at = offset_at
        self._open: dict[str, OpenVehicle] = {}
        self._devices = DeviceUptime()
        self._tallies: dict[Place, Tally] = {}

    # ---------------------------------------------------------------------------------------------------- over restarts

    def to_json(self) -> str:
        """The state that is not in any tally yet. It names transactions and devices, and nothing of a person."""
        devices = {name: [one.lane, one.up, one.since_ms] for name, one in self._devices.known.items()}
        opened = {name: one.to_json() for name, one in self._open.items()}
        return json.dumps({"open": opened, "devices": devices})

    @classmethod
    def from_json(cls, text: str, offset_at: Callable[[float], int]) -> Self:
        """A counter that goes on. Raises ValueError for what `to_json` cannot have written."""
        counter = cls(offset_at)
        try:
            state = json.loads(text)
            for name, one in state["open"].items():
                counter._open[name] = OpenVehicle.from_json(one)
            for name, (lane, up, since_ms) in state["devices"].items():
                counter._devices.known[name] = KnownDevice(str(lane), bool(up), int(since_ms))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"the state of the counter cannot be read: {error!r}") from error
        return counter

    def forget(self) -> None:
        """Another journal follows: what is open stays open."""
        self._open.clear()
        self._devices.forget()

    def take(self) -> dict[Place, Tally]:
        """What was counted since the last call."""
        tallies, self._tallies = self._tallies, {}
        return tallies

    # --------------------------------------------------------------------------------------------------------- counting

    def count(self, event: Mapping[str, Any]) -> None:
        """Count an event, as decoded JSON. One that has no form of an event counts nothing."""
        kind, data = event.get("type"), event.get("data")
        utc_ms = _utc_ms(event.get("time"))
        if utc_ms is None or not isinstance(data, dict):
            return
        lane = str(event.get("lane") or "")[:NAME_LIMIT]
        match kind:
            case DeviceChanged.TYPE:
                name = f"{data.get('family')}:{data.get('device')}"[:NAME_LIMIT]
                self._add_stretches(self._devices.changed(name, lane, str(data.get("state")), utc_ms))
            case GateStopping.TYPE:
                self._add_stretches(self._devices.passed(utc_ms))
                self._devices.forget()
            case GateStarted.TYPE:
                self._devices.forget()
            case ClockChanged.TYPE:
                if data.get("step_s") is not None:
                    self._devices.set_clock(utc_ms)
            case AlarmRaised.TYPE:
                self._add(utc_ms, lane, {named(Subject.ALARM, str(data.get("alarm"))): 1})
            case _:
                self._count_vehicle(event, str(kind), data, utc_ms, lane)

    def pass_time(self, utc_ms: int) -> None:
        """Count how devices were until now, while nothing happens."""
        self._add_stretches(self._devices.passed(utc_ms))

    def _count_vehicle(
        self, event: Mapping[str, Any], kind: str, data: Mapping[str, Any], utc_ms: int, lane: str
    ) -> None:
        transaction = event.get("transaction")
        if not isinstance(transaction, str):
            return
        if kind == VehiclePresent.TYPE:
            self._arrive(transaction, OpenVehicle(lane, utc_ms, by_order=data.get("seen_by") == "operator"))
        elif kind == TransactionClosed.TYPE:
            self._close(transaction, event, data, utc_ms, lane)
        elif (vehicle := self._open.get(transaction)) is not None:
            _go_on(vehicle, kind, data, utc_ms)

    def _arrive(self, transaction: str, vehicle: OpenVehicle) -> None:
        if len(self._open) >= OPEN_LIMIT:
            del self._open[next(iter(self._open))]
        self._open[transaction] = vehicle

    def _close(
        self, transaction: str, event: Mapping[str, Any], data: Mapping[str, Any], utc_ms: int, lane: str
    ) -> None:
        """Count a vehicle in the hour of its arrival. Of one whose beginning was not seen the outcome counts alone."""
        vehicle = self._open.pop(transaction, None)
        if vehicle is None:
            duration_s = data.get("duration_s")
            began_ms = utc_ms - round(duration_s * 1000) if isinstance(duration_s, int | float) else utc_ms
            vehicle = OpenVehicle(lane, max(began_ms, EARLIEST_MS))
        vehicle.dry_run = event.get("dryrun") is True
        self._add(vehicle.began_ms, vehicle.lane, vehicle.close(data, utc_ms))

    # ---------------------------------------------------------------------------------------------------------- tallies

    def _add(self, utc_ms: int, lane: str, counted: Tally) -> None:
        if not counted:
            return
        utc_s = utc_ms / 1000
        place = (local_hour(utc_s, self._offset_at(utc_s)), lane)
        self._tallies[place] = merged((self._tallies.get(place, {}), counted))

    def _add_stretches(self, stretches: Iterable[Stretch]) -> None:
        for stretch in stretches:
            name = named(Subject.UP_MS if stretch.up else Subject.DOWN_MS, stretch.name)
            begin_ms = stretch.begin_ms
            for _ in range(_LONGEST_STRETCH_HOURS):
                if begin_ms >= stretch.end_ms:
                    break
                begin_ms = self._add_part(name, stretch, begin_ms)

    def _add_part(self, name: str, stretch: Stretch, begin_ms: int) -> int:
        """Count a stretch to the end of its hour; returns where it goes on."""
        utc_s = begin_ms / 1000
        hour = local_hour(utc_s, self._offset_at(utc_s))
        end_ms = min(stretch.end_ms, (hour.start_s + HOUR_S) * 1000)
        end_ms = max(end_ms, min(stretch.end_ms, begin_ms + 1))
        add(self._tallies.setdefault((hour, stretch.lane), {}), name, end_ms - begin_ms)
        return end_ms


def _go_on(vehicle: OpenVehicle, kind: str, data: Mapping[str, Any], utc_ms: int) -> None:
    match kind:
        case PermitPresented.TYPE:
            vehicle.see_code(data, utc_ms)
        case AccessDecided.TYPE:
            vehicle.judge(data, utc_ms)
        case AccessGranted.TYPE:
            vehicle.grant(data, utc_ms)
        case BarrierTested.TYPE:
            vehicle.tested = True
        case _:
            pass


def _utc_ms(time: object) -> int | None:
    """The time of an event in Unix milliseconds; None where it is none, or of a clock that was never set."""
    try:
        utc_ms = round(datetime.fromisoformat(str(time)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return utc_ms if utc_ms >= EARLIEST_MS else None
