"""Test pulses: one, recorded first, and only where nothing is there and nothing goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.core.events.event_types import BarrierTested
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.state import LaneLockout
from agent.core.lane.step_inputs import CommandKind, OfficerCommand, ReadersChanged, RecordFailed
from agent.core.model import Outcome
from agent.core.model.reasons import Reason
from tests.support.lane.rows import AGENT, OPERATED, Row, check, rows
from tests.support.lane.yard import FIRST, WAYS, Yard, held, locked, no_relay, out_of_service

if TYPE_CHECKING:
    from collections.abc import Callable

TEST_OPEN, TEST_CLOSE = CommandKind.TEST_OPEN, CommandKind.TEST_CLOSE
BEGUN = ["vehicle.present operator", "barrier.tested open op1"]
LOWERED = ["barrier.tested close op1", "CLOSE"]


def seen(yard: Yard) -> Yard:
    """A lane whose reader has just seen a plate."""
    yard.plate()
    return yard


def taken(**bits: bool | None) -> Callable[[], Yard]:
    """A lane out of service, with something on its inputs."""

    def way() -> Yard:
        yard = out_of_service(has_photocell=True, has_closed=True)
        yard.sense(**bits)
        return yard

    return way


def readerless(way: Callable[..., Yard]) -> Callable[[], Yard]:
    """A blind lane without a working reader, long after any observation."""

    def made() -> Yard:
        yard = way(blind=True)
        yard.feed(ReadersChanged(yard.now, up=False))
        yard.wait(4.0)
        return yard

    return made


def neighboured(*, free: bool) -> Yard:
    """An idle lane whose neighbour leaves it the way, or does not."""
    yard = Yard.new(neighbours=True)
    yard.way(free=free)
    return yard


TABLE: list[Row] = [
    (
        "a test of an idle lane raises the arm by a grant of its own, recorded first",
        Yard.new,
        lambda y: y.order(TEST_OPEN),
        LaneState.OPENING,
        [*BEGUN, *OPERATED],
    ),
    (
        "a test of a lane out of service raises the arm too",
        out_of_service,
        lambda y: y.order(TEST_OPEN),
        LaneState.OPENING,
        [*BEGUN, *OPERATED],
    ),
    (
        "a test to close goes where the agent may close",
        lambda: Yard.new(**AGENT),
        lambda y: y.order(TEST_CLOSE),
        LaneState.CLOSING,
        [*LOWERED, "show red closing"],
    ),
    (
        "a lane out of service is so again after a test to close",
        lambda: out_of_service(has_closed=True, **AGENT),
        lambda y: y.order(TEST_CLOSE) + y.sense(0.1),
        LaneState.OUT_OF_SERVICE,
        [*LOWERED, "show red closing", "barrier.moved closed", "show red out_of_service"],
    ),
    (
        "a test to close is one pulse, also where that was not delivered",
        lambda: Yard.new(**AGENT),
        lambda y: y.order(TEST_CLOSE)[:0] + y.pulsed("not_delivered", "close") + y.wait(7.9) + y.sense(0.2),
        LaneState.IDLE,
        ["barrier.pulsed close not_delivered", "alarm.raised relay_lost", "show red idle"],
    ),
    (
        "a test of a blind lane goes where nothing was seen",
        lambda: out_of_service(blind=True),
        lambda y: y.order(TEST_OPEN),
        LaneState.OPENING,
        [*BEGUN, *OPERATED],
    ),
    (
        "a lane out of service needs no reader for a test",
        readerless(out_of_service),
        lambda y: y.order(TEST_OPEN),
        LaneState.OPENING,
        [*BEGUN, *OPERATED],
    ),
    (
        "a reader that sees a plate does not keep a lane with inputs from a test out of service",
        lambda: seen(out_of_service()),
        lambda y: y.order(TEST_OPEN),
        LaneState.OPENING,
        [*BEGUN, *OPERATED],
    ),
]
REFUSED: list[tuple[str, Callable[[], Yard], CommandKind, str]] = [
    ("a locked lane", locked, TEST_OPEN, "the lane is locked by op1"),
    ("a lane without its board", lambda: no_relay(Yard.new()), TEST_OPEN, "the relay board is disconnected"),
    ("a lane with a vehicle on the loop", taken(presence=True), TEST_OPEN, "a vehicle is or may be present"),
    (("a lane with something under the "
     "arm"), taken(safety=True, presence=True), TEST_OPEN, "a vehicle is or may be present"),
    ("a lane with its photocell dark", taken(photocell=True), TEST_OPEN, "a vehicle is or may be present"),
    ("a lane that does not know its loop", taken(presence=None), TEST_OPEN, "a vehicle is or may be present"),
    ("a lane that does not know its safety loop", taken(safety=None), TEST_OPEN, "a vehicle is or may be present"),
    ("a lane that does not know its arm", taken(closed=None), TEST_OPEN, "the arm is not known to be down"),
    ("a lane in service that sees a plate", lambda: seen(Yard.new()), TEST_OPEN, "a vehicle was seen a moment ago"),
    (("a blind lane that sees a "
     "plate"), lambda: seen(out_of_service(blind=True)), TEST_OPEN, "a vehicle was seen a moment ago"),
    (("a blind lane to the very end of the time for which a plate "
     "counts"), lambda: seen(out_of_service(blind=True, gone_s=4.0)).later(4.0), TEST_OPEN, (
        "a vehicle was seen a moment ago")),
    ("a blind lane in service without a reader", readerless(Yard.new), TEST_OPEN, (
        "no reader works, so a vehicle cannot be ruled out: take the lane out of service first")),
    (("a lane whose neighbour is "
     "open"), lambda: neighboured(free=False), TEST_OPEN, "another barrier must close first"),
    ("a lane that its controller closes", Yard.new, TEST_CLOSE, (
        "the barrier's controller closes it; the agent gives no close pulse here")),
    (("a blind lane that may not "
     "close"), lambda: Yard.new(blind=True, **AGENT), TEST_CLOSE, (
        "the inputs do not confirm that closing is safe")),
    ("a lane that is held open", held, TEST_OPEN, "the lane is in state held_open"),
]  # fmt: skip


@rows(TABLE)
def test_the_table(
    way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]
) -> None:
    check(way, act, state, lines)


@pytest.mark.parametrize(("way", "kind", "why"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_test_is_refused_in_words_and_changes_nothing(way: Callable[[], Yard], kind: CommandKind, why: str) -> None:
    yard = way()
    before = yard.lane
    (line,) = yard.order(kind, "order 1")
    assert line == f"answer order 1 not done: {why}"
    assert yard.lane == before


@pytest.mark.parametrize("kind", [TEST_OPEN, TEST_CLOSE])
@pytest.mark.parametrize(
    "state", [state for state in LaneState if state not in (LaneState.IDLE, LaneState.OUT_OF_SERVICE)]
)
def test_no_other_state_is_tested(state: LaneState, kind: CommandKind) -> None:
    yard = WAYS[state](**AGENT)
    raised = len(yard.raised())
    assert yard.order(kind, "order 1")[-1] == f"answer order 1 not done: the lane is in state {state}"
    assert (yard.state, len(yard.raised())) == (state, raised)


def test_stale_inputs_are_no_proof_that_nobody_is_there() -> None:
    yard = out_of_service()
    lines = yard.later(0.5).order(TEST_OPEN, "order 1")
    assert lines[-1] == "answer order 1 not done: the lane is in state fault"
    assert yard.raised() == []


def test_a_second_test_waits_for_the_first() -> None:
    yard = Yard.new(has_closed=True)
    assert (
        yard.order(TEST_OPEN, "order 1")[-1] == f"answer order 1 done: the open pulse is ordered, with grant {FIRST}-1"
    )
    assert yard.order(TEST_OPEN, "order 2") == ["answer order 2 not done: the lane is in state opening"]
    assert len(yard.raised()) == 1


def test_a_test_whose_pulse_was_not_reported_is_not_repeated() -> None:
    yard = Yard.new(has_closed=True, **AGENT)
    assert yard.order(TEST_CLOSE, "order 1")[-1] == "answer order 1 done: the close pulse is ordered"
    yard.sense(0.1)
    assert yard.state is LaneState.IDLE
    assert yard.order(TEST_CLOSE, "order 2") == ["answer order 2 not done: a pulse is under way"]
    yard.pulsed(action="close")
    assert "CLOSE" in yard.order(TEST_CLOSE, "order 3")


def test_what_is_tested_is_named_with_who_and_why() -> None:
    yard = Yard.new()
    yard.feed(OfficerCommand(yard.now, TEST_OPEN, "aigul", "new relay"))
    (tested,) = [draft for draft in yard.drafts() if isinstance(draft.event, BarrierTested)]
    assert tested.event == BarrierTested(action="open", operator="aigul", cause="new relay")
    assert tested.transaction is not None


def test_a_test_that_nobody_drives_through_is_not_taken() -> None:
    yard = out_of_service(has_closed=True)
    yard.order(TEST_OPEN)
    yard.pulsed()
    yard.sense(1.0, closed=False)
    yard.wait(6.0)
    yard.sense(5.0, closed=True)
    assert yard.closed().outcome is Outcome.NOT_TAKEN
    assert yard.state is LaneState.OUT_OF_SERVICE


def test_a_test_of_a_blind_lane_in_which_nobody_was_seen_is_not_taken() -> None:
    yard = out_of_service(blind=True)
    yard.order(TEST_OPEN)
    yard.pulsed()
    yard.wait(9.0)
    closed = yard.closed()
    assert (closed.outcome, closed.assumed, closed.taken) == (Outcome.NOT_TAKEN, False, None)
    assert yard.state is LaneState.OUT_OF_SERVICE


def test_a_vehicle_that_a_reader_saw_during_a_test_of_a_blind_lane_is_assumed_to_have_passed() -> None:
    yard = out_of_service(blind=True)
    yard.order(TEST_OPEN)
    yard.pulsed()
    yard.plate()
    yard.wait(9.0)
    assert yard.closed().outcome is Outcome.OVERRIDDEN


def test_a_vehicle_that_drives_through_a_test_is_followed() -> None:
    yard = Yard.new()
    yard.order(TEST_OPEN)
    yard.pulsed()
    yard.wait(6.0)
    for bits in ({"presence": True}, {"safety": True}, {"presence": False}, {"safety": False}):
        yard.sense(0.5, **bits)
    yard.wait(1.0)
    assert yard.closed().outcome is Outcome.OVERRIDDEN


@pytest.mark.parametrize(("kind", "rules"), [(TEST_OPEN, {}), (TEST_CLOSE, AGENT)])
def test_a_test_that_cannot_be_recorded_does_not_happen(kind: CommandKind, rules: dict[str, object]) -> None:
    yard = Yard.new(**rules)
    order = OfficerCommand(yard.now, kind, "op1", "seen", "order 1")
    lines = yard.feed(RecordFailed(yard.now, Reason.GATE_FAULT, None, order))
    assert lines == [
        "alarm.raised journal_failed",
        "answer order 1 not done: it could not be recorded, so nothing was done",
    ]
    assert yard.state is LaneState.IDLE


def test_a_test_gives_a_vehicle_that_nobody_has_seen_yet_the_time_to_come() -> None:
    yard = Yard.new()
    yard.order(TEST_OPEN)
    yard.pulsed()
    assert yard.wait(6.1) == ["show green open"]
    assert yard.wait(14.8) == []
    assert yard.wait(0.3) == ["transaction.closed not_taken QR_NONE", "show red closing"]


def test_a_recorded_test_to_close_shows_that_the_journal_works_again_so_that_its_next_failure_is_told() -> None:
    yard = Yard.new(**AGENT)
    failed = RecordFailed(yard.now, Reason.GATE_FAULT)
    assert yard.feed(failed) == ["alarm.raised journal_failed"]
    assert yard.feed(failed) == []
    yard.order(TEST_CLOSE)
    assert yard.feed(failed) == ["alarm.raised journal_failed"]


def test_a_test_that_comes_too_late_is_not_carried_out() -> None:
    yard = Yard.new()
    order = OfficerCommand(yard.now, TEST_OPEN, "op1", "seen", "order 1", deadline=yard.at)
    assert yard.feed(order) == ["answer order 1 not done: its time limit had passed"]


def test_a_lane_that_starts_out_of_service_can_be_tested() -> None:
    yard = Yard.new(orders=LaneLockout(out_of_service_by="op1"))
    assert "RAISE 0001-1" in yard.order(TEST_OPEN)
