"""The step Central system: enrolment by a form, certificates that are uploaded, and what each refusal says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from agent.console.wizard.enrolment import OFFER_S, GateEnrolment
from agent.console.wizard.uploads import LARGEST_FILE
from agent.setup import TypedServer
from drivers.contracts.certificates import DAY, LONG_AGO, Authority
from tests.support.console.consoles import acts
from tests.support.console.setup_steps import BY_SCRIPT, apply, send, setup_gate, value_of
from tests.support.est.est_site import EstSite
from tests.support.est.gate_files import GateFiles
from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import eventually

HERE = "/settings/setup/out/central/enrolment"
BROKERS = ["mqtts://broker.example:8883"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = EstSite(tmp_path_factory.mktemp("est"), f"brokers = {BROKERS}")
    with made.serving():
        yield made


@pytest.fixture
def gate(tmp_path):
    with setup_gate(tmp_path) as gate:
        yield gate


@pytest.fixture
def admin(gate):
    browser = gate.browser("admin")
    browser.headers.update(BY_SCRIPT)
    return browser


def ask(browser, server, token=""):
    return browser.post(HERE, data={"server": server, "token": token})


def begin(browser, offered, site):
    """Agree to the fingerprint of a site, and wait for the end."""
    form = {"offer": value_of(offered, "offer"), "fingerprint": site.fingerprint.hex()}
    begun = browser.post(f"{HERE}/begin", data=form)
    assert begun.status_code == 200, begun.text
    return ended(browser)


def ended(browser):
    """What the page says once nothing runs any more."""

    def shown():
        found = browser.get(f"/live{HERE}")
        return found if "every 1s" not in found.text else None

    return eventually(shown, what="the end of the enrolment")


def beside(gate):
    """The files beside the configuration."""
    return sorted(one.name for one in gate.path.parent.iterdir() if one.suffix in {".pem", ".key"})


def test_a_gate_is_enrolled_by_address_token_and_a_comparison(gate, admin, site):
    before, token = gate.path.read_bytes(), site.token()
    offered = ask(admin, site.url, token)
    digits = " ".join(re.findall("....", site.fingerprint.hex()))
    assert (offered.status_code, digits in offered.text, "site 7" in offered.text) == (200, True, True)
    assert (beside(gate), gate.path.read_bytes()) == ([], before)
    blind = admin.post(f"{HERE}/begin", data={"offer": value_of(offered, "offer")})
    assert (blind.status_code, "Compare the fingerprint" in blind.text, beside(gate)) == (422, True, [])
    done = begin(admin, blind, site)
    assert ("The gate has its certificate" in done.text, BROKERS[0] in done.text) == (True, True)
    assert beside(gate) == ["broker-ca.pem", "est-ca.pem", "gate.key", "gate.pem"]
    assert (gate.path.parent / "gate.key").stat().st_mode & 0o777 == 0o600
    assert gate.path.read_bytes() == before
    proposed = admin.post(f"{HERE}/use", data={"seen": value_of(done, "seen")})
    assert ("mqtt.certificate_file" in proposed.text, gate.path.read_bytes()) == (True, before)
    assert apply(admin, "central", proposed).status_code == 200
    written, folder = tomllib.loads(gate.path.read_text()), gate.path.parent
    assert written["mqtt"] == {
        "enabled": True,
        "brokers": BROKERS,
        "ca_file": str(folder / "broker-ca.pem"),
        "certificate_file": str(folder / "gate.pem"),
        "key_file": str(folder / "gate.key"),
    }
    assert written["enrolment"] == {"url": site.url, "ca_file": str(folder / "est-ca.pem")}
    assert not any(token in page.text for page in (offered, blind, done, proposed))
    recorded = [one for one in acts(gate) if one["act"].startswith("setup.enrol")]
    assert [(one["act"], one["done"]) for one in recorded] == [
        ("setup.enrolment_asked", True),
        ("setup.enrolled", True),
    ]
    assert token not in str(recorded)


def test_a_code_brings_its_fingerprint_and_nobody_has_to_compare(gate, admin, site):
    code = f"GAE1,{site.url},{site.token()},{site.fingerprint.hex()}"
    offered = ask(admin, f"  {code}\n")
    assert "is the one in your code" in offered.text
    assert "The gate has its certificate" in begin(admin, offered, site).text


def test_a_server_that_is_not_that_of_the_code_is_refused_before_it_sees_the_token(gate, admin, site):
    other = bytes(reversed(site.fingerprint)).hex()
    refused = ask(admin, f"GAE1,{site.url},{site.token()},{other}")
    assert refused.status_code == 422
    assert "no authority of the server has the SHA-256" in refused.text
    assert "until the central system confirms the fingerprint" in refused.text
    assert beside(gate) == []


def used(site, folder):
    """A token by which another key than this gate's was certified."""
    token = site.token()
    GateFiles(folder, "another").enrol(site, token)
    return token


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (lambda _site, _folder: "7-AAAAA-AAAAA-AAAAA-AAAAA", "the token is not known here"),
        (lambda site, _folder: site.token("gate-8"), "another gate than"),
        (lambda site, _folder: site.token(hours=-1.0), "too old"),
        (used, "has been used"),
    ],
)
def test_a_token_that_is_refused_is_told_with_what_to_do_and_nothing_changes(gate, admin, site, tmp_path, token, words):
    before = gate.path.read_bytes()
    failed = begin(admin, ask(admin, site.url, token(site, tmp_path)), site)
    assert (words in failed.text, "ask for a new token" in failed.text) == (True, True), failed.text
    assert "What was in use is in use as before." in failed.text
    assert (beside(gate), gate.path.read_bytes()) == ([], before)
    assert acts(gate)[-1]["done"] is False
    again = admin.get(HERE)
    assert ('name="token"' in again.text, f'value="{site.url}"' in again.text) == (True, True)
    whole = begin(admin, ask(admin, site.url, site.token()), site)
    assert "The gate has its certificate" in whole.text


def test_a_server_that_is_away_is_told_and_tried_again_with_the_same_token(gate, admin, tmp_path):
    site = EstSite(tmp_path / "est", port=free_port())
    with site.serving():
        offered = ask(admin, site.url, site.token())
    away = begin(admin, offered, site)
    assert ("cannot be reached" in away.text, "Check the network cable" in away.text) == (True, True), away.text
    with site.serving():
        form = {name: value_of(away, name) for name in ("offer", "fingerprint")}
        assert admin.post(f"{HERE}/begin", data=form).status_code == 200
        assert "The gate has its certificate" in ended(admin).text
    assert "names no broker" in ended(admin).text


def test_a_server_that_cannot_be_reached_at_all_is_told_with_what_was_typed(gate, admin):
    url = f"https://127.0.0.1:{free_port()}"
    refused = ask(admin, url, "7-x")
    assert (refused.status_code, "cannot be reached" in refused.text, url in refused.text) == (422, True, True)
    assert "7-x" not in refused.text


@pytest.mark.parametrize(
    ("server", "token", "words"),
    [
        ("", "7-x", "Enter the code or the address."),
        ("http://est.example", "7-x", "Enter an address such as"),
        ("GAE1,https://est.example", "", "The code is not complete"),
        ("https://est.example", "", "Enter the token."),
        ("https://est.example", "7-ж", "Enter the token."),
    ],
)
def test_what_is_typed_wrong_is_told_at_its_field(gate, admin, server, token, words):
    answer = ask(admin, server, token)
    assert (answer.status_code, words in answer.text, 'aria-invalid="true"' in answer.text) == (422, True, True)


def test_an_enrolment_goes_on_while_the_phone_is_away_and_whoever_comes_sees_it(gate, admin, site):
    form = {"offer": value_of(ask(admin, site.url, site.token()), "offer"), "fingerprint": site.fingerprint.hex()}
    admin.post(f"{HERE}/begin", data=form)
    other = gate.browser("admin")
    ended(other)
    assert "The gate has its certificate" in other.get("/settings/setup/out/central").text


def test_a_token_is_for_the_person_who_typed_it_and_not_for_ever(tmp_path, site):
    at = [100.0]
    enrolment = GateEnrolment(tmp_path / "gate.toml", lambda: 0.0, lambda: at[0])
    made = enrolment.ask("olga", TypedServer(site.url, "7-x"))
    assert "7-x" not in repr(made)
    assert (enrolment.offer(made.number, "olga"), enrolment.offer(made.number, "ivan")) == (made, None)
    at[0] += OFFER_S + 1
    assert enrolment.offer(made.number, "olga") is None


def test_an_offer_that_is_not_known_is_told(gate, admin, site):
    gone = admin.post(f"{HERE}/begin", data={"offer": "other", "fingerprint": site.fingerprint.hex()})
    assert (gone.status_code, "entered too long ago" in gone.text, beside(gate)) == (422, True, [])


def test_only_an_administrator_enrols(gate, site):
    technician = gate.browser("technician")
    assert ask(technician, site.url, "7-x").status_code == 403
    for path in (f"{HERE}/begin", f"{HERE}/use"):
        assert technician.post(path, data={}).status_code == 403
    assert technician.get(HERE).status_code == 403
    assert "disabled" in re.search(r"<input id=\"server\"[^>]*>", technician.get("/settings/setup/out/central").text)[0]


def test_without_a_new_certificate_there_is_nothing_to_use(gate, admin):
    assert admin.post(f"{HERE}/use", data={}).status_code == 409
    assert admin.post("/settings/setup/out/gate/enrolment", data={}).status_code == 404


def test_a_form_that_is_sent_before_the_scripts_are_there_gets_the_whole_page(gate, site):
    browser = gate.browser("admin")
    offered = ask(browser, site.url, site.token())
    assert ("<!doctype html>" in offered.text.lower(), 'name="fingerprint"' in offered.text) == (True, True)


# ------------------------------------------------------------------------------------------ certificates as files


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "pki"
    folder.mkdir()
    return Authority(folder)


def upload(browser, **files):
    """Send certificates and keys, by field."""
    sent = {name: (f"{name}.pem", data) for name, data in files.items()}
    return send(browser, "central", files=sent, brokers=BROKERS[0], username="")


def test_uploaded_certificates_are_kept_for_the_gate_alone_and_the_key_is_never_shown(gate, admin, authority):
    certificate, key = (path.read_bytes() for path in authority.issue("gate-7"))
    proposed = upload(admin, ca=authority.ca.read_bytes(), certificate=certificate, key=key)
    assert proposed.status_code == 200, proposed.text
    done = apply(admin, "central", proposed)
    mqtt = tomllib.loads(gate.path.read_text())["mqtt"]
    assert mqtt["brokers"] == BROKERS
    assert Path(mqtt["key_file"]).read_bytes() == key
    assert Path(mqtt["key_file"]).stat().st_mode & 0o077 == 0
    assert Path(mqtt["certificate_file"]).read_bytes() == certificate
    secret = key.decode().splitlines()[1]
    assert not any(secret in page.text for page in (proposed, done, admin.get("/settings/setup/out/central")))
    assert secret not in str(acts(gate))


def refused(gate, answer, field, words):
    """See that files are refused at a field, and that nothing was written."""
    assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', answer.text)
    assert "brokers" not in gate.path.read_text()
    assert not (gate.path.parent / "state/certificates").exists()


def test_what_is_no_certificate_or_no_key_is_refused_at_its_field(gate, admin, authority):
    certificate, key = (path.read_bytes() for path in authority.issue("gate-7"))
    refused(gate, upload(admin, ca=b"hello"), "ca", "no certificate in PEM form")
    refused(gate, upload(admin, certificate=b"hello", key=key), "certificate", "no certificate in PEM form")
    refused(gate, upload(admin, certificate=certificate, key=certificate), "key", "no private key in PEM form")
    refused(gate, upload(admin, certificate=certificate), "key", "together")
    refused(gate, upload(admin, key=key), "certificate", "together")


def test_a_key_of_another_certificate_is_refused(gate, admin, authority):
    certificate = authority.issue("gate-7")[0].read_bytes()
    other = authority.issue("gate-8")[1].read_bytes()
    refused(gate, upload(admin, certificate=certificate, key=other), "key", "does not belong to this certificate")


def test_a_certificate_that_has_ended_is_refused(gate, admin, authority):
    certificate, key = authority.issue("gate-7", not_after=LONG_AGO + DAY)
    answer = upload(admin, certificate=certificate.read_bytes(), key=key.read_bytes())
    refused(gate, answer, "certificate", "The certificate ended on")


def test_a_file_that_is_too_large_is_refused(gate, admin):
    refused(gate, upload(admin, ca=b"x" * (LARGEST_FILE + 1)), "ca", "larger than 256 kB")
