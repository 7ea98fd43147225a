"""Which packages declare drivers: what lies on the path as an installer leaves it, and nothing else."""

from __future__ import annotations

import pytest

from drivers import registry
from drivers.api import DeviceMisconfiguredError
from drivers.driver_declaration import Declaration, Package
from drivers.installed import declarations
from tests.support.drivers.outside_packages import DECLARED, NAME, PACKAGE, RELAY, VERSION, installed, put

ACME = Package(NAME, VERSION)


def test_what_a_package_declares_is_found_with_its_name_and_version(tmp_path):
    with installed(put(tmp_path, DECLARED, {})):
        assert declarations() == (Declaration("relay.acme", "acme_board:AcmeRelay", ACME),)
    assert declarations() == ()


def test_of_two_packages_of_one_name_the_one_counts_that_is_imported(tmp_path):
    first = put(tmp_path / "first", DECLARED, {}, version="2.0")
    second = put(tmp_path / "second", {"relay.old": "old:Relay"}, {}, name="ACME_Gate")
    with installed(first, second):
        assert declarations() == (Declaration("relay.acme", "acme_board:AcmeRelay", Package(NAME, "2.0")),)


def test_a_line_without_a_target_is_a_declaration_too_and_spoils_no_other(tmp_path):
    folder = put(tmp_path, DECLARED, {})
    (points,) = folder.glob("*.dist-info/entry_points.txt")
    points.write_text(
        points.read_text() + "# a comment\nrelay.half\nrelay.extra = acme:Relay [more]\n[other]\nx = y:Z\n"
    )
    with installed(folder):
        assert declarations() == (
            Declaration("relay.acme", "acme_board:AcmeRelay", ACME),
            Declaration("relay.half", "", ACME),
            Declaration("relay.extra", "acme:Relay", ACME),
        )


def test_a_package_without_a_name_or_a_version_is_no_package_of_drivers_or_has_an_unknown_one(tmp_path):
    nameless, unversioned = put(tmp_path / "nameless", DECLARED, {}), put(tmp_path / "unversioned", DECLARED, {})
    for folder, text in ((nameless, "Metadata-Version: 2.1\n"), (unversioned, f"Name: {NAME}\n")):
        (about,) = folder.glob("*.dist-info/METADATA")
        about.write_text(text)
    with installed(nameless):
        assert declarations() == ()
    with installed(unversioned):
        assert declarations() == (Declaration("relay.acme", "acme_board:AcmeRelay", Package(NAME, "?")),)


def test_a_driver_from_outside_is_one_of_its_family_and_made_like_ours(tmp_path):
    with installed(put(tmp_path, DECLARED, {"acme_board": RELAY})):
        assert list(registry.RELAYS) == [*registry.RELAYS.own, "acme"]
        assert "acme" in registry.RELAYS
        assert len(registry.RELAYS) == len(registry.RELAYS.own) + 1
        assert registry.RELAYS["acme"].package == ACME
        assert registry.relay("acme", {"port": "/dev/x"}).open() == "an ACME board"
        assert set(registry.settings_model(registry.RELAYS, "acme").model_fields) == {"port", "pin"}
    assert "acme" not in registry.RELAYS


def test_ours_stay_ours_and_a_board_that_is_not_used_is_not_brought_by_a_package(tmp_path):
    declared = {"relay.lcus": "acme_board:AcmeRelay", "relay.icse012a": "acme_board:AcmeRelay"}
    with installed(put(tmp_path, declared, {"acme_board": RELAY})):
        assert registry.RELAYS["lcus"].package is None
        reasons = {one.kind: str(one.reason) for one in registry.outside().rejected}
        assert reasons["lcus"] == "the gate already has a driver of this kind"
        assert reasons["icse012a"].startswith("a board of kind 'icse012a' is not used: ")
        with pytest.raises(DeviceMisconfiguredError, match="a board of kind 'icse012a' is not used: "):
            registry.relay("icse012a", {})


def test_a_kind_that_was_declared_and_rejected_is_told_with_its_package(tmp_path):
    with installed(put(tmp_path, {"camera.acme": "acme:Camera"}, {})):
        with pytest.raises(DeviceMisconfiguredError) as told:
            registry.camera("acme", {})
        assert str(told.value).startswith(f"the driver camera.acme of the package {PACKAGE} is not used: its settings")


def test_a_kind_that_nobody_declares_is_told_with_those_that_there_are(tmp_path):
    with (
        installed(put(tmp_path, DECLARED, {})),
        pytest.raises(
            DeviceMisconfiguredError, match=r"no driver of kind 'acne'; expected one of acme, devantech, .*simulated$"
        ),
    ):
        registry.relay("acne", {})
