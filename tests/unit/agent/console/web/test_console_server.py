"""The server of the console: a port that is held, starting again, and what it cannot open."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import httpx

from agent.console.access import database
from agent.console.web import console_server
from agent.console.web.unix_socket import SOCKET_NAME
from tests.support.console.consoles import OPEN_WITHIN_S, ConsoleGate
from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import PATIENCE_S, eventually, scaled

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
YEAR_S = 365 * 86_400


def test_a_port_that_another_holds_is_tried_until_it_is_free(tmp_path, caplog, mocker, monkeypatch):
    mocker.patch("agent.console.web.console_server.RETRY_S", 0.05)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gate = ConsoleGate(tmp_path, console="", port=port)
        gate.app.start()
        try:
            eventually(lambda: "trying again" in caplog.text)
            assert not gate.app.console.wait_open(0)
            own = httpx.HTTPTransport(uds=str(tmp_path / SOCKET_NAME))
            with httpx.Client(transport=own, base_url="http://gate", trust_env=False, timeout=PATIENCE_S) as local:
                assert local.get("/healthz").text == "up\n"
            taken.close()
            assert gate.app.console.wait_open(OPEN_WITHIN_S)
            assert gate.browser().get("/healthz").text == "up\n"
        finally:
            gate.__exit__()
    assert caplog.text.count("trying again") == 1


def test_a_gate_that_starts_anew_takes_the_same_port_with_a_stream_still_open(tmp_path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    port = free_port()
    with ConsoleGate(tmp_path, port=port) as gate:
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
        assert gate.browser("viewer").get("/settings/account").status_code == 200
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_console_that_is_stopped_while_it_loads_ends_as_soon_as_it_has_loaded(tmp_path):
    gate = ConsoleGate(tmp_path)
    console, loading = gate.app.console, threading.Event()
    make_gate = console._make_gate

    def until_stopped():
        loading.set()
        assert console.worker.wait(PATIENCE_S)
        return make_gate()

    console._make_gate = until_stopped
    assert not console.loads
    gate.app.start()
    try:
        assert loading.wait(PATIENCE_S)
        assert console.loads
        console.worker.ask_to_stop()
        console.stop()
        assert console.worker.ended(PATIENCE_S)
        assert not console.loads
    finally:
        gate.__exit__()


def test_a_console_that_cannot_work_leaves_the_gate_at_work_and_opens_once_it_can(tmp_path, caplog, monkeypatch):
    prepare, ill = database._prepare, threading.Event()
    ill.set()

    def prepared(path):
        if ill.is_set():
            raise OSError("the disk is ill")
        return prepare(path)

    monkeypatch.setattr(database, "_prepare", prepared)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    gate = ConsoleGate(tmp_path)
    gate.app.start()
    try:
        eventually(lambda: "console has failed; it restarts" in caplog.text)
        eventually(lambda: not (tmp_path / SOCKET_NAME).exists())
        assert not gate.app.console.wait_open(0)
        eventually(lambda: gate.app.lanes[0].view is not None)
        ill.clear()
        assert gate.app.console.wait_open(OPEN_WITHIN_S)
    finally:
        gate.__exit__()


def test_hundreds_who_come_at_once_wait_for_their_turn_and_nobody_is_turned_away_by_the_kernel():
    most = min(500, int(Path("/proc/sys/net/core/somaxconn").read_text(encoding="ascii")))
    with console_server._tcp("127.0.0.1", 0) as listener, ExitStack() as stack:
        for _ in range(most):  # nobody takes them in meanwhile
            connection = socket.create_connection(listener.getsockname(), timeout=scaled(1.0))
            stack.enter_context(closing(connection))
