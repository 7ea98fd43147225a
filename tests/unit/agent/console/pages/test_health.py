"""The page Health and the doctor's command: the same findings, from the running agent or without one."""

from __future__ import annotations

import io
import json
import logging

import pytest
from typer.testing import CliRunner

from agent.cli.main import application
from agent.doctor.codes import DiagnosticCheck
from agent.doctor.texts import FINDINGS, TITLES
from agent.i18n import Language, translate
from agent.observability import logs
from agent.settings.editing.history import History, present_files
from tests.support.console.consoles import ConsoleGate
from tests.support.mqtt.contract_check import assert_valid
from tests.support.observability.root_logger import root_as_before

SIMULATED = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
name = "health"

[lanes.out.inputs]
kind = "simulated"
name = "health"

[lanes.out.signals]
presence = 1
safety = 2

[[lanes.out.cameras]]
id = "front"
kind = "simulated"
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with root_as_before(), pytest.MonkeyPatch.context() as patch:
        # A short path: those of sockets are bounded.
        folder = tmp_path_factory.mktemp("h")
        patch.setenv("RUNTIME_DIRECTORY", str(folder))
        logs.configure(level="info", style="text", gate="gate-7", stream=io.StringIO())
        with ConsoleGate(folder, lanes=SIMULATED) as gate:
            gate.socket = folder / "console.sock"
            yield gate


def run(*command):
    return CliRunner().invoke(application(command), command)


@pytest.mark.parametrize("language", Language)
def test_the_page_says_in_every_language_what_was_found_and_how_to_fix_it(gate, language):
    page = gate.browser("technician").get("/health", headers={"accept-language": language})
    assert page.status_code == 200
    for said in (*FINDINGS["TRUST_LIST_MISSING"], TITLES[DiagnosticCheck.JOURNAL]):
        assert translate(said, Language(language)) in page.text


def test_everything_is_checked_again_on_demand(gate):
    before = gate.app.parts.diagnostics.health_monitor.report
    answer = gate.browser("technician").post("/health/examination")
    report = gate.app.parts.diagnostics.health_monitor.report
    assert answer.status_code == 200
    assert report is not before
    assert {one.check for one in report.findings} == set(DiagnosticCheck) - {
        DiagnosticCheck.CERTIFICATES,
        DiagnosticCheck.PORTS,
        DiagnosticCheck.SCANNERS,
        DiagnosticCheck.SIGNS,
        DiagnosticCheck.VOICES,
    }
    assert "TRUST_LIST_MISSING" in answer.text


def test_the_log_is_shown_from_a_level_on_the_newest_first(gate):
    log = logging.getLogger("agent.test")
    log.info("a piece of news <b>")
    log.error("a mistake")
    browser = gate.browser("technician")
    everything = browser.get("/health/log", params={"level": "info"}).text
    errors = browser.get("/health/log", params={"level": "error"}).text
    assert everything.index("a mistake") < everything.index("a piece of news &lt;b&gt;")
    assert "a piece of news" not in errors
    assert browser.get("/health/log", params={"level": "loud"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/health/examination"), ("GET", "/health/log"), ("POST", "/health/bundle")]
)
def test_a_viewer_sees_the_findings_and_nothing_more(gate, method, path):
    browser = gate.browser("viewer")
    assert browser.request(method, path).status_code == 403
    page = browser.get("/health").text
    assert "TRUST_LIST_MISSING" in page
    assert "/health/bundle" not in page


def test_programs_get_the_findings_and_the_health_of_the_contract(gate):
    browser = gate.browser("viewer")
    told = browser.get("/api/doctor", headers={"accept-language": "kk"}).json()
    assert (told["gate"], told["by"]) == ("gate-7", "agent")
    assert {one["check"] for one in told["findings"]} <= set(DiagnosticCheck)
    health = browser.get("/api/health")
    assert_valid("gate/v1/gate-7/health", health.content)
    assert {one["code"] for one in health.json()["findings"]} >= {"TRUST_LIST_MISSING"}
    assert health.json()["cameras"]["out/front"]["restarts"] == 0


def test_the_command_asks_the_running_agent_and_moves_nothing(gate):
    answer = run("doctor", str(gate.path), "--socket", str(gate.socket), "--json", "--language", "ru")
    told = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert told["by"] == "agent"
    (trust,) = [one for one in told["findings"] if one["code"] == "TRUST_LIST_MISSING"]
    assert trust["finding"] == translate(FINDINGS["TRUST_LIST_MISSING"].what, Language.RU)
    lines = run("doctor", str(gate.path), "--socket", str(gate.socket)).stdout
    assert "reported by the running agent" in lines
    assert "→ Set permits.trust_list" in lines


def test_without_an_agent_the_command_looks_itself(tmp_path):
    path = tmp_path / "gate.toml"
    head = 'version = 1\n[gate]\nid = "gate-7"\nsite = 7\n[mqtt]\nenabled = false\n'
    roots = f'[permits]\nroot_keys = ["{"3a7f0c5d9be14288" * 4}"]\n[state]\ndirectory = "{tmp_path}/state"\n'
    camera = SIMULATED.index("[[lanes.out.cameras]]")
    scanner = f'[[lanes.out.scanners]]\nid = "post"\nkind = "serial_lines"\nport = "{tmp_path}/none"\n'
    path.write_text(head + roots + SIMULATED[:camera].replace('"health"', '"alone"') + scanner)
    answer = run("doctor", str(path), "--socket", str(tmp_path / "none"), "--json")
    told = {(one["check"], one["subject"]): one for one in json.loads(answer.stdout)["findings"]}
    assert answer.exit_code == 1
    assert told["scanners", "out/post"]["code"] == "SCANNER_LOST"
    assert told["relays", "simulated alone"]["measured"].startswith("simulated board alone")
    assert told["inputs", "out"]["measured"] == "presence 0, safety 0"
    assert told["journal", f"{tmp_path}/state/journal.db"]["code"] == "JOURNAL_MISSING"
    assert not (tmp_path / "state").exists()


def test_a_configuration_that_cannot_be_used_is_a_finding_and_an_exit_code_of_its_own(tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text("version = 1\n[gate]\nid = \n")
    answer = run("doctor", str(path), "--socket", str(tmp_path / "none"), "--json")
    assert answer.exit_code == 78
    (refused,) = [one for one in json.loads(answer.stdout)["findings"] if one["code"] == "CONFIGURATION_UNUSABLE"]
    assert f"{path}:3:" in refused["finding"]
    assert "the agent does not start" in refused["fix"]


def test_a_wrong_configuration_in_place_of_a_good_one_is_told_with_what_the_agent_would_run_with(tmp_path):
    path = tmp_path / "gate.toml"
    head = 'version = 1\n[gate]\nid = "gate-7"\nsite = 7\n[mqtt]\nenabled = false\n'
    roots = f'[permits]\nroot_keys = ["{"3a7f0c5d9be14288" * 4}"]\n[state]\ndirectory = "{tmp_path}/state"\n'
    lanes = SIMULATED[: SIMULATED.index("[[lanes.out.cameras]]")].replace('"health"', '"before"')
    path.write_text(head + roots + lanes)
    with (history := History(tmp_path / "state", path)).held():
        history.keep_good(present_files(path), 1.0)
    path.write_text(head.replace('"gate-7"', "7") + roots + lanes)
    answer = run("doctor", str(path), "--socket", str(tmp_path / "none"), "--json")
    assert answer.exit_code == 1
    (refused,) = [one for one in json.loads(answer.stdout)["findings"] if one["code"] == "CONFIGURATION_REFUSED"]
    assert "the gate runs with the last valid configuration" in refused["fix"]


def test_the_command_takes_its_configuration_by_the_option_that_other_commands_have_too(tmp_path):
    path, other = tmp_path / "gate.toml", tmp_path / "other.toml"
    path.write_text("version = 1\n[gate]\nid = \n")
    away = ("--socket", str(tmp_path / "none"), "--json")
    for given in ((str(path),), ("-c", str(path)), ("--config", str(path))):
        told = json.loads(run("doctor", *given, *away).stdout)
        (refused,) = [one for one in told["findings"] if one["code"] == "CONFIGURATION_UNUSABLE"]
        assert f"{path}:3:" in refused["finding"]
    both = run("doctor", str(path), "-c", str(other), *away)
    assert both.exit_code == 2
    assert both.stdout == ""
    assert "give one configuration" in both.stderr


def test_a_socket_of_something_else_is_told_and_the_command_looks_itself(tmp_path):
    (tmp_path / "s").write_text("no socket")
    (tmp_path / "gate.toml").write_text("version = 2\n")
    answer = run("doctor", str(tmp_path / "gate.toml"), "--socket", str(tmp_path / "s"), "--json")
    assert "checking the devices without it" in answer.stderr
    assert json.loads(answer.stdout)["by"] == "doctor"
