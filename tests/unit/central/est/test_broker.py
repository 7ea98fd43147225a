"""What the server gives out, at a real broker: a gate that is enrolled is let in, and one that is revoked is not."""

import signal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.broker import BrokerAddress, TlsFiles
from agent.enrolment import CertificateRenewal, Endpoint, EstClient, renewal_utc
from agent.mqtt import OneShotClient, OneShotClientError, Outgoing
from tests.support.clocks import HandClock
from tests.support.est.est_site import GATE, EstSite
from tests.support.est.gate_files import GateFiles
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.broker, needs_mosquitto]


@pytest.fixture
def site(tmp_path):
    return EstSite(tmp_path / "est")


@pytest.fixture
def broker(site, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    with site.opened() as registrar:
        own = registrar.issuer.issue("localhost", key.public_key(), 30, site.utc(), serves=["localhost"])
        site.settings.crl_path.write_bytes(registrar.revocation_list(30))
    (tmp_path / "broker.crt").write_bytes(own.public_bytes(Encoding.PEM))
    (tmp_path / "broker.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    rules = tmp_path / "gates.acl"
    rules.write_text("pattern readwrite gate/v1/%u/#\n")
    rules.chmod(0o600)
    lines = (
        *("require_certificate true", "use_identity_as_username true", f"acl_file {rules}"),
        *(f"cafile {site.ca}", f"certfile {tmp_path / 'broker.crt'}", f"keyfile {tmp_path / 'broker.key'}"),
        f"crlfile {site.settings.crl_path}",
    )
    with Broker(tmp_path, "per_listener_settings true", listener=lines) as made:
        yield made


def says_something(broker, gate):
    """Publish as the gate; why it was refused, "" where it was not."""
    files = TlsFiles(gate.files.broker_ca, gate.pair.certificate_file, gate.pair.key_file)
    try:
        with OneShotClient(BrokerAddress("localhost", broker.port, tls=True), tls=files, client_id=GATE) as client:
            receipt = client.publish(Outgoing(f"gate/v1/{GATE}/event/gate.started", b"{}", qos=1))
            return receipt.words if receipt.refused else ""
    except OneShotClientError as error:
        return str(error)


def test_a_gate_is_let_in_once_it_is_enrolled_and_no_more_once_it_is_revoked(site, broker, tmp_path):
    gate = GateFiles(tmp_path)
    with site.serving():
        gate.enrol(site, site.token())
    assert says_something(broker, gate) == ""
    with site.opened() as registrar:
        registrar.register.revoke(GATE, site.utc(), "stolen")
        site.settings.crl_path.write_bytes(registrar.revocation_list(30))
    broker.process.send_signal(signal.SIGHUP)
    assert "revoked" in eventually(lambda: says_something(broker, gate), what="the broker to read the list again")


def test_gates_of_the_authority_before_are_let_in_and_renewed_after_it_is_rolled_over(site, broker, tmp_path):
    gate = GateFiles(tmp_path)
    # The first certificate is due long before the second one, whenever in its time each gate asks.
    site.settings = site.settings.model_copy(update={"certificate_days": site.settings.certificate_days // 2})
    with site.serving():
        gate.enrol(site, site.token())
    last = tmp_path / "last.pem"
    last.write_bytes(site.settings.crl_path.read_bytes())
    before = gate.certificate
    site.roll_over()
    site.settings = site.settings.model_copy(
        update={"certificate_days": 2 * site.settings.certificate_days, "earlier_crl_file": last}
    )
    gate.files.server_ca.write_bytes(site.ca.read_bytes())
    with site.serving():  # writes the list
        broker.stop()  # mosquitto keeps a list that it has read, until it is started again
        broker.start()
        assert says_something(broker, gate) == ""
        client = EstClient(Endpoint.parse(site.url), PATIENCE_S)
        clock = HandClock(utc=renewal_utc(before) + 1)
        with site.opened() as registrar:
            assert registrar.issuer.certificate.subject != before.issuer
        CertificateRenewal(client, {"mqtt": gate.pair}, gate.files.server_ca, clock.now, {}).look()
    assert gate.certificate.issuer != before.issuer
    assert says_something(broker, gate) == ""
