"""How long an administrator's log-in takes while a hundred strangers attack the console.

Usage: bench/console_attacks.py [--seconds N]

A whole agent, its console at 127.0.0.1, each attacker at a loopback address of his own. A third lies about where he
comes from and resets his connections, a third guesses at the administrator's name and at others, a third keeps halves
of requests open and takes nothing of his answers; each tries once a second. Meanwhile two administrators log in again
and again, as browsers do: one by a browser that he has logged in by before, whose name is the one that is guessed at;
the other by a new browser each time. A log-in counts from the first page to the page of users, with every refusal and
another try between.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import struct
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from agent.clock import Clock
from agent.console.access import Access, Role, SessionRules
from agent.store.journal import JournalReader
from bench.figures import Figure, p50, table
from bench.gate import Agent
from bench.scratch import scratch
from tests.support.gate.gate_site import GateSite
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOAL_S: Final = 3.0
MEASURED_S: Final = 30.0
ATTACKERS_OF_A_SORT: Final = (34, 33, 33)
BETWEEN_LOG_INS_S: Final = 2.5
"""So that a browser keeps within what it may: ten log-ins at once, and then one in six seconds."""
ANOTHER_TRY_S: Final = 0.2
EACH_S: Final = 1.0
"""Between the tries of an attacker. What a flood costs is bounded elsewhere: so many requests a second an address."""

HELD_S: Final = 2.0
GIVEN_UP_S: Final = 30.0
HALVES: Final = 8
GUESSED, OTHER = "aigul", "bolat"
PASSWORD: Final = "blue otter 7 runs"  # noqa: S105 - of this gate alone
LANE: Final = '[lanes.exit-1.relay]\nkind = "simulated"\nname = "bench"\n'
_TOKEN: Final = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass
class LogIns:
    """What somebody's log-ins took, in seconds, and how many tries were refused or failed on the way."""

    took_s: list[float] = field(default_factory=list)
    refused: int = 0


class Console:
    """An agent with a console, two administrators, and nothing else to do."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        site = GateSite(folder)
        more = f"[console]\nenabled = true\nport = {self.port}\n"
        configuration = site.configure(LANE, mqtt="enabled = false", more=more)
        self.state = folder / "state"
        self.state.mkdir()
        _add_administrators(self.state)
        self._agent = Agent(folder, configuration, console=True)
        stack.callback(self.stop)
        self.url = f"http://127.0.0.1:{self.port}"
        eventually(self._answers, what="the console")

    def stop(self) -> None:
        self._agent.stop()

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == httpx.codes.OK
        return False

    def connected(self, address: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=GIVEN_UP_S, source_address=(address, 0))

    def browser(self, address: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=address)
        return httpx.Client(base_url=self.url, transport=transport, timeout=GIVEN_UP_S, trust_env=False)

    def acts_as_local(self) -> int:
        """How many requests of the network were obeyed as the computer's own. Once the agent has stopped."""
        with JournalReader(self.state / "journal.db") as journal:
            events = [json.loads(payload) for payload in journal.payloads()]
        return sum(
            event["type"] in {"console.acted", "evidence.viewed"} and event["data"]["address"] == "local"
            for event in events
        )


def _add_administrators(state: Path) -> None:
    clock = Clock()
    access = Access.open(state, SessionRules(0.0, 0.0), lambda: clock.now().utc)
    try:
        for name in (GUESSED, OTHER):
            access.users.add(name, Role.ADMIN, PASSWORD)
    finally:
        access.close()


# ------------------------------------------------------------------------------------------------------------ attackers


def lie(console: Console, address: str, stop: threading.Event) -> None:
    """Say to be the computer itself, with a form's token that is none, and reset the connection behind it."""
    head = (
        "POST /settings/account/others HTTP/1.1\r\nHost: localhost\r\n"
        "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=local\r\n"
        f"X-Real-IP: local\r\nX-CSRF-Token: {'0' * 64}\r\nContent-Length: 0\r\n\r\n"
    )
    while not stop.wait(EACH_S):
        with suppress(OSError), console.connected(address) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.sendall(head.encode())


def guess(console: Console, address: str, stop: threading.Event) -> None:
    """Guess passwords, of the administrator and of names that nobody has."""
    number = 0
    while not stop.wait(EACH_S):
        with suppress(httpx.HTTPError), console.browser(address) as browser:
            token = _TOKEN.search(browser.get("/login").text)
            while token is not None and not stop.wait(EACH_S):
                number += 1
                name = GUESSED if number % 2 else f"{address}-{number}"
                browser.post("/login", data={"csrf": token[1], "name": name, "password": f"guess {number}"})


def hold(console: Console, address: str, stop: threading.Event) -> None:
    """Keep half-sent requests open, and answers of which nothing is taken; others in the place of those that end."""
    begun = b"GET /login HTTP/1.1\r\nHost: local"
    asked = b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 45
    while not stop.is_set():
        with ExitStack() as stack:
            for place in range(HALVES):
                with suppress(OSError):
                    stack.enter_context(console.connected(address)).sendall(asked if place % 2 else begun)
            stop.wait(HELD_S)


ATTACKS: Final = (lie, guess, hold)


# ------------------------------------------------------------------------------------------------------ administrators


@dataclass
class Administrator:
    """One who logs in. `known`: what his browser keeps of the last log-in that it had the answer of; "" for nothing."""

    console: Console
    name: str
    log_ins: LogIns = field(default_factory=LogIns)
    known: str = ""

    def log_in(self, address: str) -> None:
        """Log in, with as many tries as it takes."""
        begun_at = time.monotonic()
        while not self._enter(address):
            self.log_ins.refused += 1
            if time.monotonic() - begun_at > GIVEN_UP_S:
                break
            threading.Event().wait(ANOTHER_TRY_S)
        self.log_ins.took_s.append(time.monotonic() - begun_at)

    def _enter(self, address: str) -> bool:
        with suppress(httpx.HTTPError), self.console.browser(address) as browser:
            if self.known:
                browser.cookies.set("gate-browser", self.known)
            token = _TOKEN.search(browser.get("/login").text)
            if token is None:
                return False
            answer = browser.post("/login", data={"csrf": token[1], "name": self.name, "password": PASSWORD})
            if answer.status_code != httpx.codes.SEE_OTHER:
                return False
            self.known = answer.cookies["gate-browser"]
            return browser.get("/settings/users").status_code == httpx.codes.OK
        return False


def measure(seconds: float = MEASURED_S, progress: Callable[[str], None] = lambda _text: None) -> list[Figure]:
    """The log-ins of both administrators."""
    stop = threading.Event()
    with scratch() as folder, ExitStack() as stack:
        console = Console(folder, stack)
        by_known, by_new = Administrator(console, GUESSED), Administrator(console, OTHER)
        by_known.log_in("127.0.0.1")
        before_s = by_known.log_ins.took_s.pop()
        attackers = [
            threading.Thread(target=attack, args=(console, f"127.0.{10 + sort}.{number + 1}", stop), daemon=True)
            for sort, (attack, count) in enumerate(zip(ATTACKS, ATTACKERS_OF_A_SORT, strict=True))
            for number in range(count)
        ]
        for attacker in attackers:
            attacker.start()
        end_at, number = time.monotonic() + seconds, 0
        while time.monotonic() < end_at:
            number += 1
            by_known.log_in("127.0.0.1")
            by_new.known = ""
            by_new.log_in(f"127.0.20.{number % 250 + 1}")
            threading.Event().wait(BETWEEN_LOG_INS_S)
        stop.set()
        for attacker in attackers:
            attacker.join(GIVEN_UP_S)
        console.stop()
        obeyed = console.acts_as_local()
        progress(f"{number} log-ins of each; before the attacks {before_s:.2f} s")
    return [
        _figure("administrator's log-in under 100 attacks, a browser of his, worst", by_known.log_ins),
        _figure("administrator's log-in under 100 attacks, a new browser, worst", by_new.log_ins),
        Figure("requests of the network obeyed as the computer's own", obeyed, "", 0),
    ]


def _figure(what: str, found: LogIns) -> Figure:
    note = f"n={len(found.took_s)}, p50 {p50(found.took_s):.2f} s, {found.refused} tries refused on the way"
    return Figure(what, max(found.took_s), "s", GOAL_S, note=note)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=MEASURED_S, help="for how long the attacks go on")
    figures = measure(parser.parse_args().seconds, print)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
