"""Running the relay commands as a technician does, and configurations for them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from agent.cli import main as command_line
from tests.support.gate.config_files import HEAD
from tests.support.waiting import REPLY_MS, scaled_ms

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.board import EmulatedBoard


class Answer:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def json(self):
        return json.loads(self.out)


def run(*arguments: object, typed: str = "") -> Answer:
    """Run the command in this process, through its own root: errors become lines and exit codes."""
    given = ["relay", *map(str, arguments)]
    runner = CliRunner()
    with runner.isolation(input=typed, env={"COLUMNS": "100"}) as streams:
        try:
            command_line.main(given)
        except SystemExit as end:
            code = end.code
        out, err = streams[0].getvalue().decode(), streams[1].getvalue().decode()
    return Answer(code or 0, out, err)


def start(*arguments: object) -> subprocess.Popen:
    """Run the command as a process."""
    given = [sys.executable, "-m", "agent.cli.main", "relay", *map(str, arguments)]
    return subprocess.Popen(
        given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, bufsize=1
    )


def write_gate(folder: Path, **lanes: dict[str, str]) -> Path:
    """Write a configuration with these lanes, each given as the text of its tables by their names."""
    text = HEAD
    for number, (name, tables) in enumerate(lanes.items(), 1):
        text += f'\n[lanes.{name}]\nnumber = {number}\ndirection = "export"\n'
        text += "".join(f"[lanes.{name}.{table}]\n{keys}\n" for table, keys in tables.items())
    path = folder / "gate.toml"
    path.write_text(text)
    return path


def lcus(link: Path, **more: str) -> dict[str, str]:
    # Its driver hears the board out for as long each time that it is opened.
    return {"relay": f'kind = "lcus"\nport = "{link}"\nchannels = 2\ntimeout_ms = {scaled_ms(200)}'} | more


def modbus(link: Path, **more: str) -> dict[str, str]:
    relay = f'kind = "modbus_rtu"\nport = "{link}"\ntimeout_ms = {REPLY_MS}'
    signals = "presence = 1\nsafety = 2\nphotocell = 3\ninverted = [3]"
    return {"relay": relay, "inputs": relay, "signals": signals} | more


def switchings(board: EmulatedBoard) -> list[tuple[int, bool]]:
    """What the relays of a board did: the channel, and whether on or off."""
    return [(one.channel, one.on) for one in board.relays.history]
