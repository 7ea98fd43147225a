"""What strangers send: other hosts, floods, halves of requests, bodies without end.

It is refused, counted, and nothing else happens.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import ExitStack, closing
from importlib.resources import files
from urllib.parse import urlsplit

import httpx
import pytest

from agent.console.access.sessions import csrf_token
from agent.console.certificate import CERTIFICATE
from agent.console.web import connections, http_server, stream_limits
from agent.console.web.allowed_hosts import Names
from agent.console.web.request_limits import BODY_BYTES
from tests.support.console.consoles import ConsoleGate, acts
from tests.support.waiting import PATIENCE_S, eventually, scaled


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("hostile"), console='names = ["gate.example"]') as gate:
        gate.token("admin")
        gate.app.console.access.requests._burst = 1e6
        yield gate


@pytest.fixture(autouse=True)
def patient(mocker):
    """Who sends what he should has the time for it, on a machine as busy as this one."""
    mocker.patch.object(http_server, "HANDSHAKE_S", scaled(http_server.HANDSHAKE_S))
    mocker.patch.object(connections, "REQUEST_S", scaled(connections.REQUEST_S))


def connected(gate, address="127.0.0.1"):
    """A connection from a loopback address."""
    parts = urlsplit(gate.url)
    return closing(
        socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S, source_address=(address, 0))
    )


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
    for path in ("/settings/account", "/static/console.css", "/no-such-page", "/healthz", "/api/openapi.json"):
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


def test_static_files_are_compressed_and_pages_are_not(gate):
    """A page holds the token of its session beside words that others choose: its length must not tell it."""
    browser = gate.browser("viewer")
    static, page = browser.get("/static/console.css"), browser.get("/settings/account")
    assert (static.headers["content-encoding"], static.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert static.text == (files("agent.console") / "static" / "console.css").read_text(encoding="utf-8")
    assert page.status_code == 200
    assert "content-encoding" not in page.headers
    again = browser.get("/static/console.css", headers={"if-none-match": static.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("headers", [{"accept-encoding": "identity"}, {"range": "bytes=0-9"}])
def test_a_file_is_sent_as_it_is_to_who_asks_for_that(gate, headers):
    answer = gate.browser("viewer").get("/static/console.css", headers=headers)
    stored = (files("agent.console") / "static" / "console.css").read_bytes()
    assert "content-encoding" not in answer.headers
    assert answer.content == (stored[:10] if "range" in headers else stored)


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
        ("localhost:8480/account?", False),
        ("127.0.0.1:x", False),
    ],
)
def test_a_name_that_is_not_the_gates_is_refused(host, allowed):
    assert Names(frozenset({"gate.example", "localhost"})).allow(host) is allowed


def test_a_page_of_another_name_that_leads_here_gets_nothing(gate):
    before = refused(gate, "host")
    response = gate.browser("admin").get("/settings/account", headers={"host": "evil.example"})
    assert response.status_code == 421
    assert "some-admin" not in response.text
    assert refused(gate, "host") == before + 1


@pytest.mark.parametrize(
    "head",
    [
        b"GET /settings/account HTTP/1.1\r\n\r\n",
        b"GET /settings/account HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /settings/account HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 70_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET /settings/account HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 70_000,
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
    assert gate.browser("viewer").get("/settings/account").status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_no_path_leads_out_of_the_static_files(gate, path):
    with connected(gate) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert answer(connection).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "OPTIONS", "BREW"])
def test_a_method_that_no_page_has_does_nothing(gate, method):
    assert gate.browser("admin").request(method, "/settings/users").status_code in {404, 405}


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
        "/settings/users", content=parts(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 413
    assert refused(gate, "body") == before + 1


def test_a_flood_from_one_address_is_slowed_down(gate):
    limits = gate.app.console.access.requests
    browser = gate.browser("viewer")
    limits._burst, limits._per_s = 3.0, 1e-6
    limits._buckets.clear()
    try:
        answers = [browser.get("/settings/account") for _ in range(5)]
    finally:
        limits._burst = 1e6
        limits._buckets.clear()
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_so_many_connections_from_one_address_and_no_more(tmp_path, mocker):
    mocker.patch.object(http_server, "KEEP_ALIVE_S", scaled(http_server.KEEP_ALIVE_S))
    with ConsoleGate(tmp_path) as gate, ExitStack() as stack:
        gate.token("admin")
        before = refused(gate, "connections")
        token = gate.token("viewer")
        asked = f"GET /settings/account HTTP/1.1\r\nHost: localhost\r\nCookie: gate-session={token}\r\n\r\n".encode()
        for _ in range(http_server.NETWORK.most_of_one):
            known = stack.enter_context(connected(gate, "127.0.0.8"))
            known.sendall(asked)
            assert known.recv(12) == b"HTTP/1.1 200"
        with connected(gate, "127.0.0.8") as one_more:
            assert one_more.recv(1) == b""
        assert refused(gate, "connections") > before
        stack.close()
        eventually(lambda: gate.browser("viewer").get("/settings/account").status_code == 200)


def test_of_one_address_that_nobody_is_known_of_the_oldest_half_open_connection_goes_for_a_new_one(gate):
    eventually(lambda: gate.app.console.connections == 0, within_s=60)
    with ExitStack() as stack:
        own = half_open(gate, stack, "127.0.0.9", http_server.NETWORK.strangers_of_one)
        other = half_open(gate, stack, "127.0.0.10", 1)
        eventually(lambda: gate.app.console.connections == len(own) + 1)
        newer = half_open(gate, stack, "127.0.0.9", 2)
        assert [answer_or_reset(ended) for ended in own[:2]] == [b"", b""]
        for kept in (*own[2:], *newer, *other):
            kept.sendall(b"host\r\n\r\n")
            assert kept.recv(9) == b"HTTP/1.1 "


def test_a_browser_by_which_somebody_has_logged_in_before_keeps_its_connection_among_strangers(gate):
    gate.token("admin")
    token = gate.app.console.access.known_browsers.remember("some-admin", "")
    asked = f"GET /login HTTP/1.1\r\nHost: localhost\r\nCookie: gate-browser={token}\r\n\r\n".encode()
    with ExitStack() as stack:
        known = stack.enter_context(connected(gate, "127.0.0.11"))
        known.sendall(asked)
        assert known.recv(12) == b"HTTP/1.1 200"
        before = refused(gate, "connections")
        half_open(gate, stack, "127.0.0.11", http_server.NETWORK.strangers_of_one + 2)
        eventually(lambda: refused(gate, "connections") >= before + 2)
        known.sendall(asked)
        heard = b""
        while heard.count(b"HTTP/1.1 200") < 1:
            part = known.recv(65_536)
            assert part, "the connection was ended"
            heard += part


def test_a_client_that_sends_half_a_request_is_not_waited_for(tmp_path, mocker):
    enough_s = connections.REQUEST_S
    mocker.patch.object(connections, "REQUEST_S", 0.2)
    mocker.patch("agent.console.web.request_limits.BODY_S", 0.2)
    with ConsoleGate(tmp_path) as gate:
        gate.token("admin")
        with connected(gate) as connection:
            connection.sendall(b"GET /settings/account HTTP/1.1\r\nHost: local")
            assert answer_or_reset(connection) == b""
        with connected(gate) as connection:
            assert answer_or_reset(connection) == b""
        mocker.patch.object(connections, "REQUEST_S", enough_s)
        with connected(gate) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            whole = b""
            while not whole.endswith(b"up\n"):
                whole += connection.recv(65_536)
            assert whole.startswith(b"HTTP/1.1 200")
            mocker.patch.object(connections, "REQUEST_S", 0.2)
            connection.sendall(b"GET /healthz HTT")
            assert answer_or_reset(connection) == b""
        assert refused(gate, "slow") == 3
        mocker.patch.object(connections, "REQUEST_S", enough_s)
        head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        with connected(gate) as connection:
            connection.sendall(head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=")
            assert answer(connection).startswith(b"HTTP/1.1 408")
        assert refused(gate, "slow") == 4


def test_a_client_that_reads_nothing_of_what_is_sent_is_disconnected(tmp_path, mocker):
    mocker.patch.object(connections, "STALLED_MS", 500)
    with ConsoleGate(tmp_path) as gate, ExitStack() as stack:
        entered = mocker.spy(gate.app.console._listening._network, "enter")
        connection = stack.enter_context(connected(gate))
        asked = b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(asked * 300)
        eventually(lambda: entered.spy_return is not None, what="its place")
        eventually(lambda: gate.app.console.connections == 0, within_s=60)


def answer_or_reset(connection):
    try:
        return answer(connection)
    except ConnectionResetError:
        return b""


def test_only_so_many_live_answers_are_open_and_each_ends_with_its_session(tmp_path, mocker):
    mocker.patch.object(stream_limits, "STREAMS_OF_ONE", 2)
    mocker.patch.object(stream_limits, "LOOK_EVERY_S", 0.0)
    with ConsoleGate(tmp_path) as gate:
        gate.token("admin")
        viewer = gate.browser("viewer")
        with viewer.stream("GET", "/live/lane/out/news") as one:
            news = one.iter_raw()
            assert next(news)
            with viewer.stream("GET", "/live/lane/out/news") as two:
                assert two.status_code == 200
                assert viewer.get("/live/lane/out/news").status_code == 503
                assert viewer.get("/settings/account").status_code == 200
            gate.app.console.access.users.remove("some-viewer")
            for _ in news:
                pass
        assert gate.browser("admin").get("/settings/account").status_code == 200


def test_an_encrypted_door_is_not_opened_by_plain_talk(tmp_path):
    with ConsoleGate(tmp_path, console='tls = "always"') as gate:
        gate.token("admin")
        with connected(gate) as connection:
            connection.sendall(b"GET /settings/account HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" not in answer_or_reset(connection)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with connected(gate) as connection, pytest.raises(ssl.SSLError):
            old.wrap_socket(connection)
        eventually(lambda: refused(gate, "handshake") == 2)


def send_and_reset(gate, request):
    """Send a request and have the kernel end the connection by a reset, so that nobody can be asked
    for its other end.
    """
    with connected(gate) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(request)


def test_who_resets_the_connection_behind_a_request_is_no_local_caller_and_needs_the_forms_token(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        head = "POST /settings/account/others HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Cookie: gate-session={gate.token('admin')}\r\n"
        for number in range(30):
            send_and_reset(gate, f"{head}X-CSRF-Token: {'0' * 64}\r\nContent-Length: 0\r\n\r\n".encode())
            eventually(lambda done=number + 1: refused(gate, "forged") + len(acts(gate)) == done)
        assert acts(gate) == []
        good = f"{head}X-CSRF-Token: {csrf_token(head.rpartition('=')[2].strip())}\r\nContent-Length: 0\r\n\r\n"
        send_and_reset(gate, good.encode())
        (done,) = eventually(lambda: acts(gate))
        assert (done["act"], done["address"]) == ("sessions.closed", "127.0.0.1")


def test_requests_that_are_reset_count_for_their_address(tmp_path, mocker):
    with ConsoleGate(tmp_path) as gate:
        limits = gate.app.console.access.requests
        limits._burst, limits._per_s = 5.0, 1e-6
        asked = mocker.spy(limits, "wait_s")
        for number in range(8):
            send_and_reset(gate, b"GET /settings/account HTTP/1.1\r\nHost: localhost\r\n\r\n")
            eventually(lambda done=number + 1: asked.call_count == done)
        assert {call.args for call in asked.call_args_list} == {("127.0.0.1",)}
        eventually(lambda: refused(gate, "rate") == 3)


def half_open(gate, stack, address, count):
    """So many connections of a loopback address, each with half of a request's head."""
    made = []
    for _ in range(count):
        made.append(stack.enter_context(connected(gate, address)))
        made[-1].sendall(b"GET /login HTTP/1.1\r\nHost: local")
    return made


@pytest.mark.parametrize(("addresses", "of_each"), [(4, 32), (20, 8), (100, 2)])
def test_half_sent_requests_from_many_addresses_keep_no_technician_out(tmp_path, mocker, addresses, of_each):
    mocker.patch.object(connections, "REQUEST_S", PATIENCE_S)
    with ConsoleGate(tmp_path) as gate, ExitStack() as stack:
        gate.token("admin")
        before = gate.browser("technician")
        assert before.get("/settings/account").status_code == 200
        for number in range(addresses):
            half_open(gate, stack, f"127.0.1.{number + 1}", of_each)
        assert before.get("/settings/account").status_code == 200
        assert gate.browser("technician").get("/settings/account").status_code == 200
        assert gate.browser().get("/login").status_code == 200
        assert refused(gate, "connections") > 0


def takes_nothing(gate, stack, address):
    """A connection that asks for much and reads nothing of it."""
    parts = urlsplit(gate.url)
    made = stack.enter_context(closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(PATIENCE_S)
    made.bind((address, 0))
    made.connect((parts.hostname, parts.port))
    made.sendall(b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 150)


def bound_to_little(connection):
    """As the gate does, and the kernel keeps little of what the other end does not take."""
    connections.bound(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


def test_clients_that_take_nothing_of_their_answers_keep_no_technician_out(tmp_path, mocker):
    mocker.patch.object(connections, "STALLED_MS", 3_600_000)  # as who takes a byte now and then
    mocker.patch.object(connections, "REQUEST_S", 3600.0)  # on a busy machine the first of them wait long for the last
    mocker.patch.object(http_server, "bound", bound_to_little)  # else megabytes are sent before each of them stalls
    of_each, strangers = http_server.NETWORK.strangers_of_one, http_server.NETWORK.strangers
    with ConsoleGate(tmp_path) as gate, ExitStack() as stack:
        gate.token("admin")
        gate.app.console.access.requests._burst = 1e6
        pool = gate.app.console._listening._network
        for number in range(strangers):
            takes_nothing(gate, stack, f"127.0.6.{number // of_each + 1}")
        eventually(lambda: pool.inside == strangers and all(place.waits() for place in list(pool._places)))
        assert gate.browser().get("/login").status_code == 200
        assert gate.browser("technician").get("/settings/account").status_code == 200
        assert refused(gate, "connections") > 0


def test_a_technician_behind_a_burst_of_silent_connections_comes_in(tmp_path):
    with ConsoleGate(tmp_path, console='tls = "always"') as gate, ExitStack() as stack:
        goes_on = threading.Event()
        gate.app.console._listening._loop.call_soon_threadsafe(goes_on.wait, PATIENCE_S)
        for number in range(20):
            for _ in range(8):
                stack.enter_context(connected(gate, f"127.0.2.{number + 1}"))
        technician = stack.enter_context(connected(gate))
        goes_on.set()  # all of them are there before the first is taken in
        trusting = ssl.create_default_context(cafile=str(tmp_path / "state" / CERTIFICATE))
        with trusting.wrap_socket(technician, server_hostname="127.0.0.1") as encrypted:
            encrypted.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert answer(encrypted).startswith(b"HTTP/1.1 ")


def test_handshakes_that_are_never_made_keep_no_technician_out(tmp_path):
    with ConsoleGate(tmp_path, console='tls = "always"') as gate, ExitStack() as stack:
        token = gate.token("technician")
        silent = [
            stack.enter_context(connected(gate, f"127.0.2.{number + 1}")) for number in range(20) for _ in range(8)
        ]
        trusting = ssl.create_default_context(cafile=str(tmp_path / "state" / CERTIFICATE))
        cookie = {"cookie": f"__Host-gate-session={token}"}
        page = httpx.get(
            f"{gate.url}/settings/account", headers=cookie, verify=trusting, trust_env=False, timeout=PATIENCE_S
        )
        assert page.status_code == 200
        assert answer_or_reset(silent[0]) == b""
        assert gate.app.console.connections <= http_server.NETWORK.strangers + 1
