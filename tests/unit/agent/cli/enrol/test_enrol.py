"""The command `gate-agent enrol`, as it is typed, against a server of the central side."""

import tomllib

import pytest
import typer
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.enrol import enrol_command
from tests.support.est.est_site import GATE, EstSite
from tests.support.gate.gate_site import GateSite

BROKERS = ["mqtts://broker.example:8883"]
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "enrol"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = EstSite(tmp_path_factory.mktemp("est"), f"brokers = {BROKERS}")
    with made.serving():
        yield made


@pytest.fixture
def configuration(tmp_path):
    return GateSite(tmp_path).configure(LANE, mqtt="enabled = false")


def run(*arguments):
    app = typer.Typer()
    app.command()(enrol_command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def mqtt(configuration):
    return tomllib.loads(configuration.read_text())["mqtt"]


def test_a_gate_is_enrolled_by_address_token_and_fingerprint_and_its_configuration_is_whole(site, configuration):
    done = run(site.url, site.token(), "--ca-fingerprint", site.fingerprint.hex(), "-c", configuration)
    assert done.exit_code == exit_codes.OK, done.output
    assert "the gate is enrolled: its certificate ends on" in done.output
    folder = configuration.parent
    assert mqtt(configuration) == {
        "enabled": True,
        "brokers": BROKERS,
        "ca_file": str(folder / "broker-ca.pem"),
        "certificate_file": str(folder / "gate.pem"),
        "key_file": str(folder / "gate.key"),
    }
    server = tomllib.loads(configuration.read_text())["enrolment"]
    assert server == {"url": site.url, "ca_file": str(folder / "est-ca.pem")}
    before = configuration.read_text()
    again = run(site.url, "-", "--ca", site.ca, "-c", configuration)
    assert again.exit_code == exit_codes.FAILED  # a token is asked for, and none is given
    again = run(site.url, "7-used", "--ca", site.ca, "-c", configuration)
    assert "already has a valid certificate" in again.output
    assert configuration.read_text() == before


def test_a_gate_is_enrolled_by_a_code(site, configuration):
    code = f"GAE1,{site.url},{site.token()},{site.fingerprint.hex()}"
    done = run(code, "-c", configuration)
    assert done.exit_code == exit_codes.OK, done.output


def test_files_that_the_configuration_names_already_are_used(site, configuration):
    named = '[mqtt]\nenabled = true\nbrokers = ["mqtts://own:8883"]\nca_file = "own/ca.pem"\n'
    named += 'certificate_file = "own/gate.pem"\nkey_file = "own/gate.key"\n'
    configuration.write_text(configuration.read_text().replace("[mqtt]\nenabled = false\n", named))
    (configuration.parent / "own").mkdir()
    done = run(site.url, site.token(), "--ca", site.ca, "-c", configuration, "--broker", "mqtts://own:8883")
    assert done.exit_code == exit_codes.OK, done.output
    assert (configuration.parent / "own" / "gate.pem").exists()
    assert mqtt(configuration)["brokers"] == ["mqtts://own:8883"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("https://localhost:1", "7-x"), "the gate must verify the server"),
        (("http://localhost:1", "7-x", "--ca-fingerprint", "00"), "must be https"),
        (("https://localhost:1", "7-x", "--ca-fingerprint", "00"), "64 hexadecimal digits"),
        (("GAE1,what",), "an enrolment code is"),
        (("GAE1,what", "--ca-fingerprint", "00"), "contains the fingerprint"),
    ],
)
def test_arguments_that_cannot_be_meant_are_told(configuration, arguments, words):
    before = configuration.read_text()
    done = run(*arguments, "-c", configuration)
    assert done.exit_code == exit_codes.FAILED
    assert words in done.output
    assert configuration.read_text() == before


def test_the_gates_name_is_the_token_gates_name(site, configuration):
    done = run(site.url, site.token("gate-8"), "--ca", site.ca, "-c", configuration)
    assert done.exit_code == exit_codes.FAILED
    assert f"another gate than {GATE}" in done.output
