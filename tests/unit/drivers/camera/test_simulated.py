"""The simulated camera draws what its scene file says."""

import json

import numpy as np
import pytest
import zxingcpp

from drivers.api import CameraNeeds, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.camera.simulated import SimulatedCamera, SimulatedSettings
from drivers.camera.simulated_yard.plate import STYLES, draw_plate
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from drivers.contracts.camera import CameraContract, Rig


@pytest.fixture
def camera(tmp_path):
    camera = SimulatedCamera(SimulatedSettings(scene_file=tmp_path / "scene.json", frame_rate_hz=60))
    camera.open()
    yield camera
    camera.close()


class TestSimulatedCamera(CameraContract):
    kind = "simulated"

    @pytest.fixture
    def rig(self, tmp_path):
        table = {"scene_file": str(tmp_path / "scene.json"), "frame_rate_hz": 60}
        return Rig(table, CameraNeeds(files=(tmp_path,)))


def test_a_missing_scene_file_is_an_empty_yard(camera):
    frame = camera.read()
    assert frame.pixels.shape == (720, 1280, 3)
    assert np.abs(frame.pixels.astype(int) - draw_scene(Scene())).max() <= 5


def test_no_two_frames_in_a_row_are_the_same(camera):
    before = camera.read()
    for _ in range(64):
        frame = camera.read()
        assert not np.array_equal(frame.pixels, before.pixels)
        assert frame.at > before.at
        before = frame


@pytest.mark.parametrize("carrier", ["phone", "paper"])
def test_the_code_that_a_driver_shows_can_be_read(camera, tmp_path, carrier):
    camera.read()
    text = "GP1:" + "7WK$ABCDE1" * 25
    scene = {"vehicle": {"plate": "新B12345"}, "code": {"text": text, "carrier": carrier}}
    (tmp_path / "scene.json").write_text(json.dumps(scene))
    codes = zxingcpp.read_barcodes(camera.read().pixels, formats=zxingcpp.BarcodeFormat.QRCode)
    assert [code.text for code in codes] == [text]


def test_a_scene_file_that_is_not_understood_is_refused_with_its_name(camera, tmp_path):
    (tmp_path / "scene.json").write_text('{"vehicel": null}')
    with pytest.raises(DeviceMisconfiguredError, match=r"scene\.json.*vehicel"):
        camera.read()


def test_a_closed_camera_reads_nothing(camera):
    camera.close()
    with pytest.raises(DeviceUnavailableError):
        camera.read()


@pytest.mark.parametrize("style", STYLES)
def test_every_plate_style_is_drawn_in_its_own_size_and_colours(style):
    plate = draw_plate("498VDZ08" if style == "kz" else "新B12345", style)
    assert plate.shape == (140, STYLES[style].width_px, 3)
    assert tuple(plate[1, 1]) == STYLES[style].ground


def test_the_same_scene_looks_the_same_each_time_and_the_arm_moves():
    scene = Scene(vehicle=Vehicle(plate="新B12345"), code=ShownCode(text="hello"))
    assert np.array_equal(draw_scene(scene), draw_scene(scene))
    raised = draw_scene(scene.model_copy(update={"arm_raised": True}))
    assert not np.array_equal(draw_scene(scene), raised)
