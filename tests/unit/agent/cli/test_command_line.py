"""The root of the command line."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from agent.cli import main as command_line
from agent.cli.lazy import CliCommand, CommandBrokenError, mount, unwrapped
from drivers.api import DeviceUnavailableError
from tests.support.waiting import scaled

PROJECT = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = ("cv2", "numpy", "onnxruntime", "serial", "paho", "cryptography", "agent.assembly.app")


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "agent.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=scaled(30),
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment},
    )


def ended(monkeypatch, action, *arguments):
    """The exit code when the command does `action`."""
    app = typer.Typer()
    app.command()(action)
    monkeypatch.setattr(command_line, "application", lambda _arguments: app)
    with pytest.raises(SystemExit) as caught:
        command_line.main(list(arguments))
    return caught.value.code


def test_the_help_names_every_command_and_the_exit_codes():
    answer = run("--help")
    assert answer.returncode == 0
    assert all(command.help in answer.stdout for command in command_line.COMMANDS)
    assert "78 the configuration cannot be used" in " ".join(answer.stdout.split())


def test_a_paragraph_of_help_fills_the_width_of_the_terminal_and_examples_keep_their_lines():
    wide = " ".join(run("fleet", "simulate", "--help", COLUMNS="400").stdout.split("\n"))
    assert "then its times mean nothing. Exit codes as of `gate-agent fleet`." in wide
    assert unwrapped("One.\n\n    Two\n    lines.\n\n    Example:\n      a \\\n          b\n    ") == (
        "One.\n\nTwo lines.\n\nExample:\n  a \\\n      b"
    )


def test_the_help_of_a_group_is_its_own_and_not_that_of_its_callback():
    assert "Find network cameras by ONVIF." in run("camera", "--help").stdout
    assert "group of one" not in run("camera", "--help").stdout


def test_the_version_is_told():
    answer = run("--version")
    assert (answer.returncode, answer.stdout) == (0, f"gate-agent {PROJECT['version']}\n")


def test_the_module_of_a_command_is_loaded_without_looking_for_garbage(tmp_path, monkeypatch):
    (tmp_path / "loaded_command.py").write_text("import gc\nCOLLECTS = gc.isenabled()\ndef told(): print(COLLECTS)\n")
    monkeypatch.syspath_prepend(tmp_path)
    app = typer.Typer()
    mount(app, [CliCommand("told", "loaded_command:told", "")], ["told"])
    assert gc.isenabled()
    assert not sys.modules.pop("loaded_command").COLLECTS


def test_an_unknown_command_is_a_usage_error():
    answer = run("chekc")
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], ["config", "check", "--help"], ["config", "check", "config/gate.toml"]]
)
def test_a_light_command_imports_nothing_heavy(arguments, request):
    heavy = tuple(
        name for name in HEAVY if arguments[-1] == "--help" or name in ("onnxruntime", "paho", "agent.assembly.app")
    )
    program = (
        "import sys\nfrom agent.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as end: assert not end.code, end.code\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=scaled(30),
        cwd=request.config.rootpath,
    )
    allowed = {"cryptography", "serial", "paho"} if arguments != ["--help"] else set()
    assert set(eval(answer.stderr.splitlines()[-1])) <= allowed  # noqa: S307 - our own list


def test_a_broken_module_breaks_its_own_command_only():
    commands = (
        CliCommand("good", "agent.cli.config.check:check", "Good."),
        CliCommand("broken", "agent.cli.there_is_none:run", "Broken."),
        CliCommand("empty", "agent.cli.exit_codes:nothing", "Empty."),
    )
    mount(typer.Typer(), commands, ["good"])
    mount(typer.Typer(), commands, ["--help"])
    for name in ("broken", "empty"):
        with pytest.raises(CommandBrokenError, match=f"the command {name} cannot be loaded"):
            mount(typer.Typer(), commands, ["--flag", name])


@pytest.mark.parametrize(
    ("error", "code"),
    [(DeviceUnavailableError("the port is gone"), 1), (PermissionError(13, "Permission denied", "/x"), 1)],
)
def test_an_error_that_a_user_can_fix_is_one_line(monkeypatch, capsys, error, code):
    def fail():
        raise error

    assert ended(monkeypatch, fail) == code
    assert capsys.readouterr().err == f"gate-agent: {error}\n"


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail():
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        ended(monkeypatch, fail)


def test_an_interrupt_ends_with_130(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    assert ended(monkeypatch, interrupt) == 130


def test_a_reader_that_has_had_enough_is_no_error():
    given = [sys.executable, "-m", "agent.cli.main", "config", "schema"]
    with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(scaled(30)) == 1
