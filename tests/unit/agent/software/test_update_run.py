"""An update from the hand-over to its end, with dpkg itself, cut off at every stage."""

import json
import subprocess
import sys

import pytest

from agent.core.fleet import DocumentFault
from agent.core.software import UpdateOutcome, UpdateRecord
from agent.software.update_files import last_outcome, pending_update
from tests.support.software.updates import NEW_PACKAGE, OLD_PACKAGE

WRITES_OF_ONE_THAT_FAILS = 10
CUTS = [
    "before keep",
    *(f"{when} {work}" for work in ("unpack", "configure", "install") for when in ("before", "after")),
]


@pytest.fixture(scope="module")
def carry_out():
    """Carry out what is under way on a machine; how the process ended. `writes`: after so many the power goes."""
    command = [sys.executable, "-m", "tests.support.software.helper_child"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def carrying_out(machine, writes=None):
            process.stdin.write(json.dumps({"folder": str(machine.folder), "writes": writes}) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield carrying_out
        process.stdin.close()


@pytest.fixture
def begun(machine):
    """A machine on which an update is under way; it comes up and connects, unless a test says otherwise."""
    (machine.path / "package.deb").write_bytes(machine.releases.package().read_bytes())
    record = UpdateRecord(
        identity="a" * 64,
        version=NEW_PACKAGE,
        before=OLD_PACKAGE,
        connected=True,
        rest_s=600,
        trial_s=20,
        steady_s=3,
    )
    (machine.path / "state.json").write_text(record.model_dump_json())
    machine.tell("up", "yes")
    machine.tell("connected", "yes")
    return machine


def outcome(machine):
    assert pending_update(machine.versions) is None
    assert sorted(path.name for path in machine.path.iterdir()) == ["lock", "outcome.json"]
    return last_outcome(machine.versions)


def test_a_good_update_is_kept_unpacked_configured_and_tried(begun, carry_out):
    assert carry_out(begun) == 0
    assert begun.installed == NEW_PACKAGE
    assert begun.done == ["unpack", "configure"]
    assert outcome(begun).applied


@pytest.mark.parametrize(("steer", "text"), [("connected", "no"), ("up", "no"), ("fail", "configure")])
def test_one_that_does_not_come_up_goes_back_to_the_package_of_before(begun, carry_out, steer, text):
    begun.tell(steer, text)
    assert carry_out(begun) == 0
    assert begun.installed == OLD_PACKAGE
    found = outcome(begun)
    wanted = DocumentFault.NOT_CONNECTED if steer == "connected" else DocumentFault.NOT_STARTED
    assert (found.applied, found.code) == (False, wanted)
    assert begun.done[-1] == "install"
    assert f"update to {NEW_PACKAGE} undone" in (begun.folder / "done").read_text()


def test_where_the_gate_was_not_connected_before_it_need_not_be(begun, carry_out):
    begun.tell("connected", "no")
    state = begun.path / "state.json"
    state.write_text(state.read_text().replace('"connected":true', '"connected":false'))
    assert carry_out(begun) == 0
    assert begun.installed == NEW_PACKAGE


def test_a_package_that_dpkg_refuses_changes_nothing(begun, carry_out):
    begun.tell("fail", "unpack")
    assert carry_out(begun) == 0
    assert begun.installed == OLD_PACKAGE
    found = outcome(begun)
    assert (found.code, found.detail) == (DocumentFault.NOT_INSTALLED, "gate-agent: it fails as it was told to")
    assert begun.done == ["unpack"]


@pytest.mark.parametrize("connected", ["yes", "no"], ids=["good", "bad"])
@pytest.mark.parametrize("cut", CUTS)
def test_a_power_cut_in_the_middle_of_dpkg_leaves_one_whole_version_in_the_end(begun, carry_out, cut, connected):
    begun.tell("connected", connected)
    begun.tell("kill", cut)
    ended = carry_out(begun)
    happens = connected == "no" or "install" not in cut
    assert ended == (-9 if happens else 0)
    assert carry_out(begun) == 0
    assert begun.installed == (NEW_PACKAGE if connected == "yes" else OLD_PACKAGE)
    assert outcome(begun).applied is (connected == "yes")


@pytest.mark.parametrize("writes", range(1, WRITES_OF_ONE_THAT_FAILS + 3))
def test_a_power_cut_after_every_write_leaves_one_whole_version_in_the_end(begun, carry_out, writes):
    begun.tell("connected", "no")
    cut = carry_out(begun, writes) == -9
    assert carry_out(begun) == 0
    assert begun.installed == OLD_PACKAGE
    assert outcome(begun).code is DocumentFault.NOT_CONNECTED
    assert cut


def test_what_is_cut_off_again_and_again_goes_back(begun, carry_out):
    for _ in range(3):
        begun.tell("kill", "before configure")
        assert carry_out(begun) == -9
    assert carry_out(begun) == 0
    assert begun.installed == OLD_PACKAGE
    assert outcome(begun).code is DocumentFault.CUT_OFF


def test_what_cannot_be_restored_is_told_and_ends(begun, carry_out):
    begun.tell("connected", "no")
    begun.tell("fail", "install")
    assert carry_out(begun) == 0
    found = outcome(begun)
    assert (found.code, begun.done.count("install")) == (DocumentFault.NOT_RESTORED, 3)
    assert "no connection to a broker" in found.detail


def test_an_installation_that_somebody_has_damaged_is_not_updated(begun, carry_out):
    (begun.root / "usr/share/gate-agent/marker").write_text("by hand")
    assert carry_out(begun) == 0
    assert "the update could not be undone" in outcome(begun).detail
    assert begun.done == []


@pytest.mark.parametrize("stage", ["resting", "configuring", "trial", "going_back"])
def test_what_somebody_installs_by_hand_meanwhile_is_left_alone(begun, carry_out, stage):
    state = begun.path / "state.json"
    state.write_text(state.read_text().replace(NEW_PACKAGE, "0.4.9+deb13").replace('"keeping"', f'"{stage}"'))
    begun.by_hand(begun.releases.package())
    assert carry_out(begun) == 0
    assert begun.installed == NEW_PACKAGE
    assert outcome(begun).detail == f"version {NEW_PACKAGE} was installed manually meanwhile"
    assert begun.done == []


def test_a_record_that_is_damaged_ends_the_update_and_nothing_more(begun, carry_out):
    (begun.path / "state.json").write_text("{}")
    assert carry_out(begun) == 0
    assert (begun.installed, begun.done) == (OLD_PACKAGE, [])
    assert pending_update(begun.versions) is None


def test_an_end_that_is_written_twice_is_one_end(begun, carry_out):
    assert carry_out(begun) == 0
    ended = outcome(begun)
    record = UpdateRecord(
        identity=ended.identity,
        version=NEW_PACKAGE,
        before=OLD_PACKAGE,
        connected=True,
        rest_s=1,
        trial_s=9,
        steady_s=0,
    )
    (begun.path / "state.json").write_text(record.model_dump_json())
    assert carry_out(begun) == 0
    assert outcome(begun) == UpdateOutcome.model_validate(ended)
    assert begun.done == ["unpack", "configure"]
