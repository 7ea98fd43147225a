"""`gate-agent setup` as it is typed, on a machine of its own."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from agent.cli.main import application
from tests.support.board.machine import Machine


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "root")


@pytest.fixture
def run(tmp_path, monkeypatch, machine):
    monkeypatch.setenv("GATE_STATE__DIRECTORY", str(tmp_path / "state"))
    root = machine.root

    def answered(*answers):
        arguments = ["setup", str(tmp_path / "etc/gate.toml"), "--root", str(root)]
        return CliRunner().invoke(application(arguments), arguments, input="".join(f"{one}\n" for one in answers))

    return answered
