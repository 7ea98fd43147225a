"""The command `gate-agent console screen`: the addresses of a lane's driver page, and its token."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.console import app
from tests.support.console.consoles import ConsoleGate, acts
from tests.support.waiting import eventually
from tests.unit.agent.console.pages.test_driver import AFAR, FILE_TOKEN, LANES


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screen")
    (folder / "screen.token").write_text(FILE_TOKEN, encoding="ascii")
    with ConsoleGate(folder, lanes=LANES.format(board=folder.name, folder=folder)) as gate:
        yield gate


def screen(gate, *arguments):
    return CliRunner().invoke(app, ["screen", *arguments, "--config", str(gate.path)])


def token_in(said):
    return re.search(r"\?token=([A-Za-z0-9_-]+)", said)[1]


@pytest.mark.parametrize("lane", ["out", "in"])
def test_the_token_that_is_shown_opens_the_page(gate, tmp_path, lane):
    shown = screen(gate, lane)
    assert shown.exit_code == exit_codes.OK
    assert f"on this computer  http://127.0.0.1:0/driver/{lane}\n" in shown.stdout
    assert "elsewhere         not reachable: add an address of this computer to console.listen" in shown.stdout
    # The same state, with an address in the network.
    text = gate.path.read_text(encoding="utf-8")
    assert "port = 0\n" in text
    other = tmp_path / "gate.toml"
    other.write_text(text.replace("port = 0\n", 'port = 8480\nlisten = ["10.9.8.7"]\n'), encoding="utf-8")
    named = CliRunner().invoke(app, ["screen", lane, "--config", str(other)])
    assert named.exit_code == exit_codes.OK, named.output
    address = re.search(r"elsewhere         (\S+)", named.stdout)[1]
    assert address.startswith(f"https://10.9.8.7:8480/driver/{lane}?token=")
    assert "▀" in named.stdout or "█" in named.stdout
    browser = gate.browser()
    browser.headers.update(AFAR)
    assert browser.get(f"/driver/{lane}", params={"token": token_in(address)}).status_code == 303


def test_a_new_key_is_recorded_and_voids_the_tokens_before(gate):
    key = gate.path.parent / "state" / "driver-page.key"
    before = key.read_bytes()
    assert screen(gate, "out", "--renew").exit_code == exit_codes.OK
    assert key.read_bytes() != before
    (act,) = eventually(lambda: [act for act in acts(gate) if act["act"] == "screens.renewed"])
    assert act["detail"] == "the tokens of all driver pages"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "there is no lane none; there are out, in, yard"),
        (["yard"], "lane yard has no driver page: set lanes.yard.driver_page.enabled = true"),
        (["in", "--renew"], "the token of lane in is the one in"),
    ],
)
def test_what_cannot_be_shown_is_said(gate, arguments, said):
    answer = screen(gate, *arguments)
    assert answer.exit_code == exit_codes.FAILED
    assert said in answer.stderr
