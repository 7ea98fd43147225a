"""The drawn yard with all that can stand in it: the gate's readers read labels and paper plates, the sign is lit."""

import numpy as np
import pytest

from agent.core.permit import label_vins
from agent.core.plates import PlateKind
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.qr.picture_reader import QrReader
from agent.vision.worker.vin.reader import VinReader
from drivers.camera.simulated_yard.scene import PostSign, Scene, ShownCode, SignText, Vehicle, VinLabel, draw_scene

VIN = "LSGJA52U1RH123456"
PERMIT = ShownCode(text="GP1:" + "7WK$ABCDE1" * 25)
SIGN = PostSign(lines=(SignText(text="请出示"), SignText(text="二维码")))


def changed(scene, other):
    """The box of the pixels in which two scenes differ: left, top, right, bottom."""
    rows, columns = np.nonzero((draw_scene(scene) != draw_scene(other)).any(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


@pytest.fixture(scope="module")
def plates():
    return PlateReader()


@pytest.mark.parametrize("code", ["code_39", "code_128", "data_matrix"])
def test_the_label_of_a_new_car_is_read_beside_its_permit(code):
    picture = draw_scene(Scene(vehicle=Vehicle(label=VinLabel(vin=VIN, code=code)), code=PERMIT, sign=SIGN))
    (found,) = VinReader().read(picture)
    assert (found.text, found.source, found.legible) == (VIN, code, True)
    assert [one.payload.decode() for one in QrReader().read(picture)] == [PERMIT.text]


def test_a_label_with_a_qr_code_is_read_by_those_who_look_for_permits():
    picture = draw_scene(Scene(vehicle=Vehicle(label=VinLabel(vin=VIN, code="qr")), sign=SIGN))
    assert [vin for one in QrReader().read(picture, thorough=True) for vin in label_vins(one.payload)] == [VIN]


def test_a_temporary_plate_on_paper_behind_the_windscreen_is_read_as_one(plates):
    scene = Scene(vehicle=Vehicle(plate="新A80362临", style="cn_temporary", on_paper=True), code=PERMIT, sign=SIGN)
    (found,) = plates.read(draw_scene(scene), thorough=True)
    assert (found.text, found.kind) == ("新A80362", PlateKind.TEMPORARY)


def test_no_plate_is_read_from_a_sign_or_a_label(plates):
    for code in ("code_128", "data_matrix", "print"):
        scene = Scene(vehicle=Vehicle(label=VinLabel(vin=VIN, code=code)), code=PERMIT, sign=SIGN)
        assert plates.read(draw_scene(scene), thorough=True) == []


def test_the_sign_changes_nothing_of_the_picture_but_its_place():
    scene = Scene(vehicle=Vehicle(plate="新A12345"), code=PERMIT)
    left, top, right, bottom = changed(scene, scene.model_copy(update={"sign": SIGN}))
    assert left >= 1100
    assert right < 1280
    assert 250 <= top < bottom <= 600
    dark = scene.model_copy(update={"sign": PostSign()})
    left, top, right, bottom = changed(dark, scene.model_copy(update={"sign": SIGN}))
    assert (right - left, bottom - top) < (168, 104)


def test_the_sign_is_as_bright_at_night_as_by_day():
    day, night = (
        draw_scene(Scene(sign=SIGN, light=light))[252:296, 1104:1272].astype(int) for light in ("day", "night")
    )
    assert np.abs(day - night).max() <= 1
    assert draw_scene(Scene(sign=SIGN, light="night"))[:200].mean() < 80


def test_label_and_paper_change_nothing_of_the_picture_but_their_place():
    bare = Scene(vehicle=Vehicle())
    left, top, right, bottom = changed(bare, Scene(vehicle=Vehicle(label=VinLabel(vin=VIN))))
    assert 540 <= left < right <= 850
    assert 245 <= top < bottom <= 330
    left, top, right, bottom = changed(bare, Scene(vehicle=Vehicle(label=VinLabel(vin=VIN, code="code_128"))))
    assert 445 <= left < right <= 935
    assert 328 <= top < bottom <= 430
