"""Connecting, writing and asking over TCP, within time limits, against a listener that misbehaves."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from drivers.api import DeviceUnavailableError, NotSentError
from drivers.emulators.tcp import TcpLine
from drivers.serial.shared_port import NoReplyError
from drivers.tcp_port import TcpPort
from tests.support.waiting import PATIENCE_S, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_leaks")

SHORT_S = 0.05


class Peer:
    """A device: what it answers to each piece that comes; empty: nothing."""

    def __init__(self) -> None:
        self.answer = b""
        self.line = TcpLine(self._receive)

    def _receive(self, data: bytes) -> None:
        if self.answer:
            self.line.send(self.answer)


@pytest.fixture
def peer(no_leaks: None) -> Iterator[Peer]:
    peer = Peer()
    peer.line.plug()
    yield peer
    peer.line.close()


@pytest.fixture
def port(peer: Peer) -> Iterator[TcpPort]:
    with closing(TcpPort("127.0.0.1", peer.line.port, PATIENCE_S)) as port:
        yield port


def test_bytes_go_out_and_an_answer_comes_in(peer: Peer, port: TcpPort) -> None:
    port.open()
    assert port.is_usable
    assert port.path == peer.line.link
    port.send(b"one")
    assert peer.line.wait_received(3, PATIENCE_S)
    peer.answer = b"yes"
    assert port.exchange(b"two", lambda got: got == b"yes", PATIENCE_S) == b"yes"
    assert peer.line.received() == b"onetwo"


def test_what_came_unasked_is_no_answer(peer: Peer, port: TcpPort) -> None:
    port.open()
    eventually(lambda: peer.line._clients)
    peer.line.send(b"old")
    peer.answer = b"new"
    assert port.exchange(b"?", lambda got: got.endswith(b"new"), PATIENCE_S) in {b"new", b"oldnew"}


def test_silence_and_half_an_answer_end_with_the_time(peer: Peer, port: TcpPort) -> None:
    port.open()
    with pytest.raises(NoReplyError, match=r"no answer on 127\.0\.0\.1:\d+ \(silence\)"):
        port.exchange(b"?", bool, SHORT_S)
    peer.answer = b"\x01"
    with pytest.raises(NoReplyError, match=r"only 01") as refused:
        port.exchange(b"?", lambda got: len(got) == 2, 1.0)
    assert refused.value.received == b"\x01"
    assert port.is_usable


def test_an_answer_without_an_end_is_given_up(peer: Peer, port: TcpPort) -> None:
    port.open()
    peer.answer = b"x" * 2000
    with pytest.raises(NoReplyError, match="no answer"):
        port.exchange(b"?", lambda _: False, PATIENCE_S)


def test_a_closed_port_sends_nothing(port: TcpPort) -> None:
    for _ in range(2):
        with pytest.raises(NotSentError, match="is not open"):
            port.send(b"x")
        with pytest.raises(NotSentError, match="is not open"):
            port.exchange(b"x", bool, SHORT_S)
        port.open()
        port.close()
        port.close()


def test_who_refuses_is_told(peer: Peer, port: TcpPort) -> None:
    peer.line.unplug()
    with pytest.raises(DeviceUnavailableError, match=r"127\.0\.0\.1 refused port \d+\. Is the port right"):
        port.open()
    assert not port.is_usable
    peer.line.plug()
    port.open()
    port.send(b"x")


def test_an_ended_connection_is_noticed_before_anything_is_sent_and_must_be_opened_again(
    peer: Peer, port: TcpPort
) -> None:
    port.open()
    eventually(lambda: peer.line._clients)
    peer.line.unplug()
    with pytest.raises(NotSentError, match="was lost: the device ended the connection"):
        port.send(b"x")
    assert not port.is_usable
    with pytest.raises(NotSentError, match="is not open"):
        port.send(b"x")


def test_a_connection_that_ends_while_an_answer_is_waited_for_is_lost(peer: Peer, port: TcpPort) -> None:
    port.open()
    puller = threading.Timer(SHORT_S, peer.line.unplug)
    puller.start()
    with pytest.raises(NoReplyError, match="was lost"):
        port.exchange(b"?", bool, PATIENCE_S)
    puller.join()
    assert not port.is_usable


def test_a_device_that_takes_no_bytes_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = TcpPort("127.0.0.1", server.getsockname()[1], 0.2)
        port.open()
        client, _ = server.accept()
        with client, pytest.raises(NoReplyError, match="was lost"):
            port.send(b"x" * 50_000_000)
        assert not port.is_usable


def test_an_address_that_nobody_has_is_told_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(DeviceUnavailableError, match="does not answer; check power, cable and address"):
            TcpPort(*full.getsockname(), 0.2).open()
        for one in waiting:
            one.close()
