"""`gate-agent config check` and `schema` where an installed package brings the driver."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from agent.settings import SettingsError
from agent.settings.configuration_loading import load_configuration
from drivers import registry
from drivers.driver_declaration import DriverEntry
from tests.support.drivers.outside_packages import DECLARED, FALLS_OVER, PACKAGE, RELAY, installed, put, trial_command
from tests.support.gate.config_files import HEAD, write

LANE = """
[lanes.out]
number = 1
direction = "export"
relay = { kind = "acme", port = "/dev/gate-barrier" }
"""
CAMERA = """
cameras = [{ id = "front", kind = "acme", url = "rtsp://10.0.0.5" }]
"""
CAMERA_DECLARED = {"camera.acme": "acme_camera:Camera", "camera.acme.settings": "acme_settings:Settings"}
CAMERA_SETTINGS = "from pydantic import BaseModel\n\n\nclass Settings(BaseModel):\n    url: str = ''\n"


@pytest.fixture
def run(monkeypatch):
    for name in ("CREDENTIALS_DIRECTORY", "GATE_MQTT__PASSWORD"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments):
        given = ["config", *map(str, arguments)]
        return CliRunner().invoke(application(given), given)

    return call


def test_a_driver_from_outside_is_named_with_its_package_and_version(run, tmp_path):
    path = write(tmp_path, HEAD + LANE)
    with installed(put(tmp_path / "site", DECLARED, {"acme_board": RELAY})):
        answer = run("check", path)
        assert answer.exit_code == exit_codes.OK, answer.output
        assert f"  driver   relay.acme of the package {PACKAGE}" in answer.stdout
        told = json.loads(run("check", "--json", path).stdout)
        assert told["drivers_from_outside"] == {"relay.acme": PACKAGE}


def test_its_keys_are_checked_as_those_of_our_drivers(run, tmp_path):
    path = write(tmp_path, HEAD + LANE.replace('"/dev/gate-barrier"', '"COM1", pim = 2'))
    with installed(put(tmp_path / "site", DECLARED, {"acme_board": RELAY})):
        answer = run("check", path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert 'lanes.out.relay.pim: there is no such key here; did you mean "pin"?' in answer.stderr
    assert "lanes.out.relay.port: " in answer.stderr


def test_a_misspelt_kind_is_told_with_the_nearest_one_from_outside_too(run, tmp_path):
    path = write(tmp_path, HEAD + LANE.replace('"acme"', '"acne"'))
    with installed(put(tmp_path / "site", DECLARED, {"acme_board": RELAY})):
        answer = run("check", path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert "lanes.out.relay.kind: no driver of kind 'acne'; expected one of acme, " in answer.stderr
    assert 'did you mean "acme"?' in answer.stderr


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("import no_such_library_1", "ModuleNotFoundError: No module named 'no_such_library_1'"),
        (RELAY.replace("self.capabilities = ", "self.unused = "), "it declares no capabilities"),
        (RELAY.replace("self.capabilities = ", "raise RuntimeError('no licence') or "), "RuntimeError: no licence"),
        (RELAY.replace("port: str", "kind: str"), "it has keys that are reserved for the agent: kind"),
    ],
)
def test_a_driver_that_cannot_be_used_is_an_error_of_its_kind_with_line_and_package(run, tmp_path, text, fault):
    path = write(tmp_path, HEAD + LANE)
    line = path.read_text().split("relay = ")[0].count("\n") + 1
    with installed(put(tmp_path / "site", DECLARED, {"acme_board": text})):
        answer = run("check", path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    (told,) = [one for one in answer.stderr.splitlines() if fault in one]
    assert told.startswith(f"{path}:{line}:")
    assert "lanes.out.relay.kind: the driver " in told
    assert PACKAGE in told or "reserved for the agent" in told


def test_settings_that_fall_over_a_value_are_told_and_not_fallen_over(run, tmp_path):
    path = write(tmp_path, HEAD + LANE.replace('"/dev/gate-barrier"', '"/dev/gate-barrier", pin = 7'))
    with installed(put(tmp_path / "site", DECLARED, {"acme_board": FALLS_OVER})):
        answer = run("check", path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert "lanes.out.relay.kind: the driver acme cannot be used: KeyError: 7" in answer.stderr


def test_the_schema_knows_the_kinds_of_packages_and_leaves_out_what_is_broken(run, tmp_path):
    good = put(tmp_path / "good", DECLARED, {"acme_board": RELAY})
    bad = put(tmp_path / "bad", {"relay.bad": "bad_board:Relay"}, {"bad_board": "import none"}, name="bad")
    with installed(good, bad):
        schema = json.loads(run("schema").stdout)
    forms = {form["title"]: form for form in schema["$defs"]["Relay"]["oneOf"]}
    assert "relay bad" not in forms
    assert {"kind", "port", "pin"} <= forms["relay acme"]["properties"].keys()


def test_two_models_of_one_name_do_not_take_one_anothers_place_in_the_schema(run, tmp_path):
    parity = "class Parity(BaseModel):\n    odd: int\n\n\nclass AcmeSettings"
    named = RELAY.replace("class AcmeSettings", parity).replace("    pin: int", "    first: Parity\n    pin: int")
    others = named.replace("odd: int", "even: str")
    one = put(tmp_path / "one", DECLARED, {"acme_board": named})
    two = put(tmp_path / "two", {"relay.other": "other_board:AcmeRelay"}, {"other_board": others}, name="other")
    with installed(one, two):
        schema = json.loads(run("schema").stdout)
    forms = {form["title"]: form for form in schema["$defs"]["Relay"]["oneOf"]}
    found = [
        schema["$defs"][forms[title]["properties"]["first"]["$ref"].rpartition("/")[2]]["properties"]
        for title in ("relay acme", "relay other")
    ]
    assert [set(one) for one in found] == [{"odd"}, {"even"}]


def test_the_driver_of_a_camera_is_tried_in_a_process_of_its_own_and_loaded_nowhere_else(run, tmp_path, monkeypatch):
    modules = {"acme_camera": "raise MemoryError", "acme_settings": CAMERA_SETTINGS}
    broken = put(tmp_path / "site", CAMERA_DECLARED, modules)
    monkeypatch.setattr("drivers.driver_trial.COMMAND", trial_command(broken))
    lane = LANE.replace('"acme", port = "/dev/gate-barrier"', '"simulated"')
    path = write(tmp_path, HEAD + lane + CAMERA)
    with installed(broken):
        assert load_configuration(path).settings.lanes["out"].cameras[0].kind == "acme"
        answer = run("check", path)
    assert answer.exit_code == exit_codes.CONFIGURATION
    assert (
        f"lanes.out.cameras[0].kind: the driver camera.acme of the package {PACKAGE} cannot be used: MemoryError"
        in answer.stderr
    )


def test_one_line_of_the_registry_is_all_that_the_product_needs_of_a_driver_of_ours(run, tmp_path, monkeypatch):
    line = DriverEntry("relay", "acme", "acme_board:AcmeRelay")
    monkeypatch.setattr(registry.RELAYS, "own", {**registry.RELAYS.own, "acme": line})
    path = write(tmp_path, HEAD + LANE)
    with installed(put(tmp_path / "site", {}, {"acme_board": RELAY})):
        answer = run("check", path)
        assert answer.exit_code == exit_codes.OK, answer.output
        assert "relay acme" in answer.stdout
        assert "  driver " not in answer.stdout
        schema = json.loads(run("schema").stdout)
    assert "relay acme" in [form["title"] for form in schema["$defs"]["Relay"]["oneOf"]]


def test_what_the_gate_ran_with_is_borne_without_its_driver_and_told(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    path = write(tmp_path, HEAD + LANE)
    with pytest.raises(SettingsError, match="no driver of kind 'acme'"):
        load_configuration(path)
    loaded = load_configuration(path, bears_missing_drivers=True)
    (told,) = [one for one in loaded.warnings if one.key == "lanes.out.relay.kind"]
    assert told.severity == "warning"
    assert "no driver of kind 'acme'" in told.message
    assert loaded.settings.lanes["out"].relay.kind == "acme"
