"""The Unix socket of the console: there without the pages, and as soon as the gate is ready."""

from __future__ import annotations

import socket
import stat
from datetime import UTC, datetime

import httpx

from agent.console.web.unix_socket import SOCKET_NAME, UnixSocket
from agent.service.systemd_notify import Notifier
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import PATIENCE_S

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400


def test_the_computers_own_socket_lets_a_viewer_in_and_is_there_without_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with ConsoleGate(tmp_path, console="", enabled=False) as gate:
        path = tmp_path / SOCKET_NAME
        assert gate.app.console.reached.urls == ()
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://gate", trust_env=False, timeout=PATIENCE_S) as local:
            assert local.get("/settings/account").status_code == 200
            assert local.get("/settings/users").status_code == 403
            assert local.post("/settings/users", data={"name": "x", "role": "admin"}).status_code == 403
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


def test_the_sockets_name_is_there_only_when_it_listens(tmp_path, mocker):
    named = []
    listen = socket.socket.listen

    def look_and_listen(self, *arguments):
        named.append((tmp_path / SOCKET_NAME).exists())
        listen(self, *arguments)

    mocker.patch.object(socket.socket, "listen", look_and_listen)
    (tmp_path / f"{SOCKET_NAME}.new").touch()  # an agent was killed here
    own = UnixSocket(tmp_path)
    opened = own.open()
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(own.path))
    finally:
        opened.close()
        own.close()
    assert named == [False]
    assert list(tmp_path.iterdir()) == []
