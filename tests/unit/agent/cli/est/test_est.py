"""The commands `gate-agent est`, as they are typed."""

import stat

import pytest
from cryptography import x509
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.est import app
from agent.enrolment import EnrolmentCode
from tests.support.est.est_site import EstSite


@pytest.fixture
def site(tmp_path):
    return EstSite(tmp_path / "est")


def run(site, *arguments):
    done = CliRunner().invoke(app, [*map(str, arguments), "-c", str(site.configuration)])
    return done.exit_code, done.output


def test_a_token_comes_with_its_code_and_the_command_for_the_gate(site, tmp_path):
    picture = tmp_path / "code.svg"
    code, said = run(site, "token", "gate-7", "--hours", "24", "--qr", picture)
    assert code == exit_codes.OK
    lines = dict(line.split(": ", 1) for line in said.splitlines())
    found = EnrolmentCode.parse(lines["code"])
    assert (found.token, found.fingerprint) == (lines["token"], site.fingerprint)
    assert lines["at the gate"].endswith(f"{found.token} --ca-fingerprint {site.fingerprint.hex()}")
    assert stat.S_IMODE(picture.stat().st_mode) == 0o600
    assert run(site, "show")[1].startswith("token for gate-7: until ")
    assert lines["token"].encode() not in b"".join(path.read_bytes() for path in site.settings.folder.iterdir())


def test_a_token_is_told_where_its_picture_cannot_be_drawn(site, tmp_path):
    code, said = run(site, "token", "gate-7", "--qr", tmp_path / "no folder" / "code.svg")
    assert code == exit_codes.FAILED
    assert said.startswith("token: 7-")


def test_a_code_can_be_made_for_another_server(site):
    done = CliRunner().invoke(app, ["code", "https://est.example", "a-token", "--ca", str(site.ca)])
    assert EnrolmentCode.parse(done.output) == EnrolmentCode("https://est.example", "a-token", site.fingerprint)
    assert CliRunner().invoke(app, ["code", "http://x", "t", "--ca", str(site.ca)]).exit_code == exit_codes.FAILED


def test_a_revoked_gate_is_in_the_list_and_its_tokens_are_gone(site, tmp_path):
    run(site, "token", "gate-7")
    other = EstSite(tmp_path / "other").ca
    code, said = run(site, "revoke", "gate-7", "--cause", "stolen", "--certificate", other)
    assert (code, "gate gate-7 is revoked, 1 certificate;" in said) == (exit_codes.OK, True)
    listed = x509.load_pem_x509_crl(site.settings.crl_path.read_bytes())
    assert [one.serial_number for one in listed] == [x509.load_pem_x509_certificate(other.read_bytes()).serial_number]
    assert "token for" not in run(site, "show")[1]
    assert run(site, "crl")[0] == exit_codes.OK


def test_what_is_wrong_is_told(site):
    assert run(site, "token", "gate 7")[0] == exit_codes.FAILED
    assert run(site, "token", "gate-7", "--qr", "x.gif")[0] == exit_codes.FAILED
    site.settings.ca_key_file.write_text("spoilt")
    code, said = run(site, "crl")
    assert (code, "expected the authority's private key as PEM" in said) == (exit_codes.FAILED, True)
    site.configuration.write_text("site = 7\n")
    assert "is missing" in run(site, "show")[1]
