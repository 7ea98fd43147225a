"""How long each device was connected and disconnected, calculated from events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DOWN_STATES: Final = frozenset({"connecting", "stale", "lost"})
"""States of a device that is not connected. A camera with a bad picture is connected."""
DEVICES_LIMIT: Final = 256


@dataclass(slots=True)
class KnownDevice:
    """A device whose state is known since a moment, Unix milliseconds."""

    lane: str
    up: bool
    since_ms: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """How a device was from one moment to another, Unix milliseconds.

    `name`: family and name, as "camera:out/front".
    """

    name: str
    lane: str
    up: bool
    begin_ms: int
    end_ms: int


class DeviceUptime:
    """The states of all devices as their events tell them. What is known of a stretch is given out once."""

    def __init__(self) -> None:
        self.known: dict[str, KnownDevice] = {}

    def changed(self, name: str, lane: str, state: str, utc_ms: int) -> Iterator[Stretch]:
        """A device changed its state; gives how it was until now."""
        before = self.known.get(name)
        if before is not None and utc_ms > before.since_ms:
            yield Stretch(name, before.lane, before.up, before.since_ms, utc_ms)
        if before is not None or len(self.known) < DEVICES_LIMIT:
            # What was given out to a later moment is not given out again.
            since_ms = utc_ms if before is None else max(utc_ms, before.since_ms)
            self.known[name] = KnownDevice(lane, state not in DOWN_STATES, since_ms)

    def passed(self, utc_ms: int) -> Iterator[Stretch]:
        """Time went on and nothing changed; gives how every device was until now."""
        for name, device in self.known.items():
            if utc_ms > device.since_ms:
                yield Stretch(name, device.lane, device.up, device.since_ms, utc_ms)
                device.since_ms = utc_ms

    def set_clock(self, utc_ms: int) -> None:
        """The clock was set: nobody knows how long the states have lasted. They last from now on."""
        for device in self.known.values():
            device.since_ms = utc_ms

    def forget(self) -> None:
        """The gate stopped or started: no state is known."""
        self.known.clear()
