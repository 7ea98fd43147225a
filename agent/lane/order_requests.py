"""Orders of officers and technicians to the loop of a lane: each waits for its one answer."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.core.commands import CommandAnswer, Result
from agent.core.lane import OfficerCommand, OrderSubject, TextOrdered
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane import CommandKind, Input, OrderAnswered, TextForDriver
    from agent.core.model import Instant
    from agent.lane.loop import LaneLoop

ORDERS_WAITING = 16
LATE_ANSWER_S = 2.0
_LOOK_S = 0.1
ANYONE = OrderSubject()


@dataclass(slots=True)
class _PendingOrder:
    """An order on its way through the loop.

    `begun`: the loop has it in hand; from `deadline` on it begins no more with it.
    """

    deadline: float
    begun: bool = False
    answer: CommandAnswer | None = None
    answered: threading.Event = field(default_factory=threading.Event)


class RequestQueue:
    """Takes orders to the loop of one lane and waits there for their answers. For all threads."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._pending: dict[str, _PendingOrder] = {}

    def order(
        self,
        loop: LaneLoop,
        kind: CommandKind,
        operator: str,
        cause: str,
        timeout_s: float,
        subject: OrderSubject = ANYONE,
    ) -> CommandAnswer:
        """Wait for the answer to an order; what the loop has not begun after `timeout_s` is never carried out.

        At most `LATE_ANSWER_S` more for one that it has begun. `subject`: the vehicle that is meant.
        Raises ValueError without an operator.
        """
        if not operator:
            raise ValueError("an order without an operator")

        def made(now: Instant, number: str, deadline: float) -> Input:
            return OfficerCommand(now, kind, operator, cause, number, deadline, subject)

        return self._ask(loop, made, timeout_s)

    def display(
        self, loop: LaneLoop, text: TextForDriver, operator: str, cause: str, timeout_s: float
    ) -> CommandAnswer:
        """Wait for the answer to an order to tell the driver something, as `order` does."""
        return self._ask(
            loop,
            lambda now, number, deadline: TextOrdered(now, text, operator, cause, number, deadline),
            timeout_s,
        )

    def _ask(self, loop: LaneLoop, make: Callable[[Instant, str, float], Input], timeout_s: float) -> CommandAnswer:
        if not loop.runs:
            return CommandAnswer(Result.FAILED, Text("the lane is not running; nothing was done"))
        pending = _PendingOrder(self._now().at + timeout_s)
        with self._lock:
            if len(self._pending) >= ORDERS_WAITING:
                return CommandAnswer(
                    Result.FAILED,
                    Text(
                        "{orders_waiting} orders are already waiting for the lane; nothing was done",
                        orders_waiting=ORDERS_WAITING,
                    ),
                )
            number = str(next(self._numbers))
            self._pending[number] = pending
        loop.commanded(lambda _: self._begun(pending, number, make))
        return self._wait(loop, pending)

    def answered(self, answered: OrderAnswered) -> None:
        """Hand an answer to the thread that waits for it; for the loop."""
        with self._lock:
            pending = self._pending.pop(answered.order)
        pending.answer = CommandAnswer(Result.DONE if answered.done else Result.NOT_DONE, answered.detail)
        pending.answered.set()

    def _begun(self, pending: _PendingOrder, number: str, make: Callable[[Instant, str, float], Input]) -> Input:
        # The clock is read after the order is marked: who finds it unmarked at its deadline knows that it comes too
        # late.
        pending.begun = True
        return make(self._now(), number, pending.deadline)

    def _wait(self, loop: LaneLoop, pending: _PendingOrder) -> CommandAnswer:
        while not pending.answered.wait(_LOOK_S):
            late_s = self._now().at - pending.deadline
            if not loop.runs or late_s >= (LATE_ANSWER_S if pending.begun else 0.0):
                break
        if pending.answer is not None:
            return pending.answer
        if pending.begun:
            return CommandAnswer(
                Result.UNKNOWN, Text("the lane started it but does not answer; it may have been carried out")
            )
        return CommandAnswer(Result.FAILED, Text("the lane did not start it in time; it will not be carried out"))
