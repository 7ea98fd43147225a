"""What the doctor and a support bundle tell of the drivers that packages bring."""

from __future__ import annotations

from types import SimpleNamespace

from agent.doctor.bundle import contents
from agent.doctor.collectors import devices
from agent.doctor.collectors.drivers import drivers
from agent.doctor.facts import DriverFacts
from agent.settings import Device, Lane
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


def test_devices_without_a_usable_driver_are_told_of_and_keep_nobody_from_the_others():
    acme = Device.model_validate({"kind": "acme", "port": "/dev/x"})
    simulated = Device.model_validate({"kind": "simulated", "name": "of test_drivers"})
    lanes = {
        name: Lane.model_validate(
            {
                "number": number,
                "direction": "export",
                "relay": relay,
                "inputs": relay,
                "signals": {"key": 1},
                "scanners": [{"id": "post", "kind": "acme"}],
                "cameras": [{"id": "front", "kind": "acme"}] if relay is acme else [],
            }
        )
        for number, (name, relay) in enumerate({"first": acme, "second": simulated}.items(), start=1)
    }
    settings = SimpleNamespace(lanes=lanes)
    gone, good = devices.relays(settings, {"of lane first": ["first"], "simulated": ["second"]})
    assert (gone.up, good.up) == (False, True)
    assert "no driver of kind 'acme'" in gone.detail
    assert [one.up for one in devices.inputs(settings)] == [False, True]
    assert {one.detail.partition(";")[0] for one in devices.scanners(settings)} == {"no driver of kind 'acme'"}
    (camera,) = devices.cameras(settings)
    assert camera.misconfigured
    assert "no driver of kind 'acme'" in camera.detail
