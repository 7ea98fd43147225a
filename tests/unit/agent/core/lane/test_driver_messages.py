"""Which message a driver is given for what a lane says, and that it betrays nothing to who tries codes."""

from __future__ import annotations

import pytest

from agent.core.lane.driver_messages import NO_ORACLE, REFUSED_CODES, message_for, message_for_reason, message_shown
from agent.core.lane.effects import Lamp, Show
from agent.core.lane.state import LaneState
from agent.core.model import DriverMessage
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.yard import Yard, deciding

IN_ORDER = list(Reason)


def between(first: Reason, last: Reason) -> set[Reason]:
    return set(IN_ORDER[IN_ORDER.index(first) : IN_ORDER.index(last) + 1])


def test_what_a_driver_must_not_learn_is_one_message() -> None:
    told = {message_for(reason) for reason in NO_ORACLE}
    assert told == {DriverMessage.WAIT_FOR_OFFICER} == {message_for(LaneState.MANUAL)}


def test_that_covers_every_check_of_plate_vehicle_use_watch_list_and_chance() -> None:
    assert between(Reason.PLATE_UNREADABLE, Reason.SAMPLED) <= NO_ORACLE
    assert between(Reason.DECLARATION_NOT_RELEASED, Reason.DECLARATION_MISMATCH) <= NO_ORACLE


def test_a_code_that_is_refused_for_itself_is_not_valid_here_whatever_is_wrong_with_it() -> None:
    assert between(Reason.PAYLOAD_TOO_LARGE, Reason.CLAIMS_INVALID) <= REFUSED_CODES
    assert {message_for_reason(reason) for reason in REFUSED_CODES} == {DriverMessage.CODE_NOT_VALID}


@pytest.mark.parametrize(
    "reason", [Reason.CLOCK_UNTRUSTED, Reason.DATA_TOO_OLD, Reason.GATE_FAULT, Reason.INTERNAL_ERROR]
)
def test_what_is_wrong_with_the_gate_itself_is_nobodys_business(reason: Reason) -> None:
    assert message_for_reason(reason) is DriverMessage.WAIT_FOR_OFFICER


@pytest.mark.parametrize("state", LaneState)
def test_no_two_states_are_told_alike(state: LaneState) -> None:
    others = [one for one in LaneState if one is not state and message_for(one) is message_for(state)]
    assert others == []


def test_every_message_but_that_of_central_is_said_of_some_word_and_no_other_word_is_known() -> None:
    said = {message_for(word) for word in (*LaneState, *Reason)}
    assert said == set(DriverMessage) - {DriverMessage.FROM_CENTRAL}
    with pytest.raises(ValueError, match="nonsense"):
        message_for("nonsense")


def test_states_and_reasons_share_no_word() -> None:
    assert not {str(state) for state in LaneState} & {str(reason) for reason in Reason}


def test_nobody_is_told_to_drive_on_before_the_arm_is_up() -> None:
    yard = deciding(has_opened=True)
    yard.decide(Verdict.PASS)
    yard.pulsed()
    assert shown(yard) is DriverMessage.BARRIER_OPENS
    yard.sense(0.5, opened=True)
    assert shown(yard) is DriverMessage.DRIVE_ON


def test_a_text_of_central_is_a_message_of_its_own() -> None:
    assert message_shown(Show(Lamp.RED, "manual")) is DriverMessage.WAIT_FOR_OFFICER
    assert message_shown(Show(Lamp.RED, "manual", (("en", "Go to window 3"),))) is DriverMessage.FROM_CENTRAL


def shown(yard: Yard) -> DriverMessage:
    assert yard.lane.sign is not None
    return message_shown(yard.lane.sign)
