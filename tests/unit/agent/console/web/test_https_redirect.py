"""Plain HTTP at an encrypted address: a browser is sent to https, and nothing else is to be had there."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import httpx
import pytest

from agent.console.web import connections, http_server
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually, scaled


@pytest.fixture(autouse=True)
def patient(mocker):
    """Who says what he should has the time for it, on a machine as busy as this one."""
    mocker.patch.object(http_server, "HANDSHAKE_S", scaled(http_server.HANDSHAKE_S))
    mocker.patch.object(connections, "REQUEST_S", scaled(connections.REQUEST_S))


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("plain"), console='tls = "always"\nnames = ["gate.example"]') as gate:
        gate.token("admin")
        gate.app.console.access.requests._burst = 1e6
        yield gate


def port_of(gate):
    return urlsplit(gate.url).port


def connected(gate):
    return closing(socket.create_connection(("127.0.0.1", port_of(gate)), timeout=PATIENCE_S))


def everything(connection):
    """All that comes until the other end closes."""
    taken = b""
    try:
        while part := connection.recv(65_536):
            taken += part
    except ConnectionResetError:
        pass
    return taken


def said(gate, request):
    """What the gate answers to these bytes, as (status, headers, body)."""
    with connected(gate) as connection:
        connection.sendall(request)
        answer = everything(connection)
    assert answer, "an empty reply"
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def asked(gate, target="/lane?x=1", host=None, method="GET", more=""):
    host = f"127.0.0.1:{port_of(gate)}" if host is None else host
    return said(gate, f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())


def refused(gate, reason):
    return gate.app.console.refusals.get(reason, 0)


def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def speaks_tls(gate):
    """Whether the page is still there for a browser that does it right."""
    with httpx.Client(base_url=gate.url, verify=trusting(), trust_env=False, timeout=PATIENCE_S) as browser:
        return browser.get("/healthz").text == "up\n"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_that_comes_by_http_is_sent_to_https(gate, method):
    status, headers, _ = asked(gate, method=method)
    assert (status, headers["location"]) == (308, f"https://127.0.0.1:{port_of(gate)}/lane?x=1")
    assert headers["connection"] == "close"
    assert "set-cookie" not in headers
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("gate.example:9443", "gate.example:9443"),
        ("GATE.example.:9443", "gate.example:9443"),
        ("localhost", "localhost:{port}"),
        ("[::1]:9443", "[::1]:9443"),
        ("[::1]", "[::1]:{port}"),
    ],
)
def test_it_is_sent_to_the_name_by_which_it_came(gate, host, there):
    status, headers, _ = asked(gate, host=host)
    assert (status, headers["location"]) == (308, f"https://{there.format(port=port_of(gate))}/lane?x=1")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "gate.example.evil.example", "gate.example@evil.example", "127.0.0.1:8480@evil.example", "",
     "127.0.0.1:8480:80", "127.0.0.1:99999", "127.0.0.1:x", "[::1%25evil.example]:80",
     "[fe80::1%evil.example/]:80", "gate.example/"],
)  # fmt: skip
def test_no_strange_name_is_led_anywhere(gate, host):
    status, headers, _ = asked(gate, host=host)
    assert status in {400, 421}
    assert "location" not in headers


@pytest.mark.parametrize("hosts", ["", "Host: localhost\r\nHost: evil.example\r\n"])
def test_one_host_is_named(gate, hosts):
    status, headers, _ = said(gate, f"GET / HTTP/1.1\r\n{hosts}\r\n".encode())
    assert status in {400, 421}
    assert "location" not in headers


@pytest.mark.parametrize("target", ["http://evil.example/", "@evil.example/", "*", "evil.example", ".evil.example/"])
def test_a_target_that_is_no_path_is_led_nowhere(gate, target):
    status, headers, _ = asked(gate, target=target)
    assert status in {400, 404}
    assert "location" not in headers


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("//evil.example/x", "//evil.example/x"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/%0d%0aSet-Cookie:%20a=b", "/%0d%0aSet-Cookie:%20a=b"),
        ("/a?b=c&d=%2F#e", None),
        ("/%", "/%"),
        ('/"<script>', "/%22%3Cscript%3E"),
    ],
)
def test_what_is_asked_for_stays_a_path_of_this_gate(gate, target, kept):
    status, headers, body = asked(gate, target=target)
    assert "set-cookie" not in headers
    assert b"<script>" not in body
    if kept is None:
        assert status in {308, 400}
    else:
        assert (status, headers["location"]) == (308, f"https://127.0.0.1:{port_of(gate)}{kept}".lower())


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na=b",
        b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 70_000,
    ],
)
def test_all_else_gets_a_plain_refusal_and_is_counted(gate, request_):
    before = sum(gate.app.console.refusals.values())
    status, headers, _ = said(gate, request_)
    assert status == 400
    assert "location" not in headers
    assert headers["content-type"].startswith("text/plain")
    assert sum(gate.app.console.refusals.values()) > before
    assert speaks_tls(gate)


def test_no_page_is_served_in_plain_to_a_logged_in_user(gate):
    token = gate.token("admin")
    status, _, body = asked(
        gate, target="/settings/account", more=f"Cookie: gate-session={token}; __Host-gate-session={token}\r\n"
    )
    assert (status, b"some-admin" in body) == (308, False)


def test_plain_talk_counts_against_the_same_rate(gate):
    limits = gate.app.console.access.requests
    limits._burst, limits._per_s = 2.0, 1e-6
    limits._buckets.clear()
    try:
        found = [asked(gate)[0] for _ in range(4)]
    finally:
        limits._burst = 1e6
        limits._buckets.clear()
    assert found == [308, 308, 429, 429]


def test_who_says_nothing_at_an_encrypted_address_takes_a_place_and_is_not_waited_for(gate, mocker):
    eventually(lambda: gate.app.console.connections == 0, what="the end of those of other tests")
    before = refused(gate, "connections")
    with ExitStack() as stack:
        oldest, *_ = [stack.enter_context(connected(gate)) for _ in range(http_server.NETWORK.strangers_of_one)]
        eventually(lambda: gate.app.console.connections == http_server.NETWORK.strangers_of_one)
        stack.enter_context(connected(gate))
        assert everything(oldest) == b"", "its place goes to the newest"
        assert refused(gate, "connections") == before + 1
    eventually(lambda: gate.app.console.connections == 0)
    mocker.patch.object(http_server, "HANDSHAKE_S", 0.2)
    waited = refused(gate, "handshake")
    with connected(gate) as silent:
        assert everything(silent) == b""
    eventually(lambda: refused(gate, "handshake") == waited + 1)
    eventually(lambda: gate.app.console.connections == 0)


def test_half_a_plain_request_is_not_waited_for(gate, mocker):
    mocker.patch.object(connections, "REQUEST_S", 0.2)
    with connected(gate) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHos")
        assert everything(connection) == b""
    eventually(lambda: gate.app.console.connections == 0)


def test_a_handshake_that_comes_byte_by_byte_is_a_handshake(gate):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(incoming, outgoing, server_hostname="gate.example")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    with connected(gate) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in (hello[:1], hello[1:6], hello[6:]):
            connection.sendall(part)
        while True:
            incoming.write(connection.recv(65_536))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        connection.sendall(outgoing.read())
        assert tls.version() == "TLSv1.3"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_follows_to_the_page(gate):
    command = ["curl", "--silent", "--show-error", "--insecure", "--location", "--noproxy", "*"]
    command += ["--max-time", f"{scaled(20):.0f}"]
    address = f"http://127.0.0.1:{port_of(gate)}/healthz"
    done = subprocess.run(
        [*command, "--write-out", "%{url_effective}", address], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"up\n{gate.url}/healthz"), done.stderr
