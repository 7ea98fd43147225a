"""The server's process: HTTPS with optional client certificates, its own certificate, and the revocation list."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent.service.worker import Backoff, Worker
from central.est.application import PEER, est_application
from central.est.files import put_file
from central.est.revocation_list import write_revocation_list

if TYPE_CHECKING:
    import asyncio

    from central.est.registrar import Registrar
    from central.est.settings import EstSettings

log = logging.getLogger(__name__)

CONNECTION_S: Final = 60.0
"""No exchange of EST takes longer; who holds a connection longer holds it against others."""
MOST_CONNECTIONS: Final = 100
HEADER_BYTES: Final = 16_384
STOP_S: Final = 5
HOUSEKEEPING_S: Final = 3600.0
OWN_CERTIFICATE_DAYS: Final = 90
LIST_EVERY_S: Final = 86_400.0
LOOK_S: Final = 5.0
"""How soon a revocation by the command line is in the list."""
OWN_FILE: Final = "server.pem"
PRIVATE: Final = 0o600


class EstServer:
    """Answers until it is stopped by SIGTERM or Ctrl-C."""

    def __init__(self, settings: EstSettings, registrar: Registrar) -> None:
        """Open the port, and read or make the server's certificate. Raises OSError, IssuerError, RegisterError."""
        self._settings = settings
        self._registrar = registrar
        self._context = _context(registrar)
        self._written: tuple[int, float] | None = None
        self._take_certificate()
        self._write_list()
        self._listener = socket.create_server((settings.listen, settings.port), family=_family(settings.listen))
        self._server = self._make_server()
        self._housekeeper = Worker(
            "est-housekeeping", self._keep_house, limit_s=None, backoff=Backoff(HOUSEKEEPING_S, HOUSEKEEPING_S)
        )

    @property
    def port(self) -> int:
        """The port at which it answers."""
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Answer until it is stopped."""
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it tells of its own starting
        log.info("enrolling gates of site %d at port %d", self._settings.site, self.port)
        self._housekeeper.start()
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._housekeeper.stop()
            self._listener.close()

    def stop(self) -> None:
        """Ask it to end; for another thread than that of `run`."""
        self._server.should_exit = True

    def _make_server(self) -> uvicorn.Server:
        config = uvicorn.Config(
            est_application(self._registrar, self._settings.brokers),
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=STOP_S,
            h11_max_incomplete_event_size=HEADER_BYTES,
        )
        config.load()
        config.ssl = self._context
        return uvicorn.Server(config)

    # ------------------------------------------------------------------------------------------------- housekeeping

    def _keep_house(self) -> None:
        waited_s = 0.0
        while not self._housekeeper.wait(LOOK_S):
            waited_s += LOOK_S
            self._write_list()
            if waited_s >= HOUSEKEEPING_S:
                waited_s = 0.0
                self._take_certificate()

    def _write_list(self) -> None:
        """Write the revocation list where something was revoked since, and once a day."""
        count, now = len(self._registrar.register.revoked()), self._registrar.utc()
        if self._written is not None and self._written[0] == count and now - self._written[1] < LIST_EVERY_S:
            return
        write_revocation_list(self._settings, self._registrar)
        self._written = (count, now)

    def _take_certificate(self) -> None:
        """Use the configured certificate as it is now, or sign one for the coming weeks."""
        settings = self._settings
        if settings.certificate_file is not None and settings.key_file is not None:
            self._context.load_cert_chain(settings.certificate_file, settings.key_file, password=lambda: b"")
            return
        path = settings.folder / OWN_FILE
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self._registrar.issuer
        names = settings.names
        own = issuer.issue(names[0], key.public_key(), OWN_CERTIFICATE_DAYS, self._registrar.utc(), serves=names)
        chain = b"".join(one.public_bytes(Encoding.PEM) for one in (own, *issuer.chain))
        put_file(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain, PRIVATE)
        self._context.load_cert_chain(path)


class _Protocol(H11Protocol):
    """HTTP/1.1 for a bounded time, which tells the application the client's certificate."""

    _end: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: Any) -> None:
        tls = transport.get_extra_info("ssl_object")
        self.app_state = {**self.app_state, PEER: None if tls is None else tls.getpeercert(binary_form=True)}
        super().connection_made(transport)
        self._end = self.loop.call_later(CONNECTION_S, transport.abort)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)


def _context(registrar: Registrar) -> ssl.SSLContext:
    """Lets in clients without a certificate, and those with one of the site's authority, or of the one before it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    # The site's authority may be one of several below a common one: it is trusted by itself.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=b"".join(one.public_bytes(Encoding.DER) for one in registrar.issuer.renews))
    return context


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
