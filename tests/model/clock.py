"""The clock's trust as a machine: the real monitor beside a world that knows the true time.

Two clocks of a computer, a battery-backed one, a kernel, a time server that is lost and comes back, somebody who sets
the clock, restarts of the agent and of the computer. What must hold, from docs/clock.md: whenever permits are judged by
the clock, it is off by no more than it says, and that is no more than `max_error_s`; a time server that may be gone by
brings trust back; the floor is a time that has passed.

Times are kept relative to the true time and to now. The agent looks after everything that happens, as it does once a
second: what is set and lost within that second no agent can see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final

from agent.clock.clock import Synchronisation
from agent.clock.monitor import ClockMonitor
from agent.core.clock import Anchor, ClockFloor, ClockState, ClockTrust, HoldoverRules, LastObservation
from agent.core.model import Instant
from tests.model.explorer import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

TRUE_UTC: Final = 1_795_000_000.0
NOW_AT: Final = 1_000_000.0
WAITS_S: Final = (60.0, 900.0)
LONG_AGO_S: Final = 3600.0
FAR_OFF_S: Final = 100.0
RTC_WRITTEN_EVERY_S: Final = 660.0
"""The kernel writes the battery-backed clock every eleven minutes while a time server keeps its own."""
RTC_READ_S: Final = (0.0, 2.0, -2.0)
"""What it loses by being read and written: it counts in whole seconds."""
SLIP_S: Final = 0.02
"""Of rounding, and of the drift of the error itself."""


@dataclass(frozen=True, slots=True)
class World:
    """A gate's computer, and what its agent knows.

    `off_s`, `rtc_off_s`: by what the clock and the battery-backed one are ahead of the true time. `kernel_s`: the bound
    that the kernel gives, None: no time server. `rtc_due_s`: until it writes the battery-backed clock. `trust`,
    `floor`, `look`: as kept, relative to now. `kept_s`: since when the agent wrote them, as off by `kept_error_s`.
    """

    off_s: float
    rtc_off_s: float
    kernel_s: float | None
    rtc_due_s: float
    trust: ClockTrust | None
    floor: ClockFloor
    look: LastObservation | None
    kept_s: float | None
    kept_error_s: float
    holding: bool


class _Computer:
    """The clock and the kernel as the monitor asks them."""

    def __init__(self, off_s: float, kernel_s: float | None) -> None:
        self._now = Instant(NOW_AT, TRUE_UTC + off_s)
        self._kernel_s = kernel_s

    def together(self) -> Instant:
        return self._now

    def synchronisation(self) -> Synchronisation:
        if self._kernel_s is None:
            return Synchronisation(synchronised=False, error_ms=None)
        return Synchronisation(synchronised=True, error_ms=self._kernel_s * 1000)


class _Floors:
    """The floors as the registry keeps them."""

    def __init__(self, floor: ClockFloor) -> None:
        self.floor = floor

    def clock_floor(self) -> ClockFloor:
        return self.floor

    def raise_clock_floor(self, utc: float, *, synced: bool, error_s: float = 0.0) -> None:
        was = self.floor
        word = (was.synced_utc, was.synced_error_s)
        if synced and (was.synced_utc is None or utc >= was.synced_utc):
            word = (utc, error_s)
        self.floor = ClockFloor(max(was.utc, utc), *word)

    def doubt_clock_word(self, error_s: float) -> None:
        if self.floor.synced_utc is not None:
            self.floor = replace(self.floor, synced_error_s=max(self.floor.synced_error_s, error_s))


class _Files:
    """The last look as the file keeps it for this run of the computer."""

    run_known = True

    def __init__(self, look: LastObservation | None) -> None:
        self.look = look

    def last_look(self) -> LastObservation | None:
        return self.look

    def keep(self, last: LastObservation) -> None:
        # As the file has it: of an anchor, the look that it was.
        self.look = LastObservation(last.seen if last.anchor is None else last.anchor.now, last.anchor)

    def reset(self) -> None:
        return None


class ClockMachine:
    """`rules`: those of the gate."""

    def __init__(self, rules: HoldoverRules) -> None:
        self._rules = rules

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        nothing = World(0.0, 0.0, None, 0.0, None, ClockFloor(-LONG_AGO_S), None, None, 0.0, holding=True)
        yield "a new gate", self._looked(nothing, starts=True)
        kept = self._looked(replace(nothing, kernel_s=0.5), starts=True)
        for _ in range(20):
            kept = self._looked(self._later(kept, 60.0, 0, rtc_written=True))
        yield "kept for twenty minutes", kept

    def inputs(self, state: Hashable) -> Iterable[str]:
        assert isinstance(state, World)
        return self._acts(state) if abs(state.off_s) <= FAR_OFF_S else ()

    def outcomes(self, state: Hashable, label: str) -> Iterator[Outcome]:
        assert isinstance(state, World)
        after = self._acts(state)[label]()
        trust = after.trust
        assert trust is not None
        before = "nothing" if state.trust is None else state.trust.state.value
        breaches = list(self._breaches(label, after, trust))
        if (before, trust.state) == (ClockState.UNTRUSTED, ClockState.HOLDOVER):
            breaches.append("trusted again though no time server spoke")
        yield Outcome(label, after, tuple(breaches), (before, trust.state.value))

    def judged(self, state: Hashable) -> Iterable[str]:
        return ()

    def never_seen(self, moved: Iterable[Hashable]) -> Iterable[str]:
        seen = set(moved)
        due = set(product(map(str, ClockState), repeat=2)) - {(ClockState.UNTRUSTED, ClockState.HOLDOVER)}
        return [f"{before} to {after}" for before, after in sorted(due - seen)]

    def told(self, state: Hashable) -> str:
        assert isinstance(state, World)
        assert state.trust is not None
        error = "" if state.trust.error_s is None else f" to {state.trust.error_s:.2f} s"
        return f"{state.trust.state}{error}; off by {state.off_s:+.2f} s, battery-backed {state.rtc_off_s:+.2f} s"

    def _breaches(self, label: str, after: World, trust: ClockTrust) -> Iterator[str]:
        if trust.trusted:
            if trust.error_s is None or trust.error_s > self._rules.max_error_s + SLIP_S:
                yield "permits are judged by a clock that may be off by more than max_error_s"
            elif abs(after.off_s) > trust.error_s + SLIP_S:
                yield "permits are judged by a clock that is off by more than it says"
        elif label.startswith("a time server") and after.kernel_s is not None:
            good = after.kernel_s <= self._rules.max_error_s and after.floor.utc - after.off_s <= 300.0
            if good:
                yield "a time server that may be gone by brings no trust"
        if after.floor.utc > self._rules.max_error_s + SLIP_S:
            yield "the floor is a time that has not passed"

    # ------------------------------------------------------------------------------------------------ what can happen

    def _acts(self, world: World) -> dict[str, Callable[[], World]]:
        return self._waits(world) | self._settings(world) | self._ends(world)

    def _waits(self, world: World) -> dict[str, Callable[[], World]]:
        acts: dict[str, Callable[[], World]] = {}
        for seconds in WAITS_S:
            if world.kernel_s is None:
                for sign, word in ((1, "fast"), (-1, "slow")):
                    acts[f"{seconds:g} s pass, too {word}"] = partial(self._passed, world, seconds, sign)
                continue
            for written in (True,) if seconds >= world.rtc_due_s else (False, True):
                label = f"{seconds:g} s pass{', the battery-backed one is written' if written else ''}"
                acts[label] = partial(self._passed, world, seconds, 0, rtc_written=written)
        return acts

    def _settings(self, world: World) -> dict[str, Callable[[], World]]:
        acts: dict[str, Callable[[], World]] = {}
        for bound_s, steps in product((0.5, 15.0), (False, True)):
            for off_s in (bound_s, -bound_s) if bound_s > 1 else (bound_s,):
                way = "steps" if steps else "slews"
                label = f"a time server, right to {bound_s:g} s, {way} it to {off_s:+g} s"
                acts[label] = partial(self._served, world, bound_s, off_s, steps=steps)
        for by_s, rtc_too in product((15.0, -15.0, 1.9), (False, True)):
            label = f"somebody sets it by {by_s:+g} s{', the battery-backed one too' if rtc_too else ''}"
            acts[label] = partial(self._set, world, by_s, rtc_too=rtc_too)
        return acts

    def _ends(self, world: World) -> dict[str, Callable[[], World]]:
        acts: dict[str, Callable[[], World]] = {}
        if world.kernel_s is not None:
            acts["the time server is lost"] = lambda: self._looked(replace(world, kernel_s=None))
        acts["the agent is killed and starts"] = lambda: self._looked(world, starts=True)
        for saved, read_s in product((False, True), RTC_READ_S):
            label = f"the computer restarts, its clock {'saved and ' if saved else ''}read {read_s:+g} s off"
            acts[label] = partial(self._booted, world, read_s, saved=saved)
        return acts

    def _passed(self, world: World, seconds: float, sign: int, *, rtc_written: bool = False) -> World:
        return self._looked(self._later(world, seconds, sign, rtc_written=rtc_written))

    def _later(self, world: World, seconds: float, sign: int, *, rtc_written: bool) -> World:
        """Time goes on; no look yet. `sign`: which way the clocks go wrong while no time server keeps them."""
        drift_s = sign * self._rules.drift_ppm * 1e-6 * seconds
        off_s = world.off_s + drift_s
        rtc_due_s = RTC_WRITTEN_EVERY_S if rtc_written else max(0.0, world.rtc_due_s - seconds)
        return replace(
            world,
            off_s=off_s,
            rtc_off_s=off_s if rtc_written else world.rtc_off_s + drift_s,
            rtc_due_s=rtc_due_s if world.kernel_s is not None else RTC_WRITTEN_EVERY_S,
            trust=None if world.trust is None else _trust_moved(world.trust, seconds, drift_s),
            floor=_floor_moved(world.floor, -seconds),
            look=None if world.look is None else _look_moved(world.look, seconds, drift_s),
            kept_s=None if world.kept_s is None else world.kept_s + seconds,
        )

    def _served(self, world: World, bound_s: float, off_s: float, *, steps: bool) -> World:
        """A time server speaks: it slews both clocks, or sets the wall clock alone."""
        by_s = off_s - world.off_s
        moved = replace(world, kernel_s=bound_s)
        if steps:
            return self._looked(self._stepped(moved, by_s))
        # Slewed, the clock gains nothing on the monotonic one: what was seen stands where it stood.
        return self._looked(
            replace(
                moved,
                off_s=off_s,
                trust=None if world.trust is None else _trust_moved(world.trust, 0.0, by_s),
                look=None if world.look is None else _look_moved(world.look, 0.0, by_s),
            )
        )

    def _set(self, world: World, by_s: float, *, rtc_too: bool) -> World:
        after = self._stepped(replace(world, kernel_s=None), by_s)
        return self._looked(replace(after, rtc_off_s=after.off_s) if rtc_too else after)

    @staticmethod
    def _stepped(world: World, by_s: float) -> World:
        """The wall clock is set: what was seen before stays where it was in true time."""
        return replace(world, off_s=world.off_s + by_s)

    def _booted(self, world: World, read_s: float, *, saved: bool) -> World:
        """The computer starts by its battery-backed clock; `saved`: that was written when it went down."""
        rtc_off_s = (world.off_s if saved else world.rtc_off_s) + read_s
        after = replace(world, off_s=rtc_off_s, rtc_off_s=rtc_off_s if saved else world.rtc_off_s, kernel_s=None)
        return self._looked(replace(after, trust=None, look=None), starts=True)

    # ------------------------------------------------------------------------------------------------ the real monitor

    def _looked(self, world: World, *, starts: bool = False) -> World:
        """The world after one round of the monitor's thread; `starts`: the first of a new process."""
        floors = _Floors(_floor_moved(world.floor, TRUE_UTC))
        files = _Files(None if world.look is None else _placed_look(world.look))
        computer = _Computer(world.off_s, world.kernel_s)
        monitor = ClockMonitor(computer, floors, files, self._rules, lambda _drafts: None)
        if not starts:
            monitor._trust = None if world.trust is None else _placed(world.trust)
            monitor._kept_at = None if world.kept_s is None else NOW_AT - world.kept_s
            monitor._kept_error_s = world.kept_error_s
            monitor._holding = world.holding
        monitor._observe_once(last=False)
        trust = monitor._trust
        assert trust is not None
        kept_at = monitor._kept_at
        return replace(
            world,
            off_s=round(world.off_s, 2),
            rtc_off_s=round(world.rtc_off_s, 2),
            trust=_canonical(trust),
            floor=_canonical_floor(floors.floor, self._rules),
            look=None if files.look is None else _canonical_look(files.look),
            kept_s=None if kept_at is None else min(61.0, round(NOW_AT - kept_at, 2)),
            kept_error_s=round(monitor._kept_error_s, 2),
            holding=monitor._holding,
        )


# ------------------------------------------------------------------------------ what is kept, relative to now and truth


def _instant(seen: Instant, at: float, utc: float) -> Instant:
    return Instant(round(seen.at + at, 2), round(seen.utc + utc, 2))


def _anchor(anchor: Anchor | None, at: float, utc: float) -> Anchor | None:
    if anchor is None:
        return None
    return Anchor(_instant(anchor.now, at, utc), round(anchor.error_s, 2), round(anchor.until + at, 2))


def _moved(trust: ClockTrust, at: float, utc: float) -> ClockTrust:
    changes = {
        name: None if value is None else round(value + at, 2)
        for name in ("synced_at", "steady_at")
        if (value := getattr(trust, name, "")) != ""
    }
    return replace(trust, seen=_instant(trust.seen, at, utc), anchor=_anchor(trust.anchor, at, utc), **changes)


def _trust_moved(trust: ClockTrust, seconds: float, drift_s: float) -> ClockTrust:
    """So many seconds later. A monotonic clock goes wrong with the wall clock, so that nothing is gained."""
    return _moved(trust, -(seconds + drift_s), -seconds)


def _look_moved(look: LastObservation, seconds: float, drift_s: float) -> LastObservation:
    at = -(seconds + drift_s)
    return LastObservation(_instant(look.seen, at, -seconds), _anchor(look.anchor, at, -seconds))


def _placed(trust: ClockTrust) -> ClockTrust:
    return _moved(trust, NOW_AT, TRUE_UTC)


def _placed_look(look: LastObservation) -> LastObservation:
    return LastObservation(_instant(look.seen, NOW_AT, TRUE_UTC), _anchor(look.anchor, NOW_AT, TRUE_UTC))


def _canonical(trust: ClockTrust) -> ClockTrust:
    """Of what is over for good only that it is: how long ago a time server began is not asked after an hour."""
    trust = _moved(trust, -NOW_AT, -TRUE_UTC)
    error_s = None if trust.error_s is None else round(trust.error_s, 2)
    changes = {
        name: max(-LONG_AGO_S, value)
        for name in ("synced_at", "steady_at")
        if (value := getattr(trust, name, None)) is not None
    }
    return replace(trust, error_s=error_s, step_s=None, detail="", **changes)


def _canonical_look(look: LastObservation) -> LastObservation:
    return LastObservation(_instant(look.seen, -NOW_AT, -TRUE_UTC), _anchor(look.anchor, -NOW_AT, -TRUE_UTC))


def _floor_moved(floor: ClockFloor, seconds: float) -> ClockFloor:
    synced_utc = None if floor.synced_utc is None else round(floor.synced_utc + seconds, 2)
    return replace(floor, utc=round(floor.utc + seconds, 2), synced_utc=synced_utc)


def _canonical_floor(floor: ClockFloor, rules: HoldoverRules) -> ClockFloor:
    """A word of a time server from longer ago than it may count is none; a floor far behind is never met again."""
    floor = _floor_moved(floor, -TRUE_UTC)
    past = floor.synced_utc is None or floor.synced_utc < -rules.rtc_holdover_s - FAR_OFF_S - 300.0
    word = (None, 0.0) if past else (floor.synced_utc, round(floor.synced_error_s, 2))
    return ClockFloor(max(-LONG_AGO_S, floor.utc), *word)


RULES: Final = {
    "holdover": HoldoverRules(max_error_s=20.0, drift_ppm=2000.0),
    "battery-backed": HoldoverRules(max_error_s=20.0, drift_ppm=2000.0, rtc_holdover_s=7200.0),
    "battery-backed, tight": HoldoverRules(max_error_s=10.0, drift_ppm=5000.0, rtc_holdover_s=3600.0),
}
"""With drifts that are large, so that few steps show them."""
