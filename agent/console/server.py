"""The console's server: a thread of its own with a web server on the configured addresses and on a socket of the machine."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from agent.console.access import Access
    from agent.console.desk import Gate
    from agent.console.listening import Listening
    from agent.settings.model import Console

log = logging.getLogger(__name__)

SOCKET_NAME: Final = "console.sock"
RETRY_S: Final = 2.0
STOP_TIMEOUT_S: Final = 4.0
MINUTE_S: Final = 60
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the console can be reached. `addresses`: (host, port) of each door of the network."""

    addresses: tuple[tuple[str, int], ...] = ()
    socket: Path | None = None


class ConsoleServer:
    """Serve the console until stopped. Nothing of the gate waits for it, and its failure stops nothing else.

    `start` returns at once: the libraries are loaded and the doors opened by the server's own thread. An address that
    cannot be had, such as one that another program holds, is told of once and tried again for ever.
    """

    def __init__(self, make_gate: Callable[[], Gate], settings: Console, runtime: Path | None) -> None:
        """`make_gate`: called once, by the server's thread. `runtime`: folder of the machine's own socket; None: without."""
        self._make_gate = make_gate
        self._settings = settings
        self._socket = None if runtime is None else runtime / SOCKET_NAME
        self._stopping = threading.Event()
        self._opened = threading.Event()
        self._doors = Doors()
        self.access: Access | None = None
        self._listening: Listening | None = None
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)

    @classmethod
    def from_environment(cls, make_gate: Callable[[], Gate], settings: Console) -> ConsoleServer:
        """One whose own socket is in the folder that the service manager gives (RUNTIME_DIRECTORY)."""
        folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
        return cls(make_gate, settings, Path(folder) if folder else None)

    @property
    def doors(self) -> Doors:
        """Where it listens now."""
        return self._doors

    def wait_open(self, timeout_s: float) -> bool:
        """Wait until every door is open; whether they are."""
        return self._opened.wait(timeout_s)

    def start(self) -> None:
        """Begin to serve."""
        if self._settings.enabled or self._socket is not None:
            self._thread.start()

    def stop(self) -> None:
        """Close every door and end every answer, within a bounded time."""
        self._stopping.set()
        if self._listening is not None:
            self._listening.stop()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)
            if self._thread.is_alive():
                log.error("the console does not stop; its thread is left behind")

    def _run(self) -> None:
        try:
            self._serve()
        except Exception:
            log.exception("the console has failed and is off; the gate goes on without it")

    def _serve(self) -> None:
        # Here, not above: the gate is at work before the web libraries are loaded.
        from agent.console.access.access import Access  # noqa: PLC0415
        from agent.console.access.sessions import SessionRules  # noqa: PLC0415
        from agent.console.app import make_app  # noqa: PLC0415

        gate, settings = self._make_gate(), self._settings
        rules = SessionRules(settings.idle_minutes * MINUTE_S, settings.session_hours * HOUR_S)
        access = self.access = Access.open(gate.loaded.settings.state.directory, rules, lambda: gate.now().utc)
        try:
            self._listen(make_app(gate, access))
        finally:
            access.close()

    def _listen(self, application: FastAPI) -> None:
        from agent.console.listening import Listening  # noqa: PLC0415

        self._listening = Listening(application)
        sockets = self._open_all()
        if self._stopping.is_set():
            for each in sockets:
                each.close()
            return
        asyncio.run(self._listening.serve(sockets))

    def _open_all(self) -> list[socket.socket]:
        """Every door, tried until it can be opened or the server is to stop."""
        sockets: list[socket.socket] = []
        told = ""
        while not self._stopping.is_set():
            try:
                sockets = self._open_once()
            except OSError as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("the console cannot listen, it tries again: %s", error)
                self._stopping.wait(RETRY_S)
                continue
            self._opened.set()
            break
        return sockets

    def _open_once(self) -> list[socket.socket]:
        sockets: list[socket.socket] = []
        addresses: list[tuple[str, int]] = []
        try:
            for host in self._settings.listen if self._settings.enabled else ():
                sockets.append(_tcp(host, self._settings.port))
                addresses.append((host, sockets[-1].getsockname()[1]))
                log.info("the console listens at %s port %d", *addresses[-1])
            if self._socket is not None:
                sockets.append(_unix(self._socket))
        except OSError:
            for each in sockets:
                each.close()
            raise
        self._doors = Doors(tuple(addresses), self._socket)
        return sockets


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{host} port {port}: {error.strerror}") from error
    return listener


def _unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o660)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{path}: {error.strerror}") from error
    return listener
