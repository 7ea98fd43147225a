"""A hundred strangers at the console at once: who lies about the address, who guesses, who holds halves of requests.

Each test names the finding that it closes. How long a log-in takes meanwhile is measured in bench/console_attacks.py.
"""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack

from agent.console.access.lockouts import FREE_FAILURES
from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate, acts, stop_time
from tests.unit.agent.console.access.test_login import csrf, log_in, visitor
from tests.unit.agent.console.web.test_hostile_http import connected, half_open

LIARS, GUESSERS, HOLDERS = 34, 33, 33
LIE = (
    "POST /settings/account/others HTTP/1.1\r\nHost: localhost\r\n"
    "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=local\r\n"
    f"X-Real-IP: local\r\nX-CSRF-Token: {'0' * 64}\r\nContent-Length: 0\r\n\r\n"
)


def lie(gate, address):
    """Send a request with a form's token that is none, and have nobody be able to ask where it came from."""
    with connected(gate, address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(LIE.encode())


def guess(gate, address):
    """Guess at an administrator's password until the name is locked here; the last answer's status."""
    with visitor(gate, address) as stranger:
        form = csrf(stranger.get("/login"))
        sent = [{"csrf": form, "name": "aigul", "password": f"guess {number}"} for number in range(FREE_FAILURES + 2)]
        return [stranger.post("/login", data=data).status_code for data in sent][-1]


def test_a_hundred_strangers_at_once_keep_no_administrator_out_and_are_obeyed_in_nothing(tmp_path):
    """M2, M3, M4."""
    with ConsoleGate(tmp_path) as gate, ExitStack() as stack:
        access = gate.app.console.access
        stop_time(access)
        for name in ("aigul", "bolat"):
            access.users.add(name, "admin", KNOWN_TO_ALL)
        owner = stack.enter_context(visitor(gate, "127.0.0.3"))
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303
        owner.cookies.delete("gate-session")
        for number in range(LIARS):
            lie(gate, f"127.0.10.{number + 1}")
        for number in range(GUESSERS):
            assert guess(gate, f"127.0.11.{number + 1}") == 429
        for number in range(HOLDERS):
            half_open(gate, stack, f"127.0.12.{number + 1}", 8)
        assert log_in(owner, "aigul", KNOWN_TO_ALL).status_code == 303, "by a browser of his"
        assert owner.get("/settings/users").status_code == 200
        with visitor(gate, "127.0.0.4") as new:
            assert log_in(new, "bolat", KNOWN_TO_ALL).status_code == 303, "by a new one, whose name nobody guesses at"
            assert new.get("/settings/users").status_code == 200
        done = [(one["act"], one["person"]) for one in acts(gate) if one["done"]]
        assert done == [("session.opened", "aigul"), ("session.opened", "aigul"), ("session.opened", "bolat")]
        assert not any(one["address"] == "local" for one in acts(gate))
