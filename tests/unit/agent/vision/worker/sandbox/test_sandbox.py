"""What a vision worker that was taken over can still do: one that tries everything, and what came of it."""

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import segno

from agent.core.model import VinSource
from agent.vision.process import COMMAND, VisionWorkerProcess, scrubbed_environment
from agent.vision.worker.protocol import EXIT_ANEW, Layer
from agent.vision.worker.sandbox import landlock
from agent.vision.worker.sandbox.readable_files import find_readable_files
from bench.sights import Sight
from bench.vin_labels import vin_of
from bench.vin_print_labels import PrintedLabel, seen_label
from drivers.api import CameraNeeds, DeviceMisconfiguredError
from drivers.registry import camera_needs
from tests.support.vision.sandbox_attempts import ATTEMPTS, BARRED, DONE
from tests.support.vision.watched_supervisor import CHILD as WORKER_CHILD
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import PATIENCE_S, eventually

CHILD = str(Path(__file__).parents[5] / "support" / "vision" / "sandbox_child.py")
STATUS = Path("/proc/self/status").read_text(encoding="utf-8")
ADMIN = bool(int(re.search(r"CapEff:\s*([0-9a-f]+)", STATUS)[1], 16) >> 21 & 1)
"""Whether these tests run with the rights of root (CAP_SYS_ADMIN)."""


@pytest.fixture
def targets(tmp_path):
    """A gate's things around a vision worker: files of the agent, its broker, another service, a relay board's port."""
    pictures, state = tmp_path / "pictures", tmp_path / "state"
    pictures.mkdir()
    state.mkdir()
    for name in ("1.png", "2.png"):
        (pictures / name).write_bytes(b"picture")
    files = {"journal": state / "journal.db", "credential": tmp_path / "mqtt.password", "configuration": tmp_path / "g"}
    for path in files.values():
        path.write_text("secret")
    no_program = tmp_path / "no-program"
    no_program.write_bytes(b"\0\0\0\0")
    no_program.chmod(0o755)
    with ExitStack() as stack:
        broker = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        service = stack.enter_context(socket.socket(socket.AF_UNIX))
        service.bind(str(tmp_path / "service"))
        service.listen()
        leader, follower = os.openpty()
        stack.callback(os.close, leader)
        stack.callback(os.close, follower)
        broker.setblocking(False)
        yield {
            **{name: str(path) for name, path in files.items()},
            "pictures": str(pictures),
            "written": str(tmp_path / "written"),
            "no_program": str(no_program),
            "broker": broker.getsockname()[1],
            "service": str(tmp_path / "service"),
            "port": os.ttyname(follower),
            "_listening": broker,
        }


def tried(targets, camera_kind, table, **how):
    """What came of each attempt in a vision worker with such a camera, what it said of its sandbox, and its status."""
    told = json.dumps({name: value for name, value in targets.items() if not name.startswith("_")} | how)
    command = [sys.executable, CHILD, told]
    with watching("", command=command, camera_kind=camera_kind, camera=table, read_plates=False) as watched:
        seen = watched.detection(lambda detection: detection.presentations)
        said = watched.port.sandbox
    assert watched.statuses[-1].restarts == 0
    return json.loads(seen.presentations[0].payload), said


def folder(targets):
    return {"path": targets["pictures"]}


def not_barred(outcomes):
    return {what: outcome for what, outcome in outcomes.items() if outcome not in BARRED}


# -------------------------------------------------------------------------------------------------- what is refused


def test_a_vision_worker_that_was_taken_over_can_do_nothing_of_what_it_tries(targets):
    outcomes, said = tried(targets, "folder", folder(targets))
    assert not_barred(outcomes) == {}
    assert (said.missing, set(said.on)) == ((), set(Layer))
    assert not Path(targets["written"]).exists()
    assert sorted(path.name for path in Path(targets["pictures"]).iterdir()) == ["1.png", "2.png"]
    assert {path.read_bytes() for path in Path(targets["pictures"]).iterdir()} == {b"picture"}
    with pytest.raises(BlockingIOError):
        targets["_listening"].accept()


def test_without_a_sandbox_all_of_it_works(targets):
    outcomes, _ = tried(targets, "folder", folder(targets), bare=True)
    expected = [one.what for one in ATTEMPTS if not one.may_be_off and (ADMIN or not one.needs_root)]
    assert [what for what in expected if outcomes[what] in BARRED - {"ENOMEM"}] == []
    assert sum(outcome == DONE for outcome in outcomes.values()) >= 25


def test_a_vision_worker_with_a_camera_on_the_network_connects_to_that_camera_alone(targets):
    with socket.create_server(("127.0.0.1", 0)) as camera:
        port = camera.getsockname()[1]
        outcomes, said = tried(targets, "opencv", {"url": f"rtsp://127.0.0.1:{port}/x"}, camera=port)
        camera.settimeout(PATIENCE_S)
        camera.accept()[0].close()
    assert not_barred(outcomes) == {}
    assert said.missing == ()


def test_a_vision_worker_with_a_camera_that_has_a_name_may_ask_for_the_name_too(targets):
    outcomes, said = tried(targets, "opencv", {"url": "rtsp://camera.example/x"})
    assert set(not_barred(outcomes)) == {"send a datagram"}
    assert said.missing == ()


def test_a_vision_worker_with_a_video_engine_reads_the_names_of_devices_and_opens_that_one_alone(targets):
    table = {"url": "rtsp://10.0.0.7/x", "decoder": "h264_v4l2m2m", "decoder_device": "/dev/zero"}
    outcomes, said = tried(targets, "opencv", table)
    assert not_barred(outcomes) == {}
    assert said.missing == ()


def test_a_vision_worker_with_a_usb_camera_reaches_its_device_and_no_other(targets):
    outcomes, said = tried(targets, "opencv", {"url": "/dev/zero"})
    assert not_barred(outcomes) == {}
    assert said.missing == ()


# -------------------------------------------------------------------------------------------------- what still works


def test_a_folder_that_comes_later_is_read_by_a_new_vision_worker(tmp_path):
    pictures = tmp_path / "pictures"
    table = {"camera_kind": "folder", "camera": {"path": str(pictures), "interval_ms": 50}, "read_plates": False}
    with watching("", command=COMMAND, retry_first_s=0.05, retry_cap_s=0.1, **table) as watched:
        watched.status(lambda one: one.misconfigured)
        later = tmp_path / "later"
        later.mkdir()
        segno.make_qr("GPR:LATER").save(later / "1.png", scale=8)
        later.rename(pictures)
        found = watched.detection(lambda detection: detection.presentations)
    assert found.presentations[0].payload == b"GPR:LATER"
    assert watched.port.status.restarts == 1


def test_a_confined_vision_worker_that_reads_vins_alone_reads_the_print_of_a_label(tmp_path):
    seen = seen_label(PrintedLabel(vin_of(3)), Sight(18.0, contrast=150.0), 3)
    cv2.imwrite(str(tmp_path / "1.png"), seen.pixels)
    table = {"camera_kind": "folder", "camera": {"path": str(tmp_path), "interval_ms": 100}}
    reads = {"read_codes": False, "read_plates": False, "read_vins": True}
    with watching("", command=COMMAND, **table, **reads) as watched:
        watched.port.set_vehicle_present(True)
        # The reader of VINs gives way to all else, and to the tests beside this one.
        found = watched.detection(lambda detection: detection.vin_readings, within_s=5 * PATIENCE_S)
        said = watched.port.sandbox
    (vin,) = found.vin_readings
    assert (vin.text, vin.source, len(vin.positions), vin.legible) == (vin_of(3), VinSource.PRINT, 17, True)
    assert found.pictures[vin.picture].startswith(b"\xff\xd8\xff")
    assert (said.missing, watched.port.status.restarts) == ((), 0)


@pytest.mark.parametrize("layer", [Layer.FILES, Layer.CALLS])
def test_a_kernel_or_machine_that_lacks_a_layer_is_told_of_and_the_vision_worker_sees_all_the_same(targets, layer):
    outcomes, said = tried(targets, "folder", folder(targets), without=[layer])
    assert layer not in said.on
    assert [text.partition(":")[0] for text in said.missing] == [layer]
    # Each layer alone keeps what belongs to the gate from being changed.
    assert outcomes["write a file into the folder of pictures"] in BARRED
    assert outcomes["open the relay board's port"] in BARRED
    assert outcomes["run a program"] in BARRED
    if layer is Layer.CALLS:
        assert outcomes["read the broker's password"] in BARRED


# ------------------------------------------------------------------------------------------------------- its parts


def test_a_vision_worker_that_leaves_because_its_camera_has_moved_is_not_called_a_failure():
    process = VisionWorkerProcess([sys.executable, "-c", f"import sys; sys.exit({EXIT_ANEW})"])
    try:
        assert process.ended_within(PATIENCE_S)
        assert process.how_it_ended().startswith("asked for a restart")
    finally:
        process.kill()


def test_what_came_went_or_was_replaced_is_noticed(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    around = find_readable_files(CameraNeeds(files=(one,), devices=(other,)))
    assert around.moved() is None
    one.write_text("2")
    assert around.moved() is None
    other.write_text("it came")
    assert around.moved() == other
    other.unlink()
    (tmp_path / "new").write_text("1")
    (tmp_path / "new").replace(one)
    assert around.moved() == one
    one.unlink()
    assert around.moved() == one


@pytest.mark.parametrize(
    ("kind", "table", "needs"),
    [
        ("opencv", {"url": "rtsp://10.0.0.7/x"}, CameraNeeds(tcp_ports=(554,))),
        ("opencv", {"url": "rtsp://cam:8554/x", "transport": "udp"}, CameraNeeds((), (), (8554,), True, True)),
        ("opencv", {"url": "https://[fe80::1]/x"}, CameraNeeds(tcp_ports=(443,))),
        ("opencv", {"url": "http://cam.local/x"}, CameraNeeds(tcp_ports=(80,), names=True)),
        (
            "opencv",
            {"url": "rtsp://10.0.0.7/x", "second_url": "http://cam:8080/y"},
            CameraNeeds(tcp_ports=(554, 8080), names=True),
        ),
        (
            "opencv",
            {"url": "rtsp://10.0.0.7/x", "decoder": "h264_v4l2m2m", "decoder_device": "/dev/video10"},
            CameraNeeds(tcp_ports=(554,), devices=(Path("/dev/video10"),), listed=(Path("/dev"),)),
        ),
        ("opencv", {"url": "/dev/video0"}, CameraNeeds(devices=(Path("/dev/video0"),))),
        ("opencv", {"url": "/srv/clip.mp4"}, CameraNeeds(files=(Path("/srv/clip.mp4"),))),
        ("folder", {"path": "/srv/pictures"}, CameraNeeds(files=(Path("/srv/pictures"),))),
        ("simulated", {"scene_file": "/srv/yard/scene.json"}, CameraNeeds(files=(Path("/srv/yard"),))),
        ("simulated", {}, CameraNeeds()),
    ],
)
def test_a_camera_needs_its_own_source_and_nothing_else(kind, table, needs):
    assert replace(camera_needs(kind, table), own_port=None) == needs


@pytest.mark.parametrize(
    ("table", "listens"),
    [
        ({"url": "rtsp://10.0.0.7/x"}, True),
        ({"url": "rtsp://10.0.0.7/x", "transport": "udp"}, False),
        ({"url": "rtsps://10.0.0.7/x"}, False),
        ({"url": "http://10.0.0.7/x"}, False),
        ({"url": "http://10.0.0.7/x", "second_url": "rtsp://10.0.0.7/y"}, True),
        ({"url": "/srv/clip.mp4"}, False),
    ],
)
def test_a_port_of_its_own_is_only_for_a_camera_that_needs_it(table, listens):
    needs = camera_needs("opencv", table)
    assert (needs.own_port is not None) is listens
    around = find_readable_files(needs)
    assert around.accepts is listens
    assert (needs.own_port in around.tcp_ports) is listens


def test_an_unknown_kind_of_camera_has_no_needs():
    with pytest.raises(DeviceMisconfiguredError):
        camera_needs("crystal ball", {})


def test_every_version_of_landlock_is_asked_for_no_more_than_it_has():
    known = landlock._ALL_FILES
    assert [known[abi].bit_length() for abi in sorted(known)] == [13, 14, 15, 15, 16]
    assert [landlock.guards_connections(abi) for abi in (3, 4)] == [False, True]
    assert [landlock.guards_signals(abi) for abi in (5, 6)] == [False, True]


def test_the_environment_of_a_vision_worker_holds_nothing_but_what_its_libraries_need(monkeypatch):
    monkeypatch.setenv("GATE_AGENT_MQTT__PASSWORD", "secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/gate-agent")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    kept = {"PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"}
    told = {"OPENCV_FFMPEG_LOGLEVEL", "OPENCV_LOG_LEVEL", "ORT_DISABLE_TELEMETRY"}
    threads = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}
    environment = scrubbed_environment()
    assert set(environment) - kept == told | threads
    assert environment["ORT_DISABLE_TELEMETRY"] == "1"


def opened_by(pid):
    """What a process has open; None where it closed some of it at this moment, as one that starts does."""
    try:
        return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:
        return None


def test_a_vision_worker_hears_no_signal_of_its_parents_terminal_shares_its_session_and_has_none_of_its_files(tmp_path):
    # One that goes no further: a whole worker would not let its files be looked at.
    with (tmp_path / "secret").open("w"):
        process = VisionWorkerProcess([sys.executable, WORKER_CHILD, "silent"])
    try:
        assert os.getpgid(process.pid) == process.pid
        assert os.getsid(process.pid) == os.getsid(0)
        links = eventually(lambda: opened_by(process.pid))
        assert [link for link in links if link.startswith(str(tmp_path))] == []
        assert sum(link.startswith("socket:") for link in links) == 1
    finally:
        process.kill()
        process.ended_within(PATIENCE_S)


def test_the_library_of_the_networks_leaves_no_trace_and_starts_no_thread():
    code = "import os, agent.vision.worker.plate.weights; print(len(os.listdir('/proc/self/task')))"
    environment = scrubbed_environment() | {"HOME": "/nonexistent"}
    del environment["ORT_DISABLE_TELEMETRY"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
