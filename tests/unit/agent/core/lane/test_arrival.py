"""The lane before the pulse, row by row: start, arrival, decision, refusal, fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised
from agent.core.lane.copies import changed
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind, ReadersChanged, RecordFailed, RelayChanged
from agent.core.model import Outcome
from agent.core.model.reasons import Check, Reason, Verdict
from tests.support.lane.rows import AGENT, LOST, PULSE, Row, check, closed_as, rows
from tests.support.lane.yard import (
    Yard,
    deciding,
    denied,
    fault,
    manual,
    opening,
    present,
    untried,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE: list[Row] = [
    # ---------------------------------------------------------------- init
    (
        "fresh inputs with the arm closed make a lane ready",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "a lane without limit inputs is ready with fresh inputs",
        lambda: Yard.new(ready=False),
        lambda y: y.sense(),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "a blind lane is ready at once",
        lambda: Yard.new(ready=False, blind=True),
        lambda y: y.tick(),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "an open arm at the start moves nothing",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False),
        LaneState.INIT,
        ["show red init"],
    ),
    (
        "an open limit at the start counts where there is no closed limit",
        lambda: Yard.new(ready=False, has_opened=True),
        lambda y: y.sense(opened=True),
        LaneState.INIT,
        ["show red init"],
    ),
    (
        "something under the arm at the start is waited for",
        lambda: Yard.new(ready=False),
        lambda y: y.sense(safety=True, presence=True),
        LaneState.INIT,
        ["show red init"],
    ),
    (
        "an arm that stays open after the start is an alarm",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False) + y.wait(60.1),
        LaneState.VIOLATION,
        ["show red init", "alarm.raised forced_open", "show red violation"],
    ),
    (
        "something that stays under the arm after the start is an alarm",
        lambda: Yard.new(ready=False),
        lambda y: y.sense(safety=True) + y.wait(60.1),
        LaneState.VIOLATION,
        ["show red init", "alarm.raised blocked", "show red violation"],
    ),
    (
        "inputs that never come are lost after a while",
        lambda: Yard.new(ready=False),
        lambda y: y.tick() + y.tick(7.9) + y.tick(0.1),
        LaneState.FAULT,
        ["show red init", *LOST],
    ),
    (
        "inputs that come and go before the lane is ready are lost",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False) + y.tick(0.31),
        LaneState.FAULT,
        ["show red init", *LOST],
    ),
    (
        "an order to close is carried out at the start when it is safe",
        lambda: Yard.new(ready=False, has_closed=True, **AGENT),
        lambda y: y.feed(RelayChanged(y.now, up=True)) + y.sense(closed=False) + y.order(CommandKind.CLOSE),
        LaneState.CLOSING,
        ["show red init", "CLOSE", "show red closing"],
    ),
    (
        "an unknown presence loop at the start is waited for",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False) + y.sense(0.1, closed=True, presence=None),
        LaneState.INIT,
        ["show red init"],
    ),
    (
        "an order to close at the start is not carried out on stale inputs",
        lambda: Yard.new(ready=False, has_closed=True, **AGENT),
        lambda y: y.feed(RelayChanged(y.now, up=True)) + y.sense(closed=False) + y.later(0.31).order(CommandKind.CLOSE),
        LaneState.INIT,
        ["show red init"],
    ),
    (
        "something in the photocell at the start is waited for",
        lambda: Yard.new(ready=False, has_photocell=True),
        lambda y: y.sense(photocell=True) + y.wait(60.1),
        LaneState.VIOLATION,
        ["show red init", "alarm.raised blocked", "show red violation"],
    ),
    # ---------------------------------------------------------------- idle
    (
        "a vehicle on the presence loop begins a transaction",
        Yard.new,
        lambda y: y.sense(presence=True),
        LaneState.PRESENT,
        ["vehicle.present inputs", "show red present"],
    ),
    (
        "something under the arm with nobody before it comes the wrong way",
        Yard.new,
        lambda y: y.sense(safety=True),
        LaneState.VIOLATION,
        ["alarm.raised wrong_way", "show red violation"],
    ),
    (
        "an arm that leaves its closed limit was forced",
        lambda: Yard.new(has_closed=True),
        lambda y: y.sense(closed=False),
        LaneState.VIOLATION,
        ["alarm.raised forced_open", "show red violation"],
    ),
    (
        "an arm that is forced as a vehicle comes begins no transaction",
        lambda: Yard.new(has_closed=True),
        lambda y: y.sense(presence=True, closed=False),
        LaneState.VIOLATION,
        ["alarm.raised forced_open", "show red violation"],
    ),
    (
        "an unknown closed limit is no alarm yet",
        lambda: Yard.new(has_closed=True),
        lambda y: y.sense(closed=None),
        LaneState.IDLE,
        [],
    ),
    (
        "a permit that was shown just before the loop closed counts, a plate does not",
        Yard.new,
        lambda y: y.qr() + y.plate() + y.wait(2.0) + y.sense(presence=True),
        LaneState.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "a vehicle that comes while no reader works waits for an officer",
        Yard.new,
        lambda y: y.feed(ReadersChanged(y.now, up=False)) + y.sense(presence=True),
        LaneState.MANUAL,
        [
            "alarm.raised readers_lost",
            "vehicle.present inputs",
            "access.decided MANUAL GATE_FAULT",
            "show red manual",
        ],
    ),
    (
        "an officer may open with nobody there",
        Yard.new,
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "an arm at its open limit was forced where there is no closed limit",
        lambda: Yard.new(has_opened=True),
        lambda y: y.sense(opened=True),
        LaneState.VIOLATION,
        ["alarm.raised forced_open", "show red violation"],
    ),
    (
        "something in the photocell alone is no violation",
        lambda: Yard.new(has_photocell=True),
        lambda y: y.sense(photocell=True) + y.wait(100.0),
        LaneState.IDLE,
        [],
    ),
    (
        "something under the arm while a vehicle is before it is no wrong way",
        present,
        lambda y: y.sense(safety=True),
        LaneState.PRESENT,
        [],
    ),
    # ---------------------------------------------------------------- present
    (
        "a permit is recorded and judged",
        present,
        lambda y: y.qr(),
        LaneState.DECIDING,
        ["permit.presented", "show red deciding", "decide on 1+0"],
    ),
    ("a plate alone is only gathered", present, lambda y: y.plate(), LaneState.PRESENT, []),
    (
        "a vehicle that shows nothing is judged finally",
        present,
        lambda y: y.wait(30.1) + y.decide(Verdict.DENY, Reason.QR_NONE),
        LaneState.DENIED,
        [
            "decide on 0+0 finally",
            "access.decided DENY QR_NONE",
            "transaction.closed denied QR_NONE",
            "show red QR_NONE",
        ],
    ),
    (
        "a vehicle that leaves before it showed anything abandoned it",
        present,
        lambda y: y.sense(presence=False),
        LaneState.IDLE,
        [*closed_as("abandoned", reason="QR_NONE"), "show red idle"],
    ),
    (
        "readers that are lost leave the vehicle to an officer",
        present,
        lambda y: y.feed(ReadersChanged(y.now, up=False)),
        LaneState.MANUAL,
        ["alarm.raised readers_lost", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    (
        "an officer may open for a vehicle that shows nothing",
        present,
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- deciding
    (
        "a grant raises the barrier once",
        deciding,
        lambda y: y.decide(Verdict.PASS),
        LaneState.OPENING,
        [*PULSE, "RAISE 0001-1", "show green OK"],
    ),
    (
        "a refusal ends the transaction",
        deciding,
        lambda y: y.decide(Verdict.DENY, Reason.EXPIRED),
        LaneState.DENIED,
        ["access.decided DENY EXPIRED", "transaction.closed denied EXPIRED", "show red EXPIRED"],
    ),
    (
        "what the gate cannot judge waits for an officer with the transaction open",
        deciding,
        lambda y: y.decide(Verdict.MANUAL, Reason.PLATE_UNSURE),
        LaneState.MANUAL,
        ["access.decided MANUAL PLATE_UNSURE", "show red manual"],
    ),
    (
        "pictures that do not show what was told of them are an alarm beside",
        deciding,
        lambda y: y.decide(Verdict.MANUAL, Reason.PICTURE_MISMATCH),
        LaneState.MANUAL,
        ["alarm.raised picture_mismatch", "access.decided MANUAL PICTURE_MISMATCH", "show red manual"],
    ),
    (
        "an answer to show it again is recorded once for each reason",
        deciding,
        lambda y: (
            y.decide(Verdict.RETRY, Reason.QR_UNSTABLE)
            + y.qr()
            + y.decide(Verdict.RETRY, Reason.QR_UNSTABLE)
            + y.plate()
            + y.decide(Verdict.RETRY, Reason.PLATE_UNSURE)
        ),
        LaneState.DECIDING,
        [
            "access.decided RETRY QR_UNSTABLE",
            "show red QR_UNSTABLE",
            "decide on 2+0",
            "decide on 2+1",
            "access.decided RETRY PLATE_UNSURE",
            "show red deciding",
        ],
    ),
    (
        "when the time is up the answer is final",
        deciding,
        lambda y: y.decide(Verdict.RETRY, Reason.PLATE_UNSURE) + y.wait(5.1),
        LaneState.DECIDING,
        ["access.decided RETRY PLATE_UNSURE", "decide on 1+0 finally"],
    ),
    (
        "to show it again is no final answer",
        deciding,
        lambda y: y.wait(5.1) + y.decide(Verdict.RETRY, Reason.PLATE_UNSURE),
        LaneState.DENIED,
        [
            "decide on 1+0 finally",
            "access.decided DENY PLATE_UNSURE",
            "transaction.closed denied PLATE_UNSURE",
            "show red PLATE_UNSURE",
        ],
    ),
    (
        "what is answered to an earlier question is no final answer either, and ends nothing",
        deciding,
        lambda y: (
            y.wait(5.1)
            + y.decide(Verdict.RETRY, Reason.VIN_MISMATCH, final=False)
            + y.decide(Verdict.MANUAL, Reason.VIN_MISMATCH)
        ),
        LaneState.MANUAL,
        ["decide on 1+0 finally", "access.decided MANUAL VIN_MISMATCH", "show red manual"],
    ),
    (
        "a final answer that never comes is left to an officer",
        deciding,
        lambda y: y.wait(10.1),
        LaneState.MANUAL,
        ["decide on 1+0 finally", "access.decided MANUAL INTERNAL_ERROR", "show red manual"],
    ),
    (
        "a vehicle that leaves while it is judged abandoned it",
        deciding,
        lambda y: y.sense(presence=False),
        LaneState.IDLE,
        [*closed_as("abandoned", reason="QR_NONE"), "show red idle"],
    ),
    (
        "readers that are lost while deciding leave it to an officer",
        deciding,
        lambda y: y.feed(ReadersChanged(y.now, up=False)),
        LaneState.MANUAL,
        ["alarm.raised readers_lost", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    (
        "without a relay a grant is not given",
        deciding,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.decide(Verdict.PASS),
        LaneState.MANUAL,
        [
            "alarm.raised relay_lost",
            "alarm.raised relay_lost",
            "access.decided MANUAL GATE_FAULT",
            "show red manual",
        ],
    ),
    (
        "right after a start a vehicle is judged once the relay board is there",
        untried,
        lambda y: y.feed(RelayChanged(y.now, up=True)),
        LaneState.DECIDING,
        ["show red deciding", "decide on 1+0"],
    ),
    (
        "a relay board that cannot be reached after a start leaves a vehicle that may pass to an officer",
        untried,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.decide(Verdict.PASS),
        LaneState.MANUAL,
        [
            "show red deciding",
            "decide on 1+0",
            "alarm.raised relay_lost",
            "access.decided MANUAL GATE_FAULT",
            "show red manual",
        ],
    ),
    (
        "a relay board that is silent after a start is not waited for for long",
        untried,
        lambda y: [
            *(line for _ in range(15) for line in y.sense(0.125)),
            "2 s",
            *y.sense(0.125),
            *y.decide(Verdict.PASS),
        ],
        LaneState.MANUAL,
        [
            "2 s",
            "show red deciding",
            "decide on 1+0",
            "alarm.raised relay_lost",
            "access.decided MANUAL GATE_FAULT",
            "show red manual",
        ],
    ),
    (
        "a blind lane judges a vehicle before it counts as gone, though the relay board is silent",
        lambda: untried(blind=True, gone_s=0.5),
        lambda y: [*y.wait(0.2), "0.25 s", *y.wait(0.1)],
        LaneState.DECIDING,
        ["0.25 s", "show red deciding", "decide on 1+0"],
    ),
    (
        "a grant without a permit is an error of ours",
        deciding,
        lambda y: y.decide(Verdict.PASS, permit=None),
        LaneState.MANUAL,
        ["access.decided MANUAL INTERNAL_ERROR", "show red manual"],
    ),
    (
        "a grant without a use of the permit is an error of ours",
        deciding,
        lambda y: y.decide(Verdict.PASS, use=0),
        LaneState.MANUAL,
        ["access.decided MANUAL INTERNAL_ERROR", "show red manual"],
    ),
    (
        "a permit that another lane used meanwhile is refused",
        deciding,
        lambda y: y.feed(RecordFailed(y.now, Reason.ALREADY_USED)),
        LaneState.DENIED,
        ["access.decided DENY ALREADY_USED", "transaction.closed denied ALREADY_USED", "show red ALREADY_USED"],
    ),
    (
        "a journal that cannot be written leaves the barrier down and calls an officer",
        deciding,
        lambda y: y.feed(RecordFailed(y.now, Reason.GATE_FAULT)),
        LaneState.MANUAL,
        ["alarm.raised journal_failed", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    # ---------------------------------------------------------------- manual
    (
        "an officer opens, and it ends as overridden once the vehicle passed",
        manual,
        lambda y: (
            y.order(CommandKind.OPEN)
            + y.pulsed()
            + y.sense(safety=True)
            + y.sense(presence=False)
            + y.sense(safety=False)
            + y.wait(1.0)
        ),
        LaneState.CLOSING,
        [
            "access.granted operator",
            "RAISE 0001-1",
            "show green opening",
            "barrier.pulsed open delivered",
            "vehicle.entering",
            "show red passing",
            "show red clearing",
            "transaction.closed overridden PLATE_UNSURE",
            "show red closing",
        ],
    ),
    (
        "a vehicle that does not wait for the officer is denied",
        manual,
        lambda y: y.sense(presence=False),
        LaneState.IDLE,
        [*closed_as("denied", reason="PLATE_UNSURE"), "show red idle"],
    ),
    (
        "the same permit again changes nothing for an officer",
        manual,
        lambda y: y.wait(2.0) + y.qr() + y.wait(2.0) + y.qr() + y.tick(),
        LaneState.MANUAL,
        [],
    ),
    (
        "another permit is judged in the same transaction",
        manual,
        lambda y: y.wait(1.0) + y.qr("B"),
        LaneState.DECIDING,
        ["permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "another permit within a second waits for its turn",
        manual,
        lambda y: y.qr("B") + y.wait(0.8) + y.wait(0.3),
        LaneState.DECIDING,
        ["permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "an officer's order that cannot be recorded is not carried out",
        manual,
        lambda y: y.feed(RecordFailed(y.now, Reason.GATE_FAULT)),
        LaneState.MANUAL,
        ["alarm.raised journal_failed"],
    ),
    # ---------------------------------------------------------------- denied
    (
        "a denied vehicle leaves",
        denied,
        lambda y: y.sense(presence=False),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "a denied vehicle that stays is not denied again",
        denied,
        lambda y: [line for _ in range(20) for line in y.sense(0.2) + y.qr()],
        LaneState.DENIED,
        [],
    ),
    (
        "another permit after a second is a new transaction",
        denied,
        lambda y: y.wait(1.0) + y.qr("B"),
        LaneState.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "a denied vehicle passes with another permit",
        denied,
        lambda y: y.wait(1.0) + y.qr("B") + y.decide(Verdict.PASS),
        LaneState.OPENING,
        [
            "vehicle.present inputs",
            "permit.presented",
            "show red deciding",
            "decide on 1+0",
            "access.decided PASS OK",
            "access.granted permit",
            "ledger RESERVED use 1",
            "RAISE 0002-1",
            "show green OK",
        ],
    ),
    (
        "the same permit is a new try once it was out of sight",
        denied,
        lambda y: y.wait(3.1) + y.qr(),
        LaneState.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "a new try waits for its second",
        denied,
        lambda y: y.qr("B") + y.wait(0.9),
        LaneState.DENIED,
        [],
    ),
    (
        "an officer may open for a vehicle that was denied",
        denied,
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0002-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- fault
    (
        "fresh inputs bring a lane back through init",
        fault,
        lambda y: y.sense() + y.sense(),
        LaneState.IDLE,
        ["show red init", "show red idle"],
    ),
    ("no order to open is taken without inputs", fault, lambda y: y.order(CommandKind.OPEN), LaneState.FAULT, []),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    check(way, act, state, lines)


@pytest.mark.parametrize(
    ("checks", "detail"),
    [
        ((Check(Reason.OK, True, "all well"), Check(Reason.PICTURE_MISMATCH, False, "a cat")), "a cat"),
        ((), ""),
    ],
)
def test_the_alarm_of_pictures_that_show_something_else_says_what_the_check_saw(
    checks: tuple[Check, ...], detail: str
) -> None:
    yard = deciding()
    yard.decide(Verdict.MANUAL, Reason.PICTURE_MISMATCH, checks=checks)
    (told,) = [draft.event for draft in yard.drafts() if isinstance(draft.event, AlarmRaised)]
    assert told == AlarmRaised(alarm=Alarm.PICTURE_MISMATCH, detail=detail)


@pytest.mark.parametrize("way", [present, deciding, manual])
def test_an_arm_that_is_forced_while_a_vehicle_waits_ends_its_transaction(way: Callable[..., Yard]) -> None:
    yard = way(has_closed=True)
    assert yard.sense(closed=None) == []
    assert yard.sense(closed=False) == [
        "alarm.raised forced_open",
        "transaction.closed fault GATE_FAULT",
        "show red violation",
    ]
    assert yard.state is LaneState.VIOLATION


def test_an_arm_that_is_forced_behind_a_refused_vehicle_is_a_violation() -> None:
    yard = denied(has_closed=True)
    assert yard.sense(closed=False) == ["alarm.raised forced_open", "show red violation"]


def test_an_arm_that_went_up_although_no_pulse_was_delivered_was_forced() -> None:
    yard = opening(has_opened=True)
    yard.sense(opened=True)
    yard.pulsed("not_delivered")
    assert yard.state is LaneState.DENIED
    assert yard.sense() == ["alarm.raised forced_open", "show red violation"]


def test_an_answer_for_a_vehicle_that_is_gone_opens_nothing_and_ends_its_transaction() -> None:
    """So it is where the record of its leaving failed: then the lane still decides."""
    yard = deciding()
    signals = replace(yard.lane.input_state.signals, presence=False)
    yard.lane = changed(yard.lane, input_state=replace(yard.lane.input_state, signals=signals))
    yard.decide(Verdict.PASS)
    assert yard.raised() == []
    assert yard.closed().outcome is Outcome.ABANDONED
    assert yard.state is LaneState.IDLE
