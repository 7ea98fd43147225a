"""What can come into a lane, as texts: samples of its inputs, what readers see, answers, orders, reports, time.

A text names what comes and, behind `+`, how many ticks later than the input before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.decision import Decision
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    InterlockChanged,
    OfficerCommand,
    OrderSubject,
    PlateRead,
    Presented,
    Pulsed,
    ReadersChanged,
    RelayChanged,
    Sampled,
    Ticked,
    VinRead,
)
from agent.core.model import Instant, Presentation, Reading, Reason, Signals, Verdict, VinReading, VinSource
from agent.core.permit import Permit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.core.lane.lane_state_machine import LaneRules
    from agent.core.lane.step_inputs import Input

    Make = Callable[[Instant], Input]

UTC: Final = 1_772_352_000.0
OPEN_TRANSACTION: Final = "T"
"""What the open transaction is called in a canonical lane."""
DELIVERIES: Final = ("delivered", "not_delivered", "unknown")
PERMIT: Final = Permit(
    permit_id=b"\x01" * 8,
    issuer="c",
    key_id=b"k1",
    not_before=0,
    expires_at=2_000_000_000,
    issued_at=0,
    declaration=7,
    vin="LSVAA4182E2123456",
    plate=None,
    plate_kind=None,
    energy=None,
    site=1,
    lane_mask=0,
    direction="export",
    max_uses=1,
)
SIGNALS: Final = {
    "A": "presence",
    "B": "safety",
    "P": "photocell",
    "up": "opened",
    "down": "closed",
    "key": "key",
    "hold": "hold",
}
OFFICERS: Final = (
    CommandKind.OPEN,
    CommandKind.REFUSE,
    CommandKind.HOLD,
    CommandKind.RELEASE,
    CommandKind.CLOSE,
)
_FOR_ONE_VEHICLE: Final = (CommandKind.OPEN, CommandKind.REFUSE)
_FOR_A_VIN: Final = (Verdict.RETRY, Reason.VIN_UNREADABLE, PERMIT, 1, OPEN_TRANSACTION, inf)
_MARKS: Final = {True: "1", False: "0", None: "-"}


@dataclass(frozen=True)
class Choice:
    """Which inputs a kind of lane is explored with.

    `orders`: those of officers. `permits`: how many different ones, and plates. `only`: patterns of the texts to take;
    all without. `rich`: each signal unknown by itself, and what sensors should never say. `vins`: a VIN is read too,
    and may be all that is missing.
    """

    orders: tuple[CommandKind, ...] = ()
    permits: int = 1
    plates: bool = False
    vins: bool = False
    only: tuple[str, ...] = ()
    rich: bool = False
    ticks: tuple[int, ...] = (0, 1)
    restarts: bool = True


@dataclass
class LaneInputs:
    """All inputs of a lane by their texts; those that answer to something are there only where they are due."""

    rules: LaneRules
    choice: Choice
    makes: dict[str, tuple[int, Make]] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        always: list[str] = []
        for text, ticks, make in self._always():
            always += self._add(text, ticks, make)
        self.always = tuple(always)
        answers: list[str] = []
        for text, make in self._answers():
            answers += self._add(text, self.choice.ticks, make)
        self.answers = tuple(answers)

    def of_pulse(self, grant: str) -> list[str]:
        """The reports on the pulse of a grant."""
        return [
            text
            for delivery in DELIVERIES
            for text in self._add(
                f"pulse {grant} {delivery}", self._promptly(), partial(_pulsed, grant, "open", delivery)
            )
        ]

    def of_close(self) -> list[str]:
        """The reports on a close pulse."""
        return [
            text
            for delivery in DELIVERIES
            for text in self._add(f"close {delivery}", self._promptly(), partial(_pulsed, None, "close", delivery))
        ]

    def made(self, text: str) -> tuple[int, Input]:
        """How many ticks later an input comes, and the input."""
        ticks, make = self.makes[text]
        return ticks, make(Instant(float(ticks), UTC))

    def samples(self) -> Iterator[Signals]:
        """The samples that the inputs of the lane can give; `at` is 0."""
        seen = set()
        for signals in self._samples():
            if signals not in seen:
                seen.add(signals)
                yield signals

    # --------------------------------------------------------------------------------------------------------- private

    def _add(self, text: str, ticks: tuple[int, ...], make: Make) -> list[str]:
        added = []
        for later in ticks:
            label = f"{text} +{later}"
            if not self.choice.only or any(fnmatchcase(label, pattern) for pattern in self.choice.only):
                self.makes[label] = (later, make)
                added.append(label)
        return added

    def _promptly(self) -> tuple[int, ...]:
        return (0,) if self.choice.only else self.choice.ticks

    def _always(self) -> Iterator[tuple[str, tuple[int, ...], Make]]:
        yield "tick", self.choice.ticks, Ticked
        yield from self._seen()
        yield from self._surroundings()

    def _seen(self) -> Iterator[tuple[str, tuple[int, ...], Make]]:
        """What inputs sample and readers see."""
        ticks = self.choice.ticks
        for signals in self.samples():
            yield words_of(self.rules, signals), ticks, partial(_sampled, signals, 0.0)
        quiet = next(self.samples())
        if not self.rules.blind:
            yield "a sample that comes late", (1,), partial(_sampled, quiet, -1.0)
            yield "a sample that is too old", (1,), partial(_sampled, quiet, -2.0)
            yield "a sample from the future", (1,), partial(_sampled, quiet, 5.0)
            yield "flapping", (1,), _flapping
        for number in range(self.choice.permits):
            yield f"permit {'XY'[number]}", ticks, partial(_presented, b"XY"[number : number + 1])
        for number in range(self.choice.permits if self.choice.plates else 0):
            yield f"plate {'MN'[number]}", ticks, partial(_plate, "MN"[number])
        if self.choice.vins:
            yield "vin", ticks, _vin

    def _surroundings(self) -> Iterator[tuple[str, tuple[int, ...], Make]]:
        """What officers order, and how devices and neighbours are."""
        rules, ticks = self.rules, self.choice.ticks
        for kind in self.choice.orders:
            yield f"order {kind}", ticks, partial(_ordered, kind, inf)
        if self.choice.orders:
            yield "order open, too late", (0,), partial(_ordered, CommandKind.OPEN, 0.0)
        for kind in set(self.choice.orders) & set(_FOR_ONE_VEHICLE):
            yield f"order {kind}, for the one", (0,), partial(_ordered_for, kind, OPEN_TRANSACTION)
            yield f"order {kind}, for another", (0,), partial(_ordered_for, kind, "another")
        for up in (True, False):
            yield f"relay {'up' if up else 'lost'}", ticks, partial(_relay, up)
            yield f"readers {'up' if up else 'lost'}", ticks, partial(_readers, up)
        if rules.neighbours:
            for free, in_use in ((True, False), (False, False), *([(False, True)] if rules.shares_arm else [])):
                text = "free" if free else "in use" if in_use else "taken"
                yield f"way {text}", ticks, partial(_interlock, free, in_use)
        yield "pulse of nobody", (0,), partial(_pulsed, "nobody", "open", "delivered")

    def _answers(self) -> Iterator[tuple[str, Make]]:
        late = 0.5
        for text, verdict, reason, permit, use, transaction, deadline in (
            ("PASS", Verdict.PASS, Reason.OK, PERMIT, 1, OPEN_TRANSACTION, inf),
            ("PASS until a moment ago", Verdict.PASS, Reason.OK, PERMIT, 1, OPEN_TRANSACTION, -late),
            ("PASS of no use", Verdict.PASS, Reason.OK, PERMIT, 0, OPEN_TRANSACTION, inf),
            ("PASS of no permit", Verdict.PASS, Reason.OK, None, 1, OPEN_TRANSACTION, inf),
            ("PASS for another", Verdict.PASS, Reason.OK, PERMIT, 1, "another", inf),
            ("DENY", Verdict.DENY, Reason.EXPIRED, PERMIT, 1, OPEN_TRANSACTION, inf),
            ("MANUAL", Verdict.MANUAL, Reason.PLATE_UNSURE, PERMIT, 1, OPEN_TRANSACTION, inf),
            ("RETRY", Verdict.RETRY, Reason.QR_UNSTABLE, None, 0, OPEN_TRANSACTION, inf),
            *((("RETRY for a VIN", *_FOR_A_VIN),) if self.choice.vins else ()),
        ):
            decision = Decision(verdict, reason, (), permit)
            yield f"decision {text}", partial(_decided, decision, use, transaction, deadline)

    def _samples(self) -> Iterator[Signals]:
        rules = self.rules
        for base in self._loops():
            for key, hold in self._contacts(base):
                yield Signals(0.0, *base, key, hold)
        if not rules.blind and (rules.has_key or rules.has_hold):
            yield Signals(0.0, False, False, *self._limits()[0])  # the contacts alone are unknown

    def _loops(self) -> Iterator[tuple[bool | None, ...]]:
        rules = self.rules
        if rules.blind:
            yield (None,) * 5
            return
        photocell = False if rules.has_photocell else None
        limits = self._limits()
        for presence, safety in ((False, False), (True, False), (True, True), (False, True)):
            for opened, closed in limits:
                yield presence, safety, photocell, opened, closed
        unknown = [(None, None)]
        if self.choice.rich:
            unknown += [(None, False), (False, None), (True, None), (None, True)]
        for presence, safety in unknown:
            yield presence, safety, photocell, *limits[0]
        if rules.has_photocell:
            for presence, broken, limit in ((False, True, -1), (True, True, -1), (False, None, 0)):
                yield presence, False, broken, *limits[limit]
        yield from self._odd(limits, photocell)

    def _odd(
        self, limits: list[tuple[bool | None, bool | None]], photocell: bool | None
    ) -> Iterator[tuple[bool | None, ...]]:
        """Limits that are unknown, or say both."""
        if len(limits) > 1:
            yield False, False, photocell, None, None
        if self.choice.rich and self.rules.has_opened and self.rules.has_closed:
            yield False, False, photocell, True, True

    def _limits(self) -> list[tuple[bool | None, bool | None]]:
        rules = self.rules
        if rules.has_opened and rules.has_closed:
            return [(False, True), (False, False), (True, False)]
        if rules.has_opened:
            return [(False, None), (True, None)]
        return [(None, True), (None, False)] if rules.has_closed else [(None, None)]

    def _contacts(self, base: tuple[bool | None, ...]) -> Iterator[tuple[bool | None, bool | None]]:
        """The key and the hold contact: both off, and each on where the loops say something simple."""
        rules = self.rules
        yield (False if rules.has_key else None), (False if rules.has_hold else None)
        if not rules.blind and base[:2] not in ((False, False), (True, True)):
            return
        if rules.has_key:
            yield True, (False if rules.has_hold else None)
        if rules.has_hold:
            yield (False if rules.has_key else None), True
        if rules.blind and (rules.has_key or rules.has_hold):
            yield None, None


def words_of(rules: LaneRules, signals: Signals) -> str:
    """A sample in words: each signal that is wired with 1, 0 or - for unknown."""
    wired = {
        "A": not rules.blind,
        "B": not rules.blind,
        "P": rules.has_photocell,
        "up": rules.has_opened,
        "down": rules.has_closed,
        "key": rules.has_key,
        "hold": rules.has_hold,
    }
    parts = [f"{word}{_MARKS[getattr(signals, name)]}" for word, name in SIGNALS.items() if wired[word]]
    return f"sample {' '.join(parts)}".rstrip()


def _sampled(signals: Signals, late: float, now: Instant) -> Sampled:
    values = (
        signals.presence,
        signals.safety,
        signals.photocell,
        signals.opened,
        signals.closed,
        signals.key,
        signals.hold,
    )
    return Sampled(now, Signals(now.at + late, *values))


def _flapping(now: Instant) -> Sampled:
    return Sampled(now, Signals(now.at, None, False, flapping=("presence",)))


def _presented(payload: bytes, now: Instant) -> Presented:
    return Presented(now, Presentation(payload, "q", "c", 0, now.at))


def _plate(text: str, now: Instant) -> PlateRead:
    return PlateRead(now, Reading(text, (), "k", 0.9, "c", 0, now.at))


def _vin(now: Instant) -> VinRead:
    return VinRead(now, VinReading(PERMIT.vin, VinSource.CODE_128, "c", 0, now.at))


def _decided(decision: Decision, use: int, transaction: str, deadline: float, now: Instant) -> Decided:
    return Decided(now, decision, use, transaction, now.at + deadline)


def _ordered(kind: CommandKind, deadline: float, now: Instant) -> OfficerCommand:
    return OfficerCommand(now, kind, "officer", "why", "o1", now.at + deadline)


def _ordered_for(kind: CommandKind, transaction: str, now: Instant) -> OfficerCommand:
    return OfficerCommand(now, kind, "officer", "why", "o1", subject=OrderSubject(transaction))


def _pulsed(grant: str | None, action: str, delivery: str, now: Instant) -> Pulsed:
    return Pulsed(now, grant, action, delivery)


def _relay(up: bool, now: Instant) -> RelayChanged:
    return RelayChanged(now, up)


def _readers(up: bool, now: Instant) -> ReadersChanged:
    return ReadersChanged(now, up)


def _interlock(free: bool, in_use: bool, now: Instant) -> InterlockChanged:
    return InterlockChanged(now, free, in_use)
