"""The lane after the pulse, row by row: the arm rises, the vehicle goes through or not, the arm comes down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind, RecordFailed, RelayChanged
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.rows import AGENT, Row, check, closed_as, rows
from tests.support.lane.yard import (
    Yard,
    clearing,
    closing,
    deciding,
    opened,
    opened_by_order,
    opening,
    passing,
    violation,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def felt(yard: Yard, **bits: bool) -> Yard:
    yard.sense(**bits)
    return yard


def undelivered(yard: Yard) -> list[str]:
    """The close pulse is ordered, and certainly not given."""
    return yard.sense() + yard.pulsed("not_delivered", "close")


def lowered_twice(**rules: Any) -> Yard:
    """An arm that met something on its way down and comes down once more; neither close pulse has a report."""
    yard = closing(**rules)
    yard.sense()
    yard.sense(safety=True)
    yard.sense(safety=False)
    yard.wait(1.0)
    yard.sense()
    return yard


UNDELIVERED = ["CLOSE", "barrier.pulsed close not_delivered", "alarm.raised relay_lost"]
TABLE: list[Row] = [
    # ---------------------------------------------------------------- opening
    (
        "the open limit says that the arm is up",
        lambda: opening(has_opened=True),
        lambda y: y.sense(opened=True),
        LaneState.OPEN,
        ["barrier.moved open", "show green open"],
    ),
    (
        "an arm that does not reach its open limit failed",
        lambda: opening(has_opened=True),
        lambda y: y.pulsed() + y.wait(6.1),
        LaneState.VIOLATION,
        [
            "barrier.pulsed open delivered",
            "alarm.raised open_failed",
            *closed_as("fault", reason="GATE_FAULT"),
            "show red violation",
        ],
    ),
    (
        "an arm that never left its closed limit failed",
        lambda: deciding(has_closed=True),
        lambda y: y.decide(Verdict.PASS)[:0] + y.pulsed() + y.wait(6.1),
        LaneState.VIOLATION,
        [
            "barrier.pulsed open delivered",
            "alarm.raised open_failed",
            *closed_as("fault", reason="GATE_FAULT"),
            "show red violation",
        ],
    ),
    (
        "without an open limit the arm counts as up after a while",
        lambda: opening(has_closed=True),
        lambda y: y.wait(6.1),
        LaneState.OPEN,
        ["show green open"],
    ),
    (
        "something in the photocell before the grant is not this vehicle either",
        lambda: deciding(has_photocell=True),
        lambda y: y.sense(photocell=True) + y.decide(Verdict.PASS)[:0] + y.sense(safety=True) + y.sense(),
        LaneState.OPENING,
        [],
    ),
    (
        "a drawbar that the loop does not feel is not free of the arm",
        lambda: deciding(has_photocell=True),
        lambda y: (
            y.sense(photocell=True)
            + y.decide(Verdict.PASS)[:0]
            + y.sense(safety=True)
            + y.sense(safety=False)
            + y.sense(safety=True)
        ),
        LaneState.OPENING,
        [],
    ),
    (
        "what comes under the arm after the photocell was free is this vehicle",
        lambda: deciding(has_photocell=True),
        lambda y: (
            y.sense(photocell=True) + y.decide(Verdict.PASS)[:0] + y.sense(photocell=False) + y.sense(safety=True)
        ),
        LaneState.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "a person in the photocell is no vehicle under the arm",
        lambda: opening(has_photocell=True),
        lambda y: y.sense(photocell=True),
        LaneState.OPENING,
        [],
    ),
    (
        "a vehicle may be under the arm before it is up",
        opening,
        lambda y: y.sense(safety=True),
        LaneState.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "something that stood under the arm before is not this vehicle",
        deciding,
        lambda y: y.sense(safety=True) + y.decide(Verdict.PASS)[:0] + y.sense(),
        LaneState.OPENING,
        [],
    ),
    (
        "what comes under the arm after it was free is this vehicle",
        deciding,
        lambda y: y.sense(safety=True) + y.decide(Verdict.PASS)[:0] + y.sense(safety=False) + y.sense(safety=True),
        LaneState.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "a delivered pulse is recorded",
        opening,
        lambda y: y.pulsed(),
        LaneState.OPENING,
        ["barrier.pulsed open delivered"],
    ),
    (
        "a pulse that was not delivered ends the transaction and frees the permit",
        opening,
        lambda y: y.pulsed("not_delivered"),
        LaneState.DENIED,
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
        LaneState.OPENING,
        ["barrier.pulsed open unknown", "alarm.raised pulse_unknown"],
    ),
    (
        "a report in words that are not known is unknown",
        opening,
        lambda y: y.pulsed("perhaps"),
        LaneState.OPENING,
        ["barrier.pulsed open unknown", "alarm.raised pulse_unknown"],
    ),
    (
        "a vehicle may pass after a pulse of unknown delivery",
        opening,
        lambda y: y.pulsed("unknown")[:0] + y.sense(safety=True) + y.sense(presence=False, safety=False) + y.wait(1.0),
        LaneState.CLOSING,
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
        LaneState.OPENING,
        ["access.granted operator", "RAISE 0001-2", "show green opening"],
    ),
    (
        "an officer's second pulse is not given while the first is on its way",
        opening,
        lambda y: y.order(CommandKind.OPEN) + y.pulsed()[:0] + y.order(CommandKind.OPEN),
        LaneState.OPENING,
        [],
    ),
    (
        "an officer's third pulse is not given while the second is on its way",
        opening,
        lambda y: y.pulsed("unknown")[:0] + y.order(CommandKind.OPEN)[:0] + y.order(CommandKind.OPEN),
        LaneState.OPENING,
        [],
    ),
    (
        "a pulse that is not reported before its grant expires is unknown",
        lambda: opening(open_s=20.0),
        lambda y: y.wait(10.1) + y.pulsed(),
        LaneState.OPENING,
        ["alarm.raised pulse_unknown"],
    ),
    # ---------------------------------------------------------------- open
    (
        "the vehicle goes under the arm",
        opened,
        lambda y: y.sense(safety=True),
        LaneState.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    (
        "a vehicle that leaves without passing did not take it",
        opened,
        lambda y: y.sense(presence=False) + y.wait(1.0),
        LaneState.CLOSING,
        [*closed_as("not_taken"), "show red closing"],
    ),
    (
        "an arm that came down behind a vehicle that turned away frees its permit",
        lambda: felt(opened(has_closed=True), closed=False),
        lambda y: y.sense(presence=False) + y.wait(1.0) + y.sense(1.0, opened=False, closed=True),
        LaneState.IDLE,
        [
            *closed_as("not_taken"),
            "show red closing",
            "barrier.moved closed",
            "ledger RELEASED use 1",
            "show red idle",
        ],
    ),
    (
        "a vehicle that is gone for less than a second may come back",
        opened,
        lambda y: y.sense(presence=False) + y.wait(0.8) + y.sense(presence=True) + y.wait(1.0),
        LaneState.OPEN,
        [],
    ),
    (
        "an arm that stays open too long is an alarm, once, and stays",
        opened,
        lambda y: y.wait(40.0),
        LaneState.OPEN,
        ["alarm.raised open_too_long"],
    ),
    (
        "an arm that came down before the vehicle went is not taken",
        lambda: opened(has_closed=True),
        lambda y: y.sense(opened=False) + y.sense(closed=True),
        LaneState.IDLE,
        ["barrier.moved closed", *closed_as("not_taken", "RELEASED"), "show red idle"],
    ),
    (
        "limit inputs that contradict each other move nothing",
        lambda: opened(has_closed=True),
        lambda y: y.sense(closed=True),
        LaneState.OPEN,
        [],
    ),
    (
        "nobody came for an officer's grant",
        opened_by_order,
        lambda y: y.wait(14.0) + y.wait(2.0),
        LaneState.CLOSING,
        ["transaction.closed not_taken QR_NONE", "show red closing"],
    ),
    (
        "a vehicle that came for an officer's grant and left did not take it",
        opened_by_order,
        lambda y: y.sense(presence=True) + y.wait(1.0) + y.sense(presence=False) + y.wait(1.1),
        LaneState.CLOSING,
        ["transaction.closed not_taken QR_NONE", "show red closing"],
    ),
    (
        "a pulse that turns out not delivered ends it even when the arm is up",
        lambda: opening(has_opened=True),
        lambda y: y.sense(opened=True)[:0] + y.pulsed("not_delivered"),
        LaneState.DENIED,
        [
            "barrier.pulsed open not_delivered",
            "alarm.raised relay_lost",
            *closed_as("fault", reason="GATE_FAULT"),
            "show red GATE_FAULT",
        ],
    ),
    (
        "a vehicle that left while the photocell is interrupted may be under the arm",
        lambda: opened(has_photocell=True),
        lambda y: y.sense(presence=False, photocell=True) + y.wait(14.0),
        LaneState.OPEN,
        [],
    ),
    (
        "a vehicle that is under the arm as it reaches its open limit is followed",
        lambda: opening(has_opened=True),
        lambda y: y.sense(safety=True, opened=True),
        LaneState.PASSING,
        ["vehicle.entering", "show red passing"],
    ),
    # ---------------------------------------------------------------- passing
    (
        "a vehicle that had left the presence loop as it came under the arm is followed by the next",
        opening,
        lambda y: y.sense(presence=False, safety=True) + y.sense(presence=True),
        LaneState.PASSING,
        ["vehicle.entering", "show red passing", "alarm.raised tailgating"],
    ),
    (
        "a vehicle that blocks the arm again after a gap is told once",
        passing,
        lambda y: y.wait(61.0) + y.sense(safety=False) + y.sense(safety=True) + y.wait(61.0),
        LaneState.PASSING,
        ["alarm.raised blocked", "show red clearing", "show red passing"],
    ),
    (
        "a vehicle that left the safety loop is followed",
        passing,
        lambda y: y.sense(presence=False) + y.sense(safety=False),
        LaneState.CLEARING,
        ["show red clearing"],
    ),
    (
        "a vehicle on the presence loop before this one is through tailgates, once",
        passing,
        lambda y: y.sense(presence=False) + y.sense(presence=True) + y.sense(presence=False) + y.sense(presence=True),
        LaneState.PASSING,
        ["alarm.raised tailgating"],
    ),
    (
        "a vehicle that stays under the arm blocks it, once",
        passing,
        lambda y: y.wait(150.0),
        LaneState.PASSING,
        ["alarm.raised blocked"],
    ),
    ("an unknown safety loop is not a free one", passing, lambda y: y.sense(safety=None), LaneState.PASSING, []),
    (
        "a late report of no delivery does not stop a vehicle that passes",
        opening,
        lambda y: y.sense(safety=True)[:0] + y.pulsed("not_delivered"),
        LaneState.PASSING,
        ["barrier.pulsed open not_delivered", "alarm.raised relay_lost"],
    ),
    (
        "a chassis that the photocell sees and the loop does not is still under the arm",
        lambda: passing(has_photocell=True),
        lambda y: y.sense(presence=False) + y.sense(safety=False, photocell=True) + y.wait(5.0),
        LaneState.PASSING,
        [],
    ),
    (
        "a vehicle that comes before the drawbar of this one is through tailgates",
        lambda: passing(has_photocell=True),
        lambda y: y.sense(presence=False) + y.sense(safety=False, photocell=True) + y.sense(presence=True),
        LaneState.PASSING,
        ["alarm.raised tailgating"],
    ),
    (
        "an unknown photocell is no sign that nothing is under the arm",
        lambda: passing(has_photocell=True),
        lambda y: y.sense(presence=False) + y.sense(safety=False, photocell=None),
        LaneState.PASSING,
        [],
    ),
    # ---------------------------------------------------------------- clearing
    (
        "a free second ends the passage",
        clearing,
        lambda y: y.wait(1.0),
        LaneState.CLOSING,
        [*closed_as("passed", "CONSUMED"), "show red closing"],
    ),
    (
        "a gap of the safety loop is merged",
        clearing,
        lambda y: y.wait(0.9) + y.sense(safety=True),
        LaneState.PASSING,
        ["show red passing"],
    ),
    (
        "a passage with a tailgater is a violation",
        passing,
        lambda y: y.sense(presence=False) + y.sense(presence=True) + y.sense(safety=False) + y.wait(1.0),
        LaneState.CLOSING,
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
        LaneState.CLOSING,
        [*closed_as("passed", "CONSUMED"), "show red closing"],
    ),
    (
        "a vehicle that backs out leaves the use of its permit in doubt",
        passing,
        lambda y: y.sense(safety=False) + y.wait(5.0) + y.sense(presence=False) + y.wait(1.0),
        LaneState.CLOSING,
        ["show red clearing", *closed_as("backed_out"), "show red closing"],
    ),
    (
        "an arm that comes down before a vehicle on the presence loop ends the passage of the one before",
        lambda: passing(has_closed=True),
        lambda y: y.sense(safety=False) + y.sense(opened=False) + y.wait(2.0) + y.sense(closed=True),
        LaneState.IDLE,
        [
            "show red clearing",
            "barrier.moved closed",
            "alarm.raised tailgating",
            "transaction.closed passed_with_violation OK assumed",
            "ledger CONSUMED use 1",
            "show red idle",
        ],
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
        LaneState.CLEARING,
        ["show red clearing"],
    ),
    (
        "an unknown photocell is not a free one",
        lambda: clearing(has_photocell=True, clear_s=0.1),
        lambda y: y.sense(0.05, photocell=None) + y.sense(0.2, photocell=None),
        LaneState.CLEARING,
        [],
    ),
    (
        "a passage that is never free is blocked, once",
        lambda: clearing(has_photocell=True),
        lambda y: y.sense(photocell=True) + y.wait(130.0),
        LaneState.PASSING,
        ["show red passing", "alarm.raised blocked"],
    ),
    (
        "a drawbar in the photocell after a gap is the same vehicle",
        lambda: clearing(has_photocell=True),
        lambda y: y.wait(0.5) + y.sense(photocell=True) + y.sense(photocell=False) + y.wait(0.9),
        LaneState.CLEARING,
        ["show red passing", "show red clearing"],
    ),
    (
        "a vehicle did not back out while the photocell is unknown",
        lambda: felt(passing(has_photocell=True, clear_s=0.1), safety=False),
        lambda y: y.sense(0.05, presence=False, photocell=None) + y.sense(0.2),
        LaneState.CLEARING,
        [],
    ),
    # ---------------------------------------------------------------- closing
    (
        "the closed limit ends the closing",
        closing,
        lambda y: y.sense(closed=True),
        LaneState.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
    (
        "something under the closing arm tailgates; the controller reopens",
        closing,
        lambda y: y.sense(safety=True),
        LaneState.PASSING,
        ["alarm.raised tailgating", "alarm.raised reopened", "show red passing"],
    ),
    (
        "something in the photocell makes the controller reopen",
        lambda: closing(has_photocell=True),
        lambda y: y.sense(photocell=True),
        LaneState.PASSING,
        ["alarm.raised reopened", "show red passing"],
    ),
    (
        "an arm that does not reach its closed limit failed",
        closing,
        lambda y: y.wait(8.1),
        LaneState.VIOLATION,
        ["alarm.raised close_failed", "show red violation"],
    ),
    (
        "without a closed limit the arm counts as closed after a while",
        lambda: closing(has_closed=False),
        lambda y: y.sense(opened=False) + y.wait(7.9) + y.wait(0.1),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "an arm that stays at its open limit failed to close",
        lambda: closing(has_closed=False),
        lambda y: y.wait(8.1),
        LaneState.VIOLATION,
        ["alarm.raised close_failed", "show red violation"],
    ),
    (
        "the agent gives the close pulse where it is told to",
        lambda: closing(**AGENT),
        lambda y: y.sense(),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent gives one close pulse",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.wait(7.0),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent does not close on a photocell",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=True) + y.wait(20.0) + y.sense(photocell=False),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent does not close on an unknown photocell",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=None),
        LaneState.CLOSING,
        [],
    ),
    (
        "the agent does not close on a photocell that should not be there",
        lambda: closing(**AGENT),
        lambda y: y.sense(photocell=True),
        LaneState.CLOSING,
        [],
    ),
    (
        "the agent does not close on an unknown safety loop",
        lambda: closing(**AGENT),
        lambda y: y.sense(safety=None),
        LaneState.CLOSING,
        [],
    ),
    (
        "the agent does not close on an unknown presence loop",
        lambda: closing(**AGENT),
        lambda y: y.sense(presence=None),
        LaneState.CLOSING,
        [],
    ),
    (
        "a vehicle before the arm does not keep it open",
        lambda: closing(**AGENT),
        lambda y: y.sense(presence=True),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "the agent does not close without a relay",
        lambda: closing(**AGENT),
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.sense(),
        LaneState.CLOSING,
        ["alarm.raised relay_lost"],
    ),
    (
        "an arm that could never be closed safely is an alarm, once",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=True) + y.wait(150.0),
        LaneState.CLOSING,
        ["alarm.raised close_failed"],
    ),
    (
        "something under an arm that the agent did not lower yet is no reopening",
        lambda: closing(**AGENT),
        lambda y: y.sense(safety=True),
        LaneState.PASSING,
        ["alarm.raised tailgating", "show red passing"],
    ),
    (
        "the agent undoes its own close for what is under the arm",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.sense(safety=True),
        LaneState.PASSING,
        [
            "CLOSE",
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "access.granted safety",
            "RAISE 0002-1 at once",
            "show red passing",
        ],
    ),
    (
        "the agent undoes its own close for the photocell",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense() + y.sense(photocell=True),
        LaneState.PASSING,
        ["CLOSE", "alarm.raised reopened", "access.granted safety", "RAISE 0002-1 at once", "show red passing"],
    ),
    (
        "the agent undoes its own close also while nothing can be recorded",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.feed(RecordFailed(y.now, Reason.GATE_FAULT)) + y.sense(safety=True),
        LaneState.PASSING,
        [
            "CLOSE",
            "alarm.raised journal_failed",
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "access.granted safety",
            "RAISE 0002-1 at once",
            "show red passing",
        ],
    ),
    (
        "a reopening without a relay is left to the controller",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.feed(RelayChanged(y.now, up=False)) + y.sense(safety=True),
        LaneState.PASSING,
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
        LaneState.IDLE,
        ["show red clearing", "show red closing", "barrier.moved closed", "show red idle"],
    ),
    (
        "a passage outside a transaction that blocks the arm is an alarm",
        closing,
        lambda y: y.sense(safety=True)[:0] + y.wait(60.1),
        LaneState.PASSING,
        ["alarm.raised blocked"],
    ),
    (
        "a delivered close pulse is recorded",
        lambda: closing(**AGENT),
        lambda y: y.sense()[:0] + y.pulsed(action="close") + y.pulsed(action="close"),
        LaneState.CLOSING,
        ["barrier.pulsed close delivered"],
    ),
    (
        "a close pulse that was not delivered is an alarm",
        lambda: closing(**AGENT),
        lambda y: y.sense()[:0] + y.pulsed("not_delivered", "close"),
        LaneState.CLOSING,
        ["barrier.pulsed close not_delivered", "alarm.raised relay_lost"],
    ),
    (
        "an officer may open while the arm closes",
        closing,
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0002-1", "show green opening"],
    ),
    (
        "an arm has its time to close from the close pulse on",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=True) + y.wait(20.0) + y.sense(photocell=False) + y.wait(7.9),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "an arm that went up again is lowered again",
        lambda: closing(**AGENT),
        lambda y: y.sense() + y.sense(safety=True)[:0] + y.sense(safety=False) + y.wait(1.0) + y.sense(),
        LaneState.CLOSING,
        ["CLOSE", "show red clearing", "show red closing", "CLOSE"],
    ),
    (
        "a close pulse that was not delivered is ordered again after a second, and the alarm is raised once",
        lambda: closing(**AGENT),
        lambda y: undelivered(y) + y.wait(0.9) + y.sense(0.2) + y.pulsed("not_delivered", "close"),
        LaneState.CLOSING,
        [*UNDELIVERED, "CLOSE", "barrier.pulsed close not_delivered"],
    ),
    (
        "each try waits a second longer than the one before",
        lambda: closing(**AGENT),
        lambda y: undelivered(y)[:0] + undelivered(y.later(1.1))[:0] + y.wait(1.9) + y.sense(0.2),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "an arm has its time to close from the close pulse on that was delivered",
        lambda: closing(has_closed=False, has_opened=False, **AGENT),
        lambda y: undelivered(y)[:0] + y.sense(5.0) + y.pulsed(action="close") + y.wait(7.9) + y.sense(0.2),
        LaneState.IDLE,
        ["CLOSE", "barrier.pulsed close delivered", "show red idle"],
    ),
    (
        "a close pulse that was not delivered waits until it is safe",
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: undelivered(y)[:0] + y.sense(photocell=True) + y.wait(5.0) + y.sense(photocell=False),
        LaneState.CLOSING,
        ["CLOSE"],
    ),
    (
        "a close pulse that was not delivered waits for the relay board",
        lambda: closing(**AGENT),
        lambda y: (
            undelivered(y)[:0]
            + y.feed(RelayChanged(y.now, up=False))
            + y.wait(30.0)
            + y.feed(RelayChanged(y.now, up=True))
        ),
        LaneState.CLOSING,
        ["alarm.raised relay_lost", "CLOSE"],
    ),
    (
        "a close pulse that is never delivered is an alarm, once, and the arm counts as up",
        lambda: closing(has_closed=False, has_opened=False, **AGENT),
        lambda y: undelivered(y)[:0] + y.feed(RelayChanged(y.now, up=False)) + y.wait(150.0),
        LaneState.CLOSING,
        ["alarm.raised relay_lost", "alarm.raised close_failed"],
    ),
    (
        "an arm that no close pulse reached is down where its limit says so",
        lambda: closing(**AGENT),
        lambda y: undelivered(y)[:0] + y.sense(closed=True),
        LaneState.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
    (
        "a close pulse of unknown delivery is not repeated",
        lambda: closing(has_closed=False, has_opened=False, **AGENT),
        lambda y: y.sense() + y.pulsed("unknown", "close") + y.pulsed("not_delivered", "close") + y.wait(7.9),
        LaneState.CLOSING,
        ["CLOSE", "barrier.pulsed close unknown", "alarm.raised pulse_unknown"],
    ),
    (
        "a close pulse after one of unknown delivery is not repeated for its report",
        lambda: closing(has_closed=False, has_opened=False, **AGENT),
        lambda y: undelivered(y)[:0] + y.sense(1.1) + y.pulsed("unknown", "close") + y.wait(7.9),
        LaneState.CLOSING,
        ["CLOSE", "barrier.pulsed close unknown", "alarm.raised pulse_unknown"],
    ),
    (
        "of two close pulses without a report nobody knows which was not delivered",
        lambda: lowered_twice(**AGENT),
        lambda y: y.pulsed("not_delivered", "close") + y.wait(5.0) + y.pulsed("delivered", "close"),
        LaneState.CLOSING,
        [*UNDELIVERED[1:], "barrier.pulsed close delivered"],
    ),
    (
        "what comes under an arm that no close pulse reached needs no pulse",
        lambda: closing(**AGENT),
        lambda y: undelivered(y)[:0] + y.sense(safety=True),
        LaneState.PASSING,
        ["alarm.raised tailgating", "show red passing"],
    ),
    # ---------------------------------------------------------------- violation
    (
        "an empty lane with the arm down is ready again",
        violation,
        lambda y: y.sense(closed=True) + y.wait(1.0),
        LaneState.IDLE,
        ["show red idle"],
    ),
    ("an empty lane with the arm up is not ready", violation, lambda y: y.wait(60.0), LaneState.VIOLATION, []),
    (
        "a lane with a vehicle on it is not ready",
        violation,
        lambda y: y.sense(closed=True, presence=True) + y.wait(10.0),
        LaneState.VIOLATION,
        [],
    ),
    (
        "a lane with something under the arm is not ready",
        lambda: violation(has_photocell=True),
        lambda y: y.sense(closed=True, photocell=True) + y.wait(10.0),
        LaneState.VIOLATION,
        [],
    ),
    (
        "an officer closes the arm",
        lambda: violation(**AGENT),
        lambda y: y.order(CommandKind.CLOSE),
        LaneState.CLOSING,
        ["CLOSE", "show red closing"],
    ),
    (
        "an officer cannot close on something under the arm",
        lambda: violation(**AGENT),
        lambda y: y.sense(safety=True) + y.order(CommandKind.CLOSE),
        LaneState.VIOLATION,
        [],
    ),
    (
        "an officer cannot close where the controller does it",
        violation,
        lambda y: y.order(CommandKind.CLOSE),
        LaneState.VIOLATION,
        [],
    ),
    (
        "an officer may open out of a violation",
        violation,
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    check(way, act, state, lines)


DETAILS: dict[str, tuple[Callable[[], Yard], Callable[[Yard], list[str]], Alarm, str]] = {
    "the next vehicle is too near": (
        passing,
        lambda y: y.sense(presence=False) + y.sense(presence=True),
        Alarm.TAILGATING,
        "the next vehicle came before this vehicle was through",
    ),
    "the next vehicle is under the arm": (
        passing,
        lambda y: y.sense(safety=False) + y.sense(1.0, safety=True),
        Alarm.TAILGATING,
        "a vehicle was under the arm again after it was free",
    ),
    "a vehicle follows": (
        closing,
        lambda y: y.sense(safety=True)[:1],
        Alarm.TAILGATING,
        "a vehicle was under the arm before it was down",
    ),
    "no moment when closing was safe": (
        lambda: closing(has_photocell=True, **AGENT),
        lambda y: y.sense(photocell=True) + y.wait(61.0),
        Alarm.CLOSE_FAILED,
        "there was no moment when closing was safe",
    ),
    "never given": (
        lambda: closing(**AGENT),
        lambda y: undelivered(y)[:0] + y.feed(RelayChanged(y.now, up=False)) + y.wait(61.0),
        Alarm.CLOSE_FAILED,
        "the close pulse was not delivered",
    ),
    "too long": (opened, lambda y: y.wait(16.0), Alarm.OPEN_TOO_LONG, ""),
    "blocked": (passing, lambda y: y.wait(61.0), Alarm.BLOCKED, ""),
    "close failed": (closing, lambda y: y.wait(9.0), Alarm.CLOSE_FAILED, ""),
    "reopened": (closing, lambda y: y.sense(safety=True), Alarm.REOPENED, ""),
    "open failed": (lambda: opening(has_opened=True), lambda y: y.wait(6.1), Alarm.OPEN_FAILED, ""),
}


@pytest.mark.parametrize("name", DETAILS)
def test_an_alarm_says_what_it_is_about(name: str) -> None:
    way, act, alarm, detail = DETAILS[name]
    yard = way()
    act(yard)
    alarms = [draft.event for draft in yard.drafts() if isinstance(draft.event, AlarmRaised)]
    assert AlarmRaised(alarm=alarm, detail=detail) in alarms
