"""The files for systemd of the central side, judged by systemd."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from central.operation.cli import app
from tests.support.waiting import scaled

SYSTEMD = Path(__file__).parents[2] / "systemd" / "central"
SERVICES = sorted(SYSTEMD.glob("*.service"))
UNITS_OF_THE_SYSTEM = Path("/usr/lib/systemd/system")
MOST = 15
"""In tenths, of the offline analysis: what reaches a network and a database cannot be much less."""


def analysed(*arguments):
    path = shutil.which("systemd-analyze")
    if path is None:
        pytest.skip("systemd-analyze is not installed here")
    command = [path, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=scaled(30))


def test_systemd_has_nothing_to_say_of_the_units(tmp_path):
    if not UNITS_OF_THE_SYSTEM.is_dir():
        pytest.skip("there are no systemd units here")
    shutil.copytree(UNITS_OF_THE_SYSTEM, tmp_path / "usr/lib/systemd/system", symlinks=True)
    command = tmp_path / "usr/lib/gate-central/bin/gate-central"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    names = []
    for path in (*SERVICES, *SYSTEMD.glob("*.timer")):
        shutil.copy(path, folder)
        names.append(path.name.replace("@", "@1"))
    answer = analysed("verify", "--man=no", f"--root={tmp_path}", *names)
    assert (answer.stderr, answer.returncode) == ("", 0)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_service_is_shut_in(path):
    answer = analysed("security", "--offline=true", f"--threshold={MOST}", "--json=short", path)
    open_ones = {row["json_field"] for row in json.loads(answer.stdout) if float(row["exposure"] or 0) > 0}
    assert answer.returncode == 0
    assert open_ones <= {
        "RestrictAddressFamilies_AF_UNIX",
        "RestrictAddressFamilies_AF_INET_INET6",
        "PrivateNetwork",
        "IPAddressDeny",
        "DeviceAllow",
        "RootDirectoryOrRootImage",
    }


def test_each_service_runs_a_command_that_there_is():
    there = {command.name or command.callback.__name__ for command in app.registered_commands}
    run = {re.search(r"^ExecStart=\S+/gate-central (\w+)", path.read_text(), re.MULTILINE)[1] for path in SERVICES}
    assert run <= there
    assert len(run) == 4
