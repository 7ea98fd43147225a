"""What the doctor and a support bundle tell of the drivers that packages bring."""

from __future__ import annotations

from agent.doctor.bundle import contents
from agent.doctor.collectors.drivers import drivers
from agent.doctor.facts import DriverFacts
from drivers.driver_trial import faults_of
from tests.support.drivers.outside_packages import DECLARED, NAME, PACKAGE, RELAY, installed, put, trial_command
from tests.support.waiting import scaled


def test_without_a_package_of_drivers_there_is_nothing_to_tell_and_no_process_is_started():
    assert drivers(lambda _questions: [1 / 0]) == ()


def test_each_driver_is_told_with_its_package_and_what_is_wrong_with_it(tmp_path):
    declared = {**DECLARED, "relay.bad": "bad_board:Relay", "relais.worse": "acme_board:AcmeRelay"}
    folder = put(tmp_path, declared, {"acme_board": RELAY, "bad_board": "import none_such"})
    with installed(folder):
        found = drivers(lambda questions: faults_of(questions, scaled(30), trial_command(folder)))
    good, bad, worse = found
    assert good == DriverFacts("relay.acme", PACKAGE)
    assert (bad.name, bad.package, bad.rejected) == ("relay.bad", PACKAGE, False)
    assert bad.trouble.endswith("cannot be used: ModuleNotFoundError: No module named 'none_such'")
    assert (worse.name, worse.package, worse.rejected) == ("relais.worse", PACKAGE, True)
    assert worse.trouble.startswith("there is no port 'relais'")


def test_a_bundle_names_them_with_what_was_installed(tmp_path):
    with installed(put(tmp_path, {**DECLARED, "door.x": "x:Y"}, {"acme_board": RELAY})):
        told, hashes = contents.versions()["drivers_from_outside"], contents.hashes(())
    assert told[0] == {"driver": "relay.acme", "package": PACKAGE, "class": "acme_board:AcmeRelay", "rejected": ""}
    assert told[1]["driver"] == "door.x"
    assert told[1]["rejected"].startswith("there is no port 'door'")
    assert len(hashes[f"{NAME} RECORD"]) == 64


def test_a_bundle_of_a_gate_without_such_packages_names_none():
    assert contents.versions()["drivers_from_outside"] == []
