"""The server as RFC 7030 has it, asked by curl and openssl alone: real processes on both sides."""

import base64
import subprocess

import pytest

from tests.support.est.est_site import GATE, EstSite
from tests.support.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = EstSite(tmp_path_factory.mktemp("est"), 'brokers = ["mqtts://broker.example:8883"]')
    with made.process():
        yield made


def run(folder, *command, data=None):
    done = subprocess.run(command, cwd=folder, input=data, capture_output=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def curl(site, folder, path, *options):
    """Status, head and body of an answer."""
    run(folder, "curl", "-sS", "--cacert", site.ca, "-D", "head", "-o", "body", *options, f"{site.url}{path}")
    head = (folder / "head").read_text()
    return int(head.split()[1]), head.lower(), (folder / "body").read_bytes()


def key_and_request(folder, name, subject=f"/CN={GATE}", curve="P-256"):
    made = ("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-noenc", "-keyout", f"{name}.key")
    der = run(folder, "openssl", "req", "-new", *made, "-subj", subject, "-outform", "DER")
    (folder / f"{name}.b64").write_bytes(base64.encodebytes(der))


def post(site, folder, operation, name, *options):
    kind = ("-H", "Content-Type: application/pkcs10", "-H", "Content-Transfer-Encoding: base64")
    return curl(site, folder, f"/.well-known/est/{operation}", *kind, "--data-binary", f"@{name}.b64", *options)


def certificates(folder, body, out):
    """The PEM certificates of a certs-only answer, by openssl."""
    der = base64.b64decode(body)
    pem = run(folder, "openssl", "pkcs7", "-inform", "DER", "-print_certs", data=der)
    (folder / out).write_bytes(pem)
    return pem.count(b"BEGIN CERTIFICATE")


def text(folder, file):
    shown = ("-noout", "-subject", "-ext", "extendedKeyUsage,basicConstraints")
    return run(folder, "openssl", "x509", "-in", file, *shown)


def test_the_authority_and_the_attributes_are_given_to_everybody(site, tmp_path):
    status, head, body = curl(site, tmp_path, "/.well-known/est/cacerts")
    assert status == 200
    assert "content-type: application/pkcs7-mime" in head
    assert certificates(tmp_path, body, "ca.pem") == 1
    assert run(tmp_path, "openssl", "x509", "-in", "ca.pem") == site.ca.read_bytes()

    status, head, body = curl(site, tmp_path, "/.well-known/est/csrattrs")
    assert status == 200
    assert "content-type: application/csrattrs" in head
    shown = run(tmp_path, "openssl", "asn1parse", "-inform", "DER", data=base64.b64decode(body))
    assert b"ecdsa-with-SHA256" in shown
    assert b"prime256v1" in shown


def test_a_gate_is_enrolled_once_by_a_token_and_renewed_by_its_certificate(site, tmp_path):
    token = site.command("token", GATE).splitlines()[0].removeprefix("token: ")
    key_and_request(tmp_path, "first")
    key_and_request(tmp_path, "thief")
    status, head, body = post(site, tmp_path, "simpleenroll", "first", "-u", f"{GATE}:{token}")
    assert status == 200
    assert "content-type: application/pkcs7-mime; smime-type=certs-only" in head
    assert certificates(tmp_path, body, "first.pem") == 1
    run(tmp_path, "openssl", "verify", "-purpose", "sslclient", "-CAfile", site.ca, "first.pem")
    shown = text(tmp_path, "first.pem")
    assert f"CN = {GATE}".encode() in shown or f"CN={GATE}".encode() in shown
    assert b"TLS Web Client Authentication" in shown
    assert b"CA:FALSE" in shown

    # The answer was lost: the same key gets the same certificate; another key gets none.
    again, _, same = post(site, tmp_path, "simpleenroll", "first", "-H", f"Authorization: Bearer {token}")
    assert (again, same) == (200, body)
    status, _, words = post(site, tmp_path, "simpleenroll", "thief", "-u", f"{GATE}:{token}")
    assert (status, words) == (403, b"the token has been used: ask for a new one\n")


def test_a_gate_is_renewed_by_its_certificate_with_another_key_until_it_is_revoked(site, tmp_path):
    key_and_request(tmp_path, "first", subject="/CN=gate-6")
    token = f"Authorization: Bearer {site.token('gate-6')}"
    certificates(tmp_path, post(site, tmp_path, "simpleenroll", "first", "-H", token)[2], "first.pem")
    own = ("--cert", "first.pem", "--key", "first.key")
    key_and_request(tmp_path, "second", subject="/CN=gate-6")
    status, _, body = post(site, tmp_path, "simplereenroll", "second", *own)
    assert status == 200
    assert certificates(tmp_path, body, "second.pem") == 1
    run(tmp_path, "openssl", "verify", "-purpose", "sslclient", "-CAfile", site.ca, "second.pem")
    assert post(site, tmp_path, "simplereenroll", "first", *own)[0] == 403  # the present key once more
    key_and_request(tmp_path, "other", subject="/CN=gate-8")
    assert post(site, tmp_path, "simplereenroll", "other", *own)[0] == 403

    site.command("revoke", "gate-6", "--cause", "stolen")
    key_and_request(tmp_path, "third", subject="/CN=gate-6")
    status, _, words = post(site, tmp_path, "simplereenroll", "third", "--cert", "second.pem", "--key", "second.key")
    assert (status, words) == (403, b"the certificate was revoked\n")
    crl = site.settings.crl_path
    done = subprocess.run(
        ["openssl", "verify", "-crl_check", "-CRLfile", crl, "-CAfile", site.ca, "second.pem"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert b"certificate revoked" in done.stderr
    assert "gate gate-6: revoked" in site.command("show")


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ((), 401, b"give the one-time token"),
        (("-u", f"{GATE}:7-00000-00000-00000-00000"), 401, b"not known here"),
        (("-u", f"{GATE}:8-00000-00000-00000-00000"), 403, b"for site 8, and this is site 7"),
        (("-u", f"{GATE}:what"), 401, b"not known here"),
        (("-H", "Authorization: Basic %%%"), 401, b"cannot be read"),
    ],
)
def test_without_a_good_token_nobody_gets_a_certificate(site, tmp_path, options, status, words):
    key_and_request(tmp_path, "own")
    found, head, body = post(site, tmp_path, "simpleenroll", "own", *options)
    assert found == status
    assert words in body
    assert ('www-authenticate: basic realm="gate enrolment"' in head) == (status == 401)


def test_a_token_is_for_its_gate_alone(site, tmp_path):
    token = site.token("gate-9")
    key_and_request(tmp_path, "own")
    status, _, words = post(site, tmp_path, "simpleenroll", "own", "-H", f"Authorization: Bearer {token}")
    assert status == 403
    assert b"another gate" in words
    assert post(site, tmp_path, "simpleenroll", "own", "-u", f"{GATE}:{token}")[0] == 403


def test_a_renewal_needs_a_certificate(site, tmp_path):
    key_and_request(tmp_path, "own")
    status, _, words = post(site, tmp_path, "simplereenroll", "own")
    assert status == 403
    assert b"show the present certificate" in words


def test_what_is_no_request_is_refused_in_words(site, tmp_path):
    token = site.token()
    sign = ("-H", f"Authorization: Bearer {token}")
    (tmp_path / "junk.b64").write_text("bm90IGEgcmVxdWVzdA==")
    assert post(site, tmp_path, "simpleenroll", "junk", *sign)[0] == 400
    (tmp_path / "large.b64").write_text("A" * 20_000)
    assert post(site, tmp_path, "simpleenroll", "large", *sign)[0] == 413
    key_and_request(tmp_path, "curve", curve="secp521r1")
    status, _, words = post(site, tmp_path, "simpleenroll", "curve", *sign)
    assert status == 400
    assert b"use P-256" in words
    status, _, _ = curl(site, tmp_path, "/.well-known/est/simpleenroll", *sign, "--data-binary", "@curve.b64")
    assert status == 415
    assert curl(site, tmp_path, "/.well-known/est/fullcmc")[0] == 404
