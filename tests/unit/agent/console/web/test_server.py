"""The doors of the console: TLS with the gate's own certificate or a given one, its own socket, and starting anew."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509

from agent.console.web.addresses import certified_names, is_encrypted
from agent.console.web.certificate import CERTIFICATE, KEY, CertificateError, certificate
from agent.console.web.server import SOCKET_NAME
from agent.service.notify import Notifier
from agent.settings.model.agent import Console
from tests.support.console.consoles import OPEN_WITHIN_S, ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400


def test_the_gates_own_certificate_is_what_a_browser_meets(tmp_path):
    with ConsoleGate(tmp_path, console='tls = "always"') as gate:
        token = gate.token("viewer")
        trusting = ssl.create_default_context(cafile=str(tmp_path / "state" / CERTIFICATE))
        with httpx.Client(base_url=gate.url, verify=trusting, trust_env=False, timeout=PATIENCE_S) as browser:
            browser.cookies.set("gate-session", token)
            assert browser.get("/account").status_code == 303  # not the name that is safe under TLS
            browser.cookies.set("__Host-gate-session", token, domain="127.0.0.1")
            page = browser.get("/account")
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


def test_a_given_certificate_that_cannot_be_used_leaves_a_console_to_mend_it(tmp_path, caplog):
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


def test_only_the_computers_own_addresses_may_be_plain():
    auto = Console(listen=("127.0.0.1", "::1", "10.0.0.5"), names=("gate.example",))
    assert [is_encrypted(auto, host) for host in auto.listen] == [False, False, True]
    assert is_encrypted(Console(tls="always"), "127.0.0.1")
    assert {"10.0.0.5", "gate.example", "localhost"} <= set(certified_names(auto))


def test_the_computers_own_socket_lets_a_viewer_in_and_is_there_without_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with ConsoleGate(tmp_path, console="", enabled=False) as gate:
        path = tmp_path / SOCKET_NAME
        assert gate.app.console.reached.urls == ()
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://gate", trust_env=False, timeout=PATIENCE_S) as local:
            assert local.get("/account").status_code == 200
            assert local.get("/users").status_code == 403
            assert local.post("/users", data={"name": "x", "role": "admin"}).status_code == 403
            assert local.get("/api/openapi.json").status_code == 403
    assert not path.exists()


def test_who_asks_at_the_own_socket_as_soon_as_the_gate_is_ready_is_answered(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    ready = []

    class Asking(Notifier):
        """Asks as `systemctl start` does: at the moment in which the service says that it is ready."""

        def ready(self, _status):
            asking = socket.socket(socket.AF_UNIX)
            asking.connect(str(tmp_path / SOCKET_NAME))
            asking.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            ready.append(asking)

    gate = ConsoleGate(tmp_path, notifier=Asking(None))
    with gate:
        (asking,) = ready
        asking.settimeout(PATIENCE_S)
        assert asking.recv(100).startswith(b"HTTP/1.1 200 OK")
        asking.close()


def test_a_port_that_another_holds_is_tried_until_it_is_free(tmp_path, caplog, mocker, monkeypatch):
    mocker.patch("agent.console.web.server.RETRY_S", 0.05)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gate = ConsoleGate(tmp_path, console="", port=port)
        gate.app.start()
        try:
            eventually(lambda: "it tries again" in caplog.text)
            assert not gate.app.console.wait_open(0)
            own = httpx.HTTPTransport(uds=str(tmp_path / SOCKET_NAME))
            with httpx.Client(transport=own, base_url="http://gate", trust_env=False, timeout=PATIENCE_S) as local:
                assert local.get("/healthz").text == "up\n"
            taken.close()
            assert gate.app.console.wait_open(20)
            assert gate.browser().get("/healthz").text == "up\n"
        finally:
            gate.__exit__()
    assert caplog.text.count("it tries again") == 1


def test_a_gate_that_starts_anew_takes_the_same_port_with_a_stream_still_open(tmp_path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with ConsoleGate(tmp_path) as gate:
        port = int(gate.url.rpartition(":")[2])
        threads = {thread.name for thread in threading.enumerate()}
        stream = gate.browser("viewer").stream("GET", "/live/lane/out/news")
        news = stream.__enter__().iter_raw()
        assert next(news)
    with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
        for _ in news:
            pass
    assert "console" in threads
    assert "console" not in {thread.name for thread in threading.enumerate()}
    with ConsoleGate(tmp_path, port=port) as gate:
        assert gate.url.endswith(f":{port}")
        assert gate.browser("viewer").get("/account").status_code == 200
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_console_that_cannot_work_leaves_the_gate_at_work_and_opens_once_it_can(tmp_path, caplog, monkeypatch):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "console.db").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    gate = ConsoleGate(tmp_path)
    gate.app.start()
    try:
        eventually(lambda: "console has failed; it begins again" in caplog.text)
        eventually(lambda: not (tmp_path / SOCKET_NAME).exists())
        assert not gate.app.console.wait_open(0)
        eventually(lambda: gate.app.lanes[0].view is not None)
        (tmp_path / "state" / "console.db").rmdir()
        assert gate.app.console.wait_open(OPEN_WITHIN_S)
    finally:
        gate.__exit__()
