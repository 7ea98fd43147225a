"""ONVIF as others wrote it: their client asks our emulated camera, and ours asks their camera and sees its stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from agent.clock.clock import Clock
from drivers import registry
from drivers.camera.onvif import CameraSession, LocalNetwork, LoginRefusedError, choose_streams, find_cameras
from drivers.emulators.onvif import OnvifCamera
from drivers.emulators.onvif_form import OnvifForm
from tests.support.drivers.python_peer import python_peer
from tests.support.mqtt.peers_node import PEERS, peer
from tests.support.vision.live_rtsp import LiveCamera
from tests.support.waiting import PATIENCE_S, scaled

pytestmark = pytest.mark.long

USER, PHRASE = "gate", "hush-42"


def utc():
    return Clock().now().utc


@pytest.mark.parametrize("media", [(1,), (1, 2)])
@pytest.mark.parametrize(("login", "algorithm"), [("digest", "MD5"), ("digest", "SHA-256"), ("token", "MD5")])
def test_a_client_of_others_reads_our_emulated_camera(login, algorithm, media):
    form = OnvifForm(login=login, algorithm=algorithm, media=media, ahead_s=-10_000)
    with OnvifCamera(USER, PHRASE, form) as camera:
        command = ["node", "ask.mjs", "127.0.0.1", str(camera.port), USER, PHRASE]
        answer = subprocess.run(
            command, cwd=peer("onvif"), capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        assert answer.stderr == ""
        told = json.loads(answer.stdout)
        assert (camera.guard.wrong, camera.tokens.wrong) == (0, 0)
    assert told["about"]["manufacturer"] == "Gate agent"
    assert {one["token"]: (one["width"], one["height"]) for one in told["streams"]} == {
        "main": (1920, 1080),
        "small": (640, 360),
    }


@contextmanager
def foreign(rtsp_port, stream):
    """A camera of others': its place, and the port of its search."""
    environment = os.environ | {"PYTHONPATH": str(python_peer("onvif"))}
    command = [sys.executable, str(PEERS / "onvif" / "camera.py"), str(rtsp_port), stream, USER, PHRASE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        web, search = process.stdout.readline().split()
        yield f"127.0.0.1:{web}", int(search)
        process.stdin.close()
        process.wait(PATIENCE_S)


def test_a_camera_of_others_is_found_logged_in_to_and_its_stream_runs(tmp_path):
    with LiveCamera(tmp_path) as live, foreign(live.port, "live.mp4") as (place, search):
        live.show(np.full((720, 1280, 3), 90, np.uint8))
        (found,) = find_cameras(scaled(1), networks=[LocalNetwork("lo", "127.0.0.1")], port=search)
        assert (found.place, found.name) == (place, "Foreign-1")
        session = CameraSession(found, USER, PHRASE, utc=utc)
        assert session.identity().maker == "PythonCam"
        choice = choose_streams(session.profiles())
        assert (choice.main.width_px, choice.second.width_px) == (1920, 640)
        settings = {**live.settings, "url": choice.main.url_for("", "")}
        camera = registry.camera("opencv", settings)
        camera.open()
        try:
            assert camera.read().pixels.shape == (720, 1280, 3)
        finally:
            camera.close()
        with pytest.raises(LoginRefusedError):  # it sends pictures by Basic alone
            session.thumbnail(choice.main)


def test_a_camera_of_others_refuses_a_wrong_password():
    with foreign(1, "x") as (place, _), pytest.raises(LoginRefusedError, match="wrong name or password"):
        CameraSession(place, USER, "another", utc=utc).identity()
