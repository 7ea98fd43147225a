"""One HTTP request at a time to a camera, each over a connection of its own, with time limits that hold for the whole.

The exchange is `drivers.http_exchange`'s; here are the login, the proof of the camera, and what its refusals mean.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import h11

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.http_digest import LoginError, next_nonce_of
from drivers.http_exchange import HttpExchange, header, why
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.http_digest import Login
    from drivers.witness.settings import PlateCameraSettings

_TRIES: Final = 3
"""Without a login, with one, and with one whose nonce was too old."""
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_THERE: Final = frozenset({400, 404, 405, 410, 501})
AGENT: Final = "gate-agent"


class ForbiddenError(DeviceMisconfiguredError):
    """The user may log in, and may not see this."""


class NotThereError(DeviceMisconfiguredError):
    """The camera knows nothing of what was asked for."""


class HttpStream:
    """Asks one camera. Not thread-safe.

    Every method but `close` raises DeviceUnavailableError or DeviceMisconfiguredError; then the connection is closed.
    """

    def __init__(self, settings: PlateCameraSettings, login: Login) -> None:
        self._settings = settings
        self._login = login
        self._patience_s = settings.connect_timeout_ms / 1000
        self._exchange: HttpExchange | None = None

    @property
    def place(self) -> str:
        """Where the camera is, for messages."""
        host = self._settings.host
        return f"[{host}]:{self._settings.tcp_port}" if ":" in host else f"{host}:{self._settings.tcp_port}"

    def close(self) -> None:
        """Let the connection go; may be called again."""
        held, self._exchange = self._exchange, None
        if held is not None:
            held.close()

    def whole(self, target: str, most_bytes: int) -> bytes:
        """The whole body of the answer, of at most so many bytes."""
        self.open(target)
        try:
            return self._open_exchange.whole(time.monotonic() + self._patience_s, most_bytes)
        finally:
            self.close()

    def open(self, target: str) -> str:
        """Ask for `target`, log in, and leave the answer's body to come. Returns its Content-Type."""
        self.close()
        answers = False
        for _ in range(_TRIES):
            with ExitStack() as undo:
                undo.callback(self.close)
                response = self._ask(target)
                if response.status_code == _UNAUTHORIZED:
                    # A nonce of an earlier request may be too old, and not all cameras say so.
                    self._challenged(response, answered=answers)
                    answers = True
                    continue
                self._check(response.status_code)
                undo.pop_all()
                return header(response, b"content-type")
        raise DeviceUnavailableError(Text("{place} keeps refusing the login", place=self.place))

    def receive(self, timeout_s: float) -> bytes:
        """The next bytes of the body; none where none came in time."""
        try:
            data = self._open_exchange.body(time.monotonic() + timeout_s, patient=True)
        except DeviceError:
            self.close()
            raise
        if data is None:
            self.close()
            raise DeviceUnavailableError(Text("{place} has ended its stream", place=self.place))
        return data

    # ------------------------------------------------------------------------------------------------- the request

    def _ask(self, target: str) -> h11.Response:
        """Send a request, with a login once there is a challenge, and return the head of the answer."""
        deadline = time.monotonic() + self._patience_s
        self._exchange = exchange = HttpExchange(self._connected(), self.place)
        headers = [("Host", self.place), ("User-Agent", AGENT), ("Accept", "*/*")]
        authorization = self._login.authorization("GET", target)
        if authorization is not None:
            headers.append(("Authorization", authorization))
        response = exchange.ask(h11.Request(method="GET", target=target, headers=headers), deadline)
        info = next_nonce_of(header(response, b"authentication-info"))
        if info is not None:
            self._login.next_nonce(info)
        return response

    def _challenged(self, response: h11.Response, *, answered: bool) -> None:
        """Take the challenge. `answered`: the request before bore an answer to a new one; then it was a wrong one."""
        offered = [value.decode("latin-1") for name, value in response.headers if name == b"www-authenticate"]
        try:
            challenge = self._login.challenged(offered)
        except LoginError as error:
            raise DeviceMisconfiguredError(Text("{place}: {error}", place=self.place, error=error)) from None
        if answered and not challenge.is_stale:
            raise DeviceMisconfiguredError(
                Text(
                    "{place} refuses the user {user}: a wrong name or password, or a user that is locked for a while",
                    place=self.place,
                    user=self._settings.user,
                )
            )

    def _check(self, status: int) -> None:
        if status == _OK:
            return
        if status == _FORBIDDEN:
            said = Text(
                "{place}: the user {user} may not see this; give it the right to events",
                place=self.place,
                user=self._settings.user,
            )
            raise ForbiddenError(said)
        if status in _NOT_THERE:
            raise NotThereError(
                Text(
                    "{place} has no such service (status {status}): is the kind of the camera right?",
                    place=self.place,
                    status=status,
                )
            )
        if status in _REDIRECTS:
            said = Text(
                "{place} redirects to another address (status {status}): does it require tls?",
                place=self.place,
                status=status,
            )
            raise DeviceMisconfiguredError(said)
        raise DeviceUnavailableError(Text("{place} answers with status {status}", place=self.place, status=status))

    def _connected(self) -> socket.socket:
        settings = self._settings
        try:
            plain = socket.create_connection((settings.host, settings.tcp_port), self._patience_s)
        except OSError as error:
            said = Text("no connection to {place}: {why}", place=self.place, why=why(error))
            raise DeviceUnavailableError(said) from None
        if not settings.tls:
            return plain
        with ExitStack() as undo:
            undo.callback(plain.close)
            proved = self._proved(plain)
            undo.pop_all()
            return proved

    def _proved(self, plain: socket.socket) -> socket.socket:
        """The connection over TLS, with a camera that has proved to be the one."""
        context = _context(self._settings.ca_file)
        try:
            secure = context.wrap_socket(plain, server_hostname=self._settings.host)
        except ssl.SSLCertVerificationError as error:
            said = Text("{place}: its certificate is not trusted: {why}", place=self.place, why=error.verify_message)
            raise DeviceMisconfiguredError(said) from None
        except OSError as error:
            raise DeviceUnavailableError(Text("no TLS with {place}: {why}", place=self.place, why=why(error))) from None
        wanted = self._settings.certificate_sha256
        found = hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()
        if wanted and not hmac.compare_digest(wanted, found):
            secure.close()
            said = Text(
                "{place} has another certificate than certificate_sha256: {found}", place=self.place, found=found
            )
            raise DeviceMisconfiguredError(said)
        return secure

    @property
    def _open_exchange(self) -> HttpExchange:
        if self._exchange is None:
            raise DeviceUnavailableError(Text("{place} is not connected", place=self.place))
        return self._exchange


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """What is believed: certificates that the file's have signed; without one whatever comes, to be compared."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        said = Text("{path}: {why}; expected certificates in PEM", path=ca_file, why=why(error))
        raise DeviceMisconfiguredError(said) from None
    return context
