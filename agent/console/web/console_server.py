"""The console's server.

A thread of its own with a web server on the configured addresses and on a socket of the computer.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final

from agent.console.web.unix_socket import UnixSocket
from agent.core.model import ReportOnce
from agent.service.garbage_collection import loading
from agent.service.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fastapi import FastAPI

    from agent.console.access import Access, AdminAction
    from agent.console.certificate import Certificate
    from agent.console.dependencies import Gate
    from agent.console.view_log import ViewLog
    from agent.console.web.http_server import Endpoint, HttpServer
    from agent.settings import Console

log = logging.getLogger(__name__)

BACKLOG: Final = 1024
"""Connections that may wait until they are taken in. Where there is no place the kernel drops who comes, a technician
too, and resets some of those whom it had let in by halves: the places of the pool are shared out by better rules."""
RETRY_S: Final = 2.0
STOP_TIMEOUT_S: Final = 4.0
LOAD_S: Final = 60.0
"""Loading that takes longer is no reason any more to put a stop off."""
MINUTE_S: Final = 60
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the console can be reached. `urls`: of each address. `socket`: the computer's own."""

    urls: tuple[str, ...] = ()
    socket: Path | None = None


class ConsoleServer:
    """Serve the console until stopped.

    Nothing of the gate waits for it; where it fails, nothing else stops, and it begins again. `start` returns at once:
    the libraries are loaded and the doors opened by the server's own thread. An address that cannot be had, such as one
    that another program holds, is reported once and retried without end, while the computer's own socket is served.
    `access`: None until the libraries are loaded.
    """

    def __init__(self, make_gate: Callable[[], Gate], settings: Console) -> None:
        """`make_gate`: called once, by the server's thread."""
        self.access: Access | None = None
        self.reached = Reached()
        self._make_gate = make_gate
        self._settings = settings
        self._unix_socket = UnixSocket.from_environment()
        self._opened = threading.Event()
        self._listening: HttpServer | None = None
        self._loads_until = -inf
        # Not watched for progress: its event loop may wait for long, and the gate does not need it.
        self.worker = Worker("console", self._run, limit_s=None)

    @property
    def refusals(self) -> Mapping[str, int]:
        """How many requests were refused since the start, by reason."""
        return {} if self.access is None else self.access.refusals.counts

    @property
    def connections(self) -> int:
        """How many connections there are at the addresses of the network."""
        return 0 if self._listening is None else self._listening.connections

    @property
    def loads(self) -> bool:
        """Whether it still loads its libraries and pages, which nothing can cut short: a stop waits for that."""
        return time.monotonic() < self._loads_until

    def wait_open(self, timeout_s: float) -> bool:
        """Wait until every door is open; whether they are."""
        return self._opened.wait(timeout_s)

    def listen(self) -> None:
        """Open the computer's own socket.

        Who comes before there are answers waits for them, and does not find nobody.
        """
        if self._unix_socket is not None:
            with contextlib.suppress(OSError):  # tried again, and told of, by the thread
                self._unix_socket.open()

    def start(self) -> None:
        """Begin to serve."""
        if self._settings.enabled or self._unix_socket is not None:
            self._loads_until = time.monotonic() + LOAD_S
            self.worker.start()

    def stop(self) -> bool:
        """Close every door and end every answer, within a bounded time; whether that is done."""
        self.worker.ask_to_stop()
        if self._listening is not None:
            self._listening.stop()
        return self.worker.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._loads_until = -inf
            if self._unix_socket is not None:
                self._unix_socket.close()

    def _serve(self) -> None:
        # Here, not above: the gate is at work before the web libraries are loaded.
        with loading():
            import asyncio  # noqa: PLC0415

            from agent.console.access.access import Access  # noqa: PLC0415
            from agent.console.access.roles import Role  # noqa: PLC0415
            from agent.console.access.sessions import SessionRules  # noqa: PLC0415
            from agent.console.web.addresses import Addresses, host_names  # noqa: PLC0415
            from agent.console.web.app import make_app  # noqa: PLC0415
            from agent.console.web.http_server import HttpServer  # noqa: PLC0415
            from agent.console.web.https_redirect import https_redirect  # noqa: PLC0415

            gate = self._make_gate()
        settings = self._settings
        rules = SessionRules(settings.idle_minutes * MINUTE_S, settings.session_hours * HOUR_S)
        certificate = self._certificate(gate)
        access = Access.open(
            gate.loaded.settings.state.directory,
            rules,
            lambda: gate.now().utc,
            factor_roles=frozenset(map(Role, settings.second_factor)),
        )
        with contextlib.ExitStack() as stack:
            stack.callback(access.close)
            if access.database.replaced:
                gate.tell_loss(access.database.replaced)
            names = host_names(settings)
            application = make_app(gate, access, Addresses(names, certificate))
            application.state.live.stopping = lambda: self.worker.stopping
            self._listening = HttpServer(
                application,
                https_redirect(access, names),
                access.refusals.count,
                partial(self._do_chores, gate, access, application),
            )
            if self.worker.stopping:  # who asked before this found no server that could be stopped
                self._listening.stop()
            self.access = access
            asyncio.run(self._listening.serve(self._open_unix, partial(self._open_network, certificate, access)))
            application.state.failures.flush()
            application.state.views.flush()

    def _do_chores(self, gate: Gate, access: Access, application: FastAPI) -> None:
        """Record what was done from the command line, and report failed log-ins and views that are not reported yet.

        The first time it loads all pages before that, which ends the start.
        """
        application.state.pages.load(lambda: self.worker.stopping)
        self._loads_until = -inf
        _hand_over_records(gate, access, application)

    def _certificate(self, gate: Gate) -> Certificate | None:
        """The certificate, where a door is encrypted. Raises CertificateError."""
        from agent.console.certificate import certificate  # noqa: PLC0415 - see `_serve`
        from agent.console.web.addresses import certified_names, is_encrypted  # noqa: PLC0415

        settings = self._settings
        if not settings.enabled or not any(is_encrypted(settings, host) for host in settings.listen):
            return None
        state = gate.loaded.settings.state.directory
        return certificate(settings, state, certified_names(settings), gate.now().utc)

    def _open_unix(self) -> list[Endpoint]:
        """The Unix socket, tried until it can be opened; none where there is none, or the server is to stop."""
        from agent.console.web.http_server import Endpoint  # noqa: PLC0415 - see `_serve`

        unix_socket = self._unix_socket
        return [] if unix_socket is None else self._until_open(lambda: [Endpoint(unix_socket.open())])

    def _open_network(self, certificate: Certificate | None, access: Access) -> list[Endpoint]:
        """Every address, tried until all can be had; none where the server is to stop."""
        doors = self._until_open(lambda: self._addresses(certificate))
        if not self.worker.stopping:
            _offer_code(access, self.reached)
            self._opened.set()
        return doors

    def _until_open(self, opened: Callable[[], list[Endpoint]]) -> list[Endpoint]:
        reported = ReportOnce()
        while not self.worker.stopping:
            try:
                return opened()
            except OSError as error:
                if reported.is_new(str(error)):
                    log.warning("the console cannot listen; trying again: %s", error)
                self.worker.wait(RETRY_S)
        return []

    def _addresses(self, certificate: Certificate | None) -> list[Endpoint]:
        from agent.console.web.addresses import is_encrypted  # noqa: PLC0415
        from agent.console.web.http_server import Endpoint  # noqa: PLC0415 - see `_serve`

        settings = self._settings
        doors: list[Endpoint] = []
        urls = []
        try:
            for host in settings.listen if settings.enabled else ():
                tls = certificate.context() if certificate and is_encrypted(settings, host) else None
                doors.append(Endpoint(_tcp(host, settings.port), tls))
                port = doors[-1].listener.getsockname()[1]
                urls.append(f"{'http' if tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{port}")
        except OSError:
            for door in doors:
                door.listener.close()
            raise
        self.reached = Reached(tuple(urls), None if self._unix_socket is None else self._unix_socket.path)
        for url in urls:
            log.info("the console listens at %s", url)
        if certificate is not None:
            log.info("the console's certificate has the SHA-256 fingerprint %s", certificate.fingerprint)
        return doors


def _hand_over_records(gate: Gate, access: Access, application: FastAPI) -> None:
    from agent.console.access.database import AccessStoreError  # noqa: PLC0415 - see `_serve`

    application.state.failures.tell_due()
    application.state.views.tell_due()
    try:
        access.acts.hand_over(partial(_record_act, gate, application.state.views))
    except AccessStoreError as error:
        log.error("%s", error)  # noqa: TRY400 - no bug


def _record_act(gate: Gate, views: ViewLog, act: AdminAction) -> None:
    from agent.console.access.admin_actions import VIEWED  # noqa: PLC0415 - see `_serve`
    from agent.console.access.roles import LOCAL  # noqa: PLC0415
    from agent.console.view_log import Viewer  # noqa: PLC0415

    if act.act != VIEWED:
        gate.record_local(act)
        return
    views.note(Viewer(act.operator, "", LOCAL), "commands", act.detail)
    views.flush()  # before the act is forgotten


def _offer_code(access: Access, reached: Reached) -> None:
    """Where there is no admin yet, make the code for the first."""
    if reached.urls and access.users.lack_admin():
        log.warning(
            "nobody may log in to the console yet: open %s and make the first admin with the code %s, good for half an "
            "hour; a new one: gate-agent console code",
            reached.urls[0],
            access.code.renew(),
        )


def _tcp(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{host} port {port}: {error.strerror}") from error
    return listener
