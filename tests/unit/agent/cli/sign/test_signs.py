"""The commands for signs, as a technician runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from agent.cli import main as command_line
from drivers import registry
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.gate.config_files import HEAD
from tests.support.waiting import REPLY_MS, eventually, scaled_ms

if TYPE_CHECKING:
    from pathlib import Path

LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
"""


def run(*arguments: object) -> tuple[int, str, str]:
    """Run the command in this process, through its own root: its exit code, output and errors."""
    runner = CliRunner()
    with runner.isolation(env={"COLUMNS": "120"}) as streams:
        code = 0
        try:
            command_line.main(["sign", *map(str, arguments)])
        except SystemExit as end:
            code = end.code or 0
        return code, streams[0].getvalue().decode(), streams[1].getvalue().decode()


def gate(folder: Path, *signs: str) -> Path:
    path = folder / "gate.toml"
    tables = "".join(f"\n[[lanes.out.signs]]\n{sign}\n" for sign in signs)
    path.write_text(HEAD + LANE + tables, encoding="utf-8")
    return path


def fk(port: object, more: str = "") -> str:
    return f'id = "sign"\nkind = "fk"\nport = "{port}"\n{more}'


def onbon(card: OnbonEmulator, more: str = "") -> str:
    return f'id = "panel"\nkind = "onbon"\nhost = "127.0.0.1"\ntcp_port = {card.line.port}\n{more}'


def test_the_kinds_and_the_signs_of_a_configuration_are_listed(tmp_path: Path) -> None:
    code, out, _ = run("list")
    assert (code, out) == (0, "kinds of signs: aa55, fk, onbon, simulated\n")
    code, out, _ = run("list", "--config", gate(tmp_path, fk("/dev/gate-sign", "speaks = true")))
    assert code == 0
    assert out.splitlines()[1] == (
        "out/sign: fk at /dev/gate-sign, 4 lines of 8 columns, scrolls, speaks; own timer inferred; zh, en"
    )
    code, out, _ = run("list", "--config", gate(tmp_path))
    assert out.splitlines()[1] == f"{tmp_path / 'gate.toml'} has no sign"


def test_signs_that_are_named_are_asked_and_who_does_not_answer_is_told(tmp_path: Path) -> None:
    with OnbonEmulator(None) as card:
        silent = f'id = "card"\nkind = "aa55"\nport = "{tmp_path / "aa55"}"\ntimeout_ms = {scaled_ms(50)}'
        config = gate(tmp_path, onbon(card, f"timeout_ms = {REPLY_MS}"), silent)
        code, out, _ = run("list", "--config", config, "--identify", "--json")
        assert code == 1
        panel, aa55 = json.loads(out)["signs"]
        assert panel["identity"] == f"Onbon card of 4 lines with 8 columns, address 1, {card.line.link}"
        assert "no such port" in aa55["trouble"]
        code, out, _ = run("list", "--config", config, "--identify")
        assert "  it is Onbon card" in out
        assert "  not there: no such port" in out
        assert [one.text for one in card.display.lines] == [""] * 4


def test_only_signs_that_a_configuration_names_are_asked() -> None:
    code, _, err = run("list", "--identify")
    assert code == 2
    assert "it asks only the signs of a configuration" in err


@pytest.mark.parametrize("kind", ["fk", "onbon", "aa55"])
def test_a_trial_shows_every_colour_the_languages_and_a_countdown_and_at_the_end_the_sign_goes_dark(
    tmp_path: Path, kind: str
) -> None:
    maker = {"fk": FkEmulator, "onbon": OnbonEmulator, "aa55": Aa55Emulator}[kind]
    clock = VirtualClock()
    with maker(tmp_path / "sign", now=clock) as card:
        more = {"fk": "speaks = true", "onbon": "speaks = true", "aa55": 'recordings = ["12 请稍候"]'}[kind]
        table = f'id = "sign"\nkind = "{kind}"\nport = "{card.line.link}"\nlanguages = ["zh", "en", "ru", "kk"]\n{more}'
        seen = []
        put = card.display.put

        def watched(line, text, *rest) -> None:
            seen.append((line, text.text, text.colour))
            put(line, text, *rest)

        card.display.put = watched
        code, out, err = run("test", "--config", gate(tmp_path, f"{table}\ntimeout_ms = {REPLY_MS}"), "--pause", 0)
        assert (code, err) == (0, "")
        eventually(lambda: card.display.lines[0].text == "END")
        assert {colour for _, text, colour in seen if text == "ABC1"} == {"red", "green", "yellow"}
        assert {line for line, text, _ in seen if text.startswith("L")} == {0, 1, 2, 3}
        shown = [text for _, text, _ in seen]
        assert {"请等待", "WAIT", "5", "4", "3", "2", "1", "END"} <= set(shown)
        assert {"Ждите", "Жди"} & set(shown)
        assert "kk: this sign has no letters or no room for it" in out
        assert "?" not in "".join(shown)
        assert len(card.display.spoken) == 1
        assert ("longer than a line" in out) is (kind != "aa55")
        clock.go(5)
        assert [one.text for one in card.display.lines] == [""] * 4
        assert card.strange == []
        assert card.flash_writes == 0


def test_a_sign_in_no_configuration_is_tried_by_its_keys(tmp_path: Path) -> None:
    with FkEmulator(tmp_path / "sign", now=VirtualClock()) as card:
        port = f"port={card.line.link}"
        code, out, _ = run("test", "--kind", "fk", "--set", port, "--set", "lines=2", "--pause", 0)
        assert code == 0
        assert out.startswith(f"FK sign card of 2 lines with 8 columns, {card.line.link}\nevery line red\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kind", "fk", "--set", "prot=/dev/x"), "the fk sign has no key prot; there is: port, host"),
        (("--kind", "fk", "--set", "port=/dev/x", "--set", "columns=7"), "the fk sign: columns: "),
        (("--kind", "fk"), "expected either port"),
        (("--set", "lines=2"), "--set goes with --kind"),
        (("--kind", "fk", "--sign", "x"), "it does not go with --config and --sign"),
    ],
)
def test_options_that_do_not_go_together_are_explained(arguments: tuple[str, ...], words: str) -> None:
    code, _, err = run("test", *arguments)
    assert code == 2
    assert words in " ".join(err.replace("│", " ").split())


def test_a_sign_is_named_where_there_are_several(tmp_path: Path) -> None:
    other = fk("/dev/b").replace('"sign"', '"other"')
    for signs, name, words in (
        ((fk("/dev/a"), other), (), "--sign is missing; there is: out/sign, out/other"),
        ((fk("/dev/a"),), ("--sign", "none"), "no sign 'none'; there is: out/sign"),
        ((), (), "has no sign"),
    ):
        code, _, err = run("test", "--config", gate(tmp_path, *signs), *name)
        assert code == 2
        assert words in " ".join(err.replace("│", " ").split())
    code, _, err = run("test", "--config", gate(tmp_path, fk("/dev/none/a"), other), "--sign", "out/sign")
    assert code == 1
    assert "no such port: /dev/none/a" in err


def test_a_port_that_another_program_has_is_left_alone(tmp_path: Path) -> None:
    with FkEmulator(tmp_path / "sign", now=VirtualClock()) as card:
        port = SerialPort.shared(str(card.line.link), SerialParameters("the agent"))
        code, _, err = run("test", "--config", gate(tmp_path, fk(card.line.link)), "--pause", 0)
        port.close()
        assert code == 1
        assert "is in use by" in err
        assert "systemctl stop gate-agent" in err
        assert card.heard == 0


def test_every_kind_has_a_driver() -> None:
    assert {"fk", "onbon", "aa55", "simulated"} == set(registry.SIGNS.own)
