"""Officers' orders on their way through a lane's loop: one honest answer each, whatever the loop does."""

import threading

import pytest

from agent.core.commands.command import CommandAnswer, Result
from agent.core.lane.effects import OrderAnswered
from agent.core.lane.step_inputs import CommandKind, TextForDriver
from agent.core.model.instant import Instant
from agent.lane.order_requests import LATE_ANSWER_S, ORDERS_WAITING, RequestQueue
from tests.support.waiting import PATIENCE_S, eventually

WAIT_S = 5.0


class Loop:
    """The loop of a lane, moved by hand; its clock too."""

    def __init__(self):
        self.at = 100.0
        self.looks = 0
        self.runs = True
        self.waiting = []
        self.requests = RequestQueue(self.now)

    def now(self):
        self.looks += 1
        return Instant(self.at, 0.0)

    def commanded(self, make):
        self.waiting.append(make)

    def take(self):
        """Take the oldest order in hand."""
        eventually(lambda: self.waiting)
        return self.waiting.pop(0)(Instant(0.0, 0.0))

    def answer(self, order, detail, *, done=True):
        self.requests.answered(OrderAnswered(order.order, done, detail))

    def ask(self, kind=CommandKind.OPEN, operator="officer 7"):
        """Order something in a thread of its own; returns the thread and the list that the answer goes to."""
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(self.requests.order(self, kind, operator, "seen", WAIT_S)), daemon=True
        )
        thread.start()
        return thread, answers


@pytest.fixture
def loop():
    return Loop()


def joined(asked):
    thread, answers = asked
    thread.join(PATIENCE_S)
    (answer,) = answers
    return answer


@pytest.mark.parametrize(("done", "result"), [(True, Result.DONE), (False, Result.NOT_DONE)])
def test_an_order_waits_for_its_answer(loop, done, result):
    asked = loop.ask(CommandKind.HOLD)
    order = loop.take()
    assert (order.kind, order.operator, order.cause) == (CommandKind.HOLD, "officer 7", "seen")
    assert (order.now.at, order.deadline) == (100.0, 100.0 + WAIT_S)
    loop.answer(order, "words", done=done)
    assert joined(asked) == CommandAnswer(result, "words")


def test_a_text_for_a_driver_waits_for_its_answer_like_an_order(loop):
    text, answers = TextForDriver((("en", "Go to window 3"),), 20), []
    thread = threading.Thread(
        target=lambda: answers.append(loop.requests.display(loop, text, "officer 7", "seen", WAIT_S)), daemon=True
    )
    thread.start()
    order = loop.take()
    assert (order.text, order.operator, order.cause, order.deadline) == (text, "officer 7", "seen", 100.0 + WAIT_S)
    loop.answer(order, "it is shown for 20 s")
    assert joined((thread, answers)) == CommandAnswer(Result.DONE, "it is shown for 20 s")


def test_each_of_many_orders_hears_its_own_answer(loop):
    asked = {name: loop.ask(operator=name) for name in ("a", "b", "c", "d")}
    orders = [loop.take() for _ in asked]
    assert len({order.order for order in orders}) == len(orders)
    for order in reversed(orders):
        loop.answer(order, f"for {order.operator}")
    assert {name: joined(one).detail for name, one in asked.items()} == {name: f"for {name}" for name in asked}


def test_an_order_that_is_not_taken_up_in_time_never_is(loop):
    asked = loop.ask()
    eventually(lambda: loop.waiting)
    loop.at += WAIT_S
    assert joined(asked) == CommandAnswer(
        Result.FAILED, "the lane did not start it in time; it will not be carried out"
    )
    order = loop.take()
    assert order.now.at >= order.deadline, "the lane refuses it by its time"
    loop.answer(order, "its time limit had passed", done=False)


def test_the_clock_is_read_when_the_order_is_taken_up_and_not_before(loop):
    loop.ask()
    eventually(lambda: loop.waiting)
    loop.at += 1.0
    order = loop.take()
    assert order.now.at == 101.0
    loop.answer(order, "done")


def test_an_order_in_hand_is_waited_for_a_little_longer(loop):
    asked = loop.ask()
    order = loop.take()
    loop.at += WAIT_S + LATE_ANSWER_S - 0.1
    seen = loop.looks
    eventually(lambda: loop.looks > seen + 1)
    assert asked[0].is_alive()
    loop.answer(order, "late")
    assert joined(asked) == CommandAnswer(Result.DONE, "late")


def test_an_order_in_hand_without_an_answer_is_not_known(loop):
    asked = loop.ask()
    loop.take()
    loop.at += WAIT_S + LATE_ANSWER_S
    answer = joined(asked)
    assert answer == CommandAnswer(
        Result.UNKNOWN, "the lane started it but does not answer; it may have been carried out"
    )


@pytest.mark.parametrize(("taken", "result"), [(False, Result.FAILED), (True, Result.UNKNOWN)])
def test_nobody_waits_for_a_loop_that_has_ended(loop, taken, result):
    asked = loop.ask()
    eventually(lambda: loop.waiting)
    if taken:
        loop.take()
    loop.runs = False
    assert joined(asked).result is result


def test_an_order_to_a_lane_that_does_not_run_is_not_left_for_later(loop):
    loop.runs = False
    assert joined(loop.ask()) == CommandAnswer(Result.FAILED, "the lane is not running; nothing was done")
    assert loop.waiting == []


def test_orders_do_not_pile_up_before_a_loop_that_hangs(loop):
    asked = [loop.ask() for _ in range(ORDERS_WAITING)]
    eventually(lambda: len(loop.waiting) == ORDERS_WAITING)
    loop.at += WAIT_S
    assert {joined(one).result for one in asked} == {Result.FAILED}
    refused = CommandAnswer(
        Result.FAILED, f"{ORDERS_WAITING} orders are already waiting for the lane; nothing was done"
    )
    assert joined(loop.ask()) == refused
    assert len(loop.waiting) == ORDERS_WAITING
    loop.answer(loop.take(), "its time limit had passed", done=False)
    asked = loop.ask()
    orders = [loop.take() for _ in range(ORDERS_WAITING)]
    loop.answer(orders[-1], "there is room again")
    assert joined(asked).detail == "there is room again"


def test_an_order_needs_an_operator(loop):
    with pytest.raises(ValueError, match="without an operator"):
        loop.requests.order(loop, CommandKind.LOCK, "", "seen", WAIT_S)
