"""By what a lane remembers the vehicles that it has answered, and for how long."""

from __future__ import annotations

from dataclasses import replace

from agent.core.decision.decision import Decision
from agent.core.lane.handled_vehicles import seen_again, with_handled
from agent.core.lane.state import HandledVehicle, Lane, Transaction
from agent.core.model.observations import Presentation, Reading, VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.plates.match import MatchVerdict
from agent.core.vin_match.match import VinMatch
from tests.support.lane.yard import PERMIT, Yard

VIN = VinMatch(MatchVerdict.MATCH, PERMIT.vin, VinSource.CODE_39, 99.0, 1)
PLATE = Reading("京A12345", (), "cn", 0.9, "cam", 1, 1.0)


def lane(*handled: HandledVehicle, blind: bool = False) -> Lane:
    return replace(Yard.new(blind=blind).lane, handled=handled)


def plate(text: str, at: float) -> Reading:
    return replace(PLATE, text=text, at=at)


def test_a_vehicle_is_remembered_by_its_codes_its_own_plate_and_its_vin() -> None:
    decision = Decision(Verdict.PASS, Reason.OK, (), vin=VIN)
    one = Transaction("t", 0.0, arrived=True, payloads=(b"A", b"B"), readings=(PLATE,), decision=decision)
    (found,) = with_handled(lane(), one, 7.0, passed=True)
    assert found == HandledVehicle(frozenset({b"A", b"B", PLATE.text, PERMIT.vin}), 7.0, passed=True)


def test_a_code_that_came_late_counts_by_when_it_came() -> None:
    before = lane(HandledVehicle(frozenset({b"A"}), 100.0, passed=True))
    gone_s = before.rules.gone_s
    shown = Presentation(b"A", "zxing", "cam", 1, 100.0)
    assert seen_again(before, replace(shown, behind_s=gone_s), 110.0, before=True, answered=True)[1]
    late = replace(shown, behind_s=gone_s + 1.0)
    assert seen_again(before, late, 110.0, before=True, answered=True) == (before.handled, False)


def test_without_inputs_any_plate_before_the_next_arrival_is_that_of_the_vehicle_that_passed() -> None:
    passed = HandledVehicle(frozenset({PLATE.text}), 100.0, passed=True)
    other = plate("京A12346", 101.0)
    assert seen_again(lane(passed, blind=True), other, 101.0, before=True, answered=True)[1]
    assert not seen_again(lane(passed, blind=True), other, 101.0, before=False, answered=False)[1]
    assert not seen_again(lane(passed), other, 101.0, before=True, answered=True)[1]
