"""What the vehicles of a day show: codes that the gate's own rules take or refuse for the reason of their kind."""

import pytest

from agent.core.permit import base45
from agent.core.permit.vin import check_digit_differs, is_well_formed
from agent.core.plates.formats import kinds_of
from drivers.camera.simulated_yard.scene import Scene
from tests.site_day.kinds import CAMERA, KINDS, POST
from tests.site_day.permits import (
    TradeWindow,
    permit_id,
    permit_name,
    plate_of,
    revocations,
    scene_of,
    text_of,
    vin_of,
    watch,
)
from tests.site_day.plan import Arrival


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    return TradeWindow(tmp_path_factory.mktemp("window"))


def arrival(kind, number=7, lane=CAMERA, again=None):
    return Arrival(number, 1, lane, 0.0, kind, again)


def signed(text):
    return base45.decode(text.removeprefix("GP1:").encode())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith(("used", "no code", "not a permit"))])
def test_the_permit_of_a_vehicle_has_its_own_id_but_for_a_forged_one(window, kind):
    assert (permit_id(7) in signed(text_of(window, arrival(kind), {}))) == (kind != "forged")


def test_a_used_permit_is_the_text_of_the_vehicle_before(window):
    assert text_of(window, arrival("used", 9, again=7), {7: "before"}) == "before"


def test_without_a_permit_there_is_no_code_or_one_of_something_else(window):
    assert text_of(window, arrival("no code"), {}) == ""
    assert not text_of(window, arrival("not a permit"), {}).startswith("GP1:")


def test_plates_and_vehicle_numbers_are_of_one_vehicle_each_and_have_the_right_form():
    numbers = range(1, 6000)
    for made in (plate_of, vin_of, permit_name):
        assert len({made(number) for number in numbers}) == len(numbers)
    assert all(kinds_of(plate_of(number)) for number in numbers)
    assert all(is_well_formed(vin_of(number)) and not check_digit_differs(vin_of(number)) for number in numbers)


def test_plates_of_vehicles_that_come_soon_after_one_another_differ_in_three_places_or_more():
    for number in range(1, 3000):
        for other in range(number + 1, number + 40):
            one, two = plate_of(number), plate_of(other)
            assert sum(a != b for a, b in zip(one, two, strict=True)) >= 3, (one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_the_camera_sees_what_there_is_to_see_of_a_vehicle(kind):
    scene = Scene.model_validate(scene_of(arrival(kind)))
    label = {"new car": vin_of(7), "another's VIN": vin_of(500_007)}.get(kind)
    assert (scene.vehicle.label and scene.vehicle.label.vin) == label
    if label is None:
        assert (scene.vehicle.plate == plate_of(7)) == (kind != "wrong plate")
    assert scene_of(arrival(kind, lane=POST)) == {}


def test_a_vehicle_that_comes_again_has_the_plate_of_before():
    assert scene_of(arrival("used", 9, again=7)) == scene_of(arrival("valid", 7))


def test_the_lists_name_who_was_revoked_and_who_is_watched():
    arrivals = [arrival("revoked", 1), arrival("watched", 2), arrival("valid", 3)]
    assert revocations(arrivals, 99).splitlines() == ["permit_id,expires_at", f"{permit_name(1)},99"]
    assert watch(arrivals).splitlines() == ["subject,value", f"permit,{permit_name(2)}"]
