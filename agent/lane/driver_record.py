"""Records what the driver of each vehicle saw and heard, on which device, and whether the device confirmed it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.events import Draft, DriverOutputRecord, DriverShown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.core.model import DriverMessage, DriverReceipt, Instant

Told: TypeAlias = "Callable[[tuple[str, ...], DriverReceipt], None]"
"""Gets the languages of a message and what became of it on one device, each time that this changes."""

MOST_OUTPUTS: Final = 64
"""So many messages of a vehicle are recorded at most, over all devices: the first ones."""
LATE_S: Final = 2.0
"""For so long after a vehicle's transaction it may still come out what became of its last messages."""


@dataclass(slots=True, eq=False)
class _Output:
    """One message on one device. `at`: when it was given, monotonic s. `receipt`: None while nothing is known."""

    device: str
    message: DriverMessage
    at: float
    languages: tuple[str, ...] = ()
    receipt: DriverReceipt | None = None


@dataclass(slots=True, eq=False)
class _Vehicle:
    """One transaction. Times are monotonic s; `ended_at`: when it had ended."""

    transaction: str
    began_at: float
    ended_at: float = 0.0
    outputs: list[_Output] = field(default_factory=list)


class DriverRecord:
    """The record of one lane: an event for each vehicle, once its transaction has ended. For all threads.

    `write`: gets the event; it must not block.
    """

    def __init__(self, lane: str, write: Callable[[Draft], None]) -> None:
        self._lane = lane
        self._write = write
        self._lock = threading.Lock()
        self._vehicle: _Vehicle | None = None
        self._ended: deque[_Vehicle] = deque()
        self._latest: dict[str, _Output] = {}

    @property
    def latest(self) -> Mapping[str, DriverOutputRecord]:
        """What each device was given last of which something is known; `after_s` is 0."""
        with self._lock:
            records = {name: _record(output, output.at) for name, output in self._latest.items()}
        return MappingProxyType({name: record for name, record in records.items() if record is not None})

    def begin(self, device: str, message: DriverMessage, at: float) -> Told:
        """Note that a device is given a message (`at`: monotonic s); return who gets what became of it."""
        output = _Output(device, message, at)
        with self._lock:
            if self._vehicle is not None and len(self._vehicle.outputs) < MOST_OUTPUTS:
                self._vehicle.outputs.append(output)

        def told(languages: tuple[str, ...], receipt: DriverReceipt) -> None:
            with self._lock:
                output.languages, output.receipt = languages, receipt
                before = self._latest.get(device)
                if before is None or before.at <= output.at:
                    self._latest[device] = output

        return told

    def follow(self, transaction: str | None, now: Instant) -> None:
        """Note which vehicle's transaction is open; write down those that ended a while ago."""
        with self._lock:
            before = self._vehicle
            if before is not None and before.transaction != transaction:
                before.ended_at = now.at
                self._ended.append(before)
                self._vehicle = None
            if transaction is not None and self._vehicle is None:
                self._vehicle = _Vehicle(transaction, now.at)
            due = list(self._due(now.at - LATE_S))
        self._write_all(due, now.utc)

    def close(self, utc: float) -> None:
        """Write down what there is: the gate stops."""
        with self._lock:
            due = [*self._ended, *(() if self._vehicle is None else (self._vehicle,))]
            self._ended.clear()
            self._vehicle = None
        self._write_all(due, utc)

    def _due(self, until_at: float) -> Iterator[_Vehicle]:
        while self._ended and self._ended[0].ended_at <= until_at:
            yield self._ended.popleft()

    def _write_all(self, vehicles: list[_Vehicle], utc: float) -> None:
        for vehicle in vehicles:
            with self._lock:
                records = [_record(output, vehicle.began_at) for output in vehicle.outputs]
            outputs = tuple(record for record in records if record is not None)
            if outputs:
                self._write(Draft(DriverShown(outputs=outputs), self._lane, vehicle.transaction, utc))


def _record(output: _Output, began_at: float) -> DriverOutputRecord | None:
    """None for a message of which nothing is known: another one overtook it."""
    if output.receipt is None:
        return None
    return DriverOutputRecord(
        device=output.device,
        message=output.message,
        languages=output.languages,
        receipt=output.receipt,
        after_s=round(output.at - began_at, 3),
    )
