"""The bench of new cars without a plate: which cars come, and what counts as right."""

from collections import Counter
from dataclasses import replace

import pytest

from agent.core.model.observations import VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.vin import check_digit_differs, is_well_formed
from bench.new_cars import CARS, OWN, Label, Result, cars, figures, report


@pytest.fixture(scope="module")
def coming():
    return cars(CARS)


def as_it_should_be(car):
    verdict, reason = (Verdict.PASS, Reason.OK) if car.label in OWN else (Verdict.MANUAL, Reason.VIN_UNREADABLE)
    return Result(car, verdict, reason, Verdict.MANUAL)


def test_two_hundred_cars_come_with_labels_of_every_kind_and_size(coming):
    assert Counter(car.label for car in coming) == {
        Label.CODE: 120,
        Label.PRINT: 40,
        Label.COVERED: 20,
        Label.ANOTHERS: 20,
    }
    assert len({car.number for car in coming}) == len({car.vin for car in coming}) == CARS
    codes = Counter((car.source, car.unit_px) for car in coming if car.label is Label.CODE)
    assert len(codes) == 16
    assert max(codes.values()) - min(codes.values()) <= 1
    assert {car.source for car in coming if car.label is Label.PRINT} == {VinSource.PRINT}


def test_a_label_bears_the_declared_vin_but_for_that_of_the_next_car(coming):
    for car in coming:
        assert is_well_formed(car.label_vin)
        assert not check_digit_differs(car.label_vin)
        assert (car.label_vin == car.vin) == (car.label is not Label.ANOTHERS)
        assert car.permit.vin == car.vin
        assert car.permit.plate is None


@pytest.mark.parametrize("label", Label)
@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.MANUAL, Verdict.DENY])
def test_only_its_own_vin_lets_a_car_pass_and_nobody_is_refused(coming, label, verdict):
    car = next(car for car in coming if car.label is label)
    result = replace(as_it_should_be(car), verdict=verdict)
    assert result.right == (verdict is Verdict.MANUAL or (verdict is Verdict.PASS and label in OWN))


def test_the_figures_tell_how_many_need_an_officer_beside_the_default_and_fail_on_one_wrong_car(coming):
    results = [as_it_should_be(car) for car in coming]
    wrong, officers = figures(results)
    assert (wrong.value, wrong.kept) == (0.0, True)
    assert officers.value == 20.0
    assert officers.note == 'of 200; 200 with the default, without_plate = "manual"'
    results[-1] = replace(results[-1], verdict=Verdict.PASS)
    assert figures(results)[0].kept is False


def test_the_report_has_a_row_for_each_label_and_size_with_the_reasons_of_those_that_did_not_pass(coming):
    lines = report([as_it_should_be(car) for car in coming]).splitlines()
    rows = {(car.label, car.source, car.unit_px) for car in coming}
    assert len(lines) == 1 + len(rows)
    covered = next(line for line in lines if line.startswith(Label.COVERED.value))
    assert "MANUAL VIN_UNREADABLE" in covered
