"""What central says to the driver of one vehicle, and what the outcome tells of all that a driver was told."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from agent.core.events.event_types import DriverText, DriverTold, TransactionClosed
from agent.core.lane.driver_messages import message_shown
from agent.core.lane.lane_state_machine import LaneRules
from agent.core.lane.state import STANDING, LaneState
from agent.core.lane.step_inputs import CommandKind, TextForDriver, TextOrdered
from agent.core.model import DriverMessage
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.walks import LANES, World
from tests.support.lane.yard import FIRST, SECOND, WAYS, Yard, clearing, deciding, denied, manual, present

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.step_inputs import Input

WINDOW = "Go to window 3"


def outcome(yard: Yard) -> TransactionClosed:
    (closed,) = [draft.event for draft in yard.drafts() if isinstance(draft.event, TransactionClosed)]
    return closed


def told(yard: Yard) -> list[str]:
    return [one.message.value for one in outcome(yard).driver_messages]


@pytest.mark.parametrize("state", sorted(STANDING))
def test_it_is_shown_recorded_and_answered_where_a_vehicle_stands(state: LaneState) -> None:
    yard = WAYS[state]()
    shown = str(yard.lane.sign.message) if yard.lane.sign else ""
    assert yard.say(en=WINDOW, ru="Вам к окну 3") == [
        "driver.told 20 op2",
        f"show red {shown} en: {WINDOW} ru: Вам к окну 3",
        "answer order 1 done: it is shown for 20 s",
    ]
    assert yard.state is state


def test_its_event_says_what_was_said_why_and_to_whom_also_after_the_refusal() -> None:
    yard = denied()
    yard.say(en=WINDOW)
    draft = yard.drafts()[-1]
    texts = (DriverText(language="en", text=WINDOW),)
    assert draft.event == DriverTold(texts=texts, seconds=20, operator="op2", cause="asked")
    assert (draft.transaction, draft.lane) == (FIRST, "lane-7")


@pytest.mark.parametrize("state", sorted(set(LaneState) - STANDING))
def test_it_is_not_shown_where_the_barrier_moves_or_nobody_stands(state: LaneState) -> None:
    yard = WAYS[state]()
    yard.tick()
    before = yard.lane
    assert yard.say(en=WINDOW) == [f"answer order 1 not done: the lane is in state {state}"]
    assert yard.lane == before


def test_it_is_over_when_its_time_is_and_the_lane_says_again_what_it_said() -> None:
    yard = manual()
    yard.say(2, en=WINDOW)
    assert yard.wait(1.9) == []
    assert yard.wait(0.2) == ["show red manual"]
    assert yard.wait(2) == []


def test_it_stays_while_the_lane_goes_on_to_check_and_gives_back_what_was_said_last() -> None:
    yard = present()
    yard.say(5, en=WINDOW)
    assert yard.qr()[-2:] == [f"show red deciding en: {WINDOW}", "decide on 1+0"]
    yard.decide(Verdict.DENY, Reason.EXPIRED)
    assert yard.state is LaneState.DENIED
    assert yard.wait(5)[-1] == "show red EXPIRED"


@pytest.mark.parametrize("leave", [lambda y: y.sense(presence=False), lambda y: y.order(CommandKind.OUT_OF_SERVICE)])
def test_it_is_over_when_the_vehicle_leaves_or_the_lane(leave: Callable[[Yard], Any]) -> None:
    yard = manual()
    yard.say(en=WINDOW)
    leave(yard)
    assert yard.lane.central_text is None
    assert yard.lane.sign is not None
    assert yard.lane.sign.texts == ()


def test_it_never_hides_what_the_lane_says_of_a_barrier_that_moves() -> None:
    yard = manual()
    yard.say(en=WINDOW)
    assert "show green opening" in yard.order(CommandKind.OPEN)
    assert yard.lane.central_text is None


def test_it_is_never_shown_to_another_vehicle() -> None:
    yard = denied()
    yard.say(600, en=WINDOW)
    yard.wait(10)
    yard.qr("another")
    yard.wait(0.2)
    assert yard.lane.served == SECOND
    assert yard.lane.central_text is None


@pytest.mark.parametrize("way", [manual, denied])
def test_one_that_names_its_vehicle_is_for_that_vehicle_alone(way: Callable[[], Yard]) -> None:
    assert way().say(transaction=FIRST, en=WINDOW)[-1] == "answer order 1 done: it is shown for 20 s"
    yard = way()
    before = yard.lane
    assert yard.say(transaction=SECOND, en=WINDOW) == [
        f"answer order 1 not done: the vehicle of transaction {SECOND} is not at this lane"
    ]
    assert yard.lane == before


def test_another_takes_its_place_and_none_takes_it_off() -> None:
    yard = manual()
    yard.say(2, en=WINDOW)
    assert f"show red manual kk: {WINDOW}" in yard.say(5, kk=WINDOW)
    assert yard.wait(3) == []
    assert yard.say(0) == ["driver.told 0 op2", "show red manual", "answer order 1 done: it is no longer shown"]
    assert yard.lane.central_text is None
    assert yard.say(0)[-1] == "answer order 1 done: it is no longer shown"


def test_one_that_comes_too_late_is_not_shown() -> None:
    yard = manual()
    text = TextForDriver((("en", WINDOW),), 20)
    said = yard.feed(TextOrdered(yard.now, text, "op2", "asked", "order 1", yard.at))
    assert said == ["answer order 1 not done: its time limit had passed"]
    assert yard.lane.central_text is None


# ------------------------------------------------------------------------------------------- what the outcome tells


def test_the_outcome_tells_what_the_driver_was_told_in_order_with_the_refusal() -> None:
    yard = present()
    yard.wait(1.5)
    yard.qr()
    yard.decide(Verdict.RETRY, Reason.QR_UNSTABLE)
    yard.qr("another")
    yard.decide(Verdict.DENY, Reason.EXPIRED)
    assert told(yard) == ["show_code", "checking", "hold_code_still", "code_expired"]
    assert outcome(yard).driver_messages[1].after_s == pytest.approx(1.5)


def test_of_a_passage_it_tells_all_but_what_is_said_to_the_next() -> None:
    yard = clearing()
    yard.wait(2)
    assert yard.state in {LaneState.CLOSING, LaneState.IDLE}
    assert told(yard)[-3:] == ["drive_on", "keep_driving", "keep_clear"]


def test_a_text_of_central_is_among_them_and_the_message_of_a_vehicle_that_left_is_no_welcome() -> None:
    yard = manual()
    yard.say(1, en=WINDOW)
    yard.wait(2)
    yard.sense(presence=False)
    assert told(yard)[-3:] == ["wait_for_officer", "from_central", "wait_for_officer"]


def test_they_are_bounded_and_the_last_is_always_there() -> None:
    yard = manual()
    for _ in range(20):
        yard.say(1, en=WINDOW)
        yard.wait(1.1)
    yard.order(CommandKind.OPEN)
    yard.pulsed("unknown")
    yard.order(CommandKind.HOLD)
    assert len(told(yard)) == 16
    assert told(yard)[-1] == DriverMessage.BARRIER_STAYS_OPEN


def test_what_was_told_to_one_driver_is_not_told_of_the_next() -> None:
    yard = denied()
    yard.wait(10)
    yard.qr("another")
    yard.wait(0.2)
    assert yard.lane.transaction is not None
    assert [message for message, _ in yard.lane.transaction.told] == [DriverMessage.SHOW_CODE, DriverMessage.CHECKING]


def test_a_decision_that_asks_again_is_told_once() -> None:
    yard = deciding()
    yard.decide(Verdict.RETRY, Reason.QR_UNSTABLE)
    assert yard.lane.transaction is not None
    assert [message for message, _ in yard.lane.transaction.told] == [
        DriverMessage.SHOW_CODE,
        DriverMessage.CHECKING,
        DriverMessage.HOLD_CODE_STILL,
    ]


# ------------------------------------------------------------------------------------------------ whatever happens


class TalkativeWorld(World):
    """A gate at which anything happens, and central speaks at any time. Each step is checked."""

    def __init__(self, rules: LaneRules, seed: int) -> None:
        super().__init__(rules, seed)
        self.chance = random.Random(seed)  # noqa: S311 -- a walk that can be repeated
        self.meant_for = ""
        self.shown: Counter[LaneState] = Counter()

    @override
    def feed(self, item: Input, *, commits: bool = True, verdict: Verdict | None = None) -> None:
        super().feed(item, commits=commits, verdict=verdict)
        self.look()
        if self.chance.random() < 0.1:
            self.speak()

    def speak(self) -> None:
        before = self.lane
        transaction = self.chance.choice(("", before.served, "20200101000000010001"))
        text = TextForDriver((("en", f"text {self.steps}"),), self.chance.choice((1, 5, 600, 600, 0)), transaction)
        super().feed(TextOrdered(self.now, text, "op", "cause"))
        if self.lane.central_text is not before.central_text and text.seconds:
            self.meant_for = before.served
            assert transaction in {"", before.served}
        self.look()

    def look(self) -> None:
        lane, text = self.lane, self.lane.central_text
        assert lane.sign is not None
        assert lane.sign.texts == (() if text is None else text.texts)
        if text is not None:
            self.shown[lane.state] += 1
            assert lane.state in STANDING
            assert self.at < text.until
            assert lane.served == self.meant_for, "it is shown to the driver that it was meant for"
        if lane.transaction is not None:
            assert lane.served == lane.transaction.id
            assert lane.transaction.told[-1][0] is message_shown(lane.sign)
            assert len(lane.transaction.told) <= 16


@pytest.mark.parametrize("name", LANES)
def test_whatever_happens_no_driver_reads_what_is_meant_for_another_and_no_rule_of_the_lane_breaks(name: str) -> None:
    shown: Counter[LaneState] = Counter()
    for seed in range(4):
        world = TalkativeWorld(LaneRules("lane-3", 3, **LANES[name]), seed)
        world.run(1_000)
        shown += world.shown
    assert shown.total() > 20
