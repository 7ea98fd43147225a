"""A clock that is moved by hand, and a floor in memory."""

from dataclasses import replace

from agent.clock.clock import Synchronisation
from agent.core.clock.trust import ClockFloor
from agent.core.model.instant import Instant
from agent.store.errors import RegistryError

UTC = 1_795_000_000.0


class HandClock:
    """Both clocks of a computer and what its kernel says, as a test sets them."""

    def __init__(self, at=1000.0, utc=UTC, synced=True):
        self.at, self.utc, self.synced, self.error_ms = at, utc, synced, 50.0

    def now(self):
        return Instant(self.at, self.utc)

    together = now

    def synchronisation(self):
        if self.synced:
            return Synchronisation(synchronised=True, error_ms=self.error_ms)
        return Synchronisation(synchronised=False, error_ms=None, detail="no time server has set the clock")

    def goes_on(self, seconds, gained=0.0, synced=None):
        self.at += seconds
        self.utc += seconds + gained
        self.synced = self.synced if synced is None else synced


class FloorInMemory:
    """A floor as the registry keeps it; `trouble` makes every call fail."""

    def __init__(self, utc=0.0, synced_utc=None):
        self.floor, self.trouble, self.written = ClockFloor(utc, synced_utc), "", 0

    def clock_floor(self):
        self._fail()
        return self.floor

    def raise_clock_floor(self, utc, *, synced, error_s=0.0):
        self._fail()
        self.written += 1
        known = (utc, error_s) if synced else (self.floor.synced_utc, self.floor.synced_error_s)
        self.floor = ClockFloor(max(utc, self.floor.utc), *known)

    def doubt_clock_word(self, error_s):
        self._fail()
        if self.floor.synced_utc is not None:
            self.floor = replace(self.floor, synced_error_s=max(error_s, self.floor.synced_error_s))

    def reset_clock_floor(self, utc):
        self._fail()
        self.floor = ClockFloor(utc)

    def _fail(self):
        if self.trouble:
            raise RegistryError(self.trouble)
