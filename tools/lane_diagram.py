"""Draw docs/lane.md from the lane itself: step every state that can be reached, and write down what happens.

Each is stepped with every input.
Run `python tools/lane_diagram.py` to write the page. Nothing here knows the table; it only knows the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.decision import Decision
from agent.core.lane import (
    Close,
    CommandKind,
    Decide,
    Decided,
    Hold,
    Input,
    InterlockChanged,
    Lane,
    LaneRules,
    LaneState,
    OfficerCommand,
    PlateRead,
    Presented,
    Pulsed,
    Raise,
    ReadersChanged,
    Record,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.lane.lane_state_machine import step
from agent.core.model import Instant, Presentation, Reading, Reason, Verdict
from agent.core.model.signals import Signals
from agent.core.permit import Permit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.core.lane import Effect

PAGE = Path(__file__).parents[1] / "docs" / "lane.md"
SHORT_S = 0.01
MARGIN_S = 0.02
# Timings that differ from one another, so that the one that fired can be named.
SIGHTED = LaneRules(
    "lane",
    1,
    close_mode="agent",
    has_opened=True,
    has_closed=True,
    has_photocell=True,
    has_hold=True,
    has_key=True,
    deny_again_s=1.2,
    gone_s=1.5,
)
PLAIN = LaneRules("lane", 1, deny_again_s=1.2, gone_s=1.5)
SHARED = replace(PLAIN, has_opened=True, has_closed=True, has_hold=True, neighbours=True, shares_arm=True)
BLIND = LaneRules("lane", 1, blind=True, deny_again_s=1.2, blind_passage_s=9.0)
BLIND_SHARED = replace(BLIND, has_hold=True, has_key=True, neighbours=True, shares_arm=True)
TIMES: tuple[str, ...] = ("clear_s", "deny_again_s", "gone_s", "board_s", "decide_s", "open_s", "close_s")
TIMES += ("blind_passage_s", "clear_s + close_s", "grant_s", "enter_s", "read_s", "pass_s")
UNSETTLED = " (at once)"
"""After a cause of a way: the next one comes before anything happens by itself."""
# Ways through the lane; every place on them is tried with every input. What a lane has no input for is left out.
GRANTED = "relay back, fresh inputs, A up, a permit, decision PASS"
UP = f"{GRANTED}, pulse delivered, no limit, open limit, `open_s`"
ORDERED = "relay back, fresh inputs, order to open, pulse delivered, no limit, open limit, `open_s`"
WAYS = (
    "inputs lost",
    "fresh inputs, A up, a permit",
    "no limit, relay back",
    "B up, relay back",
    "relay back, fresh inputs, inputs lost, fresh inputs",
    f"{UP}, B up, A down, B down, `clear_s`, closed limit",
    f"{UP}, B up, A down, A up, A down, B down, `clear_s`, B up, B down, `clear_s`, photocell interrupted",
    f"{UP}, B up, A down, B down, `clear_s`, close pulse not_delivered, `clear_s`",
    f"{UP}, B up, B down, A down",
    f"{UP}, B up, B down, `clear_s`, B up",
    f"{UP}, A down, `clear_s`",
    "relay back, fresh inputs, order to lock, A up, a permit, decision PASS, order to unlock (at once)",
    f"{GRANTED}, pulse unknown, order to open, pulse not_delivered",
    f"{UP}, B up, A down, B down, relay lost, `clear_s`",
    f"{UP}, A down",
    f"{GRANTED}, pulse unknown, no limit, open limit, `open_s`",
    f"{GRANTED}, no limit, open limit",
    f"{ORDERED}, A up, B up, A down, B down, `clear_s`",
    "relay back, fresh inputs, A up, a plate, `read_s`",
    "relay back, fresh inputs, a permit, A up",
    "relay back, fresh inputs, A up, a plate, readers lost",
    "relay back, fresh inputs, readers lost, A up",
    "relay back, fresh inputs, A up, a permit, decision RETRY, a permit, `decide_s`",
    "relay back, fresh inputs, A up, a permit, decision DENY, `deny_again_s`, readers lost",
    "relay back, fresh inputs, A up, a permit, decision MANUAL, `deny_again_s`",
    "relay back, fresh inputs, A up, a permit, relay lost, decision PASS",
    "relay back, fresh inputs, B up, B down",
    "relay back, fresh inputs, no limit, closed limit",
    "relay back, fresh inputs, order to hold, no limit, inputs lost",
    "relay back, fresh inputs, order to hold, no limit, order to release, B up",
    "relay back, fresh inputs, hold contact on, order to hold, hold contact off",
    "inputs flap, inputs lost",
    "relay back, fresh inputs, key turned",
    "relay back, fresh inputs, order to lock, A up, a permit, decision PASS, `pass_s`, order to unlock",
    "relay back, fresh inputs, hold contact on, order to lock, hold contact off",
    "order out of service, relay back, fresh inputs, A up, order to open",
    "relay back, fresh inputs, order out of service, no limit, closed limit, order into service",
    "relay back, fresh inputs, A up, a permit, decision MANUAL, order out of service",
    f"{GRANTED}, order out of service, pulse not_delivered",
    f"{UP}, order out of service, B up, A down, B down, `clear_s`, closed limit",
    f"{UP}, B up, B down, A up, order out of service",
    "relay back, fresh inputs, order to hold, order out of service, order to release",
    "relay back, fresh inputs, order out of service, test to open, pulse delivered, no limit, closed limit",
    "relay back, fresh inputs, order out of service, test to close, closed limit",
)
NEAR = "relay back, way free, fresh inputs"
THROUGH = "A up, a permit, decision PASS, pulse delivered, open limit, B up, A down, B down, `clear_s`"
SHARED_WAYS = (
    f"{NEAR}, A up, a permit, way taken, decision PASS, `pass_s`, way free, decision PASS",
    f"{NEAR}, A up, a permit, a neighbour was first, relay lost",
    f"{NEAR}, A up, a plate",
    f"{NEAR}, A up, way taken, order to open",
    f"{NEAR}, arm in use, no limit, B up, A up, B down, closed limit, way free, A down, A up",
    f"{NEAR}, arm in use, A up, B up, B down, way free, fresh inputs",
    f"{NEAR}, arm in use, B up, way free, `pass_s`",
    f"{NEAR}, arm in use, no limit, way free, `pass_s`",
    "relay back, arm in use, no limit",
    f"{NEAR}, order to hold, no limit, arm in use, order to release",
    f"{NEAR}, {THROUGH}, arm in use, `close_s`",
    f"{NEAR}, A up, a permit, decision DENY, arm in use, A down",
    f"{NEAR}, A up, a permit, way taken, decision PASS, order to lock, way free, order out of service",
    f"{NEAR}, order out of service, arm in use, closed limit, way free",
)
ORDERS = {kind: f"order to {kind}" for kind in CommandKind}
ORDERS |= {CommandKind.OUT_OF_SERVICE: "order out of service", CommandKind.IN_SERVICE: "order into service"}
ORDERS |= {CommandKind.TEST_OPEN: "test to open", CommandKind.TEST_CLOSE: "test to close"}
PERMIT = Permit(b"p" * 16, "issuer", b"k", 0, 1, 0, 1, "V" * 17, None, None, None, 1, 1, "in", 1)
HEAD = """# The lane

This page shows what a lane does with every input in every state that it can reach. `tools/lane_diagram.py` runs the
lane and draws the page. A test fails if the page is out of date. The code is `agent/core/lane/lane_state_machine.py`
and the modules beside it.

* `A` is the presence loop before the arm. `B` is the safety loop under and behind the arm. If there is a photocell, it
  must be free too before the lane counts as clear.
* Names that end in `_s` are timings of the lane's rules.
* "A permit" and "a plate" are new each time.
* Grants, alarms and outcomes are events.
* **RAISE**, **CLOSE** and **HOLD** move the barrier, after the record of the reason. Only moves "at once" do not wait
  for a disk or a neighbour: the hold contact means a fire, and an arm that the agent itself lowers goes up again if it
  meets something.

These rules are never broken. `tests/unit/agent/core/lane/test_rules.py` checks each of them over random sequences:

1. There is no open pulse without a grant that is recorded, not expired and not used. A permit or an officer gives the
   grant. If the agent itself ordered the arm down and the arm meets something, this also counts as a grant. It does not
   wait for a disk: its record is written afterwards.
2. One grant gives at most one pulse. A pulse of unknown delivery is never repeated. A close pulse that was certainly
   not delivered is ordered again. Until a close pulse was delivered, or may have been, time alone does not show that
   the arm is down.
3. There is no close pulse unless the lane is told to close, and every input that guards it is fresh and clear.
4. Stale or unknown inputs never count as clear.
5. A transaction has exactly one outcome.
6. A start does not move anything. Only a hold contact that is on, or an officer, does.
7. Of lanes that must wait for each other, one opens at a time: there is no open pulse and no order to hold while the
   way is not free. There are two exceptions: the hold contact, for example of a fire alarm, and an arm that the agent
   itself lowers and that goes up again.
8. A locked lane opens for no permit, no officer and no key: there is no open pulse and no order to hold. The exceptions
   are the same as in rule 7. A passage that was granted before the lock continues.
9. A lane out of service begins only an officer's transactions. A transaction with a grant has its outcome first.
10. Each remote order has exactly one answer, and is never carried out after its time. An order that lasts (locked, out
    of service) applies only after it is recorded, and then survives restarts.
11. A technician's test gives at most one pulse, and its record comes before the move. A test is possible only if the
    lane is idle or out of service, without a transaction or a pulse in progress, the way is free and nothing is there.
    Fresh inputs must show that, or the readers if there are no inputs.
12. The use of a permit is consumed when its vehicle has passed. It is given back only if it is known that nothing
    passed: no pulse was sent, or nothing was under the arm from the grant until the vehicle was gone and the arm down.
    Otherwise the use stays reserved, in doubt, for an officer.
13. No vehicle is judged by what the vehicle before it showed, however late that was read. The exception is an order
    into service: a vehicle that was refused may try again at once.
14. An officer's order that names a vehicle applies to no other vehicle. A refusal moves nothing: the vehicle that waits
    for an officer is turned away, with one outcome that names the officer and the reason.

The pictures leave out moves that are possible in every state:

* Lost inputs lead to `fault` (but not from `held_open`).
* An officer's order to hold, or the hold contact, leads to `held_open`.
* An order to lock or unlock does not change the state.

If two rows of a state have the same cause, the inputs or the orders in force decide. For example, a vehicle that may
pass is `waiting` if the lane is locked. The tables do not show the answers to orders or the texts of the sign.

Right after a start, the relay board is not connected yet. A vehicle that shows its permit then stays in `present` until
the board is connected or the first attempt has failed, at most `board_s`. A blind lane waits at most half of `gone_s`.
The barrier does not open before the board is connected.

If a grant by permit depends on what cameras saw, there is a second reading before it counts
([ADR 28](adr/0028-second-reading.md)): a fresh, confined process reads code and plate from the pictures that become the
evidence. If they do not show what the camera's process reported, the alarm `picture_mismatch` is raised and the result
is MANUAL at once. If the pictures cannot be read, the result is RETRY, and finally MANUAL. On this page the second
reading is part of the decision. An officer's orders need no second reading.

**A blind lane** has no presence loop (`signals.presence`). Only its readers show that a vehicle is there and gone. It
assumes passages, and every event says so. An attacker who takes over the process of its only camera can show the lane
pictures of an earlier vehicle, and the second reading believes them. So the doctor and the console warn of such a lane
(`LANE_BLIND`). Wire the loops. If that is not possible, use two cameras and set `rules.require_two_cameras`. Then
permit and plate do not both come from one camera: plates that only the camera of the permit read do not count. The same
rule is useful in a lane with loops.
"""


@dataclass(frozen=True)
class Place:
    """A lane and what is around it."""

    lane: Lane
    at: float
    bits: tuple[tuple[str, bool | None], ...]
    grant: str | None = None
    shown: int = 0

    @property
    def now(self) -> Instant:
        """The instant, with a wall clock that is of no interest here."""
        return Instant(self.at, 0.0)

    def sample(self, **bits: bool | None) -> Sampled:
        """Return a fresh sample."""
        return Sampled(self.now, Signals(self.at, **(dict(self.bits) | bits)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Move:
    """One thing that happened."""

    state: LaneState
    cause: str
    to: LaneState
    does: tuple[str, ...]


def words(effects: tuple[Effect, ...]) -> tuple[str, ...]:
    """Return what the effects say, without ids."""
    said: list[str] = []
    for effect in effects:
        if isinstance(effect, Record):
            said += [_event_words(draft.event) for draft in effect.events]
            said += [f"permit {row.state}" for row in effect.ledger]
        elif isinstance(effect, Raise | Close | Hold):
            name = type(effect).__name__.upper()
            on = f" {'on' if effect.on else 'off'}" if isinstance(effect, Hold) else ""
            at_once = " at once" if not isinstance(effect, Close) and effect.override else ""
            said.append(f"**{name}{on}{at_once}**")
        elif isinstance(effect, Decide):
            said.append("ask finally" if effect.final else "ask")
    return tuple(dict.fromkeys(said))


def _event_words(event: object) -> str:
    fields = ("order", "seen_by", "verdict", "by", "action", "delivery", "position", "outcome", "alarm")
    found = [str(getattr(event, name)) for name in fields if getattr(event, name, None) is not None]
    return " ".join((str(getattr(event, "TYPE", "")), *found))


def inputs(place: Place) -> Iterator[tuple[str, Input]]:
    """Yield every input, with its name, a moment later."""
    now, rules = place.now, place.lane.rules
    if not rules.blind:
        yield from _samples(place)
    yield from _contacts(place)
    photo = Presentation(f"permit {place.shown}".encode(), "engine", "camera", place.shown, place.at)
    yield "a permit", Presented(now, photo)
    yield "a plate", PlateRead(now, Reading(f"plate {place.shown}", (), "kind", 1.0, "camera", place.shown, place.at))
    for verdict in Verdict:
        permit = PERMIT if verdict is Verdict.PASS else None
        yield f"decision {verdict}", Decided(now, Decision(verdict, Reason.OK, (), permit), 1)
    for delivery in ("delivered", "not_delivered", "unknown"):
        yield f"pulse {delivery}", Pulsed(now, place.grant, "open", delivery)
        yield f"close pulse {delivery}", Pulsed(now, None, "close", delivery)
    for kind, name in ORDERS.items():
        yield name, OfficerCommand(now, kind, "officer", "cause")
    if rules.neighbours:
        yield "way free", InterlockChanged(now, free=True)
        yield "way taken", InterlockChanged(now, free=False)
        yield "a neighbour was first", RecordFailed(now, Reason.INTERLOCKED)
    if rules.shares_arm:
        yield "arm in use", InterlockChanged(now, free=False, arm_in_use=True)
    for up in (False, True):
        yield f"relay {'back' if up else 'lost'}", RelayChanged(now, up=up)
        yield f"readers {'back' if up else 'lost'}", ReadersChanged(now, up=up)
    yield "permit use taken", RecordFailed(now, Reason.ALREADY_USED)
    yield "record failed", RecordFailed(now, Reason.GATE_FAULT)


def _contacts(place: Place) -> Iterator[tuple[str, Input]]:
    rules = place.lane.rules
    if rules.has_hold:
        yield "hold contact on", place.sample(hold=True)
        yield "hold contact off", place.sample(hold=False)
    if rules.has_key:
        yield "key turned", place.sample(key=True)
        yield "inputs flap", place.sample(key=None, flapping=("key",))


def _samples(place: Place) -> Iterator[tuple[str, Input]]:
    rules = place.lane.rules
    yield "fresh inputs", place.sample()
    for name, bit in (("presence", "A"), ("safety", "B")):
        yield f"{bit} up", place.sample(**{name: True})
        yield f"{bit} down", place.sample(**{name: False})
    if rules.has_photocell:
        yield "photocell interrupted", place.sample(photocell=True)
        yield "photocell free", place.sample(photocell=False)
    if rules.has_closed:
        yield "open limit", place.sample(opened=True, closed=False)
        yield "no limit", place.sample(opened=False, closed=False)
        yield "closed limit", place.sample(opened=False, closed=True)


def moves_from(place: Place) -> Iterator[tuple[Move, Place]]:
    """Yield what each input does here, and where that leads."""
    soon = replace(place, at=place.at + SHORT_S)
    for cause, item in inputs(soon):
        yield _step(soon, cause, item)
    if not place.lane.rules.blind:
        later = replace(place, at=place.at + 1.0)
        yield _step(later, "inputs lost", Ticked(later.now))
    for name in TIMES:
        later = replace(place, at=place.at + _seconds(place, name) + MARGIN_S)
        move, after = _step(later, f"`{name}`", Ticked(later.now) if place.lane.rules.blind else later.sample())
        if move.does or move.to is not move.state:
            yield move, after
            break


def _step(place: Place, cause: str, item: Input) -> tuple[Move, Place]:
    lane, effects = step(place.lane, item)
    grants = [effect.grant for effect in effects if isinstance(effect, Raise)]
    bits = place.bits
    if isinstance(item, Sampled):
        bits = tuple((name, getattr(item.signals, name)) for name, _ in place.bits)
    shown = place.shown + isinstance(item, Presented | PlateRead)
    after = Place(lane, place.at, bits, grants[-1] if grants else place.grant, shown)
    return Move(place.lane.state, cause, lane.state, words(effects)), after


def settled(place: Place) -> Iterator[tuple[Move, Place]]:
    """Yield what happens next by itself, until nothing does."""
    while True:
        place = replace(place, at=place.at + SHORT_S)
        move, place = _step(place, "at once", Ticked(place.now) if place.lane.rules.blind else place.sample())
        if not move.does and move.to is move.state:
            return
        yield move, place


@cache
def explore(rules: LaneRules) -> list[Move]:
    """Return all moves from all places on the ways through a lane."""
    bits = (
        ("presence", False),
        ("safety", False),
        ("photocell", False if rules.has_photocell else None),
        ("opened", False if rules.has_opened else None),
        ("closed", True if rules.has_closed else None),
        ("key", False if rules.has_key else None),
        ("hold", False if rules.has_hold else None),
    )
    start = Place(Lane.start(rules, 1), 1000.0, bits)
    moves = dict.fromkeys(_all_moves(start))
    places: dict[tuple[str, ...], Place] = {(): start}
    for way in SHARED_WAYS if rules.shares_arm else WAYS:
        causes = tuple(way.split(", "))
        for number, cause in enumerate(causes, start=1):
            if causes[:number] not in places:
                places[causes[:number]] = place = _follow(places[causes[: number - 1]], cause)
                moves.update(dict.fromkeys(_all_moves(place)))
    return list(moves)


def _all_moves(place: Place) -> Iterator[Move]:
    for move, after in moves_from(place):
        yield move
        if move.cause != "inputs lost":
            yield from (then for then, _ in settled(after))


def _seconds(place: Place, name: str) -> float:
    """Return a timing of the lane's rules, or the sum of two."""
    return sum(float(getattr(place.lane.rules, part)) for part in name.split(" + "))


def _follow(place: Place, way: str) -> Place:
    cause = way.removesuffix(UNSETTLED)
    soon = replace(place, at=place.at + SHORT_S)
    if cause.startswith("`"):
        soon = replace(place, at=place.at + _seconds(place, cause.strip("`")) + MARGIN_S)
        item: Input | None = Ticked(soon.now) if place.lane.rules.blind else soon.sample()
    elif cause == "inputs lost":
        soon = replace(place, at=place.at + 1.0)
        return _step(soon, cause, Ticked(soon.now))[1]
    else:
        item = dict(inputs(soon)).get(cause)
    if item is None:
        return place
    after = _step(soon, cause, item)[1]
    if way != cause:
        return after
    return next(reversed([after, *(then for _, then in settled(after))]))


def table(moves: list[Move]) -> str:
    """Return the moves as a Markdown table: causes that do the same share a row."""
    does: dict[tuple[LaneState, LaneState, str], dict[str, None]] = {}
    for move in moves:
        does.setdefault((move.state, move.to, move.cause), {}).update(dict.fromkeys(move.does))
    rows: dict[tuple[LaneState, LaneState, str], list[str]] = {}
    for (state, to, cause), said in does.items():
        if said or to is not state:
            rows.setdefault((state, to, ", ".join(said)), []).append(cause)
    order = list(LaneState)
    lines = ["| state | on | to | does |", "|---|---|---|---|"]
    for state, to, words_said in sorted(rows, key=lambda row: (order.index(row[0]), order.index(row[1]))):
        causes = ", ".join(rows[state, to, words_said])
        lines.append(f"| {state} | {causes} | {'stays' if to is state else to} | {words_said} |")
    return "\n".join(lines)


def diagram(moves: list[Move]) -> str:
    """Return the moves as a Mermaid state diagram, without those that lead everywhere."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> init"]
    order = list(LaneState)
    pairs = sorted({(m.state, m.to) for m in moves}, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))
    for state, to in pairs:
        here = [m for m in moves if (m.state, m.to) == (state, to)]
        if to not in (state, LaneState.FAULT, LaneState.HELD_OPEN):
            causes = " / ".join(_unique(lambda m: (m.cause.strip("`"),), here))
            lines.append(f"    {state} --> {to}: {causes}")
    return "\n".join([*lines, "```"])


def _unique(pick: Callable[[Move], tuple[str, ...]], moves: list[Move]) -> list[str]:
    return list(dict.fromkeys(word for move in moves for word in pick(move)))


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, rules in (
        ('With all inputs, closed by the agent (`close_mode = "agent"`)', SIGHTED),
        ("With both loops only, closed by the controller", PLAIN),
        (
            "With limits and a neighbour that shares the arm (a neighbour with an arm of its own only makes it wait)",
            SHARED,
        ),
        ("Blind: no inputs at all", BLIND),
    ):
        moves = explore(rules)
        parts += [f"## {title}\n", diagram(moves) + "\n", table(moves) + "\n"]
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
