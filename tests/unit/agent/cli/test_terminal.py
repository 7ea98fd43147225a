"""What commands show of files and paths that others wrote never steers the terminal, whatever they hold."""

from __future__ import annotations

import json

import pytest

from agent.cli.main import main
from agent.core.model.printable import printable
from tests.support.gate.config_files import HEAD

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\x7f"
TOML_ESCAPES = ESCAPES.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
HOSTILE = {
    "raw in a line that cannot be read": f"version = 1\n[gate]\nid = {ESCAPES}\nsite = 7\n",
    "raw in a comment": HEAD.replace("site = 7", f"site = seven # {ESCAPES}"),
    "in a value": HEAD.replace("gate-7", TOML_ESCAPES),
    "in a key": f'{HEAD}\n"{TOML_ESCAPES}" = 1\n',
    "in the name of a lane": f'{HEAD}\n[lanes."{TOML_ESCAPES}"]\nnumber = 1\n',
    "in an included name": HEAD.replace("version = 1", f'version = 1\ninclude = ["{TOML_ESCAPES}.toml"]'),
    "in a file's name": HEAD.replace("[mqtt]", f'[mqtt]\nca_file = "{TOML_ESCAPES}"'),
    "in an address": HEAD.replace("mqtts://broker.example", f"mqtts://{TOML_ESCAPES}"),
}
COMMANDS = (
    ("config", "check"),
    ("config", "show"),
    ("config", "set", "gate.site", "8", "-c"),
    ("config", "history", "-c"),
    ("release",),
    ("doctor",),
    ("clock", "show", "-c"),
    ("lists", "show", "-c"),
    ("console", "code", "-c"),
)


def steering(output: bytes) -> list[str]:
    text = output.decode(errors="replace").replace("\n", "").replace("\t", "")
    return [f"U+{ord(one):04X}" for one in text if not one.isprintable()]


@pytest.fixture
def said(capfdbinary):
    """What a command writes about a file, to output and error together."""

    def answer(command, path):
        with pytest.raises(SystemExit):
            main([*command, str(path)])
        written = capfdbinary.readouterr()
        return written.out + written.err

    return answer


@pytest.mark.parametrize("where", HOSTILE)
def test_a_hostile_configuration_is_checked_without_a_control_character(tmp_path, said, where):
    path = tmp_path / "gate.toml"
    path.write_text(HOSTILE[where], encoding="utf-8")
    answer = said(("config", "check"), path)
    assert steering(answer) == []
    assert b"\\u001b" in answer


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_lets_a_path_or_a_file_steer_the_terminal(tmp_path, said, command):
    folder = tmp_path / ESCAPES
    folder.mkdir()
    path = folder / "gate.toml"
    text = HEAD.replace("[gate]", f'[state]\ndirectory = "{tmp_path}/state"\n\n[gate]')
    path.write_text(text.replace("[mqtt]", f'[mqtt]\nca_file = "{TOML_ESCAPES}"'), encoding="utf-8")
    answer = said(command, path)
    assert answer
    assert steering(answer) == []


def test_what_is_escaped_is_escaped_as_json_would():
    text = f"a{ESCAPES}\U000e0001 ж 中 \u00e9\t\n"
    assert printable(text).isprintable()
    assert json.loads(f'"{printable(text)}"') == text
    assert printable("a\tb\nc", keep="\t\n") == "a\tb\nc"
    assert printable("Открыто, 打开, Ашық") == "Открыто, 打开, Ашық"
