"""A witness in its process: what an emulated camera says comes as values of the core, and no fault of it harms."""

import hashlib
import json
import os
import queue
import ssl
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.devices import PortState
from agent.vision.witness import COMMAND, PLATES_AT_ONCE, WitnessSupervisor
from agent.vision.worker.protocol import CameraPhase, ConfigureWitness, Layer
from agent.vision.worker_link import VisionWorkerLimits
from drivers.emulators.dahua import DahuaCamera
from drivers.emulators.hikvision import HikvisionCamera
from drivers.emulators.plate_camera_faults import CameraFault
from tests.support.pki.certificates import Authority
from tests.support.waiting import PATIENCE_S, eventually, scaled

CHILD = str(Path(__file__).parents[3] / "support" / "vision" / "witness_child.py")
LIMITS = VisionWorkerLimits(
    start_s=scaled(15),
    hang_s=scaled(3),
    camera_s=PATIENCE_S,
    stop_s=scaled(3),
    killed_s=scaled(1),
    retry_first_s=0.05,
    retry_cap_s=0.1,
)
PLATE = "沪A12345"
WRONG = "not the secret"
KINDS = {"hikvision": HikvisionCamera, "dahua": DahuaCamera}


PRODUCT = [sys.executable, CHILD, "product"]
"""As COMMAND, of the tree that is tested."""


class Watched:
    """A supervisor, with all that it says."""

    def __init__(self, kind, table, *, command=PRODUCT, limits=LIMITS, camera_lane=None, refused_s=600.0):
        self.seen = queue.Queue()
        self.statuses = []
        self._changed = threading.Condition()
        configure = ConfigureWitness(
            witness_kind=kind, witness=table, heartbeat_s=0.05, retry_first_s=0.05, retry_cap_s=0.1, refused_s=refused_s
        )
        self.port = WitnessSupervisor(
            "second",
            configure,
            on_seen=self.seen.put,
            on_status=self._note,
            camera_lane=camera_lane,
            limits=limits,
            command=command,
        )

    def _note(self, status):
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def status(self, wanted):
        """Wait until the newest status is one of which `wanted` is true."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.statuses and wanted(self.statuses[-1]), PATIENCE_S), (
                self.statuses
            )
            return self.statuses[-1]

    def reading(self):
        return self.seen.get(timeout=PATIENCE_S).reading


@contextmanager
def watching(kind="hikvision", table=None, **how):
    watched = Watched(kind, table or {}, **how)
    watched.port.start()
    try:
        yield watched
    finally:
        assert watched.port.stop()
    assert watched.port.pid is None


def table_of(camera, **more):
    login = {"host": "127.0.0.1", "port": camera.port, "user": camera.user, "password": camera.password}
    return login | {"silence_s": 600.0, "connect_timeout_ms": 30_000} | more


def show(camera, watched, plate=PLATE, **how):
    watched.status(lambda status: status.up)
    eventually(lambda: camera.listeners)
    camera.show(plate, **how)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_camera_says_comes_as_a_value_of_the_core_with_its_picture(kind):
    with KINDS[kind]() as camera, watching(kind, table_of(camera, pictures=True)) as watched:
        show(camera, watched, lane=2, confidence=80)
        seen = watched.seen.get(timeout=PATIENCE_S)
        up = watched.port.status
    reading = seen.reading
    assert (reading.witness, reading.text, reading.lane, reading.colour.lower()) == ("second", PLATE, 2, "blue")
    assert reading.confidence == pytest.approx(0.8, abs=0.005)
    (picture,) = seen.pictures.values()
    assert picture == camera.pictures()[-1].body
    assert reading.picture == hashlib.sha256(picture).hexdigest()
    assert (up.state, up.phase) == (PortState.UP, CameraPhase.STREAMING)
    assert f"127.0.0.1:{camera.port}" in up.detail
    assert watched.port.sandbox.missing == ()
    assert set(watched.port.sandbox.on) == set(Layer)


def test_the_shipped_command_starts_the_same_process():
    with HikvisionCamera() as camera, watching(table=table_of(camera), command=COMMAND) as watched:
        show(camera, watched)
        assert watched.reading().text == PLATE


def test_a_camera_that_goes_is_lost_with_the_reason_and_found_again():
    with HikvisionCamera() as camera, watching(table=table_of(camera)) as watched:
        show(camera, watched)
        assert watched.reading().text == PLATE
        pid = watched.port.pid
        camera.unplug()
        lost = watched.status(lambda status: "no connection to" in status.detail)
        assert (lost.state, lost.misconfigured) == (PortState.LOST, False)
        camera.plug()
        show(camera, watched, "B222BB02")
        assert watched.reading().text == "B222BB02"
        assert watched.port.pid == pid


@pytest.mark.parametrize("fault", [CameraFault.BOMB, CameraFault.ENDLESS_PART, CameraFault.HTML, CameraFault.RESET])
def test_a_camera_with_a_fault_costs_the_stream_and_not_the_process(fault):
    with HikvisionCamera() as camera, watching(table=table_of(camera)) as watched:
        watched.status(lambda status: status.up)
        pid = watched.port.pid
        camera.fail(fault)
        if fault is CameraFault.HTML:
            camera.unplug()
            camera.plug()
        lost = watched.status(lambda status: status.state is PortState.LOST and "127.0.0.1" in status.detail)
        assert camera.password not in lost.detail
        camera.fail(None)
        show(camera, watched)
        assert watched.reading().text == PLATE
        assert watched.port.pid == pid


def test_a_wrong_password_is_tried_once_and_told():
    with HikvisionCamera() as camera, watching(table=table_of(camera, password=WRONG)) as watched:
        refused = watched.status(lambda status: status.misconfigured and status.phase is CameraPhase.BACKOFF)
        assert "refuses the user gate" in refused.detail
        assert WRONG not in refused.detail
        assert camera.guard.wrong == 1


def test_after_a_while_a_refused_user_is_tried_again():
    with HikvisionCamera() as camera:
        camera.fail(CameraFault.WRONG_LOGIN)
        with watching(table=table_of(camera), refused_s=0.05) as watched:
            watched.status(lambda status: status.misconfigured)
            camera.fail(None)
            watched.status(lambda status: status.up)


@pytest.mark.parametrize(("kind", "table"), [("nokia", {}), ("hikvision", {"host": "http://x"})])
def test_a_table_that_no_camera_can_be_made_of_is_told(kind, table):
    with watching(kind, table) as watched:
        refused = watched.status(lambda status: status.misconfigured and status.phase is CameraPhase.BACKOFF)
        assert refused.detail


def test_over_tls_and_by_its_name_a_camera_is_reached_from_inside_the_sandbox(tmp_path):
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("camera", hosts=["localhost"]))
    with DahuaCamera(tls=context) as camera:
        table = table_of(camera, host="localhost", tls=True, ca_file=str(authority.ca))
        with watching("dahua", table) as watched:
            show(camera, watched)
            assert watched.reading().text == PLATE
            assert watched.port.sandbox.missing == ()


def test_plates_of_another_lane_of_the_camera_are_not_passed_on():
    with HikvisionCamera() as camera, watching(table=table_of(camera), camera_lane=2) as watched:
        show(camera, watched, "A111AA01", lane=1)
        camera.show("B222BB02", lane="x")
        camera.show(PLATE, lane=2)
        assert watched.reading().text == PLATE
        assert watched.seen.empty()


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("garbage", "broke the protocol"),
        ("liar", "broke the protocol"),
        ("long", "broke the protocol"),
        ("future", "broke the protocol: a plate from"),
        ("past", "broke the protocol: a plate from"),
        ("detection", "broke the protocol: a witness does not say Detection"),
        ("stranger", "broke the protocol: a greeting from another process"),
        ("old", "mixed installations"),
        ("exit", "ended with exit code 3"),
    ],
)
def test_a_process_that_crashes_or_lies_is_started_anew_and_nothing_of_it_is_passed_on(mode, cause):
    with watching(command=[sys.executable, CHILD, mode]) as watched:
        lost = watched.status(lambda status: status.restarts >= 2)
        assert cause in lost.detail
        assert lost.state is PortState.LOST
        assert watched.seen.empty()


def test_a_process_without_a_sign_of_life_is_killed():
    limits = VisionWorkerLimits(start_s=scaled(0.5), killed_s=scaled(1), retry_first_s=0.05, retry_cap_s=0.1)
    with watching(command=[sys.executable, CHILD, "silent"], limits=limits) as watched:
        assert "gave no sign of life" in watched.status(lambda status: status.restarts >= 1).detail


def test_a_program_that_is_not_there_is_told_and_tried_again(tmp_path):
    with watching(command=[str(tmp_path / "none")]) as watched:
        assert "could not be started" in watched.status(lambda status: status.restarts >= 2).detail


def test_a_flood_of_plates_is_held_back():
    with watching(command=[sys.executable, CHILD, "flood"]) as watched:
        eventually(lambda: watched.port.held_back + watched.seen.qsize() == 1000)
        assert PLATES_AT_ONCE <= watched.seen.qsize() < 1000


def test_a_listener_that_fails_costs_no_plate_after_it():
    with HikvisionCamera() as camera, watching(table=table_of(camera)) as watched:
        put = watched.port._on_seen

        def fail_once(seen):
            watched.port._on_seen = put
            raise ValueError("a listener's own fault")

        watched.port._on_seen = fail_once
        show(camera, watched, "A111AA01")
        camera.show(PLATE)
        assert watched.reading().text == PLATE


def test_a_witness_that_was_taken_over_can_do_nothing_of_what_it_tries(tmp_path):
    """It is confined as a vision worker is; its attempts are those of tests/unit/agent/vision/worker/sandbox."""
    files = {"journal": "journal.db", "credential": "mqtt.password", "configuration": "gate.toml"}
    for name in files.values():
        (tmp_path / name).write_text("secret")
    program = tmp_path / "no-program"
    program.write_bytes(bytes(4))
    program.chmod(0o755)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "1.png").write_bytes(b"picture")
    targets = {name: str(tmp_path / path) for name, path in files.items()}
    targets |= {"pictures": str(pictures), "written": str(tmp_path / "written"), "no_program": str(program)}
    targets |= {"broker": 1, "service": str(tmp_path / "service"), "port": "/dev/ttyUSB9"}
    with HikvisionCamera() as camera:
        command = [sys.executable, CHILD, json.dumps(targets)]
        with watching(table=table_of(camera), command=command) as watched:
            told = watched.status(lambda status: status.up).detail
    assert told == "not barred: "
    assert not (tmp_path / "written").exists()


def test_the_process_gets_no_secret_of_the_environment_and_ends_with_its_supervisor():
    with HikvisionCamera() as camera, watching(table=table_of(camera)) as watched:
        watched.status(lambda status: status.up)
        pid = watched.port.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
