"""Drivers tried in a process of their own: what they do there costs nobody else."""

from __future__ import annotations

import pytest

from drivers.driver_trial import COMMAND, DriverQuestion, faults_of
from tests.support.drivers.outside_packages import PACKAGE, RELAY, put, trial_command
from tests.support.waiting import scaled

TABLE = {"port": "/dev/x"}
ABOUT = f"of the package {PACKAGE} cannot be used:"
BODY = {
    "good": RELAY,
    "talks": "print('\"\"')\n" + RELAY,
    "missing": "import no_such_library_1",
    "dies": "import os\nos._exit(7)",
    "killed": "import os\nos.abort()",
}


@pytest.fixture
def command(tmp_path):
    """The command, in a Python on whose path packages lie with one driver each."""
    for name, text in BODY.items():
        put(tmp_path, {f"relay.{name}": f"{name}_board:AcmeRelay"}, {f"{name}_board": text}, name=f"{name}-gate")
    return trial_command(tmp_path)


def faults(command, *kinds, table=TABLE):
    return faults_of([DriverQuestion("relay", kind, table) for kind in kinds], scaled(30), command)


def test_each_driver_is_told_of_in_its_place_also_after_one_that_ended_the_process(command):
    found = faults(command, "good", "missing", "dies", "talks", "killed", "lcus", "none")
    assert found[0] == ""
    assert found[1].endswith(
        "missing-gate 1.2 cannot be used: ModuleNotFoundError: No module named 'no_such_library_1'"
    )
    assert found[2] == "the process that loaded it ended with 7"
    assert found[3] == ""
    assert found[4] == "the process that loaded it ended with -6"
    assert found[5] == ""
    assert found[6].startswith("no driver of kind 'none'; expected one of devantech")


def test_a_table_that_the_driver_does_not_take_is_told_key_by_key(command):
    (told,) = faults(command, "good", table={"port": "x", "pin": 0, "more": 1})
    assert told == (
        "port: String should match pattern '^/'; pin: Input should be greater than or equal to 1; "
        "more: Extra inputs are not permitted"
    )


def test_without_a_table_a_driver_is_loaded_and_not_made(command):
    assert faults(command, "good", "missing", table=None)[0] == ""


def test_a_driver_that_hangs_is_given_up(tmp_path):
    put(
        tmp_path,
        {"relay.hangs": "hangs_board:AcmeRelay"},
        {"hangs_board": "import threading\nthreading.Event().wait()"},
    )
    found = faults_of([DriverQuestion("relay", "hangs")], scaled(2), trial_command(tmp_path))
    assert found == [f"it was not loaded within {scaled(2):g} s"]


def test_no_process_is_started_for_no_question():
    assert faults_of([], 1.0, ("/no/such/command",)) == []


def test_where_no_process_can_be_started_that_is_told_of_each():
    questions = [DriverQuestion("relay", kind) for kind in ("acme", "lcus")]
    told = "no process can be started to load it: No such file or directory"
    assert faults_of(questions, 1.0, ("/no/such/command",)) == [told, told]


def test_the_command_of_the_product_answers():
    assert faults_of([DriverQuestion("relay", "lcus")], scaled(30), COMMAND) == [""]
