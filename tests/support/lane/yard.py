"""A lane with its surroundings, moved by hand in tests, and the shortest way into each of its states."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, assert_never

from agent.core.decision.decision import Decision
from agent.core.events.event_types import TransactionClosed
from agent.core.lane.effects import Close, Decide, Hold, KeepPictures, OrderAnswered, Raise, Record, Show
from agent.core.lane.lane_state_machine import Lane, LaneRules, LaneState, step
from agent.core.lane.state import LaneLockout, PulseDelivery
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    InterlockChanged,
    OfficerCommand,
    PlateRead,
    Presented,
    Pulsed,
    RelayChanged,
    Sampled,
    TextForDriver,
    TextOrdered,
    Ticked,
    VinRead,
)
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation, Reading, VinReading, VinSource
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.model.signals import Signals
from agent.core.permit.claims import Permit
from agent.core.plates.match import MatchVerdict, PlateMatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.effects import Effect
    from agent.core.lane.step_inputs import Input
    from agent.core.model.ledger import LedgerState

UTC_START = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC).timestamp()
FIRST = "20260301080000070001"
SECOND = "20260301080000070002"
PERMIT = Permit(
    permit_id=bytes(range(16)),
    issuer="customs",
    key_id=b"k1",
    not_before=0,
    expires_at=2_000_000_000,
    issued_at=0,
    declaration=7,
    vin="LSVAA4182E2123456",
    plate="京A12345",
    plate_kind=None,
    energy=None,
    site=1,
    lane_mask=1,
    direction="out",
    max_uses=1,
)
NO_ORDERS = LaneLockout()
MATCH = PlateMatch(MatchVerdict.MATCH, "京A12345", "京A12345", 4.0, 3)


def told(effects: tuple[Effect, ...]) -> list[str]:
    """Return what the effects say, one line a fact, in their order."""
    return [line for effect in effects for line in _lines(effect)]


def _lines(effect: Effect) -> list[str]:  # noqa: C901, PLR0911 -- one line for each effect
    match effect:
        case Record(events, ledger):
            assert events or ledger, "nothing is written where there is nothing to write"
            return [_event(draft.event) for draft in events] + [f"ledger {row.state} use {row.use}" for row in ledger]
        case Raise(grant, _, override):
            return [f"RAISE {grant[-6:]}{' at once' if override else ''}"]
        case Close():
            return ["CLOSE"]
        case Hold(on, override):
            return [f"HOLD {'on' if on else 'off'}{' at once' if override else ''}"]
        case Show(lamp, message, texts):
            return [f"show {lamp} {message}{''.join(f' {language}: {text}' for language, text in texts)}"]
        case OrderAnswered(order, done, detail):
            return [f"answer {order} {'done' if done else 'not done'}: {detail}"]
        case KeepPictures(pictures):
            return [f"keep {','.join(pictures)}"]
        case Decide(_, presentations, readings, final):
            return [f"decide on {len(presentations)}+{len(readings)}{' finally' if final else ''}"]
        case _:
            assert_never(effect)


EVENT_FIELDS = {
    "vehicle.present": ("seen_by",),
    "permit.presented": (),
    "vehicle.vin": ("match", "source"),
    "access.decided": ("verdict", "reason"),
    "access.granted": ("by",),
    "barrier.pulsed": ("action", "delivery"),
    "barrier.moved": ("position",),
    "barrier.held": ("held", "operator"),
    "vehicle.entering": (),
    "alarm.raised": ("alarm",),
    "transaction.closed": ("outcome", "reason"),
    "lane.ordered": ("order", "operator"),
    "barrier.tested": ("action", "operator"),
    "driver.told": ("seconds", "operator"),
}


def _event(event: Any) -> str:
    assert vars(event).keys() == type(event).model_fields.keys(), "an event has the fields of its type"
    words = [event.TYPE, *(str(getattr(event, name)) for name in EVENT_FIELDS[event.TYPE])]
    if getattr(event, "assumed", False):
        words.append("assumed")
    return " ".join(words)


def _check_types(value: Any) -> None:
    """Check what a truth test alone would not tell: that a yes or no is one, and a list is there."""
    for each in fields(value) if value is not None else ():
        kind = str(each.type)
        found = getattr(value, each.name)
        assert kind != "bool" or isinstance(found, bool), each.name
        assert kind != "PulseDelivery" or isinstance(found, PulseDelivery), each.name
        assert not kind.startswith("tuple") or isinstance(found, tuple), each.name


@dataclass
class Yard:
    """A lane with its surroundings, moved by hand. The relay is up and the inputs are clear unless told otherwise."""

    lane: Lane
    at: float = 1000.0
    bits: dict[str, bool | None] = field(default_factory=dict)
    frame: int = 0
    effects: list[Effect] = field(default_factory=list)

    @classmethod
    def new(cls, *, ready: bool = True, orders: LaneLockout = NO_ORDERS, **rules: Any) -> Yard:
        made = LaneRules(lane="lane-7", lane_number=7, **rules)
        yard = cls(Lane.start(made, 1, orders), bits={"presence": False, "safety": False})
        if made.has_photocell:
            yard.bits["photocell"] = False
        if made.has_opened:
            yard.bits["opened"] = False
        if made.has_closed:
            yard.bits["closed"] = True
        if made.has_key:
            yard.bits["key"] = False
        if made.has_hold:
            yard.bits["hold"] = False
        if ready:
            yard.feed(RelayChanged(yard.now, up=True))
            if made.neighbours:
                yard.way(free=True)
            yard.tick() if made.blind else yard.sense()
            assert yard.state is (LaneState.OUT_OF_SERVICE if orders.out_of_service_by else LaneState.IDLE)
        return yard

    @property
    def now(self) -> Instant:
        return Instant(self.at, UTC_START)

    @property
    def state(self) -> LaneState:
        return self.lane.state

    def feed(self, item: Input) -> list[str]:
        before = repr(self.lane)
        again = step(self.lane, item)
        lane, effects = step(self.lane, item)
        assert (lane, effects) == again, "step is a function"
        assert repr(self.lane) == before, "step changes nothing in place"
        records = [index for index, effect in enumerate(effects) if isinstance(effect, Record)]
        assert records in ([], [0]), "at most one Record, and first"
        for value in (lane, lane.transaction, lane.input_state, lane.input_state.signals, *lane.handled, *effects):
            _check_types(value)
        self.lane = lane
        self.effects += effects
        return told(effects)

    def later(self, seconds: float) -> Yard:
        self.at += seconds
        return self

    def tick(self, seconds: float = 0.0) -> list[str]:
        self.at += seconds
        return self.feed(Ticked(self.now))

    def sense(self, seconds: float = 0.0, **bits: bool | None) -> list[str]:
        self.at += seconds
        self.bits |= bits
        return self.feed(Sampled(self.now, Signals(self.at, **self.bits)))  # type: ignore[arg-type]

    def sense_contacts(self, **contacts: bool | None) -> list[str]:
        """A sample of a blind lane: it has contacts only."""
        self.bits |= contacts
        self.at += 0.1
        bits = {name: self.bits.get(name) for name in ("key", "hold")}
        return self.feed(Sampled(self.now, Signals(self.at, **bits)))

    def way(self, *, free: bool, arm_in_use: bool = False) -> list[str]:
        return self.feed(InterlockChanged(self.now, free=free, arm_in_use=arm_in_use))

    def wait(self, seconds: float) -> list[str]:
        """Let time go by, with fresh samples that do not change."""
        lines: list[str] = []
        for _ in range(round(seconds * 10)):
            lines += self.tick(0.1) if self.lane.rules.blind else self.sense(0.1)
        return lines

    def qr(self, text: str = "A", picture: str | None = None, ago_s: float = 0.0) -> list[str]:
        self.frame += 1
        seen = Presentation(text.encode(), "zxing", "cam", self.frame, self.at - ago_s, picture=picture)
        return self.feed(Presented(self.now, seen))

    def plate(
        self, text: str = "京A12345", picture: str | None = None, ago_s: float = 0.0, track: int = 0
    ) -> list[str]:
        self.frame += 1
        seen = Reading(text, (), "cn", 0.9, "cam", self.frame, self.at - ago_s, picture=picture, track=track)
        return self.feed(PlateRead(self.now, seen))

    def vin(
        self,
        text: str = PERMIT.vin,
        source: VinSource = VinSource.CODE_128,
        picture: str | None = None,
        ago_s: float = 0.0,
        camera: str = "cam",
    ) -> list[str]:
        self.frame += 1
        seen = VinReading(
            text, source, camera, self.frame, self.at - ago_s, picture=picture, legible=picture is not None
        )
        return self.feed(VinRead(self.now, seen))

    def decide(
        self, verdict: Verdict, reason: Reason = Reason.OK, use: int = 1, *, final: bool = True, **changes: Any
    ) -> list[str]:
        permit = PERMIT if verdict is Verdict.PASS else None
        decision = replace(Decision(verdict, reason, (Check(reason, verdict is Verdict.PASS),), permit), **changes)
        return self.feed(Decided(self.now, decision, use, final=final))

    def order(self, kind: CommandKind, order: str = "") -> list[str]:
        return self.feed(OfficerCommand(self.now, kind, "op1", "seen", order))

    def say(self, seconds: int = 20, transaction: str = "", order: str = "order 1", **texts: str) -> list[str]:
        """Have central say something to the driver."""
        text = TextForDriver(tuple(texts.items()), seconds, transaction)
        return self.feed(TextOrdered(self.now, text, "op2", "asked", order))

    def pulsed(self, delivery: str = "delivered", action: str = "open") -> list[str]:
        grant = self.raised()[-1] if action == "open" else None
        return self.feed(Pulsed(self.now, grant, action, delivery))

    def raised(self) -> list[str]:
        return [effect.grant for effect in self.effects if isinstance(effect, Raise)]

    def drafts(self) -> list[Any]:
        return [draft for effect in self.effects if isinstance(effect, Record) for draft in effect.events]

    def ledger(self) -> list[LedgerState]:
        return [row.state for effect in self.effects if isinstance(effect, Record) for row in effect.ledger]

    def closed(self) -> TransactionClosed:
        return [draft.event for draft in self.drafts() if isinstance(draft.event, TransactionClosed)][-1]


# ------------------------------------------------------------------------------------------- ways into each state


def held_by_contact(**rules: Any) -> Yard:
    """A barrier that the hold contact holds open."""
    yard = Yard.new(has_hold=True, **rules)
    yard.sense(hold=True)
    return yard


def blind_held_by_contact() -> Yard:
    """A lane without loops whose barrier the hold contact holds open."""
    yard = Yard.new(blind=True, has_key=True, has_hold=True)
    yard.sense_contacts(hold=True, key=False)
    return yard


def present(**rules: Any) -> Yard:
    yard = Yard.new(**rules)
    yard.sense(presence=True)
    return yard


def untried(**rules: Any) -> Yard:
    """A vehicle shows its permit right after a start: nobody knows yet whether the relay board can be reached."""
    yard = Yard.new(ready=False, **rules)
    yard.tick() if yard.lane.rules.blind else yard.sense()
    if not yard.lane.rules.blind:
        yard.sense(presence=True)
    yard.qr()
    assert yard.state is LaneState.PRESENT
    return yard


def deciding(**rules: Any) -> Yard:
    if rules.get("blind"):
        yard = Yard.new(**rules)
        yard.qr()
        return yard
    yard = present(**rules)
    yard.qr()
    return yard


def manual(**rules: Any) -> Yard:
    yard = deciding(**rules)
    yard.decide(Verdict.MANUAL, Reason.PLATE_UNSURE)
    return yard


def waiting(**rules: Any) -> Yard:
    yard = deciding(**({"neighbours": True} | rules))
    yard.way(free=False)
    yard.decide(Verdict.PASS)
    return yard


def yielding(**rules: Any) -> Yard:
    yard = Yard.new(**({"neighbours": True, "shares_arm": True} | rules))
    yard.way(free=False, arm_in_use=True)
    return yard


def denied(**rules: Any) -> Yard:
    yard = deciding(**rules)
    yard.decide(Verdict.DENY, Reason.EXPIRED)
    return yard


def opening(**rules: Any) -> Yard:
    yard = deciding(**rules)
    yard.decide(Verdict.PASS)
    if rules.get("has_closed"):
        yard.sense(closed=False)
    return yard


def opened(**rules: Any) -> Yard:
    if rules.get("blind"):
        yard = opening(**rules)
        yard.pulsed()
        return yard
    yard = opening(**({"has_opened": True} | rules))
    yard.pulsed()
    if yard.lane.rules.has_opened:
        yard.sense(opened=True)
    else:
        yard.wait(6)
    return yard


def passing(**rules: Any) -> Yard:
    yard = opened(**rules)
    yard.sense(safety=True)
    return yard


def clearing(**rules: Any) -> Yard:
    yard = passing(**rules)
    yard.sense(presence=False)
    yard.sense(safety=False)
    return yard


def closing(**rules: Any) -> Yard:
    yard = clearing(**({"has_closed": True} | rules))
    yard.wait(1.0)
    return yard


def violation(**rules: Any) -> Yard:
    yard = Yard.new(**({"has_closed": True} | rules))
    yard.sense(closed=False)
    return yard


def held(**rules: Any) -> Yard:
    yard = Yard.new(**rules)
    yard.order(CommandKind.HOLD)
    return yard


def out_of_service(**rules: Any) -> Yard:
    yard = Yard.new(**rules)
    yard.order(CommandKind.OUT_OF_SERVICE)
    return yard


def fault(**rules: Any) -> Yard:
    yard = Yard.new(**rules)
    yard.tick(0.5)
    return yard


def opened_by_order() -> Yard:
    yard = Yard.new(has_opened=True)
    yard.order(CommandKind.OPEN)
    yard.pulsed()
    yard.sense(opened=True)
    assert yard.state is LaneState.OPEN
    return yard


WAYS: dict[LaneState, Callable[..., Yard]] = {
    LaneState.INIT: lambda **rules: Yard.new(ready=False, **rules),
    LaneState.IDLE: Yard.new,
    LaneState.PRESENT: present,
    LaneState.DECIDING: deciding,
    LaneState.MANUAL: manual,
    LaneState.WAITING: waiting,
    LaneState.DENIED: denied,
    LaneState.OPENING: opening,
    LaneState.OPEN: opened,
    LaneState.PASSING: passing,
    LaneState.CLEARING: clearing,
    LaneState.CLOSING: closing,
    LaneState.VIOLATION: violation,
    LaneState.HELD_OPEN: held,
    LaneState.FAULT: fault,
    LaneState.YIELDING: yielding,
    LaneState.OUT_OF_SERVICE: out_of_service,
}


def locked(way: Callable[..., Yard] = Yard.new, **rules: Any) -> Yard:
    """A lane that was locked on its way."""
    yard = way(**rules)
    yard.order(CommandKind.LOCK)
    return yard


def contact(**rules: Any) -> Yard:
    yard = Yard.new(has_hold=True, **rules)
    yard.sense(hold=True)
    return yard


def no_relay(yard: Yard) -> Yard:
    yard.feed(RelayChanged(yard.now, up=False))
    return yard
