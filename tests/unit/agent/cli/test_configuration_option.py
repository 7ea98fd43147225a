"""Commands that take their configuration as an argument take it by the option of all other commands too."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from tests.support.waiting import PATIENCE_S

OTHER = "/other.toml"
COMMANDS = pytest.mark.parametrize(
    "command",
    [("release",), ("config", "check"), ("config", "show"), ("doctor", "--socket", "none")],
    ids=" ".join,
)


def run(*arguments):
    return CliRunner().invoke(application(arguments), list(arguments))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A configuration that no command can use; each names its line."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "gate.toml"
    made.write_text("version = 1\n[gate]\nid = \n")
    return str(made)


@COMMANDS
def test_it_is_named_by_the_argument_by_the_option_or_by_both(command, path):
    for given in ((path,), ("-c", path), ("--config", path), (path, "-c", path)):
        found = run(*command, *given)
        said = f"{found.exception}{found.output}"
        assert (f"{path}:3:" in said, "give one configuration" in said) == (True, False), said


@COMMANDS
def test_two_that_differ_are_refused_and_none_is_read(command, path):
    found = run(*command, path, "--config", OTHER)
    assert found.exit_code == exit_codes.USAGE
    assert "give one configuration" in found.stderr
    assert ":3:" not in found.output


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [((), exit_codes.CONFIGURATION, ":3:"), ((OTHER,), exit_codes.USAGE, "give one configuration")],
    ids=["one", "two"],
)
def test_the_agent_itself_takes_it_in_the_same_way(path, more, code, words):
    command = [sys.executable, "-m", "agent.cli.main", "run", "-c", path, *more]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert (ended.returncode, words in ended.stderr) == (code, True), ended.stderr
