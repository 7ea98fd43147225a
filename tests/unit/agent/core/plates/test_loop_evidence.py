"""What the loop before the arm says of the plates in view."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.plates.loop_evidence import came_with_loop, is_of_another
from agent.core.plates.plate_history import PlateHistory

OCCUPIED_AT = 100.0
NOW = 130.0
BOX = (600, 500, 160, 50)
STANDS = PlateHistory("京A12345", BOX, BOX, first_at=99.0, rest_at=101.0, last_at=NOW, sure=True)
WITH_LOOP = replace(STANDS, with_loop=True)
LATER = replace(STANDS, text="沪B98765", first_at=110.0, rest_at=110.0)


@pytest.mark.parametrize(
    ("rest_at", "at", "came"),
    [
        pytest.param(99.5, 100.5, True, id="just before, as the loop is slow"),
        pytest.param(103.0, 103.0, True, id="still rolling onto it"),
        pytest.param(98.0, 100.5, False, id="it stood there before"),
        pytest.param(104.0, 106.0, False, id="seen first long after"),
    ],
)
def test_a_plate_came_with_the_loop_where_it_came_to_rest_as_that_was_occupied(
    rest_at: float, at: float, came: bool
) -> None:
    assert came_with_loop(replace(STANDS, rest_at=rest_at), OCCUPIED_AT, at) is came


@pytest.mark.parametrize(
    ("plate", "others", "of_another"),
    [
        pytest.param(WITH_LOOP, [], False, id="the vehicle on the loop"),
        pytest.param(STANDS, [WITH_LOOP], False, id="it was in view before the loop was occupied, for a moment"),
        pytest.param(LATER, [], False, id="it came to light late, and nothing else is there"),
        pytest.param(replace(LATER, drove_in=True), [], True, id="it drove into view while the loop was occupied"),
        pytest.param(
            replace(LATER, first_at=104.0, drove_in=True), [], False, id="it drove in when the vehicle may have, too"
        ),
        pytest.param(
            replace(LATER, first_at=128.5), [], True, id="it came to light late, just now: it may be driving into view"
        ),
        pytest.param(LATER, [WITH_LOOP], True, id="it came to light late, beside one that came with the loop"),
        pytest.param(LATER, [replace(WITH_LOOP, sure=False)], False, id="beside one that is hardly read"),
        pytest.param(LATER, [replace(WITH_LOOP, last_at=120.0)], False, id="beside one that is gone"),
        pytest.param(LATER, [STANDS], False, id="beside one that did not come with the loop"),
        pytest.param(replace(STANDS, waited=True), [], False, id="it waited there, and nothing came"),
        pytest.param(replace(STANDS, waited=True), [WITH_LOOP], True, id="it waited there, and another came"),
        pytest.param(
            replace(WITH_LOOP, waited=True), [WITH_LOOP], False, id="it waited there and came with the loop itself"
        ),
    ],
)
def test_which_plates_are_of_another_vehicle(plate: PlateHistory, others: list[PlateHistory], of_another: bool) -> None:
    assert is_of_another(plate, others, OCCUPIED_AT, NOW) is of_another
