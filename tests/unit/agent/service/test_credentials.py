"""What root's commands read of the service's credentials before they take lesser rights."""

import re
from pathlib import Path

import pytest

from agent.service.credentials import LONGEST, NAMES, UNIT, held_credentials, hold_credentials
from agent.settings.loading.layers import add_credentials
from agent.settings.toml.includes import read
from tests.support.gate.config_files import GOOD, write

PASSWORD = "s3cret"  # noqa: S105 - of a test
UNIT_FILE = Path(__file__).parents[4] / "systemd" / "gate-agent.service"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    folder = tmp_path / "credstore"
    folder.mkdir()
    yield folder
    hold_credentials(tmp_path / "none")


def test_they_are_those_that_the_unit_loads():
    loads = re.findall(r"^LoadCredential=(\S+):(\S+)$", UNIT_FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert loads == [(name, f"{UNIT}.{name}") for name in NAMES]


def test_root_holds_them_and_nothing_else_of_the_store(store):
    (store / "gate-agent.mqtt.password").write_bytes(b"s3cret\n")
    (store / "other.mqtt.password").write_bytes(b"of others")
    (store / "gate-agent.webhook.secret").write_bytes(b"x" * 2 * LONGEST)
    hold_credentials(store)
    assert {path.name: len(raw) for path, raw in held_credentials().items()} == {
        "gate-agent.mqtt.password": 7,
        "gate-agent.webhook.secret": LONGEST + 1,
    }


def test_others_than_root_hold_none_nor_does_a_process_that_systemd_gives_them(store, monkeypatch):
    (store / "gate-agent.mqtt.password").write_bytes(b"s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(store))
    hold_credentials(store)
    assert held_credentials() == {}
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    hold_credentials(store)
    assert held_credentials() == {}


def test_what_is_held_is_laid_over_the_file_and_what_is_wrong_there_is_told(store, tmp_path):
    document = read(write(tmp_path, GOOD))
    held = {store / "gate-agent.mqtt.password": f"{PASSWORD}\n".encode(), store / "gate-agent.mail.password": b"\xff"}
    add_credentials(document, None, held)
    assert document.data["mqtt"]["password"] == PASSWORD
    assert [str(one) for one in document.problems] == [
        f"{store}/gate-agent.mail.password: error: mail.password: expected UTF-8 text"
    ]
