"""The clock: the only place where the wall clock is read, and what the kernel says of its worth."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import time
from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from typing import ClassVar, Final

from agent.core.clock import step_between_s
from agent.core.model import Instant
from drivers.text import Text

_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_MICROSECONDS_PER_MS = 1000
_AHEAD_S = 600.0
_TRIES = 3

NOTE: Final = Path("/run/gate-agent-clock/state.json")
"""Where `agent.clock.sampler` notes what the kernel says, for a process whose sandbox refuses the question."""
NOTE_GOOD_FOR_S: Final = 30.0
"""A note is written every second. The kernel gives a clock up only hours after it last heard from a time server."""


@dataclass(frozen=True, slots=True)
class Synchronisation:
    """Whether the clock is kept in step with a time server.

    `error_ms`: how far off it may be at most, as the kernel reckons; None when it is not synchronised or not known.
    `detail`: why not, empty when it is.
    """

    synchronised: bool
    error_ms: float | None
    detail: str = ""


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2)."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_s", ctypes.c_long),
        ("time_fraction", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    ]


class Clock:
    """Tell the time on both clocks, and whether the wall clock can be trusted. Safe to use from any thread.

    `note`: where another process notes what the kernel says, for when this one may not ask.
    """

    def __init__(self, note: Path = NOTE) -> None:
        self._note = note

    def now(self) -> Instant:
        """This instant."""
        utc = time.time()  # noqa: TID251 - this is the module that the rule sends everyone to
        return Instant(at=time.monotonic(), utc=utc)

    def together(self) -> Instant:
        """This instant, with both clocks read as close together as can be: for what one clock gains on the other."""
        return min((_between() for _ in range(_TRIES)), key=lambda pair: pair[1])[0]

    def latest(self) -> float:
        """The latest time (Unix seconds) that what was signed by now can bear.

        No bound where no time server keeps the clock right. The signer's clock may be ahead a little. One that is
        ahead by more is wrong, and not believed.
        """
        return self.now().utc + _AHEAD_S if self.synchronisation().synchronised else inf

    def synchronisation(self) -> Synchronisation:
        """Ask the kernel. Where a sandbox refuses that, what another process has noted of its answer.

        Without such a note, with an old one, or with one from before the clock was set, the clock counts as not
        synchronised, and `detail` says so. Who asks for the time too reads that first: what is true of the clock may be
        true no longer once it was set.
        """
        try:
            return ask_kernel()
        except OSError as error:
            if error.errno != errno.EPERM:
                return unknown(str(error.strerror))
            return self._noted(str(error.strerror))

    def _noted(self, reason: str) -> Synchronisation:
        try:
            told = json.loads(self._note.read_bytes())
            at, utc = float(told["at"]), told.get("utc")
            found = Synchronisation(bool(told["synchronised"]), told["error_ms"], str(told["detail"]))
            now = self.together()
            # A process of before an update notes no wall clock.
            set_s = None if utc is None else step_between_s(Instant(at, float(utc)), now)
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return unknown(
                Text("{reason}, {said}", reason=reason, said=Text("and gate-agent-clock.service has recorded nothing"))
            )
        age_s = now.at - at
        if not 0 <= age_s <= NOTE_GOOD_FOR_S:
            return unknown(
                Text(
                    "{reason}, {said}",
                    reason=reason,
                    said=Text("and the last record of gate-agent-clock.service is {age_s} s old", age_s=f"{age_s:.0f}"),
                )
            )
        if set_s is not None:
            return unknown(
                Text(
                    "{reason}, {said}",
                    reason=reason,
                    said=Text(
                        "and the clock was changed by {set_s} s since the last record of gate-agent-clock.service",
                        set_s=f"{set_s:+.1f}",
                    ),
                )
            )
        return found


def ask_kernel() -> Synchronisation:
    """What the kernel says: adjtimex(2) with no mode set, which changes nothing and needs no privilege.

    Raises OSError.
    """
    timex = _Timex()
    state = _adjtimex()(ctypes.byref(timex))
    if state < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return judged(state, timex.status, timex.maxerror)


def unknown(why: str) -> Synchronisation:
    """What is held of the clock where the kernel does not say."""
    return Synchronisation(synchronised=False, error_ms=None, detail=Text("the kernel does not say: {why}", why=why))


def _between() -> tuple[Instant, float]:
    """The wall clock between two looks at the monotonic one, and how far apart those were, in seconds."""
    before = time.monotonic()
    utc = time.time()  # noqa: TID251 - as above
    after = time.monotonic()
    return Instant(at=(before + after) / 2, utc=utc), after - before


def judged(state: int, status: int, max_error_us: int) -> Synchronisation:
    """What adjtimex's return value, status bits and maximum error (microseconds) mean."""
    if state == _TIME_ERROR or status & _STA_UNSYNC:
        return Synchronisation(synchronised=False, error_ms=None, detail=Text("no time server has set the clock"))
    return Synchronisation(synchronised=True, error_ms=max_error_us / _MICROSECONDS_PER_MS)


@cache
def _adjtimex() -> ctypes._NamedFuncPointer:
    function = ctypes.CDLL(None, use_errno=True).adjtimex
    function.argtypes = [ctypes.POINTER(_Timex)]
    function.restype = ctypes.c_int
    return function
