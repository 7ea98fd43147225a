"""`gate-agent setup`: the questions of a technician, from an empty folder to a configuration that
the agent runs with.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.agent_client import AgentAwayError, AgentClient
from agent.cli.main import application
from agent.cli.setup import cameras
from agent.cli.setup.cameras import looked_through
from agent.cli.setup.inputs import learned
from agent.cli.setup.interview import Interview
from agent.core.model import ListKind
from agent.core.model.reasons import Reason
from agent.core.permit.permit_verification import GateContext, verify_permit
from agent.core.permit.trust import load, root_key
from agent.i18n.language import Language
from agent.lane.simulated_vehicle import scene_folders, simulated_vehicle_runs
from agent.settings.configuration_loading import history_of, load_configuration
from agent.setup.answers import AnswerSheet
from agent.setup.practice import ISSUER, practice_permit
from drivers.camera.onvif import FoundCamera
from drivers.camera.onvif.service_address import ServiceAddress
from drivers.contracts.certificates import Authority
from drivers.emulators.onvif import OnvifCamera
from drivers.inputs import simulated
from drivers.inputs.simulated import SimulatedInputs
from tests.support.board.machine import CH340
from tests.support.gate.setup_answers import GATE, SIMULATED
from tests.support.waiting import PATIENCE_S, eventually

DAY_S = 86_400


class UsedInputs(SimulatedInputs):
    """A board whose input `number` turns on once it has been opened, which reads it, and read."""

    number, reads = 0, 0

    def sample(self):
        found = super().sample()
        self.reads += 1
        if self.reads > 1:
            simulated.board(self._settings.name).set(self.number, True)
        return found


def tell(text, indent):
    sys.stdout.write(f"{' ' * indent}{text}\n")


def test_a_bare_box_becomes_a_gate_whose_configuration_holds(run, tmp_path):
    done = run(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y")
    assert done.exit_code == 0, done.output
    loaded = load_configuration(tmp_path / "etc/gate.toml")
    lane = loaded.settings.lanes["exit-1"]
    assert (loaded.settings.gate.id, loaded.settings.gate.site, lane.number) == ("khorgos-7", 17, 1)
    assert (lane.relay.kind, lane.cameras[0].id, lane.cameras[0].kind) == ("simulated", "front", "simulated")
    assert loaded.settings.console.enabled
    assert (tmp_path / "etc/practice/permit.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "etc/gate.toml").stat().st_mode & 0o777 == 0o640


def test_an_answer_that_cannot_be_is_told_and_asked_again(run, tmp_path):
    done = run(
        "gate 7",
        "khorgos-7",
        "abc",
        "0",
        "17",
        "exit 1",
        "exit-1",
        "1",
        "export",
        *SIMULATED,
        "y",
        "12",
        "ab" * 32,
        "",
        "n",
        "",
        "y",
    )
    assert done.exit_code == 1, done.output  # the root key is a placeholder to the end
    assert "the gate id 'gate 7' may not hold ' '" in done.output
    assert "Enter a whole number from 1 to 4294967295." in done.output
    assert "Use letters, digits, - and _ only." in done.output
    assert "64 hexadecimal digits" in done.output
    assert not (tmp_path / "etc/gate.toml").exists()


def test_nothing_is_written_where_the_technician_does_not_agree(run, tmp_path):
    done = run(*GATE, *SIMULATED, "n", "n", "n", "", "n")
    assert (done.exit_code, "Nothing was written." in done.output) == (1, True)
    assert not (tmp_path / "etc").exists()


def test_what_the_configuration_says_already_is_proposed_and_kept_in_the_history(run, tmp_path):
    assert (
        run(
            *GATE, *SIMULATED, "n", "n", "y", "n", "mqtt://broker.example:1883", "", "127.0.0.1, 192.168.1.10", "y"
        ).exit_code
        == 0
    )
    again = run("", "", "", "", "", *SIMULATED, "n", "n", "", "", "", "", "", "y")
    assert again.exit_code == 0, again.output
    settings = load_configuration(tmp_path / "etc/gate.toml").settings
    assert (settings.gate.id, settings.mqtt.brokers) == ("khorgos-7", ("mqtt://broker.example:1883",))
    assert settings.console.listen == ("127.0.0.1", "192.168.1.10")


def test_an_input_is_no_two_signals_and_a_board_whose_inputs_drive_relays_opens_with_its_last(run, tmp_path):
    by_hand = ("another one: I name its kind and port", "modbus_rtu", "/dev/gate-barrier", "1", "", "8")
    inputs = ("y", "modbus_rtu", "", "1", "8")  # the port of the relays is proposed
    signals = ("1", "1", "two", "2", "", "", "", "", "")
    done = run(*GATE, *by_hand, *inputs, "", "n", *signals, "", "", *SIMULATED[1:], "n", "n", "n", "", "y")
    assert done.exit_code == 0, done.output
    assert "Input 1 is used already: Loop in front of the barrier" in done.output
    lane = load_configuration(tmp_path / "etc/gate.toml").settings.lanes["exit-1"]
    assert (lane.signals.presence, lane.signals.safety, lane.barrier.open_channel) == (1, 2, 8)
    assert lane.inputs.table["port"] == "/dev/gate-barrier"
    again = run(*["" for _ in range(27)], *SIMULATED[1:], "n", "n", "", "", "y")
    assert again.exit_code == 0, again.output
    kept = load_configuration(tmp_path / "etc/gate.toml").settings.lanes["exit-1"]
    assert (kept.relay, kept.inputs, kept.signals) == (lane.relay, lane.inputs, lane.signals)


def test_what_is_not_asked_for_stays(run, tmp_path):
    assert (
        run(
            *GATE, *SIMULATED, "n", "n", "y", "n", "mqtt://broker.example:1883", "", "127.0.0.1, 192.168.1.10", "y"
        ).exit_code
        == 0
    )
    path = tmp_path / "etc/gate.toml"
    text = path.read_text().replace("[mqtt]", 'forms = ["signed", "reference"]\n\n[mqtt]\nwindow = 50')
    second = '[lanes.entry-2]\nnumber = 2\ndirection = "import"\nrelay = { kind = "lcus", port = "/dev/gate-entry" }\n'
    path.write_text(f"{text}\n[clock]\nrequire_synchronised = false\n\n{second}")
    again = run("", "", "", "", "", *SIMULATED, "n", "n", "", "", "", "", "", "y")
    assert again.exit_code == 0, again.output
    settings = load_configuration(path).settings
    assert (settings.mqtt.window, settings.mqtt.brokers) == (50, ("mqtt://broker.example:1883",))
    assert settings.permits.forms == ("signed", "reference")
    assert settings.clock.require_synchronised is False
    assert list(settings.lanes) == ["exit-1", "entry-2"]


def test_the_lane_of_the_example_goes_when_another_is_set_up(run, tmp_path):
    assert run("", "", "lane-1", "", "", *SIMULATED, "n", "n", "n", "", "y").exit_code == 0
    assert run("", "", "exit-1", "", "", *SIMULATED, "n", "n", "n", "", "y").exit_code == 0
    assert list(load_configuration(tmp_path / "etc/gate.toml").settings.lanes) == ["exit-1"]


def test_a_network_camera_is_asked_for_and_no_warning_is_printed(run, tmp_path):
    camera = ("a network camera, by its rtsp:// address", "rtsp://192.168.1.64/stream1", "n", "front")
    done = run(*GATE, SIMULATED[0], *camera, "n", "n", "n", "", "y")
    assert done.exit_code == 0, done.output
    assert "Warning" not in done.output
    lane = load_configuration(tmp_path / "etc/gate.toml").settings.lanes["exit-1"]
    assert lane.cameras[0].table["url"] == "rtsp://192.168.1.64/stream1"


def found(onvif):
    """What a search finds of an emulated camera."""
    return FoundCamera(ServiceAddress.typed(onvif.place), "Exit")


def test_a_camera_that_is_found_at_https_is_asked_by_https(run, tmp_path, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority(tmp_path).issue("camera", hosts=["127.0.0.1"]))
    with OnvifCamera("gate", "phrase", tls=context) as onvif:
        monkeypatch.setattr(cameras, "find_cameras", lambda _within_s: (found(onvif),))
        login = ("search the network for cameras (ONVIF)", "1", "gate", "phrase")
        done = run(*GATE, SIMULATED[0], *login, "", "n", "front", "n", "n", "n", "", "y")
    assert done.exit_code == 0, done.output
    camera = load_configuration(tmp_path / "etc/gate.toml").settings.lanes["exit-1"].cameras[0]
    assert camera.table["url"].startswith("rtsp://gate:phrase@")


def test_a_camera_of_the_network_is_found_logged_in_to_and_its_stream_taken(run, tmp_path, monkeypatch):
    with OnvifCamera("gate", "phrase") as onvif:
        monkeypatch.setattr(cameras, "find_cameras", lambda _within_s: (found(onvif),))
        wrong = ("search the network for cameras (ONVIF)", "1", "gate", "wrong")
        right = ("search the network for cameras (ONVIF)", "another one: I enter its address", onvif.place, "gate")
        done = run(*GATE, SIMULATED[0], *wrong, *right, "phrase", "", "n", "front", "n", "n", "n", "", "y")
    assert done.exit_code == 0, done.output
    assert "phrase" not in done.output.split("gate.toml:")[0]
    camera = load_configuration(tmp_path / "etc/gate.toml").settings.lanes["exit-1"].cameras[0]
    assert camera.table["url"].startswith("rtsp://gate:phrase@")


def test_a_port_that_may_not_be_asked_is_named_with_the_reason(run, machine):
    machine.plug("ttyUSB0", CH340, "ch341")
    machine.run(4711, "other-program", "ttyUSB0")
    done = run(*GATE, *SIMULATED, "n", "n", "n", "", "n")
    assert "/dev/ttyUSB0 is not searched: other-program has it open" in done.output
    assert "No serial port of this computer can be searched" in done.output


def test_the_papers_to_practise_with_pass_for_a_day_and_no_longer():
    now = 1_780_000_000
    made = practice_permit(17, "import", "新B52K18", now)
    trusted = load(made.trust_list, [root_key(made.root)])
    here = GateContext(17, 1, "import", clock_trusted=True, clock_skew_s=0)
    reasons = [verify_permit(made.text.encode(), here, trusted, now + age_s).reason for age_s in (0, DAY_S - 1, DAY_S)]
    assert reasons == [Reason.OK, Reason.OK, Reason.EXPIRED]
    assert trusted.expires_at == now + DAY_S
    assert [entry.issuer for entry in trusted.entries] == [ISSUER]


@pytest.mark.parametrize("number", [1, 5])
def test_an_input_is_found_out_by_using_it(number):
    board = UsedInputs(SimulatedInputs.Settings(name=f"learning {number}"))
    board.number = number
    assert learned(board, tell, within_s=PATIENCE_S) == number


def test_an_input_that_is_known_already_is_not_taken_for_another():
    board = UsedInputs(SimulatedInputs.Settings(name="known"))
    board.number = 4
    assert learned(board, tell, taken={4}, within_s=0.3) is None


def test_without_a_change_no_input_is_taken(capsys):
    assert learned(SimulatedInputs(SimulatedInputs.Settings(name="quiet")), tell, within_s=0.2) is None
    assert "No input changed" in capsys.readouterr().out


def test_a_camera_is_looked_through_and_its_picture_judged(capsys):
    sheet = AnswerSheet({})
    sheet.set_value(("lanes", "exit-1", "cameras", 0), {"kind": "simulated", "frame_rate_hz": 5})

    def looked():
        assert looked_through(Interview(sheet, Language.EN), ("lanes", "exit-1", "cameras", 0), within_s=PATIENCE_S)
        return re.search("1280 x 720 pixels, [456] fps", capsys.readouterr().out)

    eventually(looked, what="the rate, while nothing else holds the camera up")


@pytest.fixture
def run_anywhere(tmp_path, monkeypatch, machine):
    """Run `setup` for a configuration outside /etc, with nothing in the environment that says where the state is."""
    for name in ("GATE_STATE__DIRECTORY", "STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)

    def answered(*answers):
        arguments = ["setup", str(tmp_path / "trial gate/gate.toml"), "--root", str(machine.root)]
        return CliRunner().invoke(application(arguments), arguments, input="".join(f"{one}\n" for one in answers))

    return answered


def printed_commands(output):
    lines = output[output.index("\nNext:\n") :].splitlines()[2:]
    return [re.split("  +", line.strip())[0] for line in lines if line.startswith("  ")]


def in_shell(command, environment):
    """Run a printed command as a person would paste it, with this environment's gate-agent."""
    return subprocess.run(["sh", "-c", command], check=False, text=True, capture_output=True, env=environment)


def test_everything_that_is_made_for_a_configuration_elsewhere_is_kept_beside_it(run_anywhere, tmp_path):
    done = run_anywhere(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "trial gate"
    settings = load_configuration(folder / "gate.toml").settings
    assert settings.state.directory == folder / "state"
    assert settings.lanes["exit-1"].cameras[0].table["scene_file"] == str(folder / "state/rehearsal/scene.json")
    assert list(dict(simulated_vehicle_runs(settings.lanes, scene_folders(settings.state.directory, {})))) == ["exit-1"]
    assert [one.number for one in history_of(folder / "gate.toml").generations()] == [1]


def listens(path):
    with suppress(AgentAwayError):
        return bool(AgentClient(path, "en").json("/api/lanes"))


def test_each_command_that_is_printed_at_the_end_works(run_anywhere, tmp_path):
    done = run_anywhere(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y")
    assert done.exit_code == 0, done.output
    start, doctor, anchors, code, watch, demo = printed_commands(done.output)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GATE_CONSOLE__PORT": "0"}
    agent = subprocess.Popen(["sh", "-c", f"exec env {start}"], env=environment)
    try:
        eventually(lambda: any(map(listens, tmp_path.glob("*/run/console.sock"))))
        examined, coded, watched = (in_shell(one, environment) for one in (f"{doctor} --json", code, f"{watch} --once"))
    finally:
        agent.terminate()
        agent.wait(PATIENCE_S)
    assert json.loads(examined.stdout)["by"] == "agent", examined
    assert (coded.returncode, "valid for 30 minutes" in coded.stdout) == (0, True), coded
    assert (watched.returncode, "exit-1" in watched.stdout) == (0, True), watched
    assert in_shell(f"{demo} --help", environment).returncode == 0
    assert in_shell(f"{anchors} --help", environment).returncode == 0


@pytest.mark.parametrize("plate", ["bad plate!!", "BADPLATE", "?", "新B52K1"])
def test_what_is_not_a_plate_is_refused_and_asked_for_again(run, tmp_path, plate):
    done = run(*GATE, *SIMULATED, "n", "y", plate, "新B52K18", "n", "", "y")
    assert done.exit_code == 0, done.output
    assert "Invalid: Enter a number plate" in done.output
    assert (tmp_path / "etc/practice/permit.png").exists()


@pytest.mark.parametrize("address", ["n", "192.168.1.64", "/dev/video0", "camera.mp4"])
def test_what_is_not_the_address_of_a_network_camera_is_refused_and_asked_for_again(run, tmp_path, address):
    camera = ("a network camera, by its rtsp:// address", address, "rtsp://192.168.1.64/stream1", "n", "front")
    done = run(*GATE, SIMULATED[0], *camera, "n", "n", "n", "", "y")
    assert done.exit_code == 0, done.output
    assert "rtsp://, rtsps://, http:// or https://" in done.output
    lane = load_configuration(tmp_path / "etc/gate.toml").settings.lanes["exit-1"]
    assert lane.cameras[0].table["url"] == "rtsp://192.168.1.64/stream1"


def test_a_practice_permit_is_made_again_whenever_it_is_asked_for(run, tmp_path):
    assert run(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y").exit_code == 0
    made = {one.name: one.read_bytes() for one in (tmp_path / "etc/practice").iterdir()}
    again = run("", "", "", "", "", *SIMULATED, "", "", "新B52K18", "", "", "y")
    assert again.exit_code == 0, again.output
    now = {one.name: one.read_bytes() for one in (tmp_path / "etc/practice").iterdir()}
    assert now.keys() == made.keys()
    assert all(now[name] != made[name] for name in made)
    trusted = load(now["trust-list.txt"], [root_key(key) for key in roots(tmp_path)])
    assert [entry.issuer for entry in trusted.entries] == [ISSUER]


def test_a_practice_key_is_not_proposed_as_the_issuers_and_gives_way_to_it(run, tmp_path):
    assert run(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y").exit_code == 0
    practised = roots(tmp_path)
    real = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    again = run("", "", "", "", "", *SIMULATED, "y", real, "", "", "", "y")
    assert again.exit_code == 0, again.output
    assert practised[0] not in again.output.split("Write it?")[0]
    settings = load_configuration(tmp_path / "etc/gate.toml").settings
    assert (settings.permits.root_keys, settings.permits.trust_list) == ((real,), None)
    assert settings.lists.require == (ListKind.REVOCATIONS,)


def test_while_it_practises_no_list_is_asked_for_that_nobody_publishes(run, tmp_path):
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "etc/gate.toml").write_text('[lists]\nrequire = ["revocations"]\n')
    done = run(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y")
    assert done.exit_code == 0, done.output
    assert load_configuration(tmp_path / "etc/gate.toml").settings.lists.require == ()


def test_the_service_can_read_what_root_made_to_practise_with_and_others_cannot(run, tmp_path):
    assert run(*GATE, *SIMULATED, "n", "y", "新B52K18", "n", "", "y").exit_code == 0
    folder = tmp_path / "etc"
    made = [folder / "gate.toml", *(folder / "practice").iterdir()]
    assert {one.name: one.stat().st_mode & 0o777 for one in made} == dict.fromkeys((one.name for one in made), 0o640)
    assert {one.stat().st_gid for one in made} == {folder.stat().st_gid}


def test_each_step_says_where_it_is_and_what_is_left_for_the_browser(run):
    done = run(*GATE, *SIMULATED, "n", "n", "n", "", "n")
    titles = re.findall(r"^Step (\d) of 8: (.+)$", done.output, re.MULTILINE)
    assert [int(number) for number, _ in titles] == list(range(1, 9))
    assert [title for _, title in titles][:2] == ["Gate and lane", "Relay board"]
    assert "Without a board, nothing real moves." in done.output


def test_one_step_back_asks_again_and_proposes_what_was_answered(run, tmp_path):
    back_to_the_gate = (*GATE, "<", "khorgos-8", "", "", "", "")
    done = run(*back_to_the_gate, *SIMULATED, "n", "y", "新B52K18", "n", "", "y")
    assert done.exit_code == 0, done.output
    settings = load_configuration(tmp_path / "etc/gate.toml").settings
    assert (settings.gate.id, settings.gate.site, list(settings.lanes)) == ("khorgos-8", 17, ["exit-1"])


def test_back_from_the_last_question_leaves_nothing_of_the_step_before(run, tmp_path):
    done = run(*GATE, *SIMULATED, "n", "y", "新B52K18", "y", "n", "mqtt://broker.example:1883", "", "<", "n", "", "y")
    assert done.exit_code == 0, done.output
    settings = load_configuration(tmp_path / "etc/gate.toml").settings
    assert (settings.mqtt.enabled, settings.mqtt.brokers) == (False, ())


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "Шаг 1 из 8"), ("zh", "第 1 步"), ("kk", "8 қадамның 1-қадамы")]
)
def test_the_questions_are_asked_in_the_language_of_the_technician(tmp_path, machine, language, words):
    arguments = ["setup", str(tmp_path / "gate.toml"), "--language", language, "--root", str(machine.root)]
    done = CliRunner().invoke(application(arguments), arguments, input="\n")
    assert words in done.output


def roots(tmp_path):
    return load_configuration(tmp_path / "etc/gate.toml").settings.permits.root_keys
