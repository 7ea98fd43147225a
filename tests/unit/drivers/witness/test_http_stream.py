"""One request to a camera whose answer is no good: given up by the clock or at a bound, whatever comes."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.http_digest import Login
from drivers.witness.hikvision import HikvisionSettings
from drivers.witness.http_stream import HttpStream
from tests.support.waiting import PATIENCE_S, scaled_ms

pytestmark = pytest.mark.usefixtures("no_leaks")

OK = b"HTTP/1.1 200 OK\r\n"
PHRASE = "hush hush"


class Scripted:
    """Answers every connection with the same bytes, then with others again and again until the client is gone."""

    def __init__(self, first, again=b""):
        self._first, self._again = first, again
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        # Wakes the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_S)
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection):
        try:
            self.requests.append(connection.recv(65536))
            connection.sendall(self._first)
            while self._again:
                connection.sendall(self._again)
        except OSError:
            return


@contextmanager
def asking(first, again=b"", *, timeout_ms=30_000):
    with Scripted(first, again) as server:
        table = {"host": "127.0.0.1", "port": server.port, "user": "gate", "password": PHRASE}
        settings = HikvisionSettings.model_validate(table | {"connect_timeout_ms": timeout_ms})
        stream = HttpStream(settings, Login("gate", PHRASE, lambda: "c"))
        try:
            yield stream, server
        finally:
            stream.close()


@pytest.mark.parametrize(
    ("first", "again", "words"),
    [
        (b"", b"", "ends the answer early"),
        (b"\r\n\r\n", b"", "ends the answer early"),
        (b"HTTP/1.1 200", b"", "ends the answer early"),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"", "ends the answer early"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n", b"", "ends the answer early"),
        (OK, b"X-More: " + b"x" * 1000 + b"\r\n", "ends the answer early"),
        (OK + b"X: ", b"x" * 1000, "ends the answer early"),
        (b"HTTP/1.1 500 Error\r\n\r\n", b"", "status 500"),
        (b"HTTP/1.1 206 Partial\r\n\r\n", b"", "status 206"),
    ],
)
def test_an_answer_that_is_none_is_unavailable(first, again, words):
    with asking(first, again) as (stream, _), pytest.raises(DeviceUnavailableError, match=words):
        stream.open("/")


def test_intermediate_answers_without_end_are_given_up_by_the_clock():
    endless = b"HTTP/1.1 100 Continue\r\n\r\n" * 100
    refusal = pytest.raises(DeviceUnavailableError, match="does not answer in time")
    with asking(b"", endless, timeout_ms=scaled_ms(200)) as (stream, _), refusal:
        stream.open("/")


def test_a_whole_answer_without_end_is_given_up_at_its_bound():
    with asking(OK + b"\r\n", b"x" * 1000) as (stream, _), pytest.raises(DeviceUnavailableError, match="does not end"):
        stream.whole("/", 10_000)


def test_a_whole_answer_that_is_cut_off_is_unavailable():
    refusal = pytest.raises(DeviceUnavailableError, match="ends the answer early")
    with asking(OK + b"Content-Length: 10\r\n\r\nhalf") as (stream, _), refusal:
        stream.whole("/", 100)


def test_the_bytes_of_a_body_come_as_they_come_and_its_end_is_unavailable():
    with asking(OK + b"Content-Type: text/x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n") as (
        stream,
        server,
    ):
        assert stream.open("/a?b=[c]") == "text/x"
        assert stream.receive(PATIENCE_S) == b"one"
        with pytest.raises(DeviceUnavailableError, match="ended its stream"):
            stream.receive(PATIENCE_S)
        with pytest.raises(DeviceUnavailableError):
            stream.receive(0.0)
    (request,) = server.requests
    assert request.startswith(b"GET /a?b=[c] HTTP/1.1\r\n")
    assert b"uthorization" not in request


@pytest.mark.parametrize("offer", [b"Basic realm=x", b"Digest realm=x", b"Bearer", b""])
def test_a_login_that_cannot_be_given_is_misconfigured_and_the_password_stays_here(offer):
    head = b"HTTP/1.1 401 No\r\nWWW-Authenticate: " + offer + b"\r\nContent-Length: 0\r\n\r\n"
    with asking(head) as (stream, server), pytest.raises(DeviceMisconfiguredError) as refused:
        stream.open("/")
    assert len(server.requests) == 1
    assert PHRASE not in str(refused.value)


def test_a_camera_that_asks_for_a_login_for_ever_is_given_up():
    stale = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="x", nonce="y", stale=true\r\nContent-Length: 0\r\n\r\n'
    with asking(stale) as (stream, server), pytest.raises(DeviceUnavailableError, match="keeps refusing the login"):
        stream.open("/")
    assert len(server.requests) == 3
