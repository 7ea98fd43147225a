"""The certificate of a gate, got while `gate-agent setup` asks for the central system."""

from __future__ import annotations

import tomllib

import pytest

from tests.support.est.est_site import EstSite
from tests.support.gate.setup_answers import SIMULATED

GATE = ("gate-7", "7", "exit-1", "1", "export")
BEFORE = (*GATE, *SIMULATED, "n", "n")
BROKERS = ["mqtts://broker.example:8883"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = EstSite(tmp_path_factory.mktemp("est"), f"brokers = {BROKERS}")
    with made.serving():
        yield made


def written(tmp_path):
    return tomllib.loads((tmp_path / "etc/gate.toml").read_text())


def test_a_gate_is_enrolled_by_address_token_and_a_comparison(run, tmp_path, site):
    token, folder = site.token(), tmp_path / "etc"
    done = run(*BEFORE, "y", "y", site.url, token, "1", "", "", "", "y")
    assert done.exit_code == 0, done.output
    assert site.fingerprint.hex() in done.output.replace(" ", "")
    assert "The gate has its certificate." in done.output
    assert token not in done.output
    found = written(tmp_path)
    assert found["mqtt"] == {
        "enabled": True,
        "brokers": BROKERS,
        "ca_file": str(folder / "broker-ca.pem"),
        "certificate_file": str(folder / "gate.pem"),
        "key_file": str(folder / "gate.key"),
    }
    assert found["enrolment"] == {"url": site.url, "ca_file": str(folder / "est-ca.pem")}
    assert (folder / "gate.key").stat().st_mode & 0o077 == 0


def test_a_code_needs_no_comparison(run, tmp_path, site):
    code = f"GAE1,{site.url},{site.token()},{site.fingerprint.hex()}"
    done = run(*BEFORE, "y", "y", code, "", "", "", "y")
    assert done.exit_code == 0, done.output
    assert "Which fingerprint is the same?" not in done.output
    assert written(tmp_path)["mqtt"]["brokers"] == BROKERS


def test_where_no_fingerprint_is_the_same_the_token_stays_here(run, tmp_path, site):
    done = run(*BEFORE, "y", "y", site.url, site.token(), "none of them: stop", "n", "mqtt://own:1883", "", "", "y")
    assert done.exit_code == 0, done.output
    assert "certificate_file" not in written(tmp_path)["mqtt"]
    assert [one.name for one in (tmp_path / "etc").iterdir() if one.suffix in {".pem", ".key"}] == []


def test_what_is_refused_is_told_with_what_to_do_and_asked_again(run, tmp_path, site):
    wrong = ("http://est", site.url, "7-AAAAA-AAAAA-AAAAA-AAAAA", "1", "y")
    done = run(*BEFORE, "y", "y", *wrong, site.url, site.token(), "1", "", "", "", "y")
    assert done.exit_code == 0, done.output
    for words in ("Invalid: Enter an address such as", "the token is not known here", "ask for a new token"):
        assert words in done.output
    assert written(tmp_path)["mqtt"]["key_file"].endswith("gate.key")
