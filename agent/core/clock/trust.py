"""How far the gate can trust the computer's clock, judged from each reading and all readings before it.

    trust = observe(trust, look, rules)

The kernel slews both clocks equally. So if the wall clock gains on the monotonic clock, someone has set it by that
amount. Without a time server, the error of the clock is the sum of three parts: the error at the last certain reading,
the possible drift, and the amount by which it was set. The floor is a time that has certainly passed, so the current
time cannot be earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.clock.clock_step import STEP_S, gain_s, step_between_s
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.model import Instant

FLOOR_SLACK_S: Final = 300.0
"""That the clock may be behind the floor: those who sign lists have clocks of their own."""
SETTLED_S: Final = 60.0
"""For so long a time server must have kept the clock before its time is a floor: not a slip of a moment."""
KERNEL_ERROR_S: Final = 16.0
"""That a clock may be off which a kernel calls synchronised."""
RTC_ERROR_S: Final = 2.0
"""What the battery-backed clock loses by being read and written: it counts in whole seconds."""
RTC_WRITTEN_S: Final = 900.0
"""Within so long the battery-backed clock has the time too: while a time server keeps the clock, the kernel writes it
every eleven minutes."""
PPM: Final = 1e-6


class ClockState(StrEnum):
    """How far the gate trusts its clock.

    SYNCED: a time server keeps the clock right. HOLDOVER: a time server kept the clock right before, and it cannot be
    far off yet. UNTRUSTED: anything else.
    """

    SYNCED = "SYNCED"
    HOLDOVER = "HOLDOVER"
    UNTRUSTED = "UNTRUSTED"


@dataclass(frozen=True, slots=True)
class HoldoverRules:
    """For how long the clock is trusted without a time server.

    `max_error_s`: that it may be off and still be trusted. `drift_ppm`: how fast it may go wrong. `rtc_holdover_s`:
    after the last answer of a time server, that it is trusted after a restart of the computer too; 0: it is not.
    """

    max_error_s: float = 60.0
    drift_ppm: float = 200.0
    rtc_holdover_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockFloor:
    """Times that have surely passed, Unix seconds.

    `utc`: by signed lists, or by a time server. `synced_utc`: the last at which a time server kept the clock; None:
    never. `synced_error_s`: how far off the clock was then at most, and the battery-backed one with it; `inf`: nobody
    knows any more, because the clock was set since.
    """

    utc: float
    synced_utc: float | None = None
    synced_error_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockObservation:
    """One look at the clock.

    `synchronised`: the kernel says that a time server keeps it, off by at most `error_s` seconds; `detail`: why not.
    """

    now: Instant
    synchronised: bool
    error_s: float
    floor: ClockFloor
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A look at which the clock was off by at most `error_s`.

    `until`: monotonic seconds, from when on it counts no more.
    """

    now: Instant
    error_s: float
    until: float = inf


@dataclass(frozen=True, slots=True)
class ClockTrust:
    """What the clock is worth after a look.

    `error_s`: bound of its error, None unknown. `seen`: the look. `anchor`: the last sure one, None once nothing holds
    any more. `synced_at`: monotonic time since when a time server keeps it without a step, None: none does.
    `steady_at`: since when it did not make the clock much better either, and `steady_error_s`: the largest bound since
    then. `step_s`: by how much it was set since the look before, forward positive, None: it was not.
    """

    state: ClockState
    error_s: float | None
    seen: Instant
    anchor: Anchor | None
    synced_at: float | None = None
    step_s: float | None = None
    detail: str = ""
    steady_at: float | None = None
    steady_error_s: float = 0.0

    @property
    def trusted(self) -> bool:
        """Whether permits may be judged by it."""
        return self.state is not ClockState.UNTRUSTED

    @property
    def settled(self) -> bool:
        """Whether its time is one that has surely passed."""
        return self.synced_at is not None and self.seen.at - self.synced_at >= SETTLED_S

    @property
    def outlives_computer(self) -> bool:
        """Whether the battery-backed clock surely has its time too, off by at most `steady_error_s`."""
        return self.steady_at is not None and self.seen.at - self.steady_at >= RTC_WRITTEN_S


@dataclass(frozen=True, slots=True)
class LastObservation:
    """What a process leaves to the next one while the computer runs on. `anchor`: None once nothing holds any more."""

    seen: Instant
    anchor: Anchor | None


def resumed(last: LastObservation) -> ClockTrust:
    """What a new process begins with, of a look from before while the computer ran on: still to be looked at."""
    return ClockTrust(ClockState.UNTRUSTED, None, last.seen, last.anchor)


def observe(before: ClockTrust | None, look: ClockObservation, rules: HoldoverRules) -> ClockTrust:
    """What the clock is worth now. `before`: after the last look; None: the computer has restarted since."""
    step_s = None if before is None else step_between_s(before.seen, look.now)
    behind_s = look.floor.utc - look.now.utc
    if behind_s > FLOOR_SLACK_S:
        why = Text("the clock is {behind_s} s behind a time that has passed already", behind_s=f"{behind_s:.0f}")
        return _untrusted(look, step_s, why)
    if look.synchronised and look.error_s <= rules.max_error_s:
        return _synced(before if step_s is None else None, look, step_s)
    if look.synchronised:
        # It may have been slewed to wherever that server is, which the monotonic clock does not show.
        why = Text(
            "with its time server it may be off by {error_s} s, more than {max_error_s} s",
            error_s=f"{look.error_s:.0f}",
            max_error_s=f"{rules.max_error_s:.0f}",
        )
        return _untrusted(look, step_s, why)
    if step_s is not None:
        return _untrusted(
            look, step_s, Text("the clock was set by {step_s} s, not by a time server", step_s=f"{step_s:+.1f}")
        )
    anchor = _restarted(look, rules) if before is None else before.anchor
    if anchor is None:
        known = before.detail if before is not None and before.state is ClockState.UNTRUSTED else ""
        return _untrusted(look, None, known or look.detail or Text("no time server keeps the clock right"))
    return _held_over(anchor, look, rules)


def word_error_s(trust: ClockTrust, floor: ClockFloor, rules: HoldoverRules) -> float:
    """How far off the clock was at a time server's last word at most, by what is known now: `floor` says it or less.

    `inf` once the clock was set, by whomever: the battery-backed one may have been set with it, or not yet. More than
    was known then where the clock may be further off than that word says: sooner or later the battery-backed one has
    its time.
    """
    if floor.synced_utc is None:
        return floor.synced_error_s
    if trust.error_s is None or trust.step_s is not None:
        return inf
    beyond_s = trust.error_s - _word_bound_s(floor, trust.seen.utc, rules)
    return floor.synced_error_s + (max(RTC_ERROR_S, beyond_s) if beyond_s > 0 else 0.0)


def _synced(before: ClockTrust | None, look: ClockObservation, step_s: float | None) -> ClockTrust:
    """What the clock is worth with a time server. `before`: after the last look; None: it was set since, or none."""
    trust = ClockTrust(ClockState.SYNCED, look.error_s, look.now, Anchor(look.now, look.error_s), look.now.at, step_s)
    trust = replace(trust, steady_at=look.now.at, steady_error_s=look.error_s)
    if before is None or before.synced_at is None:
        return trust
    trust = replace(trust, synced_at=before.synced_at)
    if look.error_s < before.steady_error_s - STEP_S:
        return trust  # made better by so much that it may have been put right, without a step
    return replace(trust, steady_at=before.steady_at, steady_error_s=max(before.steady_error_s, look.error_s))


def _held_over(anchor: Anchor, look: ClockObservation, rules: HoldoverRules) -> ClockTrust:
    """What the clock is worth without a time server, by the last sure look."""
    alone_s = look.now.at - anchor.now.at
    error_s = anchor.error_s + rules.drift_ppm * PPM * alone_s + abs(gain_s(anchor.now, look.now))
    if error_s > rules.max_error_s:
        why = Text(
            "without a time server it may be off by {error_s} s, more than {max_error_s} s",
            error_s=f"{error_s:.0f}",
            max_error_s=f"{rules.max_error_s:.0f}",
        )
        return _untrusted(look, None, why)
    if look.now.at >= anchor.until:
        return _untrusted(
            look, None, Text("the computer restarted, and the last answer of a time server is too long ago")
        )
    return ClockTrust(
        ClockState.HOLDOVER,
        error_s,
        look.now,
        anchor,
        detail=look.detail or Text("no time server keeps the clock right"),
    )


def _restarted(look: ClockObservation, rules: HoldoverRules) -> Anchor | None:
    """The anchor that a battery-backed clock is: by its own account of the time since a time server's last word."""
    synced_utc = look.floor.synced_utc
    if synced_utc is None or not rules.rtc_holdover_s or look.floor.synced_error_s == inf:
        return None
    alone_s = look.now.utc - synced_utc
    if not -STEP_S <= alone_s < rules.rtc_holdover_s:
        return None
    error_s = _word_bound_s(look.floor, look.now.utc, rules) + RTC_ERROR_S
    return Anchor(look.now, error_s, until=look.now.at + rules.rtc_holdover_s - alone_s)


def _word_bound_s(floor: ClockFloor, utc: float, rules: HoldoverRules) -> float:
    """How far off a clock may be by then by the last word of a time server, which there is.

    It may have been changed by less than a step since, and the battery-backed one may have been written some time
    before that word.
    """
    alone_s = 0.0 if floor.synced_utc is None else max(0.0, utc - floor.synced_utc)
    return floor.synced_error_s + STEP_S + rules.drift_ppm * PPM * (RTC_WRITTEN_S + alone_s)


def _untrusted(look: ClockObservation, step_s: float | None, why: str) -> ClockTrust:
    """Nothing of before holds any more: only a time server can make it better."""
    return ClockTrust(ClockState.UNTRUSTED, None, look.now, None, step_s=step_s, detail=why)
