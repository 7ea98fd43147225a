"""The exposure of cameras is set within their ranges, and their automatic is taken up again."""

import errno
import fcntl
import struct

import cv2
import pytest

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError, ExposurePort
from drivers.camera.exposure import EXPOSURE_ABSOLUTE, GAIN, ControlRange, V4l2Exposure, control_range
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.picture_folder import FolderCamera
from drivers.camera.settings import OpenCvSettings, SimulatedSettings
from drivers.camera.simulated import SimulatedCamera

AUTO, TIME, GAIN_PROPERTY = cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_GAIN
RANGES = {EXPOSURE_ABSOLUTE: ControlRange(10, 5000, 157), GAIN: ControlRange(0, 100, 0)}


class Controls:
    """The controls of a camera as OpenCV shows them; `stubborn`: its automatic cannot be left."""

    def __init__(self, time=320.0, gain=40.0, *, stubborn=False):
        self.values = {AUTO: 3.0, TIME: time, GAIN_PROPERTY: gain}
        self.stubborn = stubborn

    def get(self, which):
        return self.values[which]

    def set(self, which, value):
        if not (self.stubborn and which == AUTO):
            self.values[which] = float(value)
        return True


def exposure(controls, ranges=RANGES):
    return V4l2Exposure(controls, "/dev/video0", ranges.get)


def test_the_time_goes_down_with_the_share_and_the_automatic_comes_back_with_its_gain():
    controls = Controls()
    device = exposure(controls)
    assert device.expose(0.25) == 0.25
    assert controls.values == {AUTO: 1.0, TIME: 80.0, GAIN_PROPERTY: 40.0}
    assert device.expose(0.5) == 0.5
    assert device.expose(None) == 1.0
    assert (controls.values[AUTO], controls.values[GAIN_PROPERTY]) == (3.0, 40.0)


def test_where_the_time_ends_the_gain_goes_on():
    controls = Controls()
    assert exposure(controls).expose(1 / 64) == pytest.approx(1 / 64)
    assert (controls.values[TIME], controls.values[GAIN_PROPERTY]) == (10.0, 20.0)


def test_the_range_of_the_camera_bounds_the_share():
    assert exposure(Controls(gain=0.0)).expose(1 / 128) == 10 / 320
    assert exposure(Controls(), {EXPOSURE_ABSOLUTE: ControlRange(10, 5000, 157)}).expose(1 / 128) == 10 / 320
    assert exposure(Controls()).expose(100.0) == 5000 / 320


@pytest.mark.parametrize("unknown", [0.0, -1.0, float("nan"), 1e9])
def test_a_time_that_cannot_be_is_taken_for_the_default(unknown):
    controls = Controls(time=unknown)
    exposure(controls).expose(0.5)
    assert controls.values[TIME] == round(157 * 0.5)


def test_a_camera_left_in_the_dark_by_a_crash_returns_to_its_automatic():
    controls = Controls()
    controls.values[AUTO] = 1.0
    exposure(controls).expose(None)
    assert controls.values[AUTO] == 3.0


def test_a_camera_that_keeps_its_automatic_or_has_no_time_says_so():
    with pytest.raises(DeviceMisconfiguredError, match="stays in"):
        exposure(Controls(stubborn=True)).expose(0.5)
    with pytest.raises(DeviceMisconfiguredError, match="no exposure time"):
        exposure(Controls(), {}).expose(None)


# --------------------------------------------------------------------------------------- what a device is asked


@pytest.fixture
def device(tmp_path):
    path = tmp_path / "video0"
    path.touch()
    return str(path)


def test_the_range_is_asked_of_the_device_as_the_kernel_lays_it_out(device, mocker):
    def answer(_, request, data):
        assert request == 0xC0445624
        assert len(data) == 68
        (control,) = struct.unpack_from("=I", data)
        data[:] = struct.pack("=II32siiiiI8x", control, 1, b"Exposure Time, Absolute", 3, 2047, 1, 250, 0)

    mocker.patch.object(fcntl, "ioctl", side_effect=answer)
    assert control_range(device, EXPOSURE_ABSOLUTE) == ControlRange(3, 2047, 250)


def test_a_control_that_is_switched_off_has_no_range(device, mocker):
    def answer(_, _request, data):
        data[:] = struct.pack("=II32siiiiI8x", GAIN, 1, b"Gain", 0, 100, 1, 0, 1)

    mocker.patch.object(fcntl, "ioctl", side_effect=answer)
    assert control_range(device, GAIN) is None


def test_a_device_that_has_no_controls_or_is_not_there_has_no_range(device, tmp_path, mocker):
    assert control_range(device, GAIN) is None
    assert control_range("/dev/null", GAIN) is None
    assert control_range(str(tmp_path / "nothing"), GAIN) is None
    mocker.patch.object(fcntl, "ioctl", side_effect=OSError(errno.EINVAL, "no such control"))
    assert control_range(device, GAIN) is None


# --------------------------------------------------------------------------------------------------- the cameras


def usb_camera(mocker, controls):
    capture = mocker.Mock(spec=cv2.VideoCapture)
    capture.isOpened.return_value = True
    capture.getBackendName.return_value = "V4L2"
    capture.get.side_effect = lambda which: controls.values.get(which, 30.0)
    capture.set.side_effect = controls.set
    mocker.patch("cv2.VideoCapture", return_value=capture)
    mocker.patch("drivers.camera.opencv.control_range", side_effect=lambda _, control: RANGES[control])
    camera = OpenCvCamera(OpenCvSettings(url="/dev/v4l/by-path/camera"))
    camera.open()
    return camera, capture


def test_a_usb_camera_is_exposed_and_closed_with_its_automatic_on(mocker):
    controls = Controls()
    camera, _ = usb_camera(mocker, controls)
    assert camera.expose(0.25) == 0.25
    assert controls.values[AUTO] == 1.0
    camera.close()
    assert controls.values[AUTO] == 3.0


def test_a_camera_says_whether_its_exposure_can_be_set_before_anybody_tries(mocker):
    camera, _ = usb_camera(mocker, Controls())
    assert camera.can_expose()
    camera.close()
    assert not camera.can_expose()
    assert not OpenCvCamera(OpenCvSettings(url="rtsp://127.0.0.1/x")).can_expose()
    assert not exposure(Controls(), {}).possible
    assert SimulatedCamera(SimulatedCamera.Settings()).can_expose()


def test_a_usb_camera_that_was_never_exposed_is_closed_as_it_was(mocker):
    controls = Controls()
    controls.values[AUTO] = 1.0
    camera, _ = usb_camera(mocker, controls)
    camera.close()
    assert controls.values[AUTO] == 1.0


def test_a_usb_camera_that_fails_under_it_is_a_lost_camera(mocker):
    camera, capture = usb_camera(mocker, Controls())
    capture.set.side_effect = cv2.error("gone")
    with pytest.raises(DeviceUnavailableError, match="could not be set"):
        camera.expose(0.5)
    camera.close()
    with pytest.raises(DeviceUnavailableError, match="not open"):
        camera.expose(0.5)


@pytest.mark.parametrize("url", ["rtsp://u:secret@127.0.0.1/x", "http://127.0.0.1/x", "clip.mp4"])
def test_a_network_camera_says_that_its_exposure_cannot_be_set(url):
    with pytest.raises(DeviceMisconfiguredError, match="cannot be set here") as refused:
        OpenCvCamera(OpenCvSettings(url=url)).expose(None)
    assert "secret" not in str(refused.value)


def test_which_cameras_can_be_exposed():
    assert issubclass(OpenCvCamera, ExposurePort)
    assert issubclass(SimulatedCamera, ExposurePort)
    assert not issubclass(FolderCamera, ExposurePort)


def test_the_simulated_camera_draws_with_the_light_it_is_told():
    camera = SimulatedCamera(SimulatedSettings(frame_rate_hz=60))
    camera.open()
    usual = camera.read().pixels.mean()
    assert camera.expose(0.25) == 0.25
    assert camera.read().pixels.mean() == pytest.approx(usual / 4, rel=0.05)
    assert camera.expose(1e-9) == 1 / 256
    assert camera.expose(None) == 1.0
    assert camera.read().pixels.mean() == pytest.approx(usual, rel=0.05)
    camera.close()
