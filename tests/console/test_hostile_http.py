"""What strangers send: other hosts, floods, halves of requests, bodies without end. It is refused, counted, and nothing else happens."""

from __future__ import annotations

import socket
import ssl
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from agent.console import connections, listening, streams
from agent.console.limits import BODY_BYTES, Names
from tests.consoles import ConsoleGate
from tests.waiting import PATIENCE_S, eventually


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("hostile"), console='names = ["gate.example"]') as gate:
        gate.token("admin")
        gate.app.console.access.requests._burst = 1e6
        yield gate


def connected(gate):
    parts = urlsplit(gate.url)
    return closing(socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S))


def answer(connection):
    """All that comes until the other end closes."""
    taken = b""
    while part := connection.recv(65_536):
        taken += part
    return taken


def refused(gate, reason):
    return gate.app.console.refusals.get(reason, 0)


def test_every_answer_bears_the_headers_that_keep_a_browser_safe(gate):
    browser = gate.browser("viewer")
    for path in ("/account", "/static/console.css", "/no-such-page", "/healthz", "/api/openapi.json"):
        headers = browser.get(path).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
        assert "strict-transport-security" not in headers
        assert "server" not in headers


def test_the_probe_says_that_the_console_is_up_and_nothing_else(gate):
    response = gate.browser().get("/healthz")
    assert (response.status_code, response.text) == (200, "up\n")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("gate.example", True),
        ("GATE.example.:8480", True),
        ("localhost:1", True),
        ("192.168.1.10:8480", True),
        ("[::1]:8480", True),
        ("[fe80::1]", True),
        ("evil.example", False),
        ("gate.example.evil.example", False),
        ("", False),
        ("127.0.0.1.evil.example", False),
        ("[::1", False),
    ],
)
def test_a_name_that_is_not_the_gates_is_refused(host, allowed):
    assert Names(frozenset({"gate.example", "localhost"})).allow(host) is allowed


def test_a_page_of_another_name_that_leads_here_gets_nothing(gate):
    before = refused(gate, "host")
    response = gate.browser("admin").get("/account", headers={"host": "evil.example"})
    assert response.status_code == 421
    assert "some-admin" not in response.text
    assert refused(gate, "host") == before + 1


@pytest.mark.parametrize(
    "head",
    [
        b"GET /account HTTP/1.1\r\n\r\n",
        b"GET /account HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /account HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 70_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET /account HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 70_000,
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(gate, head):
    before = refused(gate, "malformed") + refused(gate, "length")
    with connected(gate) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        try:
            said = answer(connection)
        except ConnectionResetError:
            said = b""
    assert said[:12] in {b"", b"HTTP/1.1 400", b"HTTP/1.1 421"}
    assert said[:12] == b"HTTP/1.1 421" or refused(gate, "malformed") + refused(gate, "length") == before + 1
    assert gate.browser("viewer").get("/account").status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_no_path_leads_out_of_the_static_files(gate, path):
    with connected(gate) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert answer(connection).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "OPTIONS", "BREW"])
def test_a_method_that_no_page_has_does_nothing(gate, method):
    assert gate.browser("admin").request(method, "/users").status_code in {404, 405}


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(gate):
    with connected(gate) as connection:
        connection.sendall(
            f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n".encode()
        )
        assert answer(connection).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_large_is_refused(gate):
    def parts():
        for _ in range(BODY_BYTES // 65_536 + 2):
            yield b"x" * 65_536

    before = refused(gate, "body")
    response = gate.browser("admin").post(
        "/users", content=parts(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 413
    assert refused(gate, "body") == before + 1


def test_a_flood_from_one_address_is_slowed_down(gate):
    limits = gate.app.console.access.requests
    browser = gate.browser("viewer")
    limits._burst, limits._per_s = 3.0, 1e-6
    limits._buckets.clear()
    try:
        answers = [browser.get("/account") for _ in range(5)]
    finally:
        limits._burst = 1e6
        limits._buckets.clear()
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_so_many_connections_from_one_address_and_no_more(gate):
    before = refused(gate, "connections")
    with ExitStack() as stack:
        for _ in range(listening.CONNECTIONS_OF_ONE):
            stack.enter_context(connected(gate))
        with connected(gate) as one_more:
            assert one_more.recv(1) == b""
        assert refused(gate, "connections") > before
    eventually(lambda: gate.browser("viewer").get("/account").status_code == 200)


def test_whoever_sends_half_a_request_is_not_waited_for(tmp_path, mocker):
    mocker.patch.object(connections, "REQUEST_S", 0.2)
    mocker.patch("agent.console.limits.BODY_S", 0.2)
    with ConsoleGate(tmp_path) as gate:
        gate.token("admin")
        with connected(gate) as connection:
            connection.sendall(b"GET /account HTTP/1.1\r\nHost: local")
            assert answer_or_reset(connection) == b""
        with connected(gate) as connection:
            assert answer_or_reset(connection) == b""
        with connected(gate) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            whole = b""
            while not whole.endswith(b"up\n"):
                whole += connection.recv(65_536)
            assert whole.startswith(b"HTTP/1.1 200")
            connection.sendall(b"GET /healthz HTT")
            assert answer_or_reset(connection) == b""
        assert refused(gate, "slow") == 3
        head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        with connected(gate) as connection:
            connection.sendall(head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=")
            assert answer(connection).startswith(b"HTTP/1.1 408")
        assert refused(gate, "slow") == 4


def test_whoever_takes_nothing_of_what_is_sent_is_let_go(tmp_path, mocker):
    mocker.patch.object(connections, "STALLED_MS", 500)
    with ConsoleGate(tmp_path) as gate, connected(gate) as connection:
        asked = b"GET /static/vendor/alpine-csp.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(asked * 200)
        eventually(lambda: gate.app.console.connections == 1)
        eventually(lambda: gate.app.console.connections == 0, within_s=60)


def answer_or_reset(connection):
    try:
        return answer(connection)
    except ConnectionResetError:
        return b""


def test_only_so_many_live_answers_are_open_and_each_ends_with_its_session(tmp_path, mocker):
    mocker.patch.object(streams, "STREAMS_OF_ONE", 2)
    mocker.patch.object(streams, "LOOK_EVERY_S", 0.0)
    with ConsoleGate(tmp_path) as gate:
        gate.token("admin")
        viewer = gate.browser("viewer")
        with viewer.stream("GET", "/live/lane/out/news") as one:
            news = one.iter_raw()
            assert next(news)
            with viewer.stream("GET", "/live/lane/out/news") as two:
                assert two.status_code == 200
                assert viewer.get("/live/lane/out/news").status_code == 503
                assert viewer.get("/account").status_code == 200
            gate.app.console.access.users.remove("some-viewer")
            for _ in news:
                pass
        assert gate.browser("admin").get("/account").status_code == 200


def test_an_encrypted_door_is_not_opened_by_plain_talk(tmp_path):
    with ConsoleGate(tmp_path, console='tls = "always"') as gate:
        gate.token("admin")
        with connected(gate) as connection:
            connection.sendall(b"GET /account HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" not in answer_or_reset(connection)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with connected(gate) as connection, pytest.raises(ssl.SSLError):
            old.wrap_socket(connection)
        eventually(lambda: refused(gate, "handshake") == 2)
