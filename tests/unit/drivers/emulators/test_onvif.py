"""The emulated ONVIF camera, run from the command line as for a demo, and the orders that it takes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from drivers.camera.onvif import CameraSession, NotOnvifError
from drivers.emulators.onvif import OnvifCamera, obey
from drivers.emulators.onvif_form import OnvifFault
from tests.support.waiting import PATIENCE_S

UTC = 1_780_000_000.0


def test_it_runs_as_a_program_and_obeys():
    command = [sys.executable, "-m", "drivers.emulators.onvif", "--search-port", "0", "--login", "none"]
    with subprocess.Popen([*command, "--stream", "rtsp://127.0.0.1:1/a"], stdin=-1, stdout=-1, text=True) as process:
        line = process.stdout.readline()
        place = re.search(r"http://(127\.0\.0\.1:\d+), user gate; searches at UDP port \d+", line)[1]
        session = CameraSession(place, utc=lambda: UTC, patience_s=PATIENCE_S)
        assert session.profiles()[0].url == "rtsp://127.0.0.1:1/a"
        process.stdin.write("fault html\nquit\n")
        process.stdin.flush()
        assert process.stdout.readline() == "fault html: done\n"
        assert process.wait(PATIENCE_S) == 0


def test_its_cable_is_pulled_and_put_in_again_at_the_same_ports():
    with OnvifCamera(utc=lambda: UTC) as camera:
        ports = camera.port, camera.search_port
        assert [obey(camera, order) for order in ("unplug", "unplug", "plug")][-1] == "plug: done"
        assert (camera.port, camera.search_port) == ports
        assert obey(camera, "fault not_onvif") == "fault not_onvif: done"
        with pytest.raises(NotOnvifError):
            CameraSession(camera.place, utc=lambda: UTC).identity()
        obey(camera, "fault none")
        assert camera.fault is None


@pytest.mark.parametrize("order", ["fault nonsense", "fault", "more"])
def test_an_order_that_is_none_changes_nothing(order):
    camera = OnvifCamera()
    camera.fault = OnvifFault.LATE
    assert obey(camera, order).startswith(f"no such order: {order}")
    assert camera.fault is OnvifFault.LATE
