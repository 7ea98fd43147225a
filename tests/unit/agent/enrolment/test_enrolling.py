import base64
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.clock import Clock
from agent.enrolment import (
    AnswerError,
    CertificatePair,
    Endpoint,
    EstClient,
    EstError,
    ExchangeError,
    ServerTrustError,
    WaitError,
    certificate_pair,
)
from agent.enrolment.certificate_request import common_name, request_for
from agent.enrolment.server_trust import ServerTrust
from central.est.issuer import certificates_only
from tests.support.est.est_site import GATE, EstSite
from tests.support.est.gate_files import GateFiles
from tests.support.est.strange_server import strange_server
from tests.support.pki.certificates import Authority
from tests.support.waiting import PATIENCE_S

BROKERS = ("mqtts://broker-1.example:8883", "mqtts://broker-2.example:8883")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = EstSite(tmp_path_factory.mktemp("est"), f"brokers = {list(BROKERS)}")
    with made.serving():
        yield made


@pytest.fixture
def gate(tmp_path):
    return GateFiles(tmp_path)


def test_a_gate_is_enrolled_and_the_link_takes_its_files(site, gate):
    outcome = gate.enrol(site, site.token())
    assert common_name(gate.certificate) == GATE
    assert outcome.certificate == gate.certificate
    assert outcome.brokers == BROKERS
    assert gate.good_for_the_link()
    assert gate.names() == ["broker-ca.pem", "est-ca.pem", "gate.key", "gate.pem"]
    assert gate.pair.key_file.stat().st_mode & 0o777 == 0o600
    assert gate.files.server_ca.read_bytes() == gate.files.broker_ca.read_bytes() == site.ca.read_bytes()


def test_an_enrolment_that_is_done_again_changes_nothing_and_needs_no_token(site, gate):
    gate.enrol(site, site.token())
    before = gate.certificate
    outcome = gate.enrol(site, "")
    assert outcome.kept
    assert gate.certificate == before
    assert not gate.enrol(site, site.token(), again=True).kept
    assert gate.certificate != before
    assert gate.names() == [
        *(
            "broker-ca.pem",
            "est-ca.pem",
            "gate.key",
            "gate.key.previous",
            "gate.pem",
            "gate.pem.previous",
            "gate.pem.unproven",
        ),
    ]


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key_and_token(site, gate):
    token = site.token()
    key = gate.pair.next_key()
    context = ServerTrust.of_file(site.ca).context()
    (lost,) = EstClient(Endpoint.parse(site.url)).enrol(context, request_for(GATE, key), GATE, token)
    assert gate.enrol(site, token).certificate == lost


def test_a_power_cut_at_any_moment_leaves_a_pair_that_works_and_the_same_command_ends_it(site, tmp_path, monkeypatch):
    real = Path.replace
    for cut_at in count():
        gate = GateFiles(tmp_path, f"gate-{cut_at}")
        gate.enrol(site, site.token())
        old, token, done = gate.certificate, site.token(), iter(range(cut_at))

        def replace(path, target, done=done):
            if next(done, None) is None:
                raise KeyboardInterrupt
            return real(path, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", replace)
            try:
                gate.enrol(site, token, again=True)
            except KeyboardInterrupt:
                whole = False
            else:
                whole = True
        gate.pair.recover()  # as every start of the agent does
        assert gate.good_for_the_link()
        if not whole and gate.certificate == old:
            gate.enrol(site, token, again=True)
        assert gate.certificate != old
        assert gate.good_for_the_link()
        assert not [name for name in gate.names() if name.endswith(".next")]
        if whole:
            break
    assert cut_at > 5


def test_the_certificate_takes_its_place_only_once_its_key_is_there_for_good(site, tmp_path, monkeypatch):
    """A power cut may undo each rename whose folder was not synced, in any order where the two are on two disks."""
    gate = GateFiles(tmp_path)
    gate.enrol(site, site.token())
    keys = tmp_path / "keys"
    keys.mkdir()
    pair = CertificatePair(gate.pair.certificate_file, (gate.folder / "gate.key").replace(keys / "gate.key"))
    key = pair.next_key()
    with site.opened() as registrar:
        fresh = registrar.issuer.issue(GATE, key.public_key(), 10, Clock().now().utc)
    undone, real, real_sync = set(), Path.replace, certificate_pair.sync_folder

    def replace(path, target):
        if target == pair.certificate_file:
            assert pair.key_file not in undone
        undone.add(target)
        return real(path, target)

    def sync(folder):
        undone.difference_update({path for path in undone if path.parent == folder})
        real_sync(folder)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(certificate_pair, "sync_folder", sync)
    pair.put([fresh])
    assert (pair.certificate(), pair.usable(), undone) == (fresh, True, set())


def test_another_brokers_authority_stays(site, gate):
    gate.files.broker_ca.write_text("of the operator")
    assert gate.enrol(site, site.token()).broker_ca_kept
    assert gate.files.broker_ca.read_text() == "of the operator"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (lambda site: site.token("gate-8"), "another gate"),
        (lambda site: site.token(hours=-0.1), "too old"),
        (lambda _: "8-00000-00000-00000-00000", "for site 8"),
        (lambda _: "7-00000-00000-00000-00000", "not known"),
    ],
)
def test_a_token_that_is_no_good_says_why_and_nothing_is_written(site, gate, token, words):
    with pytest.raises(EstError, match=words):
        gate.enrol(site, token(site))
    assert gate.names() == ["gate.key.next"]


def test_a_used_token_is_refused_to_another_key(site, gate, tmp_path):
    token = site.token()
    gate.enrol(site, token)
    with pytest.raises(EstError, match="has been used"):
        GateFiles(tmp_path, "other").enrol(site, token)


def test_a_server_with_another_fingerprint_never_sees_the_token(site, gate):
    token = site.token()
    with pytest.raises(ServerTrustError, match="no authority of the server"):
        gate.enrol(site, token, fingerprint=bytes(32))
    assert gate.names() == []
    gate.enrol(site, token)


def test_a_server_of_another_name_is_not_believed(site, gate):
    with pytest.raises(ExchangeError, match="certificate is not valid"):
        gate.enrol(site, site.token(), url=site.url.replace("localhost", "127.0.0.1"))


def test_a_server_that_is_not_there_leaves_all_as_it_was(site, gate):
    gate.enrol(site, site.token())
    before = {path: path.read_bytes() for path in gate.folder.iterdir()}
    with pytest.raises(ExchangeError, match="cannot be reached"):
        gate.enrol(site, site.token(), url="https://localhost:1", again=True)
    assert {path: path.read_bytes() for path in gate.folder.iterdir()} == before


def http(status, body=b"", *headers):
    head = "\r\n".join((f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers))
    return f"{head}\r\n\r\n".encode() + body


def answers(*parts):
    def answer(tls):
        for part in parts:
            tls.sendall(part)

    return answer


def never(tls):
    tls.sendall(b"HTTP/1.1 200 OK\r\n")
    tls.recv(1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answers(http(500, b"\x1b[31mbroken")), r"says 500: \?\[31mbroken"),
        (answers(b"\0\1\2 garbage\r\n\r\n"), "not HTTP"),
        (answers(http(200, b"%%% no base64")), "contains no certificates"),
        (answers(http(200, base64.b64encode(b"no pkcs7"))), "contains no certificates"),
        (answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), "not HTTP|before its answer was complete"),
        (answers(b"HTTP/1.1 200 OK\r\n\r\n", b"A" * 400_000), "larger than"),
        (answers(b"HTTP/1.1 200 OK\r\nX: " + b"A" * 100_000), "not HTTP"),
        (never, "no complete answer"),
    ],
)
def test_a_server_that_answers_strangely_costs_an_error_in_words(tmp_path, gate, answer, words):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("est", hosts=["localhost"])
    with strange_server(certificate, key, answer) as url:
        plan = {"fingerprint": None, "trust_file": authority.ca}
        limit_s = 0.5 if answer is never else PATIENCE_S
        with pytest.raises((EstError, ExchangeError), match=words):
            gate.enrol(EstSite(tmp_path / "none"), "7-0", url=url, timeout_s=limit_s, **plan)
    assert gate.names() == []


def test_a_server_whose_people_have_to_agree_says_when_to_come_again(tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("est", hosts=["localhost"])
    context = ServerTrust.of_file(authority.ca).context()
    wait = answers(http(202, b"", "Retry-After: 120"))
    with strange_server(certificate, key, wait) as url, pytest.raises(WaitError) as refused:
        EstClient(Endpoint.parse(url)).renew(context, b"request")
    assert refused.value.retry_after_s == 120


@pytest.mark.parametrize(
    ("name", "own_key", "words"), [(GATE, False, "another key"), ("gate-8", True, "not for 'gate-7'")]
)
def test_a_certificate_that_was_not_asked_for_is_not_taken(site, tmp_path, gate, name, own_key, words):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("est", hosts=["localhost"])
    asked = (gate if own_key else GateFiles(tmp_path, "other")).pair.next_key().public_key()
    with site.opened() as registrar:
        given = registrar.issuer.issue(name, asked, 10, registrar.utc())
    body = base64.b64encode(certificates_only([given]))
    with strange_server(certificate, key, answers(http(200, body))) as url, pytest.raises(AnswerError, match=words):
        gate.enrol(site, "7-0", url=url, fingerprint=None, trust_file=authority.ca)
    assert gate.names() == ["gate.key.next"]


def test_a_certificate_of_a_stranger_is_not_taken(site, tmp_path, gate):
    stranger = EstSite(tmp_path / "stranger")
    with stranger.opened() as registrar:
        given = registrar.issuer.issue(GATE, gate.pair.next_key().public_key(), 10, registrar.utc())
    authority = Authority(tmp_path)
    certificate, key = authority.issue("est", hosts=["localhost"])
    ours = base64.b64encode(certificates_only([x509.load_pem_x509_certificate(site.ca.read_bytes())]))
    theirs = base64.b64encode(certificates_only([given]))
    bodies = iter([ours, theirs])
    with (
        strange_server(certificate, key, lambda tls: tls.sendall(http(200, next(bodies)))) as url,
        pytest.raises(AnswerError, match="is not from the authority"),
    ):
        gate.enrol(site, "7-0", url=url, fingerprint=None, trust_file=authority.ca)


def test_the_next_key_waits_on_the_disk_before_anybody_is_asked(gate):
    key = gate.pair.next_key()
    kept = load_pem_private_key((gate.folder / "gate.key.next").read_bytes(), None)
    assert kept.private_numbers() == key.private_numbers() == gate.pair.next_key().private_numbers()


def test_a_next_key_that_was_spoilt_is_made_again(gate):
    (gate.folder / "gate.key.next").write_bytes(b"spoilt")
    gate.pair.next_key()
    assert gate.pair.next_key() is not None


def test_a_next_certificate_that_was_spoilt_is_taken_away(site, gate):
    gate.enrol(site, site.token())
    before = gate.certificate
    for content in (b"spoilt", site.ca.read_bytes()):
        (gate.folder / "gate.pem.next").write_bytes(content)
        assert not gate.pair.recover()
        assert gate.certificate == before
        assert "gate.pem.next" not in gate.names()
