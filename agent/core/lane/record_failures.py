"""Handles a record that failed, and an opening that a neighbour's barrier prevented.

The lane returns to its state before the step, so the arm got no command.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.decision import Decision
from agent.core.events import Alarm
from agent.core.lane.order_refusals import interlocked
from agent.core.lane.orders import carry_out, order_of
from agent.core.lane.state import UNDECIDED
from agent.core.lane.step_inputs import CommandKind
from agent.core.lane.verdicts import defer, refuse, wait
from agent.core.model import Reason, Verdict
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import OfficerCommand, RecordFailed
    from agent.core.lane.transition import Transition


def record_failed(transition: Transition, item: RecordFailed) -> None:
    """Answer the order or the decision of the step that failed."""
    order, reason = order_of(transition, item.item), item.reason
    if order is not None and order.kind is not CommandKind.OPEN and reason is Reason.ALREADY_USED:
        reason = Reason.GATE_FAULT  # a hold asks for no use: the ledger is not what it should be
    if reason is Reason.INTERLOCKED:
        transition.set(interlock_free=False)  # until InterlockChanged says that it is free
    elif reason is not Reason.ALREADY_USED:
        transition.alarm_once(Alarm.JOURNAL_FAILED, reason)
    if order is not None:
        _answer_order(transition, reason, order)
    elif transition.lane.state in UNDECIDED:
        _answer_decision(transition, reason, item.decision or Decision(Verdict.MANUAL, reason, ()))


def _answer_order(transition: Transition, reason: Reason, order: OfficerCommand) -> None:
    if reason is Reason.INTERLOCKED:
        done, detail = interlocked(transition, order)
        transition.answer_order(order.order, done=done, detail=detail)
    elif reason is Reason.ALREADY_USED:
        # Another lane has the use of the permit. The officer opens all the same, and it is not for this permit.
        carry_out(transition, order, reserve=False)
    else:
        transition.answer_order(order.order, done=False, detail=Text("it could not be recorded, so nothing was done"))


def _answer_decision(transition: Transition, reason: Reason, decision: Decision) -> None:
    if reason is Reason.INTERLOCKED:
        wait(transition, decision)
    elif reason is Reason.ALREADY_USED:
        refuse(transition, replace(decision, verdict=Verdict.DENY, reason=reason))
    else:
        defer(transition, replace(decision, verdict=Verdict.MANUAL, reason=reason))
