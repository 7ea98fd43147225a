import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from central.est import Issuer, IssuerError, Register, RegisterError
from central.est.issuer import Revocation
from central.est.revocation_list import write_revocation_list
from tests.support.est.est_site import EstSite

ROOT = Path(__file__).parents[4]
DAY_S = 86_400.0


@pytest.fixture
def site(tmp_path):
    return EstSite(tmp_path / "est", authority_ends_s=30 * DAY_S)


@pytest.fixture
def issuer(site):
    return Issuer.of_files(site.settings.ca_file, site.settings.ca_key_file)


def test_no_certificate_outlives_its_authority(site, issuer):
    made = issuer.issue("gate-7", ec.generate_private_key(ec.SECP256R1()).public_key(), 365, site.utc())
    assert made.not_valid_after_utc == issuer.certificate.not_valid_after_utc
    with pytest.raises(IssuerError, match="expired on"):
        issuer.issue("gate-7", made.public_key(), 365, site.utc() + 31 * DAY_S)


def test_a_revocation_list_names_what_holds_no_longer(site, issuer):
    made = x509.load_pem_x509_crl(issuer.revocation_list([Revocation(17, site.utc())], 5, 30, site.utc()))
    assert [one.serial_number for one in made] == [17]
    assert made.is_signature_valid(issuer.certificate.public_key())
    assert made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 5


def test_files_that_do_not_belong_together_are_told(site, tmp_path):
    other = EstSite(tmp_path / "other").settings
    with pytest.raises(IssuerError, match="not the key of"):
        Issuer.of_files(site.settings.ca_file, other.ca_key_file)
    with pytest.raises(IssuerError, match="private key as PEM"):
        Issuer.of_files(site.settings.ca_file, site.settings.ca_file)
    with pytest.raises(IssuerError, match="certificate as PEM"):
        Issuer.of_files(tmp_path / "none", site.settings.ca_key_file)


def test_a_register_is_of_one_site(site):
    Register.open(site.settings.folder, 7).close()
    with pytest.raises(RegisterError, match="register of site 7"):
        Register.open(site.settings.folder, 8)


def test_of_a_folder_that_is_passable_only_the_revocation_list_can_be_read(site, tmp_path):
    site.settings = site.settings.model_copy(update={"folder": tmp_path / "state"})
    before = os.umask(0o022)
    try:
        with site.serving(), site.opened() as registrar:
            registrar.make_token("gate-7", 1.0)
            write_revocation_list(site.settings, registrar)
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in site.settings.folder.iterdir()}
    finally:
        os.umask(before)
    assert {name for name, mode in modes.items() if mode & 0o077} == {"crl.pem"}
    assert modes["crl.pem"] == 0o644
    assert {"est.db", "est.db-wal", "server.pem"} < set(modes)
    unit = (ROOT / "config" / "est" / "gate-agent-est.service").read_text(encoding="utf-8")
    mode = stat.S_IMODE(site.settings.folder.stat().st_mode)
    assert f"StateDirectoryMode={mode:04o}" in unit.splitlines()
    assert mode == 0o711


def test_a_list_has_a_number_of_its_own(site):
    with site.opened() as registrar:
        numbers = [
            x509.load_pem_x509_crl(registrar.revocation_list(30))
            .extensions.get_extension_for_class(x509.CRLNumber)
            .value.crl_number
            for _ in range(2)
        ]
    assert numbers == [1, 2]


def test_gates_of_an_authority_before_are_renewed_and_those_of_an_authority_above_are_not(site, issuer):
    first = issuer.certificate
    assert issuer.renews == (first,)
    site.roll_over()
    with site.opened() as registrar:
        later = registrar.issuer
    assert later.renews == (later.certificate, first)
    root_key, lower_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = authority("root", root_key, "root", root_key)
    lower = authority("lower", lower_key, "root", root_key)
    assert Issuer([lower, root, first], lower_key).renews == (lower, first)


def authority(name, key, above, above_key):
    """The certificate of an authority that another one has signed."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, above)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(above_key, hashes.SHA256())
    )
