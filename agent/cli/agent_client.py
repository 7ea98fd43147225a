"""The running agent on this machine, asked through the console's own socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typing_extensions import override

from agent.cli.owner_rights import act_at
from agent.cli.terminal import echo
from agent.core.model.printable import printable
from agent.service.systemd_unit import is_coming_up

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_SOCKET: Final = Path("/run/gate-agent/console.sock")
_HELP: Final = "Socket of the running agent."
SocketOption = Annotated[Path, typer.Option("--socket", callback=act_at, help=_HELP, show_default=str(DEFAULT_SOCKET))]
SocketLater = Annotated[Path, typer.Option("--socket", help=_HELP, show_default=str(DEFAULT_SOCKET))]
"""For a command that first does something with its caller's own rights."""
COMING_UP_S: Final = 60.0
"""The unit gives a start so long."""
NOBODY: Final = (FileNotFoundError, ConnectionRefusedError)
_LOOK_S: Final = 0.25
_OK: Final = 200
_MOST_BYTES: Final = 16 << 20


class AgentAwayError(Exception):
    """No agent answers on this machine, or not as it should; the message says what to do."""


class AgentClient:
    """Asks the running agent, as a viewer, in a language. `timeout_s`: how long it may say nothing."""

    def __init__(self, path: Path, language: str, timeout_s: float = 15.0) -> None:
        self._path = path
        self._headers = {"host": "localhost", "accept-language": language}
        self._timeout_s = timeout_s

    def json(self, path: str) -> Any:
        """The answer to a question, as JSON. Raises AgentAwayError."""
        with self._asked(path) as answer:
            try:
                return json.loads(answer.read(_MOST_BYTES))
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise AgentAwayError(f"the agent's answer cannot be understood: {error}") from error

    def news(self, path: str) -> Iterator[tuple[str, Any]]:
        """Server-Sent Events, each by its name and its JSON, until the agent ends. Raises AgentAwayError."""
        with self._asked(path) as answer:
            name = ""
            try:
                while line := answer.readline():
                    field, _, value = line.decode(errors="replace").rstrip("\n").partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        yield name, _printable(json.loads(value))
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise AgentAwayError(f"the agent has stopped sending: {error}") from error

    @contextmanager
    def _asked(self, path: str) -> Iterator[http.client.HTTPResponse]:
        connection = _Connection(self._path, self._timeout_s)
        try:
            try:
                _connect(connection)
                connection.request("GET", path, headers=self._headers)
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise AgentAwayError(self._why(error)) from error
            with answer:
                if answer.status != _OK:
                    text = answer.read(1000).decode(errors="replace")
                    raise AgentAwayError(f"the agent answers {answer.status}: {text}")
                yield answer
        finally:
            connection.close()

    def _why(self, error: Exception) -> str:
        if isinstance(error, NOBODY):
            return f"no agent is running here: no answer at {self._path} (systemctl start gate-agent)"
        if isinstance(error, PermissionError):
            return f"{self._path} is not open to you: use sudo, or join the group gate-agent"
        return f"the agent does not answer at {self._path}: {error}"


def _printable(value: Any) -> Any:
    """The same value with texts that cannot steer the terminal on which they are drawn."""
    match value:
        case str():
            return printable(value, keep="\n")
        case list():
            return [_printable(inner) for inner in value]
        case dict():
            return {name: _printable(inner) for name, inner in value.items()}
        case _:
            return value


def _connect(connection: _Connection) -> None:
    """Connect; where nobody is there yet and the service is on its way, as soon as it is. Raises OSError."""
    until, told, wait = time.monotonic() + COMING_UP_S, False, threading.Event()
    while True:
        try:
            connection.connect()
        except NOBODY:
            if time.monotonic() >= until or not is_coming_up():
                raise
            if not told:
                echo("gate-agent: the agent is starting; waiting for it ...", err=True)
            told = True
            wait.wait(_LOOK_S)
        else:
            return


class _Connection(http.client.HTTPConnection):
    """HTTP through a socket of the file system."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(os.fspath(self._path))
        except OSError:
            self.sock.close()
            raise
