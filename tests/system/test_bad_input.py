"""What is wrong around the gate is said clearly, and the installed agent goes on: the next good vehicle passes."""

import socket
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
import segno

from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.pty import PtyLine
from tests.support.gate.arrivals import View, empty_yard
from tests.support.gate.gate_site import GATE, GateSite
from tests.support.gate.lanes import GONE_S, GRANT_S, LONGEST_DECIDE_S
from tests.support.gate.subscriber import Hearing, Recorded
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Broker, free_port, needs_mosquitto
from tests.support.pki.certificates import Authority
from tests.support.vision.live_rtsp import SELDOM_HZ, LiveCamera
from tests.support.waiting import scaled, scaled_ms

OPEN_S = min(60.0, scaled(4.0))
UNTIL_GONE_S = GONE_S + scaled(0.15)
NO_BROKER = "enabled = false"
LARGE_CODE_LEFT_PX, LARGE_CODE_TOP_PX = 8, 40
PLATE_BOX = (570, 480, 240, 110)
LANE = """
[lanes.exit-1.rules]
require = "{require}"

[lanes.exit-1.timing]
read_s = 120
decide_s = {decide_s}
grant_s = {grant_s}
gone_s = {gone_s}
blind_passage_s = 1

[lanes.exit-1.barrier]
pulse_ms = 200

[lanes.exit-1.relay]
kind = "lcus"
port = "{port}"
timeout_ms = {timeout_ms}

[[lanes.exit-1.cameras]]
id = "front"
kind = "opencv"
url = "{url}"
open_timeout_ms = {open_timeout_ms}
read_timeout_ms = {read_timeout_ms}
"""


class Gate:
    """An agent of one blind lane, with its events as its journal has them.

    `require`: what a vehicle needs. `decide_s`: so long a refused one may still show something better.
    """

    def __init__(
        self,
        installed,
        folder,
        url,
        mqtt=NO_BROKER,
        *,
        open_timeout_s=OPEN_S,
        require="permit_and_plate",
        decide_s=LONGEST_DECIDE_S,
    ):
        self.site = GateSite(folder)
        self.port = folder / "relay-board"
        lane = LANE.format(
            require=require,
            decide_s=decide_s,
            grant_s=GRANT_S,
            gone_s=GONE_S,
            port=self.port,
            timeout_ms=scaled_ms(200),
            url=url,
            open_timeout_ms=round(1000 * open_timeout_s),
            read_timeout_ms=min(30_000, round(scaled(1000))),
        )
        self.agent = installed.agent(self.site.configure(lane, mqtt=mqtt))
        self.hearing = Hearing(Recorded(self.site.journal), self.agent.until)

    def device(self, family, state, after=0):
        """Wait until a device has a state; what the event says of it."""
        return self.hearing.wait("device.changed", after, family=family, state=state)["data"]["detail"]

    def answer(self, after):
        """Wait for the answer to the next vehicle."""
        event = self.hearing.wait("access.decided", after, lambda event: event["data"]["verdict"] != "RETRY")
        return event["data"]["verdict"], event["data"]["reason"]

    def good_picture(self, plate):
        return drawn(plate).showing(self.site.permit(plate))

    def lets_pass(self, camera, plate):
        """A good vehicle comes, and passes."""
        after = self.hearing.last
        camera.show(self.good_picture(plate))
        self.hearing.wait("transaction.closed", after, outcome="passed")


@contextmanager
def board_at(port):
    with LcusEmulator(port) as board:
        yield board


def drawn(plate):
    return View(plate, draw_scene(Scene(vehicle=Vehicle(plate=plate))), PLATE_BOX)


def with_large_code(view, content):
    """The vehicle beside a code that fills the picture's left."""
    pixels = view.pixels.copy()
    symbol = segno.make_qr(content, error="l", boost_error=False)
    room_px = view.box[0] - LARGE_CODE_LEFT_PX
    rows = symbol.matrix_iter(scale=room_px // symbol.symbol_size(border=4)[0], border=4)
    code = np.array([[0 if dark else 255 for dark in row] for row in rows], np.uint8)
    bottom, right = LARGE_CODE_TOP_PX + code.shape[0], LARGE_CODE_LEFT_PX + code.shape[1]
    pixels[LARGE_CODE_TOP_PX:bottom, LARGE_CODE_LEFT_PX:right] = code[..., None]
    return pixels


# ------------------------------------------------------------------------------------------------------------ cameras


def test_a_camera_that_refuses_is_told_of_and_used_when_it_comes_whatever_its_size(installed, tmp_path):
    camera = LiveCamera(tmp_path, rate_hz=SELDOM_HZ)
    camera.port = free_port()
    gate = Gate(installed, tmp_path, camera.url)
    with board_at(gate.port), gate.agent:
        told = gate.device("camera", "lost")
        assert (
            told
            == f"{camera.url}: 127.0.0.1 refused port {camera.port}. Is the port right, and is the service running?"
        )
        with camera:
            gate.device("camera", "streaming")
            gate.lets_pass(camera, "沪A3N472")
        after = gate.hearing.last
        camera.size = (1600, 900)
        with camera:
            camera.show(cv2.resize(empty_yard(), camera.size))
            gate.device("camera", "streaming", after)
            after = gate.hearing.last
            camera.show(cv2.resize(gate.good_picture("粤B8G605"), camera.size))
            gate.hearing.wait("transaction.closed", after, outcome="passed")
        gate.agent.stop()


def test_a_camera_that_never_answers_is_told_of_and_used_when_it_does(installed, tmp_path):
    camera = LiveCamera(tmp_path, rate_hz=SELDOM_HZ)
    silent = socket.create_server(("127.0.0.1", free_port()))
    camera.port = silent.getsockname()[1]
    gate = Gate(installed, tmp_path, camera.url, open_timeout_s=scaled(0.5))
    with board_at(gate.port), gate.agent:
        with silent:
            told = gate.device("camera", "lost")
            assert told.startswith(f"{camera.url}: accepts the connection but never answers")
        with camera:
            gate.device("camera", "streaming")
            gate.lets_pass(camera, "沪A3N472")
        gate.agent.stop()


# -------------------------------------------------------------------------------------------------------------- codes


def test_codes_that_are_no_permit_are_refused_and_the_next_vehicle_passes(installed, tmp_path):
    with LiveCamera(tmp_path, rate_hz=SELDOM_HZ) as camera:
        gate = Gate(installed, tmp_path, camera.url, require="permit", decide_s=1.0)
        view = drawn("新B52K18")
        permit = gate.site.permit
        bad = (
            (with_large_code(view, bytes(range(256))), "DENY", "NOT_A_PERMIT"),
            (view.showing("https://example.org/permit?plate=1"), "DENY", "NOT_A_PERMIT"),
            (with_large_code(view, "GP1:" + "0123456789ABCDEF" * 250), "DENY", "PAYLOAD_TOO_LARGE"),
            (view.showing(permit(view.plate), permit(view.plate)), "MANUAL", "QR_MULTIPLE"),
        )
        with board_at(gate.port) as board, gate.agent:
            gate.device("camera", "streaming")
            gate.device("relay", "up")
            for pixels, *answer in bad:
                after = gate.hearing.last
                camera.show(pixels)
                assert gate.answer(after) == tuple(answer)
                camera.show(empty_yard())
                gate.hearing.wait("transaction.closed", after, outcome="denied")
                camera.wait_s(UNTIL_GONE_S)
            assert not any(switching.on for switching in board.relays.history)
            gate.lets_pass(camera, view.plate)
            gate.agent.stop()
    presented = {event["data"]["length"] for event in gate.hearing.all("permit.presented")}
    assert {256, 34, 4004} <= presented
    assert "example.org" not in "".join(map(str, gate.hearing.events.values())) + gate.agent.log


# ------------------------------------------------------------------------------------------------- broker and relay


@needs_mosquitto
def test_a_broker_with_a_wrong_certificate_gets_nothing_until_it_has_the_right_one(installed, tmp_path):
    right, wrong = Authority(tmp_path, "right"), Authority(tmp_path, "wrong")
    certificate, key = wrong.issue("broker", hosts=("localhost",))
    listener = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    with LiveCamera(tmp_path, rate_hz=SELDOM_HZ) as camera, Broker(tmp_path, listener=listener) as broker:
        mqtt = f'brokers = ["mqtts://localhost:{broker.port}"]\nca_file = "{right.ca}"\nstart_spread_s = 0.1'
        gate = Gate(installed, tmp_path, camera.url, mqtt)
        with board_at(gate.port), gate.agent:
            told = gate.device("broker", "lost")
            assert "the broker's certificate comes from a CA that is not in the CA file" in told
            gate.agent.until(lambda: told in gate.agent.log, "the word in the log")
            gate.device("camera", "streaming")
            gate.lets_pass(camera, "沪A3N472")
            assert not broker.says(f"gate/v1/{GATE}")
            broker.stop()
            right.issue("broker", hosts=("localhost",))
            broker.start()
            with Central(broker.port, GATE, tls=(right.ca, *right.issue("central"))) as central:
                gate.device("broker", "up")
                gate.agent.until(lambda: central.watermark >= gate.hearing.last, "all events")
                gate.agent.stop()


def test_a_port_that_is_no_relay_is_told_of_and_the_vehicle_that_waits_passes_once_it_is_one(installed, tmp_path):
    with LiveCamera(tmp_path, rate_hz=SELDOM_HZ) as camera:
        gate = Gate(installed, tmp_path, camera.url)
        other = PtyLine(gate.port, lambda data: other.send(b"login: " + data))
        other.plug()
        with gate.agent:
            told = gate.device("relay", "lost")
            assert told.startswith(f"{gate.port}: the board answered b'login: ")
            assert told.endswith("is another device on this port?")
            gate.device("camera", "streaming")
            camera.show(gate.good_picture("沪A3N472"))
            assert gate.answer(0) == ("MANUAL", "GATE_FAULT")
            other.unplug()
            with board_at(gate.port) as board:
                gate.hearing.wait("transaction.closed", outcome="passed")
                assert sum(switching.on for switching in board.relays.history) == 1
                gate.agent.stop()


# ------------------------------------------------------------------------------------------------------ configuration


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("number = 1", 'number = "one"', "1: error: lanes.exit-1.number: expected a whole number"),
        (
            "read_s = 120",
            "reed_s = 120",
            '1: error: lanes.exit-1.timing.reed_s: there is no such key here; did you mean "read_s"',
        ),
        ("[clock]", "[clock", "7: error: "),
    ],
)
def test_a_configuration_with_a_mistake_is_refused_with_its_place(installed, tmp_path, old, new, said):
    gate = Gate(installed, tmp_path, "rtsp://127.0.0.1/")
    path = gate.site.configuration
    text = path.read_text()
    line = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new))
    done = installed.run("run", path)
    assert done.returncode == 78
    assert f"{path}:{line}:{said}" in done.stderr
    assert not gate.site.journal.exists()


def test_a_configuration_that_is_not_there_is_refused(installed, tmp_path):
    done = installed.run("run", tmp_path / "missing.toml")
    assert done.returncode == 78
    assert str(tmp_path / "missing.toml") in done.stderr
    assert "Traceback" not in done.stderr
