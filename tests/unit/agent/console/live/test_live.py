"""Live answers of the console: pictures and news, as programs get them."""

from __future__ import annotations

import json
import socket
import threading

import httpx
import pytest

from agent.console.web import http_server
from drivers.inputs import simulated as simulated_inputs
from tests.support.console.consoles import LANE, ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually, scaled

TOLD = {
    "hello", "lane", "barrier", "inputs", "devices", "vehicles", "camera:front",
    "part:standing", "part:compare", "part:driver", "part:inputs", "part:devices",
}  # fmt: skip
"""The events of a lane's page."""
LANES = (
    LANE
    + """
closed = 3

[[lanes.out.cameras]]
id = "front"
kind = "simulated"
readers = ["qr"]
frame_rate_hz = 15
zone = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]

[lanes.in]
number = 2
direction = "import"

[lanes.in.relay]
kind = "simulated"
name = "{board}-2"
"""
)


class LiveGate(ConsoleGate):
    """With a camera in one lane, and none in the other."""

    def __init__(self, folder):
        super().__init__(folder, lanes=LANES.format(board=folder.name))
        self.camera = self.app.parts.lanes.cameras[0]


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    patch = pytest.MonkeyPatch()
    patch.setenv("RUNTIME_DIRECTORY", str(folder))
    with LiveGate(folder) as gate:
        eventually(lambda: gate.camera.status.up and gate.camera.last_heartbeat)
        eventually(lambda: gate.app.lanes[0].view, what="the first round of the lane")
        eventually(lambda: {"out/relay", "out/inputs"} <= gate.app.parts.devices.states.keys(), what="its boards")
        yield gate
    patch.undo()


def events_of(response):
    """The events of a stream as (name, value), as they come."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def news(gate, role, path, wanted, **headers):
    """What a stream tells until every event of these names has come."""
    told = {}
    with gate.browser(role).stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, response.read()
        for name, value in events_of(response):
            told[name] = value
            if wanted <= told.keys():
                return told
    raise AssertionError(told)


def door(gate):
    """A connection to the computer's own socket."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(gate.path.parent / "console.sock"))
    return connection


def test_every_part_of_a_lane_is_told_at_once_in_the_language_of_the_page(gate):
    wanted = {"hello", "lane", "barrier", "inputs", "devices", "vehicles", "camera:front"}
    told = news(gate, "viewer", "/live/lane/out/news", wanted, **{"accept-language": "ru"})
    assert told["hello"] == {"configuration": gate.app.parts.loaded.digest, "refused": False}
    assert [one["name"] for one in told["inputs"]["signals"]] == [
        "Петля перед стрелой", "Петля под стрелой", "Концевик «закрыт»",
    ]  # fmt: skip
    assert {one["name"] for one in told["devices"]} >= {"Плата реле", "Плата входов", "front"}
    assert told["camera:front"]["size_px"] == [1280, 720]


def test_only_what_has_changed_is_told_again(gate):
    inputs = simulated_inputs.board(gate.path.parent.name)
    with gate.browser("viewer").stream("GET", "/live/lane/out/news") as response:
        events = events_of(response)
        seen = [next(events)[0] for _ in range(len(TOLD))]
        assert set(seen) == TOLD
        inputs.set(3, on=True)
        # Before it may come that the inputs are old: on a busy machine they are.
        wanted, told = ("closed", ["off", "off", "on"]), {}
        while (told.get("barrier"), told.get("inputs")) != wanted:
            name, value = next(events)
            if name == "barrier":
                told[name] = value["position"]
            elif name == "inputs":
                told[name] = [one["state"] for one in value["signals"]]
    inputs.set(3, on=False)


def test_the_parts_of_a_lanes_page_come_as_they_are_shown_and_only_where_they_changed(gate):
    told = news(gate, "viewer", "/live/lane/out/news", {"part:standing", "part:inputs"}, **{"accept-language": "ru"})
    assert "Состояние полосы" in told["part:standing"]["html"]
    assert (told["part:standing"]["decides"], told["part:standing"]["transaction"]) == ([], "")
    assert "Неизвестно: не подключён" in told["part:inputs"]["html"], "the lane has no lamp"


def test_all_lanes_are_told_by_one_stream_cards_before_their_order(gate):
    wanted = {"hello", "summary", "order", "lane:out", "lane:in"}
    told = news(gate, "viewer", "/live/lanes/news", wanted)
    assert set(told) == wanted
    assert list(told)[-1] == "order"
    assert told["order"] == ["out", "in"]
    assert told["summary"] == {"text": "2 lanes."}
    for name in ("out", "in"):
        card = told[f"lane:{name}"]["html"]
        assert f'data-lane="{name}"' in card
        assert f'href="/lanes/{name}"' in card


def test_the_dashboard_has_the_cards_before_any_script_runs(gate):
    page = gate.browser("viewer").get("/lanes", headers={"accept-language": "kk"}).text
    assert page.count("data-lane=") == 2
    assert "2 жолақ." in page


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/lane", "/lanes"),
        ("/lane/out", "/lanes/out"),
        ("/lane/out?camera=front", "/lanes/out?camera=front"),
        ("/", "/lanes"),
    ],
)
def test_an_address_of_an_earlier_agent_leads_to_the_place_lanes(gate, old, new):
    answer = gate.browser("viewer").get(old)
    assert (answer.is_redirect, answer.headers["location"]) == (True, new)


def test_a_lane_without_a_camera_and_without_inputs_says_so(gate):
    told = news(gate, "viewer", "/live/lane/in/news", {"inputs", "devices"})
    assert told["inputs"] == {"signals": [], "age": "This lane has no inputs: passages are assumed", "tone": "off"}
    assert not any(name.startswith("camera") for name in told)


def test_pictures_come_one_after_the_other_each_with_its_end(gate):
    with gate.browser("viewer").stream("GET", "/live/camera/out/front/pictures") as response:
        assert response.headers["content-type"] == "multipart/x-mixed-replace; boundary=picture"
        assert response.headers["cache-control"] == "no-store"
        raw = b""
        for part in response.iter_raw():
            raw += part
            if raw.count(b"--picture") == 4:
                break
    whole = raw.split(b"--picture\r\n")[1:4]
    pictures = [one.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for one in whole]
    lengths = [int(one.split(b"Content-Length: ")[1].split(b"\r\n")[0]) for one in whole]
    assert [len(picture) for picture in pictures] == lengths
    assert all(picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9") for picture in pictures)
    assert len(set(pictures)) > 1


def test_a_viewer_who_does_not_take_his_pictures_keeps_no_vision_worker_busy(gate):
    with door(gate) as stalled:
        stalled.sendall(b"GET /live/camera/out/front/pictures HTTP/1.1\r\nHost: localhost\r\n\r\n")
        first = eventually(lambda: gate.camera.picture).number
        eventually(lambda: (shown := gate.camera.picture) and shown.number > first)
        # What the kernel holds for him fills up; then nobody asks the vision worker any more.
        eventually(lambda: not gate.camera._preview_buffer._wished_until, within_s=60)
        own = httpx.HTTPTransport(uds=str(gate.path.parent / "console.sock"))
        with httpx.Client(transport=own, timeout=PATIENCE_S) as other:
            assert other.get("http://localhost/healthz").status_code == 200


def test_nobody_watches_when_the_viewer_has_gone(gate):
    with gate.browser("viewer").stream("GET", "/live/camera/out/front/pictures") as response:
        next(response.iter_raw())
    eventually(lambda: not gate.camera._preview_buffer._wished_until, within_s=20)


def test_measures_of_every_picture_are_for_technicians(gate):
    refused = gate.browser("viewer").get("/live/camera/out/front/news")
    assert refused.status_code == 403
    with gate.browser("technician").stream("GET", "/live/camera/out/front/news") as response:
        told = (value for name, value in events_of(response) if name == "camera")
        keys = next(keys for value in told if (keys := {one["key"] for one in value["figures"]}))
        assert keys == {"sharpness", "brightness", "glare", "noise"}
        # From the heartbeats at first, then of the very picture that is shown.
        eventually(lambda: (shown := gate.camera.picture) and shown.sharpness is not None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/live/lane/nowhere/news", 404),
        ("/live/camera/out/nowhere/pictures", 404),
        ("/live/camera/out/front/pictures?size=huge", 422),
        ("/lanes/nowhere", 404),
        ("/lanes/out?camera=nowhere", 404),
        ("/evidence/" + "0" * 64, 404),
        ("/evidence/../../etc/passwd", 404),
        ("/evidence/xyz", 422),
    ],
)
def test_what_is_not_there_is_refused_in_words(gate, path, status):
    answer = gate.browser("viewer").get(path)
    assert answer.status_code == status
    assert answer.text


def test_live_answers_end_at_once_when_the_agent_stops(tmp_path, mocker):
    mocker.patch.object(http_server, "GRACE_S", PATIENCE_S)  # none is cut off because this machine is busy
    ended = threading.Event()

    def read(response):
        for _ in response.iter_raw():
            pass
        ended.set()

    with LiveGate(tmp_path) as gate:
        stream = gate.browser("viewer").stream("GET", "/live/lane/out/news")
        response = stream.__enter__()
        reader = threading.Thread(target=read, args=(response,))
        reader.start()
        gate.app.parts.console.stop()
        assert ended.wait(scaled(3.0))
        reader.join()
        stream.__exit__(None, None, None)
