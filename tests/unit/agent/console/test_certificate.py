"""The certificate of the console: the gate's own, or a given one."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509

from agent.console.certificate import CERTIFICATE, KEY, CertificateError, certificate
from agent.settings.model.agent import Console
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import PATIENCE_S

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400


def test_the_gates_own_certificate_is_what_a_browser_meets(tmp_path):
    with ConsoleGate(tmp_path, console='tls = "always"') as gate:
        token = gate.token("viewer")
        trusting = ssl.create_default_context(cafile=str(tmp_path / "state" / CERTIFICATE))
        with httpx.Client(base_url=gate.url, verify=trusting, trust_env=False, timeout=PATIENCE_S) as browser:
            browser.cookies.set("gate-session", token)
            assert browser.get("/settings/account").status_code == 303  # not the name that is safe under TLS
            browser.cookies.set("__Host-gate-session", token, domain="127.0.0.1")
            page = browser.get("/settings/account")
        assert page.status_code == 200
        assert "strict-transport-security" not in page.headers
        parsed = x509.load_pem_x509_certificate((tmp_path / "state" / CERTIFICATE).read_bytes())
        assert ":".join(f"{byte:02X}" for byte in parsed.fingerprint(parsed.signature_hash_algorithm)) in page.text
    assert stat.S_IMODE((tmp_path / "state" / KEY).stat().st_mode) == 0o600


def test_under_a_given_certificate_browsers_are_told_to_insist_on_tls(tmp_path):
    given = certificate(Console(), tmp_path, ["127.0.0.1"], NOW)
    given.chain_file.rename(tmp_path / "given.pem")
    given.key_file.rename(tmp_path / "given.key")
    lines = f'tls = "always"\ncertificate_file = "{tmp_path}/given.pem"\nkey_file = "{tmp_path}/given.key"'
    with ConsoleGate(tmp_path, console=lines) as gate:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "given.pem"))
        with httpx.Client(base_url=gate.url, verify=trusting, trust_env=False, timeout=PATIENCE_S) as browser:
            answer = browser.get("/first")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["set-cookie"].startswith("__Host-gate-visit=")
        assert "; Secure" in answer.headers["set-cookie"]
    assert not (tmp_path / "state" / CERTIFICATE).exists()


def test_a_certificate_of_its_own_is_kept_until_it_must_be_another(tmp_path):
    def made(names=("gate-7", "10.0.0.5"), utc=NOW):
        return certificate(Console(), tmp_path, names, utc).fingerprint

    first = made()
    assert made() == first
    assert made(utc=NOW + 9 * YEAR_S) == first
    assert made(names=["gate-7"]) == first
    second = made(names=["gate-7", "10.0.0.6"])
    assert second != first
    third = made(names=["gate-7", "10.0.0.6"], utc=NOW + 10 * YEAR_S - 86_400)
    assert third != second
    (tmp_path / KEY).write_bytes(b"damaged")
    assert made(names=["gate-7", "10.0.0.6"], utc=NOW + 10 * YEAR_S) not in {first, second, third}


def test_a_certificate_made_by_a_wrong_clock_holds_when_the_clock_is_right(tmp_path):
    made = certificate(Console(), tmp_path, ["gate-7"], 0.0)
    parsed = x509.load_pem_x509_certificate(made.chain_file.read_bytes())
    assert parsed.not_valid_before_utc < datetime.fromtimestamp(NOW, UTC) < made.until - timedelta(days=8 * 365)


def test_a_given_certificate_that_cannot_be_used_leaves_a_console_to_fix_it(tmp_path, caplog):
    (tmp_path / "bad.pem").write_text("none")
    settings = Console(certificate_file=tmp_path / "bad.pem", key_file=tmp_path / "bad.pem")
    assert certificate(settings, tmp_path, ["gate-7"], NOW).own
    assert "the console's certificate is refused" in caplog.text


def test_a_given_certificate_that_has_ended_is_used_and_told_of(tmp_path, caplog):
    given = certificate(Console(), tmp_path, ["gate-7"], NOW)
    settings = Console(certificate_file=given.chain_file, key_file=given.key_file)
    assert not certificate(settings, tmp_path, ["gate-7"], NOW + 11 * YEAR_S).own
    assert "renew it" in caplog.text


def test_a_folder_that_takes_no_certificate_is_told_of(tmp_path):
    with pytest.raises(CertificateError, match="cannot be written"):
        certificate(Console(), tmp_path / "none", ["gate-7"], NOW)
