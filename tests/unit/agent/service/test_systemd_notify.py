"""Telling the service manager, over real datagram sockets."""

from __future__ import annotations

import logging
import re
import secrets
import socket

import pytest

from agent.service.systemd_notify import Notifier
from tests.support.waiting import PATIENCE_S


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A manager's socket and the address by which the environment names it."""
    name = f"@gate-agent-test-{secrets.token_hex(8)}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        receiver.settimeout(PATIENCE_S)
        yield receiver, name


def test_the_manager_hears_of_the_whole_life(manager):
    receiver, name = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": name})
    notifier.ready("1 lane")
    notifier.status("lane-1: idle\nREADY=1")
    notifier.alive()
    notifier.reloading("a new configuration")
    notifier.stopping("as asked")
    heard = [re.sub(r"USEC=\d+", "USEC=now", receiver.recv(4096).decode()) for _ in range(5)]
    assert heard == [
        "READY=1\nSTATUS=1 lane",
        "STATUS=lane-1: idle READY=1",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=now\nSTATUS=a new configuration",
        "STOPPING=1\nSTATUS=as asked",
    ]


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, None),
        ({"NOTIFY_SOCKET": "/x"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "15000000"}, 15.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "77"}, 15.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "78"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdogs_window_is_read_from_the_environment(environment, watchdog_s):
    assert Notifier.from_environment(environment, pid=77).watchdog_s == watchdog_s


def test_without_a_manager_nothing_happens():
    notifier = Notifier.from_environment({})
    notifier.ready("x")
    notifier.alive()


def test_a_manager_that_is_gone_is_told_of_once_and_again_after_it_was_back(tmp_path, caplog):
    address = str(tmp_path / "notify")
    notifier = Notifier(address)
    with caplog.at_level(logging.WARNING):
        notifier.alive()
        notifier.alive()
        assert len(caplog.records) == 1
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(address)
            notifier.alive()
            assert receiver.recv(64) == b"WATCHDOG=1"
        notifier.alive()
    assert len(caplog.records) == 2
