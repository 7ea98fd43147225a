"""The console's frame: pages, texts, vendored files, and the life of the server."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from agent.i18n import Language
from tests.support.console.consoles import ConsoleGate

STATIC = files("agent.console") / "static"


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("frame")) as gate:
        yield gate


@pytest.mark.parametrize("language", Language)
def test_the_account_page_is_there_in_every_language(gate, language):
    response = gate.browser("viewer").get("/settings/account", headers={"accept-language": language})
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.text
    assert "some-viewer" in response.text


def test_nobody_is_sent_to_log_in(gate):
    response = gate.browser().get("/settings/account")
    assert (response.status_code, response.headers["location"]) == (303, "/login?onward=%2Fsettings%2Faccount")


def test_every_vendored_file_is_the_one_that_its_maker_published():
    vendor = STATIC / "vendor"
    manifest = tomllib.loads((vendor / "manifest.toml").read_text(encoding="utf-8"))
    there = {file.name for file in vendor.iterdir() if file.is_file()} - {"manifest.toml"}
    assert there == set(manifest)
    for name, row in manifest.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == row["sha256"], name
        assert (vendor / row["licence_file"]).read_text(encoding="utf-8").strip(), name
    assert {file.name for file in (vendor / "licences").iterdir()} == {
        row["licence_file"].removeprefix("licences/") for row in manifest.values()
    }


def test_every_vendored_file_is_used_by_a_page():
    templates = Path(str(STATIC / "../templates")).rglob("*.html")
    pages = "".join(file.read_text(encoding="utf-8") for file in templates)
    manifest = tomllib.loads((STATIC / "vendor/manifest.toml").read_text(encoding="utf-8"))
    assert [name for name in manifest if f"/static/vendor/{name}" not in pages] == []
