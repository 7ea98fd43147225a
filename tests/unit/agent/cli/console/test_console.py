"""The commands `gate-agent console`, as who administers the computer runs them, beside a gate that runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.console import app
from agent.console.access import totp
from tests.support.console.consoles import HEAD, KNOWN_TO_ALL, LANE, ConsoleGate, acts
from tests.support.gate.config_files import ROOT_KEY
from tests.support.waiting import PATIENCE_S, eventually, scaled

GIVEN = re.compile(r"([A-Z2-9]{4}(?:-[A-Z2-9]{4}){3})")


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("cli")) as gate:
        yield gate


def console(gate, *arguments):
    return CliRunner().invoke(app, [*arguments, "--config", str(gate.path)])


def console_process(gate, *arguments):
    command = [sys.executable, "-m", "agent.cli.main", "console", *arguments, "--config", str(gate.path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=scaled(30), check=False)


def test_a_lost_gate_is_won_back_from_its_command_line(gate):
    shown = console_process(gate, "code").stdout
    code = re.match(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", shown)[0]
    assert re.search(r"^on this computer  http://127\.0\.0\.1:\d+/$", shown, re.MULTILINE)
    assert "elsewhere         not reachable: add an address of this computer to console.listen" in shown
    with httpx.Client(base_url=gate.url, timeout=PATIENCE_S, trust_env=False) as browser:
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get("/first").text)[1]
        form = {"csrf": csrf, "code": code, "name": "boss", "password": KNOWN_TO_ALL, "again": KNOWN_TO_ALL}
        assert browser.post("/first", data=form).status_code == 303
        session = browser.cookies["gate-session"]

    again = console(gate, "code")
    assert (again.exit_code, "user reset NAME" in again.stderr) == (exit_codes.FAILED, True)

    users, sessions = gate.app.console.access.users, gate.app.console.access.sessions
    added = console(gate, "user", "add", "Aigul", "--role", "technician")
    assert users.verified("aigul", GIVEN.search(added.stdout)[1]).must_change

    reset = console(gate, "user", "reset", "boss")
    assert sessions.find(session) is None
    assert users.verified("boss", KNOWN_TO_ALL) is None
    assert users.verified("boss", GIVEN.search(reset.stdout)[1]) is not None

    listed = console(gate, "user", "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["aigul", "technician"], ["boss", "admin"]]

    assert console(gate, "user", "remove", "aigul").exit_code == exit_codes.OK
    assert users.find("aigul") is None

    wanted = ["code.made", "user.added", "user.added", "user.changed", "user.removed"]
    eventually(lambda: len(acts(gate)) >= len(wanted))
    assert sorted(act["act"] for act in acts(gate)) == wanted
    assert {act["person"] for act in acts(gate) if act["role"] == ""} == {os.environ.get("USER", "root")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["user", "add", "a b", "--role", "viewer"], "small Latin letters"),
        (["user", "reset", "nobody"], "There is no user nobody"),
        (["user", "remove", "nobody"], "There is no user nobody"),
        (["user", "reset-second-factor", "nobody"], "nobody has no second factor"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(gate, arguments, said):
    before = gate.app.console.access.users.all()
    told = console(gate, *arguments)
    assert told.exit_code == exit_codes.FAILED
    assert said in told.stderr
    assert gate.app.console.access.users.all() == before


def test_a_lost_telephone_is_forgotten_from_the_command_line_and_the_password_stays(gate):
    access = gate.app.console.access
    access.users.add("marat", "technician", KNOWN_TO_ALL)
    secret, utc = bytes(20), gate.app.parts.utc()
    assert access.factors.enrol("marat", secret, totp.code_at(secret, totp.step_of(utc)), "")
    token = access.sessions.open("marat")
    listed = console(gate, "user", "list").stdout.splitlines()
    assert [line for line in listed if "second factor" in line] == [line for line in listed if "marat" in line]
    assert console(gate, "user", "reset-second-factor", "Marat").exit_code == exit_codes.OK
    assert access.factors.standing("marat") is None
    assert access.sessions.find(token) is None
    assert access.users.verified("marat", KNOWN_TO_ALL)
    eventually(lambda: acts(gate)[-1]["act"] == "second_factor.reset")


def test_the_code_comes_with_the_address_for_a_phone_its_qr_code_and_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.cli.console.console_addresses.v4_addresses", lambda: ["127.0.0.1", "192.168.1.10"])
    monkeypatch.setattr("agent.console.web.addresses.v4_addresses", lambda: ["127.0.0.1", "192.168.1.10"])
    path = tmp_path / "gate.toml"
    path.write_text(
        HEAD.format(
            state=tmp_path / "state",
            key=ROOT_KEY,
            permits="",
            enabled="true",
            port=8480,
            console='listen = ["0.0.0.0"]',
        )
        + LANE.format(board="code")
    )
    (tmp_path / "state").mkdir()
    shown = CliRunner().invoke(app, ["code", "-c", str(path)])
    assert shown.exit_code == exit_codes.OK, shown.output
    assert "elsewhere         https://192.168.1.10:8480/" in shown.output
    assert re.search(r"^certificate       SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}$", shown.output, re.MULTILINE)
    assert shown.output.count("█") + shown.output.count("▀") > 100
