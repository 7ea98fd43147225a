"""The example of a driver from outside, built, put beside the installed product as on a gate, and used there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from agent.doctor.facts import DriverFacts
from agent.vision.worker.protocol import CameraPhase
from drivers.inputs.simulated import write_state
from tests.support.drivers.outside_packages import PACKAGE as CAMERA_PACKAGE
from tests.support.drivers.outside_packages import put
from tests.support.gate.gate_site import GateSite
from tests.support.gate.installed import PIP, build_wheel, clean_environment, install
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import PATIENCE_S, TIME_SCALE, eventually, scaled

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "driver"
PAGE = (ROOT / "docs" / "write-a-driver.md").read_text(encoding="utf-8")
FILES = sorted(path for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".toml"})
PACKAGE = "gate-agent-r4 1.0.0"
MOST_LINES = 150
LANE = """
[lanes.exit-1.relay]
kind = "r4"
port = "{port}"

[lanes.exit-1.inputs]
kind = "simulated"
state_file = "{key}"

[lanes.exit-1.signals]
key = 1
"""
CAMERA_DECLARED = {"camera.acme": "acme_camera:Camera", "camera.acme.settings": "acme_settings:Settings"}
CAMERA_SETTINGS = "from pydantic import BaseModel\n\n\nclass Settings(BaseModel):\n    url: str = ''\n"
CAMERA = """
import time

import numpy as np

from drivers.api import CameraDetails, CameraNeeds, DeviceMisconfiguredError, Frame


class Camera:
    def __init__(self, settings):
        self._rng = np.random.default_rng()

    @staticmethod
    def needs(settings):
        return CameraNeeds()

    def open(self):
        try:
            open("/etc/passwd").close()
        except PermissionError:
            return CameraDetails(64, 48, 25.0, "acme")
        raise DeviceMisconfiguredError("it can read what it does not need")

    def close(self):
        pass

    def read(self):
        time.sleep(0.04)
        return Frame(self._rng.integers(0, 255, (48, 64, 3), np.uint8), time.monotonic())
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """The installed product, and the example's wheel unpacked beside it, as the page says it is done on a gate."""
    folder = tmp_path_factory.mktemp("driver")
    product = install(build_wheel(folder), folder)
    built = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(folder), str(EXAMPLE)]
    subprocess.run(built, check=True, capture_output=True, timeout=scaled(60))
    (wheel,) = folder.glob("gate_agent_r4-*.whl")
    outside = folder / "gate-agent-drivers"
    outside.mkdir()
    (product.packages / "gate-agent-drivers.pth").write_text(f"{outside}\n")
    subprocess.run([product.python, "-m", "zipfile", "-e", wheel, outside], check=True, timeout=scaled(60))
    put(outside, CAMERA_DECLARED, {"acme_camera": CAMERA, "acme_settings": CAMERA_SETTINGS})
    return product


class Board:
    """The example's board in software, as a program of its own. `said`: what it prints, a line a switching."""

    def __init__(self, gate, link):
        self.link = link
        self._process = subprocess.Popen(
            [gate.python, "-m", "gate_agent_r4.emulator", link],
            cwd=gate.scratch,
            env=clean_environment(gate.scratch),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = []
        self._listener = threading.Thread(target=lambda: self.said.extend(iter(self._process.stdout.readline, "")))

    def __enter__(self):
        self._listener.start()
        eventually(self.link.exists)
        return self

    def __exit__(self, *_):
        self._process.stdin.write("quit\n")
        self._process.stdin.close()
        assert self._process.wait(PATIENCE_S) == 0
        self._listener.join(PATIENCE_S)
        self._process.stdout.close()

    @property
    def switchings(self):
        """Relay and state of each switching so far."""
        return [(int(number), state) for number, state in re.findall(r"relay (\d) (ON|off)", "".join(self.said))]


@pytest.fixture
def board(gate, tmp_path):
    with Board(gate, tmp_path / "r4") as board:
        yield board


@pytest.fixture
def site(board, tmp_path):
    """A lane whose arm is moved by the board, and opened by a key."""
    key = tmp_path / "key.json"
    write_state(key, [False])
    return GateSite(tmp_path).configure(LANE.format(port=board.link, key=key), mqtt="enabled = false"), key


def test_the_whole_example_is_short_and_stands_on_the_page_as_it_is():
    texts = {path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
    assert sum(text.count("\n") for text in texts.values()) < MOST_LINES
    shown = dict(re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
    assert shown == {name: text for name, text in texts.items() if not name.endswith("__init__.py")}


def test_config_check_takes_it_and_says_whose_it_is(gate, site):
    done = gate.run("config", "check", site[0])
    assert done.returncode == 0, done.stderr
    assert f"  driver   relay.r4 of the package {PACKAGE}\n" in done.stdout
    told = json.loads(gate.run("config", "check", "--json", site[0]).stdout)
    assert told["drivers_from_outside"] == {"relay.r4": PACKAGE}


def test_its_keys_are_known_to_the_check_and_to_the_schema(gate, site):
    path = site[0]
    path.write_text(path.read_text().replace('kind = "r4"', 'kind = "r4"\nchanels = 2'))
    done = gate.run("config", "check", path)
    assert done.returncode == 78
    assert 'lanes.exit-1.relay.chanels: there is no such key here; did you mean "channels"?' in done.stderr
    schema = json.loads(gate.run("config", "schema").stdout)
    assert "relay r4" in [form["title"] for form in schema["$defs"]["Relay"]["oneOf"]]


def test_the_doctor_names_it(gate):
    said = gate.run_python(
        "from agent.doctor.collectors.drivers import drivers\n"
        "from drivers.driver_trial import faults_of\n"
        f"for one in drivers(lambda questions: faults_of(questions, {PATIENCE_S})): print(one.name, one)"
    )
    told = dict(line.split(maxsplit=1) for line in said.splitlines())
    assert told == {
        "camera.acme": str(DriverFacts("camera.acme", CAMERA_PACKAGE)),
        "relay.r4": str(DriverFacts("relay.r4", PACKAGE)),
    }


def test_the_driver_of_a_camera_runs_confined_as_ours_do(gate):
    command = [str(gate.python), "-I", "-m", "agent.vision.worker.main"]
    with watching("", command=command, camera_kind="acme", read_codes=False, read_plates=False) as watched:
        status = watched.status(lambda one: one.misconfigured or one.phase is CameraPhase.STREAMING)
        if watched.port.sandbox.missing:
            pytest.skip("this kernel confines no process as it must")
    assert (status.phase, status.width_px, status.height_px) == (CameraPhase.STREAMING, 64, 48), status


def test_a_trial_pulse_is_given_and_read_back(gate, board):
    done = gate.run(
        *("relay", "test", "--kind", "r4", "--port", board.link, "--channel", "2", "--pulse-ms", "300", "--yes")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    eventually(lambda: len(board.switchings) == 2)
    assert board.switchings == [(2, "ON"), (2, "off")]


def test_the_agent_opens_by_it(gate, board, site):
    path, key = site
    with gate.agent(path) as agent:

        def turned():
            for is_turned in (False, True):
                write_state(key, [is_turned])
                threading.Event().wait(scaled(0.2))  # longer than a look at the inputs and their settling take
            return (1, "ON") in board.switchings

        agent.until(turned, "the pulse")
        agent.until(lambda: (1, "off") in board.switchings, "the end of the pulse")
        agent.stop()


def test_its_tests_pass_with_what_the_wheel_brings(gate, tmp_path):
    tests = shutil.copytree(EXAMPLE / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [gate.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", tests],
        cwd=gate.scratch,
        env=clean_environment(gate.scratch) | {"TEST_TIME_SCALE": f"{TIME_SCALE:g}"},
        capture_output=True,
        text=True,
        timeout=scaled(200),
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) > 25
    assert "failed" not in done.stdout
