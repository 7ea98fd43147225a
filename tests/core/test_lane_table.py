"""Every row of the lane's table, one case each: what was there, what comes in, what must come out, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.core.decision import Decision, Reason, Verdict
from agent.core.lane import State
from agent.core.lane_io import CommandKind, Decided, Pulsed, ReadersChanged, RecordFailed, RelayChanged
from tests.yard import (
    FIRST,
    PERMIT,
    SECOND,
    WAYS,
    Yard,
    clearing,
    closing,
    deciding,
    denied,
    fault,
    held,
    manual,
    opened,
    opened_by_order,
    opening,
    passing,
    present,
    violation,
)


@pytest.mark.parametrize("state", State)
def test_each_state_can_be_reached(state: State) -> None:
    assert WAYS[state]().state is state


# ---------------------------------------------------------------------------------------------------------- the table

AGENT = {"close_mode": "agent"}
PULSE = ["access.decided PASS OK", "access.granted permit", "ledger RESERVED use 1"]
LOST = ["alarm.raised inputs_lost", "show red fault"]


def closed_as(outcome: str, ledger: str | None = None, reason: str = "OK") -> list[str]:
    return [f"transaction.closed {outcome} {reason}", *([f"ledger {ledger} use 1"] if ledger else [])]


Row = tuple[str, Callable[[], Yard], Callable[[Yard], list[str]], State, list[str]]
ROWS: list[Row] = [
    # ---------------------------------------------------------------- init
    (
        "fresh inputs with the arm closed make a lane ready",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(),
        State.IDLE,
        ["show red idle"],
    ),
    (
        "a lane without limit inputs is ready with fresh inputs",
        lambda: Yard.new(ready=False),
        lambda y: y.sense(),
        State.IDLE,
        ["show red idle"],
    ),
    (
        "a blind lane is ready at once",
        lambda: Yard.new(ready=False, blind=True),
        lambda y: y.tick(),
        State.IDLE,
        ["show red idle"],
    ),
    (
        "an open arm at the start moves nothing",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False),
        State.INIT,
        ["show red init"],
    ),
    (
        "an open limit at the start counts where there is no closed limit",
        lambda: Yard.new(ready=False, has_opened=True),
        lambda y: y.sense(opened=True),
        State.INIT,
        ["show red init"],
    ),
    (
        "something under the arm at the start is waited for",
        lambda: Yard.new(ready=False),
        lambda y: y.sense(safety=True, presence=True),
        State.INIT,
        ["show red init"],
    ),
    (
        "an arm that stays open after the start is an alarm",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False) + y.wait(60.1),
        State.VIOLATION,
        ["show red init", "alarm.raised forced_open", "show red violation"],
    ),
    (
        "something that stays under the arm after the start is an alarm",
        lambda: Yard.new(ready=False),
        lambda y: y.sense(safety=True) + y.wait(60.1),
        State.VIOLATION,
        ["show red init", "alarm.raised blocked", "show red violation"],
    ),
    (
        "inputs that never come are lost after a while",
        lambda: Yard.new(ready=False),
        lambda y: y.tick() + y.tick(7.9) + y.tick(0.1),
        State.FAULT,
        ["show red init", *LOST],
    ),
    (
        "inputs that come and go before the lane is ready are lost",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False) + y.tick(0.31),
        State.FAULT,
        ["show red init", *LOST],
    ),
    (
        "an order to close is carried out at the start when it is safe",
        lambda: Yard.new(ready=False, has_closed=True, **AGENT),
        lambda y: y.feed(RelayChanged(y.now, up=True)) + y.sense(closed=False) + y.order(CommandKind.CLOSE),
        State.CLOSING,
        ["show red init", "CLOSE", "show red closing"],
    ),
    (
        "an unknown presence loop at the start is waited for",
        lambda: Yard.new(ready=False, has_closed=True),
        lambda y: y.sense(closed=False) + y.sense(0.1, closed=True, presence=None),
        State.INIT,
        ["show red init"],
    ),
    (
        "an order to close at the start is not carried out on stale inputs",
        lambda: Yard.new(ready=False, has_closed=True, **AGENT),
        lambda y: y.feed(RelayChanged(y.now, up=True)) + y.sense(closed=False) + y.later(0.31).order(CommandKind.CLOSE),
        State.INIT,
        ["show red init"],
    ),
    # ---------------------------------------------------------------- idle
    (
        "a vehicle on the presence loop begins a transaction",
        Yard.new,
        lambda y: y.sense(presence=True),
        State.PRESENT,
        ["vehicle.present inputs", "show red present"],
    ),
    (
        "something under the arm with nobody before it comes the wrong way",
        Yard.new,
        lambda y: y.sense(safety=True),
        State.VIOLATION,
        ["alarm.raised wrong_way", "show red violation"],
    ),
    (
        "an arm that leaves its closed limit was forced",
        lambda: Yard.new(has_closed=True),
        lambda y: y.sense(closed=False),
        State.VIOLATION,
        ["alarm.raised forced_open", "show red violation"],
    ),
    (
        "an unknown closed limit is no alarm yet",
        lambda: Yard.new(has_closed=True),
        lambda y: y.sense(closed=None),
        State.IDLE,
        [],
    ),
    (
        "a permit that was shown just before the loop closed counts, a plate does not",
        Yard.new,
        lambda y: y.qr() + y.plate() + y.wait(2.0) + y.sense(presence=True),
        State.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "a vehicle that comes while no reader works waits for an officer",
        Yard.new,
        lambda y: y.feed(ReadersChanged(y.now, up=False)) + y.sense(presence=True),
        State.MANUAL,
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
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- present
    (
        "a permit is recorded and judged",
        present,
        lambda y: y.qr(),
        State.DECIDING,
        ["permit.presented", "show red deciding", "decide on 1+0"],
    ),
    ("a plate alone is only gathered", present, lambda y: y.plate(), State.PRESENT, []),
    (
        "a vehicle that shows nothing is judged finally",
        present,
        lambda y: y.wait(30.1) + y.decide(Verdict.DENY, Reason.QR_NONE),
        State.DENIED,
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
        State.IDLE,
        [*closed_as("abandoned", reason="QR_NONE"), "show red idle"],
    ),
    (
        "readers that are lost leave the vehicle to an officer",
        present,
        lambda y: y.feed(ReadersChanged(y.now, up=False)),
        State.MANUAL,
        ["alarm.raised readers_lost", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    (
        "an officer may open for a vehicle that shows nothing",
        present,
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- deciding
    (
        "a grant raises the barrier once",
        deciding,
        lambda y: y.decide(Verdict.PASS),
        State.OPENING,
        [*PULSE, "RAISE 0001-1", "show green OK"],
    ),
    (
        "a refusal ends the transaction",
        deciding,
        lambda y: y.decide(Verdict.DENY, Reason.EXPIRED),
        State.DENIED,
        ["access.decided DENY EXPIRED", "transaction.closed denied EXPIRED", "show red EXPIRED"],
    ),
    (
        "what the gate cannot judge waits for an officer with the transaction open",
        deciding,
        lambda y: y.decide(Verdict.MANUAL, Reason.PLATE_UNSURE),
        State.MANUAL,
        ["access.decided MANUAL PLATE_UNSURE", "show red manual"],
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
        State.DECIDING,
        [
            "access.decided RETRY QR_UNSTABLE",
            "show red QR_UNSTABLE",
            "decide on 2+0",
            "decide on 2+1",
            "access.decided RETRY PLATE_UNSURE",
            "show red PLATE_UNSURE",
        ],
    ),
    (
        "when the time is up the answer is final",
        deciding,
        lambda y: y.decide(Verdict.RETRY, Reason.PLATE_UNSURE) + y.wait(5.1),
        State.DECIDING,
        ["access.decided RETRY PLATE_UNSURE", "show red PLATE_UNSURE", "decide on 1+0 finally"],
    ),
    (
        "to show it again is no final answer",
        deciding,
        lambda y: y.wait(5.1) + y.decide(Verdict.RETRY, Reason.PLATE_UNSURE),
        State.DENIED,
        [
            "decide on 1+0 finally",
            "access.decided DENY PLATE_UNSURE",
            "transaction.closed denied PLATE_UNSURE",
            "show red PLATE_UNSURE",
        ],
    ),
    (
        "a final answer that never comes is left to an officer",
        deciding,
        lambda y: y.wait(10.1),
        State.MANUAL,
        ["decide on 1+0 finally", "access.decided MANUAL INTERNAL_ERROR", "show red manual"],
    ),
    (
        "a vehicle that leaves while it is judged abandoned it",
        deciding,
        lambda y: y.sense(presence=False),
        State.IDLE,
        [*closed_as("abandoned", reason="QR_NONE"), "show red idle"],
    ),
    (
        "readers that are lost while deciding leave it to an officer",
        deciding,
        lambda y: y.feed(ReadersChanged(y.now, up=False)),
        State.MANUAL,
        ["alarm.raised readers_lost", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    (
        "without a relay a grant is not given",
        deciding,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.decide(Verdict.PASS),
        State.MANUAL,
        [
            "alarm.raised relay_lost",
            "alarm.raised relay_lost",
            "access.decided MANUAL GATE_FAULT",
            "show red manual",
        ],
    ),
    (
        "a grant without a permit is an error of ours",
        deciding,
        lambda y: y.decide(Verdict.PASS, permit=None),
        State.MANUAL,
        ["access.decided MANUAL INTERNAL_ERROR", "show red manual"],
    ),
    (
        "a grant without a use of the permit is an error of ours",
        deciding,
        lambda y: y.decide(Verdict.PASS, use=0),
        State.MANUAL,
        ["access.decided MANUAL INTERNAL_ERROR", "show red manual"],
    ),
    (
        "a permit that another lane used meanwhile is refused",
        deciding,
        lambda y: y.feed(RecordFailed(y.now, Reason.ALREADY_USED)),
        State.DENIED,
        ["access.decided DENY ALREADY_USED", "transaction.closed denied ALREADY_USED", "show red ALREADY_USED"],
    ),
    (
        "a journal that cannot be written leaves the barrier down and calls an officer",
        deciding,
        lambda y: y.feed(RecordFailed(y.now, Reason.GATE_FAULT)),
        State.MANUAL,
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
        State.CLOSING,
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
        State.IDLE,
        [*closed_as("denied", reason="PLATE_UNSURE"), "show red idle"],
    ),
    (
        "the same permit again changes nothing for an officer",
        manual,
        lambda y: y.wait(2.0) + y.qr() + y.wait(2.0) + y.qr() + y.tick(),
        State.MANUAL,
        [],
    ),
    (
        "another permit is judged in the same transaction",
        manual,
        lambda y: y.wait(1.0) + y.qr("B"),
        State.DECIDING,
        ["permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "another permit within a second waits for its turn",
        manual,
        lambda y: y.qr("B") + y.wait(0.8) + y.wait(0.3),
        State.DECIDING,
        ["permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "an officer's order that cannot be recorded is not carried out",
        manual,
        lambda y: y.feed(RecordFailed(y.now, Reason.GATE_FAULT)),
        State.MANUAL,
        ["alarm.raised journal_failed"],
    ),
    # ---------------------------------------------------------------- denied
    (
        "a denied vehicle leaves",
        denied,
        lambda y: y.sense(presence=False),
        State.IDLE,
        ["show red idle"],
    ),
    (
        "a denied vehicle that stays is not denied again",
        denied,
        lambda y: [line for _ in range(20) for line in y.sense(0.2) + y.qr()],
        State.DENIED,
        [],
    ),
    (
        "another permit after a second is a new transaction",
        denied,
        lambda y: y.wait(1.0) + y.qr("B"),
        State.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "the same permit is a new try once it was out of sight",
        denied,
        lambda y: y.wait(3.1) + y.qr(),
        State.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "a new try waits for its second",
        denied,
        lambda y: y.qr("B") + y.wait(0.9),
        State.DENIED,
        [],
    ),
    (
        "an officer may open for a vehicle that was denied",
        denied,
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0002-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- opening
    (
        "the open limit says that the arm is up",
        lambda: opening(has_opened=True),
        lambda y: y.sense(opened=True),
        State.OPEN,
        ["barrier.moved open", "show green open"],
    ),
    (
        "an arm that does not reach its open limit failed",
        lambda: opening(has_opened=True),
        lambda y: y.pulsed() + y.wait(6.1),
        State.VIOLATION,
        [
            "barrier.pulsed open delivered",
            "alarm.raised open_failed",
            *closed_as("fault", "RELEASED", "GATE_FAULT"),
            "show red violation",
        ],
    ),
    (
        "an arm that never left its closed limit failed",
        lambda: deciding(has_closed=True),
        lambda y: y.decide(Verdict.PASS)[:0] + y.pulsed() + y.wait(6.1),
        State.VIOLATION,
        [
            "barrier.pulsed open delivered",
            "alarm.raised open_failed",
            *closed_as("fault", "RELEASED", "GATE_FAULT"),
            "show red violation",
        ],
    ),
    (
        "without an open limit the arm counts as up after a while",
        lambda: opening(has_closed=True),
        lambda y: y.wait(6.1),
        State.OPEN,
        ["show green open"],
    ),
    (
        "a vehicle may be under the arm before it is up",
        opening,
        lambda y: y.sense(safety=True),
        State.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "something that stood under the arm before is not this vehicle",
        deciding,
        lambda y: y.sense(safety=True) + y.decide(Verdict.PASS)[:0] + y.sense(),
        State.OPENING,
        [],
    ),
    (
        "what comes under the arm after it was free is this vehicle",
        deciding,
        lambda y: y.sense(safety=True) + y.decide(Verdict.PASS)[:0] + y.sense(safety=False) + y.sense(safety=True),
        State.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "a delivered pulse is recorded",
        opening,
        lambda y: y.pulsed(),
        State.OPENING,
        ["barrier.pulsed open delivered"],
    ),
    (
        "a pulse that was not delivered ends the transaction and frees the permit",
        opening,
        lambda y: y.pulsed("not_delivered"),
        State.DENIED,
        [
            "barrier.pulsed open not_delivered",
            "alarm.raised relay_lost",
            *closed_as("fault", "RELEASED", "GATE_FAULT"),
            "show red GATE_FAULT",
        ],
    ),
    (
        "a pulse of unknown delivery is never repeated",
        opening,
        lambda y: y.pulsed("unknown") + y.qr() + y.decide(Verdict.PASS) + y.pulsed("not_delivered") + y.wait(4.0),
        State.OPENING,
        ["barrier.pulsed open unknown", "alarm.raised pulse_unknown"],
    ),
    (
        "a report in words that are not known is unknown",
        opening,
        lambda y: y.pulsed("perhaps"),
        State.OPENING,
        ["barrier.pulsed open unknown", "alarm.raised pulse_unknown"],
    ),
    (
        "a vehicle may pass after a pulse of unknown delivery",
        opening,
        lambda y: y.pulsed("unknown")[:0] + y.sense(safety=True) + y.sense(presence=False, safety=False) + y.wait(1.0),
        State.CLOSING,
        [
            "vehicle.entering",
            "show red passing",
            "show red clearing",
            *closed_as("passed", "CONSUMED"),
            "show red closing",
        ],
    ),
    (
        "an officer may give another grant after a pulse of unknown delivery",
        opening,
        lambda y: y.pulsed("unknown")[:0] + y.order(CommandKind.OPEN),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-2", "show green opening"],
    ),
    (
        "an officer's second pulse is not given while the first is on its way",
        opening,
        lambda y: y.order(CommandKind.OPEN) + y.pulsed()[:0] + y.order(CommandKind.OPEN),
        State.OPENING,
        [],
    ),
    (
        "a pulse that is not reported before its grant expires is unknown",
        lambda: opening(open_s=20.0),
        lambda y: y.wait(10.1) + y.pulsed(),
        State.OPENING,
        ["alarm.raised pulse_unknown"],
    ),
    # ---------------------------------------------------------------- open
    (
        "the vehicle goes under the arm",
        opened,
        lambda y: y.sense(safety=True),
        State.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "a vehicle that leaves without passing did not take it",
        opened,
        lambda y: y.sense(presence=False) + y.wait(1.0),
        State.CLOSING,
        [*closed_as("not_taken", "RELEASED"), "show red closing"],
    ),
    (
        "a vehicle that is gone for less than a second may come back",
        opened,
        lambda y: y.sense(presence=False) + y.wait(0.8) + y.sense(presence=True) + y.wait(1.0),
        State.OPEN,
        [],
    ),
    (
        "an arm that stays open too long is an alarm, once, and stays",
        opened,
        lambda y: y.wait(40.0),
        State.OPEN,
        ["alarm.raised open_too_long"],
    ),
    (
        "an arm that came down before the vehicle went is not taken",
        lambda: opened(has_closed=True),
        lambda y: y.sense(opened=False) + y.sense(closed=True),
        State.IDLE,
        ["barrier.moved closed", *closed_as("not_taken", "RELEASED"), "show red idle"],
    ),
    (
        "limit inputs that contradict each other move nothing",
        lambda: opened(has_closed=True),
        lambda y: y.sense(closed=True),
        State.OPEN,
        [],
    ),
    (
        "nobody came for an officer's grant",
        opened_by_order,
        lambda y: y.wait(14.0) + y.wait(2.0),
        State.CLOSING,
        ["transaction.closed not_taken QR_NONE", "show red closing"],
    ),
    (
        "a vehicle that came for an officer's grant and left did not take it",
        opened_by_order,
        lambda y: y.sense(presence=True) + y.wait(1.0) + y.sense(presence=False) + y.wait(1.1),
        State.CLOSING,
        ["transaction.closed not_taken QR_NONE", "show red closing"],
    ),
    (
        "a pulse that turns out not delivered ends it even when the arm is up",
        lambda: opening(has_opened=True),
        lambda y: y.sense(opened=True)[:0] + y.pulsed("not_delivered"),
        State.DENIED,
        [
            "barrier.pulsed open not_delivered",
            "alarm.raised relay_lost",
            *closed_as("fault", "RELEASED", "GATE_FAULT"),
            "show red GATE_FAULT",
        ],
    ),
    # ---------------------------------------------------------------- passing
    (
        "a vehicle that left the safety loop is followed",
        passing,
        lambda y: y.sense(presence=False) + y.sense(safety=False),
        State.CLEARING,
        ["show red clearing"],
    ),
    (
        "a vehicle on the presence loop before this one is through tailgates, once",
        passing,
        lambda y: y.sense(presence=False) + y.sense(presence=True) + y.sense(presence=False) + y.sense(presence=True),
        State.PASSING,
        ["alarm.raised tailgating"],
    ),
    (
        "a vehicle that stays under the arm blocks it, once",
        passing,
        lambda y: y.wait(150.0),
        State.PASSING,
        ["alarm.raised blocked"],
    ),
    ("an unknown safety loop is not a free one", passing, lambda y: y.sense(safety=None), State.PASSING, []),
    (
        "a late report of no delivery does not stop a vehicle that passes",
        opening,
        lambda y: y.sense(safety=True)[:0] + y.pulsed("not_delivered"),
        State.PASSING,
        ["barrier.pulsed open not_delivered", "alarm.raised relay_lost"],
    ),
    # ---------------------------------------------------------------- clearing
    (
        "a free second ends the passage",
        clearing,
        lambda y: y.wait(1.0),
        State.CLOSING,
        [*closed_as("passed", "CONSUMED"), "show red closing"],
    ),
    (
        "a gap of the safety loop is merged",
        clearing,
        lambda y: y.wait(0.9) + y.sense(safety=True),
        State.PASSING,
        ["show red passing"],
    ),
    (
        "a passage with a tailgater is a violation",
        passing,
        lambda y: y.sense(presence=False) + y.sense(presence=True) + y.sense(safety=False) + y.wait(1.0),
        State.CLOSING,
        [
            "alarm.raised tailgating",
            "show red clearing",
            *closed_as("passed_with_violation", "CONSUMED"),
            "show red closing",
        ],
    ),
    (
        "the next vehicle on the presence loop is no tailgater while nothing is under the arm",
        clearing,
        lambda y: y.sense(0.5, presence=True) + y.wait(0.5),
        State.CLOSING,
        [*closed_as("passed", "CONSUMED"), "show red closing"],
    ),
    (
        "a vehicle that backs out frees its permit",
        passing,
        lambda y: y.sense(safety=False) + y.wait(5.0) + y.sense(presence=False) + y.wait(1.0),
        State.CLOSING,
        ["show red clearing", *closed_as("backed_out", "RELEASED"), "show red closing"],
    ),
    (
        "an arm that comes down before a vehicle that backed off ends it",
        lambda: passing(has_closed=True),
        lambda y: y.sense(safety=False) + y.sense(opened=False) + y.wait(2.0) + y.sense(closed=True),
        State.IDLE,
        ["show red clearing", "barrier.moved closed", *closed_as("backed_out", "RELEASED"), "show red idle"],
    ),
    (
        "a photocell that is interrupted keeps the passage open",
        lambda: passing(has_photocell=True),
        lambda y: (
            y.sense(presence=False)
            + y.sense(safety=False, photocell=True)
            + y.wait(3.0)
            + y.sense(photocell=False)
            + y.wait(0.9)
        ),
        State.CLEARING,
        ["show red clearing"],
    ),
    (
        "an unknown photocell is not a free one",
        lambda: clearing(has_photocell=True, clear_s=0.1),
        lambda y: y.sense(0.05, photocell=None) + y.sense(0.2, photocell=None),
        State.CLEARING,
        [],
    ),
    (
        "a passage that is never free is blocked, once",
        lambda: clearing(has_photocell=True),
        lambda y: y.sense(photocell=True) + y.wait(130.0),
        State.CLEARING,
        ["alarm.raised blocked"],
    ),
    # ---------------------------------------------------------------- closing
    (
        "the closed limit ends the closing",
        closing,
        lambda y: y.sense(closed=True),
        State.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
    (
        "something under the closing arm tailgates; the controller reopens",
        closing,
        lambda y: y.sense(safety=True),
        State.PASSING,
        ["alarm.raised tailgating", "alarm.raised reopened", "show red passing"],
    ),
    (
        "something in the photocell makes the controller reopen",
        lambda: closing(has_photocell=True),
        lambda y: y.sense(photocell=True),
        State.CLEARING,
        ["alarm.raised reopened", "show red clearing"],
    ),
    (
        "an arm that does not reach its closed limit failed",
        closing,
        lambda y: y.wait(8.1),
        State.VIOLATION,
        ["alarm.raised close_failed", "show red violation"],
    ),
    (
        "without a closed limit the arm counts as closed after a while",
        lambda: closing(has_closed=False),
        lambda y: y.wait(8.1),
        State.IDLE,
        ["show red idle"],
    ),
    (
        "the agent gives the close pulse where it is told to",
        lambda: closing(**AGENT),
        lambda y: y.sense(),
        State.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent gives one close pulse",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.wait(7.0),
        State.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent does not close on a photocell",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=True) + y.wait(20.0) + y.sense(photocell=False),
        State.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent does not close on an unknown photocell",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=None),
        State.CLOSING,
        [],
    ),
    (
        "the agent does not close on a photocell that should not be there",
        lambda: closing(**AGENT),
        lambda y: y.sense(photocell=True),
        State.CLOSING,
        [],
    ),
    (
        "the agent does not close on an unknown safety loop",
        lambda: closing(**AGENT),
        lambda y: y.sense(safety=None),
        State.CLOSING,
        [],
    ),
    (
        "the agent does not close on an unknown presence loop",
        lambda: closing(**AGENT),
        lambda y: y.sense(presence=None),
        State.CLOSING,
        [],
    ),
    (
        "a vehicle before the arm does not keep it open",
        lambda: closing(**AGENT),
        lambda y: y.sense(presence=True),
        State.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent does not close without a relay",
        lambda: closing(**AGENT),
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.sense(),
        State.CLOSING,
        ["alarm.raised relay_lost"],
    ),
    (
        "an arm that could never be closed safely is an alarm, once",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=True) + y.wait(150.0),
        State.CLOSING,
        ["alarm.raised close_failed"],
    ),
    (
        "something under an arm that the agent did not lower yet is no reopening",
        lambda: closing(**AGENT),
        lambda y: y.sense(safety=True),
        State.PASSING,
        ["alarm.raised tailgating", "show red passing"],
    ),
    (
        "the agent undoes its own close for what is under the arm",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.sense(safety=True),
        State.PASSING,
        [
            "CLOSE",
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "access.granted safety",
            "RAISE 0002-1",
            "show red passing",
        ],
    ),
    (
        "the agent undoes its own close for the photocell",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense() + y.sense(photocell=True),
        State.CLEARING,
        ["CLOSE", "alarm.raised reopened", "access.granted safety", "RAISE 0002-1", "show red clearing"],
    ),
    (
        "a reopening that cannot be recorded is not tried again and again",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.feed(RecordFailed(y.now, Reason.GATE_FAULT)) + y.sense(safety=True),
        State.PASSING,
        [
            "CLOSE",
            "alarm.raised journal_failed",
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "show red passing",
        ],
    ),
    (
        "a reopening without a relay is left to the controller",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.feed(RelayChanged(y.now, up=False)) + y.sense(safety=True),
        State.PASSING,
        [
            "CLOSE",
            "alarm.raised relay_lost",
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "show red passing",
        ],
    ),
    (
        "a passage outside a transaction has no outcome",
        closing,
        lambda y: y.sense(safety=True)[:0] + y.sense(safety=False) + y.wait(1.0) + y.sense(closed=True),
        State.IDLE,
        ["show red clearing", "show red closing", "barrier.moved closed", "show red idle"],
    ),
    (
        "a passage outside a transaction that blocks the arm is an alarm",
        closing,
        lambda y: y.sense(safety=True)[:0] + y.wait(60.1),
        State.PASSING,
        ["alarm.raised blocked"],
    ),
    (
        "a delivered close pulse is recorded",
        lambda: closing(**AGENT),
        lambda y: y.sense()[:0] + y.pulsed(action="close") + y.pulsed(action="close"),
        State.CLOSING,
        ["barrier.pulsed close delivered"],
    ),
    (
        "a close pulse that was not delivered is an alarm",
        lambda: closing(**AGENT),
        lambda y: y.sense()[:0] + y.pulsed("not_delivered", "close"),
        State.CLOSING,
        ["barrier.pulsed close not_delivered", "alarm.raised relay_lost"],
    ),
    (
        "an officer may open while the arm closes",
        closing,
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0002-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- violation
    (
        "an empty lane with the arm down is ready again",
        violation,
        lambda y: y.sense(closed=True) + y.wait(1.0),
        State.IDLE,
        ["show red idle"],
    ),
    ("an empty lane with the arm up is not ready", violation, lambda y: y.wait(60.0), State.VIOLATION, []),
    (
        "a lane with a vehicle on it is not ready",
        violation,
        lambda y: y.sense(closed=True, presence=True) + y.wait(10.0),
        State.VIOLATION,
        [],
    ),
    (
        "a lane with something under the arm is not ready",
        lambda: violation(has_photocell=True),
        lambda y: y.sense(closed=True, photocell=True) + y.wait(10.0),
        State.VIOLATION,
        [],
    ),
    (
        "an officer closes the arm",
        lambda: violation(**AGENT),
        lambda y: y.order(CommandKind.CLOSE),
        State.CLOSING,
        ["CLOSE", "show red closing"],
    ),
    (
        "an officer cannot close on something under the arm",
        lambda: violation(**AGENT),
        lambda y: y.sense(safety=True) + y.order(CommandKind.CLOSE),
        State.VIOLATION,
        [],
    ),
    (
        "an officer cannot close where the controller does it",
        violation,
        lambda y: y.order(CommandKind.CLOSE),
        State.VIOLATION,
        [],
    ),
    (
        "an officer may open out of a violation",
        violation,
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- held open
    (
        "an officer holds the barrier open",
        Yard.new,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a hold ends an open transaction as overridden",
        opening,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [
            "barrier.held True op1",
            "transaction.closed overridden OK assumed",
            "ledger RELEASED use 1",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a hold consumes the permit of the vehicle under the arm",
        passing,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [
            "barrier.held True op1",
            "transaction.closed overridden OK",
            "ledger CONSUMED use 1",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a hold is ordered also while the inputs are lost",
        fault,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a hold is ordered also while the relay is lost",
        Yard.new,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [
            "alarm.raised relay_lost",
            "alarm.raised relay_lost",
            "barrier.held True op1",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a held barrier stays held when the inputs are lost, and says so once each time",
        held,
        lambda y: y.tick(0.5) + y.tick(0.5) + y.sense() + y.tick(0.5),
        State.HELD_OPEN,
        ["alarm.raised inputs_lost", "alarm.raised inputs_lost"],
    ),
    (
        "a released barrier closes like any other",
        held,
        lambda y: y.order(CommandKind.RELEASE) + y.wait(1.1),
        State.CLOSING,
        ["barrier.held False op1", "HOLD off", "show green open", "show red closing"],
    ),
    (
        "a released barrier without inputs is a fault",
        held,
        lambda y: y.tick(0.5)[:0] + y.order(CommandKind.RELEASE),
        State.FAULT,
        ["barrier.held False op1", "HOLD off", "show red fault"],
    ),
    (
        "a vehicle under a released barrier is let through",
        held,
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.sense(safety=True),
        State.PASSING,
        ["show red passing"],
    ),
    (
        "a released arm that is down makes the lane ready",
        lambda: held(has_closed=True),
        lambda y: y.sense(closed=False)[:0] + y.order(CommandKind.RELEASE)[:0] + y.sense(closed=True),
        State.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
    # ---------------------------------------------------------------- fault
    (
        "fresh inputs bring a lane back through init",
        fault,
        lambda y: y.sense() + y.sense(),
        State.IDLE,
        ["show red init", "show red idle"],
    ),
    ("no order to open is taken without inputs", fault, lambda y: y.order(CommandKind.OPEN), State.FAULT, []),
]


@pytest.mark.parametrize(("way", "act", "state", "lines"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: State, lines: list[str]) -> None:
    yard = way()
    assert (act(yard), yard.state) == (lines, state)


# ------------------------------------------------------------------------------------------------ lost inputs, by state


@pytest.mark.parametrize("state", [s for s in State if s not in (State.INIT, State.HELD_OPEN, State.FAULT)])
@pytest.mark.parametrize("how", ["stale", "unknown"])
def test_lost_inputs_are_a_fault_and_move_nothing(state: State, how: str) -> None:
    yard = WAYS[state]()
    lines: list[str] = []
    if how == "stale":
        lines += yard.tick(0.3)
        lines += yard.tick(0.01)
    else:
        lines += yard.sense(0.2, safety=None)
        lines += yard.sense(0.11, safety=None)
    ends = {
        State.PRESENT: closed_as("fault", reason="GATE_FAULT"),
        State.DECIDING: closed_as("fault", reason="GATE_FAULT"),
        State.MANUAL: closed_as("fault", reason="GATE_FAULT"),
        State.OPENING: closed_as("fault", "RELEASED", "GATE_FAULT"),
        State.OPEN: closed_as("fault", "RELEASED", "GATE_FAULT"),
        State.PASSING: closed_as("fault", "CONSUMED", "GATE_FAULT"),
        State.CLEARING: closed_as("fault", "CONSUMED", "GATE_FAULT"),
    }.get(state, [])
    events = ["alarm.raised inputs_lost", *[line for line in ends if line.startswith("transaction")]]
    ledger = [line for line in ends if line.startswith("ledger")]
    assert (lines, yard.state) == ([*events, *ledger, "show red fault"], State.FAULT)


@pytest.mark.parametrize("bit", ["presence", "safety", "photocell", "opened", "closed"])
def test_any_input_of_the_lane_that_stays_unknown_is_lost(bit: str) -> None:
    yard = Yard.new(has_photocell=True, has_opened=True, has_closed=True)
    yard.sense(0.2, **{bit: None})
    assert yard.state is State.IDLE
    yard.sense(0.2, **{bit: None})
    assert yard.state is State.FAULT


# ------------------------------------------------------------------------------------------ what is ignored, by state

IGNORED: dict[str, tuple[Callable[[Yard], list[str]], frozenset[State]]] = {
    "a decision nobody asked for": (lambda y: y.decide(Verdict.PASS), frozenset({State.DECIDING})),
    "a report of no pulse": (lambda y: y.feed(Pulsed(y.now, "x-1", "open", "not_delivered")), frozenset()),
    "a report of no close pulse": (lambda y: y.feed(Pulsed(y.now, None, "close", "not_delivered")), frozenset()),
    "an order to let go": (lambda y: y.order(CommandKind.RELEASE), frozenset({State.HELD_OPEN})),
    "an order to close": (lambda y: y.order(CommandKind.CLOSE), frozenset()),
    "an order to open": (
        lambda y: y.order(CommandKind.OPEN),
        frozenset(
            {State.IDLE, State.PRESENT, State.DECIDING, State.MANUAL, State.DENIED, State.CLOSING, State.VIOLATION}
        ),
    ),
    "an order to hold": (lambda y: y.order(CommandKind.HOLD), frozenset(State) - {State.HELD_OPEN}),
    "a relay that is still up": (lambda y: y.feed(RelayChanged(y.now, up=True)), frozenset({State.INIT, State.FAULT})),
    "readers that still work": (lambda y: y.feed(ReadersChanged(y.now, up=True)), frozenset({State.INIT})),
    "time": (lambda y: y.tick(), frozenset()),
    "a permit use that is taken": (
        lambda y: y.feed(RecordFailed(y.now, Reason.ALREADY_USED)),
        frozenset({State.PRESENT, State.DECIDING}),
    ),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", IGNORED)
def test_an_ignored_input_leaves_the_lane_as_it_was(name: str, state: State) -> None:
    act, heeded = IGNORED[name]
    if state in heeded:
        return
    yard = WAYS[state]()
    yard.tick()  # the first step of all starts the clock of INIT
    before = yard.lane
    lines = act(yard)
    assert (lines, yard.lane) == ([], before)


def test_an_answer_to_another_transaction_is_ignored() -> None:
    yard = deciding()
    before = yard.lane
    answer = Decided(yard.now, Decision(Verdict.PASS, Reason.OK, (), PERMIT), 1, SECOND)
    assert (yard.feed(answer), yard.lane) == ([], before)
    yard.feed(replace(answer, transaction=FIRST))
    assert yard.state is State.OPENING


def test_an_answer_counts_once() -> None:
    yard = deciding()
    yard.decide(Verdict.RETRY, Reason.QR_UNSTABLE)
    before = yard.lane
    assert (yard.decide(Verdict.PASS), yard.lane) == ([], before)
