"""TLS and certificates against a real broker: every mistake is told in words, and tried again for ever."""

import subprocess
from datetime import UTC, datetime

import pytest

from agent.broker.tls import TlsFiles, TlsFilesError, make_context
from agent.devices.port_supervisor import PortState
from agent.mqtt.delivery_settings import DeliverySettings
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, Observer, journal_at, linked, local, quick, record
from tests.support.mqtt.mosquitto import Broker, Listener, SampleBroker, needs_mosquitto
from tests.support.pki.certificates import Authority
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"
PAST = datetime(2021, 1, 1, tzinfo=UTC)
FUTURE = datetime(2119, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pki")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


@pytest.fixture(scope="module")
def stranger(folder):
    return Authority(folder, "stranger")


@pytest.fixture
def journal(tmp_path):
    with journal_at(tmp_path / "journal.sqlite") as opened:
        yield opened


def tls_listener(authority, certificate, key):
    return (
        "allow_anonymous false", f"cafile {authority.ca}", f"certfile {certificate}", f"keyfile {key}",
        "require_certificate true", "use_identity_as_username true",
    )  # fmt: skip


@pytest.fixture
def broker(tmp_path, authority):
    pair = authority.issue("broker", hosts=["127.0.0.1", "localhost"])
    with Broker(tmp_path, listener=tls_listener(authority, *pair)) as running:
        yield running


def files(authority, name=GATE, **options):
    certificate, key = authority.issue(name, **options)
    return TlsFiles(authority.ca, certificate, key)


def detail(journal, settings, words):
    observer = Observer()
    with linked(journal, settings, observe_link=observer) as link:
        eventually(lambda: words in observer.details(), what=f"{words!r} in {observer.details()!r}")
        assert link.client.view.state is PortState.LOST
        assert PortState.UP not in observer.states


def secure(port, tls, host="127.0.0.1", **changes):
    return quick(local(port, tls=True, host=host), tls=tls, **changes)


def test_events_go_over_mutual_tls(broker, authority, journal):
    record(journal, 20)
    central, key = authority.issue("central")
    options = ("--cafile", authority.ca, "--cert", central, "--key", key)
    with (
        Listener(broker.port, f"{ROOT}/event/#", options=options) as listener,
        linked(journal, secure(broker.port, files(authority)), DeliverySettings(resend_s=3600)),
    ):
        eventually(lambda: len(listener.messages) == 20)
    assert broker.says(f"as {GATE}")


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({"hosts": ["127.0.0.1"], "not_after": PAST}, "has expired"),
        ({"hosts": ["127.0.0.1"], "not_before": FUTURE}, "not valid yet: check the clock"),
        ({"hosts": ["another.example"]}, "not for this IP address"),
    ],
)
def test_a_wrong_certificate_of_the_broker_is_told(tmp_path, authority, journal, server, words):
    pair = authority.issue("broker", file="bad-broker", **server)
    with Broker(tmp_path, listener=tls_listener(authority, *pair)) as broker:
        detail(journal, secure(broker.port, files(authority)), words)


def test_a_broker_with_another_name_is_told(tmp_path, authority, journal):
    pair = authority.issue("broker", file="other-broker", hosts=["another.example"])
    with Broker(tmp_path, listener=tls_listener(authority, *pair)) as broker:
        detail(journal, secure(broker.port, files(authority), "localhost"), "not for this host name")


def test_a_broker_of_another_ca_is_told(broker, authority, stranger, journal):
    certificate, key = authority.issue(GATE)
    detail(journal, secure(broker.port, TlsFiles(stranger.ca, certificate, key)), "CA that is not in the CA file")


def test_a_gate_without_certificate_is_told(broker, authority, journal):
    detail(journal, secure(broker.port, TlsFiles(authority.ca)), "requires a certificate from this gate")


def test_a_gate_with_a_certificate_of_another_ca_is_told(broker, authority, stranger, journal):
    certificate, key = stranger.issue(GATE, file="foreign-gate")
    detail(journal, secure(broker.port, TlsFiles(authority.ca, certificate, key)), "gate's certificate")


def test_a_gate_whose_certificate_has_expired_is_told(broker, authority, journal):
    tls = files(authority, file="old-gate", not_after=PAST)
    detail(journal, secure(broker.port, tls), "this gate's certificate has expired")


def test_tls_to_a_port_without_it_is_told(tmp_path, authority, journal):
    with Broker(tmp_path) as broker:
        detail(journal, secure(broker.port, files(authority)), "use TLS")


def test_a_certificate_file_that_is_put_in_later_is_picked_up(broker, authority, journal, folder):
    certificate, key = authority.issue(GATE, file="late-gate")
    text = certificate.read_bytes()
    certificate.unlink()
    record(journal, 3)
    observer = Observer()
    tls = TlsFiles(authority.ca, certificate, key)
    with linked(journal, secure(broker.port, tls), observe_link=observer) as link:
        eventually(lambda: "late-gate.crt does not exist" in observer.details())
        certificate.write_bytes(text)
        eventually(lambda: link.client.view.state is PortState.UP)


def test_a_broker_may_renew_its_certificate_and_one_of_another_ca_is_reported_until_it_is_replaced(
    tmp_path, authority, stranger, journal
):
    hosts = ["127.0.0.1", "localhost"]
    paths = tmp_path / "broker.crt", tmp_path / "broker.key"

    def install(pair):
        for path, new in zip(paths, pair, strict=True):
            path.write_bytes(new.read_bytes())
        broker.stop()
        broker.start()

    for path, first in zip(paths, authority.issue("broker", file="first", hosts=hosts), strict=True):
        path.write_bytes(first.read_bytes())
    broker = Broker(tmp_path, listener=tls_listener(authority, *paths))
    central_files = (authority.ca, *authority.issue("central"))
    with broker, linked(journal, secure(broker.port, files(authority))) as link:
        with Central(broker.port, GATE, tls=central_files):
            record(journal, 5)
            eventually(lambda: journal.watermark == 5)
            install(authority.issue("broker", file="renewed", hosts=hosts))
            record(journal, 5)
            eventually(lambda: journal.watermark == 10)
            assert link.client.view.connections == 2
        install(stranger.issue("broker", file="foreign", hosts=hosts))
        record(journal, 5)
        eventually(lambda: "CA that is not in the CA file" in link.client.view.detail)
        assert journal.watermark == 10
        install(authority.issue("broker", file="replaced", hosts=hosts))
        eventually(lambda: link.client.view.state is PortState.UP)
        assert link.client.view.detail == ""
        with Central(broker.port, GATE, tls=central_files) as central:
            central.events.update({event.seq: event.payload for event in journal.range(1, 10)})
            eventually(lambda: journal.watermark == 15)


def test_files_that_cannot_be_used_say_which_and_why(authority, folder):
    certificate, key = authority.issue("one")
    _, other = authority.issue("two")
    rubbish = folder / "rubbish"
    rubbish.write_text("no PEM\n")
    cases = [
        (TlsFiles(folder / "none"), "CA file .*none does not exist"),
        (TlsFiles(folder), "CA file .* cannot be read"),
        (TlsFiles(rubbish), "no usable PEM certificate"),
        (TlsFiles(authority.ca, certificate, other), "does not belong to the certificate"),
        (TlsFiles(authority.ca, rubbish, key), "must be plain PEM"),
        (TlsFiles(authority.ca, certificate, folder / "nokey"), "key file .* does not exist"),
    ]
    for tls, words in cases:
        with pytest.raises(TlsFilesError, match=words):
            make_context(tls)
    with pytest.raises(ValueError, match="needs its key"):
        TlsFiles(authority.ca, certificate)


def test_an_encrypted_key_is_refused_and_does_not_ask_for_a_password(authority, folder):
    certificate, key = authority.issue("locked")
    locked = folder / "locked-encrypted.key"
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:secret"],
        check=True,
        timeout=PATIENCE_S,
    )
    with pytest.raises(TlsFilesError, match="must be plain PEM"):
        make_context(TlsFiles(authority.ca, certificate, locked))


def test_the_sample_configuration_with_certificates_made_as_written_lets_each_gate_do_its_own(tmp_path, journal):
    record(journal, 5)
    with (
        SampleBroker(tmp_path, GATE) as broker,
        Central(broker.central_port, GATE, tls=broker.files("central")) as central,
    ):
        with linked(journal, secure(broker.port, TlsFiles(*broker.files(GATE)), "localhost")) as link:
            eventually(lambda: journal.watermark == 5)
            assert link.client.view.detail == ""
        assert sorted(central.events) == [1, 2, 3, 4, 5]


def test_the_sample_configuration_lets_no_gate_speak_for_another(tmp_path, journal):
    record(journal, 1)
    observer = Observer()
    with SampleBroker(tmp_path, "other-gate") as broker:
        settings = secure(broker.port, TlsFiles(*broker.files("other-gate")), "localhost")
        with linked(journal, settings, observe_uplink=observer) as link:
            eventually(lambda: observer.views and "0x87" in observer.views[-1].trouble)
            eventually(lambda: "birth" in link.client.view.detail and "status" in link.client.view.detail)
    assert journal.watermark == 0
