"""How the command of a proof is run and ended."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.waiting import eventually
from tools.proofs.runner import environment, run

LONG_S = 3600.0
WAITING = f"exec {sys.executable} -c 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'"


def run_in(folder, command, limit_s=LONG_S, tell=lambda _took_s: None):
    return run(command, folder, folder / "a.log", os.environ, limit_s, tell)


def is_alive(pid):
    """Whether a process runs: one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 3), ("false && true", 1)])
def test_the_exit_code_is_that_of_the_command(tmp_path, command, code):
    ending = run_in(tmp_path, command)
    assert (ending.exit_code, ending.ended_by) == (code, "")


def test_all_that_a_command_prints_is_in_its_log(tmp_path):
    (tmp_path / "a.log").write_text("of an earlier run")
    run_in(tmp_path, "echo one; echo two >&2; pwd")
    assert (tmp_path / "a.log").read_text() == f"one\ntwo\n{tmp_path}\n"


def test_a_command_that_reads_gets_nothing(tmp_path):
    assert run_in(tmp_path, "read line").exit_code == 1


def test_a_command_over_its_limit_is_ended_and_has_no_exit_code(tmp_path):
    ending = run_in(tmp_path, WAITING, limit_s=0.0)
    assert (ending.exit_code, ending.ended_by) == (None, "its limit of 0 s")


def test_ctrl_c_ends_the_command_before_it_goes_further(tmp_path):
    log = tmp_path / "a.log"

    def interrupt(_took_s):
        if log.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path, WAITING, tell=interrupt)
    assert not is_alive(int(log.read_text().split()[0]))


def test_what_a_command_leaves_running_is_ended(tmp_path):
    ending = run_in(tmp_path, f"({WAITING}) & while ! [ -s a.log ]; do read -t 0.05 <> <(:); done")
    pid = int((tmp_path / "a.log").read_text().split()[0])
    assert ending.exit_code is not None
    eventually(lambda: not is_alive(pid), what="the end of what was left behind")


def test_settings_that_would_change_a_proof_stay_outside():
    makefile = "READER ?= CBOR\nSOAK_S ?= 3600\nPYTHON ?= python3\nVENV   := .venv\n"
    given = {
        "PATH": "/usr/bin",
        "PYTHON": "python3.12",
        "SOAK_S": "10",
        "READER": "",
        "ONLY": "soak",
        "AGAIN": "soak",
        "WRITE": "yes",
        "MAKEFLAGS": " -- WRITE=yes",
        "MAKELEVEL": "1",
        "PYTEST_ADDOPTS": "-x",
    }
    assert environment(given, makefile) == {"PATH": "/usr/bin", "PYTHON": "python3.12"}
