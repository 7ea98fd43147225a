"""Secrets of commands: from files that are their owner's alone, prompts and variables; never an argument."""

from __future__ import annotations

import io
import os

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes, secret_options
from agent.cli.main import application
from agent.cli.secret_options import ASKED, LONGEST, SecretError, password_of, secret_of

SECRET = "correct horse"  # noqa: S105 - of a test
USAGE = 2


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\r\nand more\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_secret_is_the_first_line_of_a_file_of_its_owners(file):
    assert secret_of(file, "?") == SECRET
    file.chmod(0o400)
    assert secret_of(file, "?") == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o601])
def test_a_file_that_others_can_use_is_refused_with_what_to_do(file, mode):
    file.chmod(mode)
    with pytest.raises(SecretError, match=f"mode {mode:04o}.*chmod 600 {file}"):
        secret_of(file, "?")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"x" * (LONGEST + 1)])
def test_what_is_no_line_of_text_is_refused_and_not_repeated(file, content):
    file.write_bytes(content)
    with pytest.raises(SecretError, match="expected one line") as refused:
        secret_of(file, "?")
    assert "xxxx" not in str(refused.value)


@pytest.mark.parametrize("kind", ["gone", "folder", "pipe"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, kind):
    path = tmp_path / "there"
    if kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    with pytest.raises(SecretError, match=str(path)):
        secret_of(path, "?")


def test_a_file_of_somebody_else_is_refused(file, monkeypatch):
    if os.geteuid() == 0:
        os.chown(file, 4711, -1)
    else:
        monkeypatch.setattr(secret_options.os, "geteuid", lambda: 4711)
    with pytest.raises(SecretError, match="belongs to another user"):
        secret_of(file, "?")


def test_the_standard_input_gives_its_first_line(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\nmore\n"))
    assert secret_of(ASKED, "?") == SECRET
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SecretError, match="the standard input"):
        secret_of(ASKED, "?")


def test_a_password_is_of_the_file_else_of_the_variable(file, monkeypatch):
    monkeypatch.setenv("SOME_PASSWORD", "of the variable")
    assert password_of(file, "SOME_PASSWORD") == SECRET
    assert password_of(None, "SOME_PASSWORD") == "of the variable"
    monkeypatch.delenv("SOME_PASSWORD")
    assert password_of(None, "SOME_PASSWORD") is None


BROKER = ("--broker", "mqtts://127.0.0.1:1")
WITH_A_SECRET = {
    "command send": ("open", *BROKER, "--key", "x", "--kid", "x", "--gate", "g", "--operator", "o", "--cause", "c"),
    "events verify": (*BROKER, "--gate", "g"),
    "lists inspect": ("site/v1/7/lists/#", *BROKER),
    "lists publish": (*BROKER, "--site", "7", "--key", "k", "--trust-list", "t", "--root-key", "00", "--state", "s"),
    "fleet": BROKER,
    "fleet simulate": BROKER,
    "fleet apply": ("plan.toml", *BROKER, "--state", "s", "--key", "k", "--kid", "x"),
    "permit issue": ("--key", "k", "--issuer", "i", "--site", "7", "--declaration", "1", "--vin", "V"),
}


@pytest.mark.parametrize(("command", "arguments"), WITH_A_SECRET.items())
def test_a_secret_among_the_arguments_is_refused_with_what_to_do_and_not_repeated(command, arguments):
    """L7: `--password` and `--driver-id` stood in the list of processes, for every user of the computer to see."""
    option = "--driver-id" if command == "permit issue" else "--password"
    told = [*command.split(), *arguments, option, SECRET]
    answer = CliRunner().invoke(application(told), told)
    assert answer.exit_code == USAGE, answer.output
    words = " ".join(answer.output.replace("│", " ").split())
    assert f"{option}-file" in words
    assert SECRET not in words


@pytest.mark.parametrize("command", WITH_A_SECRET)
def test_the_help_offers_no_secret_as_an_argument(command):
    told = [*command.split(), "--help"]
    answer = CliRunner().invoke(application(told), told, env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert answer.exit_code == exit_codes.OK
    options = [word.strip(",│ ") for word in answer.output.split() if word.startswith("--")]
    assert not {"--password", "--driver-id"} & set(options)
    assert {"--password-file", "--driver-id-file"} & set(options)
