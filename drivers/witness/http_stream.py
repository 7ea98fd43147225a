"""One HTTP request at a time to a camera, each over a connection of its own, with time limits that hold for the whole.

The grammar of HTTP is h11's. A camera that drips its answer byte by byte, or sends headers without end, is given up
when the time is over or the bound is reached; nothing that it says is repeated in an error.
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
from drivers.text import Text, reason
from drivers.witness.digest import LoginError, next_nonce_of

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.witness.digest import Login
    from drivers.witness.settings import PlateCameraSettings

_MOST_HEADER_BYTES: Final = 16 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_TRIES: Final = 3
"""Without a login, with one, and with one whose nonce was too old."""
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_THERE: Final = frozenset({400, 404, 405, 410, 501})
_LEAST_WAIT_S: Final = 0.001
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
        self._socket: socket.socket | None = None
        self._http = h11.Connection(our_role=h11.CLIENT)

    @property
    def place(self) -> str:
        """Where the camera is, for messages."""
        host = self._settings.host
        return f"[{host}]:{self._settings.tcp_port}" if ":" in host else f"{host}:{self._settings.tcp_port}"

    def close(self) -> None:
        """Let the connection go; may be called again."""
        held, self._socket = self._socket, None
        if held is not None:
            held.close()

    def whole(self, target: str, most_bytes: int) -> bytes:
        """The whole body of the answer, of at most so many bytes."""
        self.open(target)
        deadline, body = time.monotonic() + self._patience_s, bytearray()
        try:
            while (data := self._body(deadline)) is not None:
                body += data
                if len(body) > most_bytes:
                    raise DeviceUnavailableError(Text("{place} answers without end", place=self.place))
            return bytes(body)
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
                return _header(response, b"content-type")
        raise DeviceUnavailableError(Text("{place} takes no login for good", place=self.place))

    def receive(self, timeout_s: float) -> bytes:
        """The next bytes of the body; none where none came in time."""
        try:
            data = self._body(time.monotonic() + timeout_s, patient=True)
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
        self._socket = self._connected()
        self._http = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
        headers = [("Host", self.place), ("User-Agent", AGENT), ("Accept", "*/*")]
        authorization = self._login.authorization("GET", target)
        if authorization is not None:
            headers.append(("Authorization", authorization))
        request = self._http.send(h11.Request(method="GET", target=target, headers=headers)) or b""
        request += self._http.send(h11.EndOfMessage()) or b""
        try:
            self._socket.settimeout(self._patience_s)
            self._socket.sendall(request)
        except OSError as error:
            raise DeviceUnavailableError(Text("{place}: {why}", place=self.place, why=_why(error))) from None
        while True:
            event = self._event(deadline)
            if isinstance(event, h11.Response):
                info = next_nonce_of(_header(event, b"authentication-info"))
                if info is not None:
                    self._login.next_nonce(info)
                return event
            if event is None or time.monotonic() >= deadline:
                raise DeviceUnavailableError(Text("{place} does not answer in time", place=self.place))

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
                    "{place} knows no such service (status {status}): is it of this kind?",
                    place=self.place,
                    status=status,
                )
            )
        if status in _REDIRECTS:
            said = Text("{place} sends elsewhere (status {status}): does it want tls?", place=self.place, status=status)
            raise DeviceMisconfiguredError(said)
        raise DeviceUnavailableError(Text("{place} answers with status {status}", place=self.place, status=status))

    def _connected(self) -> socket.socket:
        settings = self._settings
        try:
            plain = socket.create_connection((settings.host, settings.tcp_port), self._patience_s)
        except OSError as error:
            said = Text("no connection to {place}: {why}", place=self.place, why=_why(error))
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
            said = Text("{place}: its certificate is not believed: {why}", place=self.place, why=error.verify_message)
            raise DeviceMisconfiguredError(said) from None
        except OSError as error:
            raise DeviceUnavailableError(
                Text("no TLS with {place}: {why}", place=self.place, why=_why(error))
            ) from None
        wanted = self._settings.certificate_sha256
        found = hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()
        if wanted and not hmac.compare_digest(wanted, found):
            secure.close()
            said = Text(
                "{place} has another certificate than certificate_sha256: {found}", place=self.place, found=found
            )
            raise DeviceMisconfiguredError(said)
        return secure

    # -------------------------------------------------------------------------------------------------- the answer

    def _body(self, deadline: float, *, patient: bool = False) -> bytes | None:
        """The next bytes of the body; None at its end.

        At the deadline none where `patient`, else DeviceUnavailableError.
        """
        event = self._event(deadline)
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if event is not None:
            return None
        if patient:
            return b""
        raise DeviceUnavailableError(Text("{place} does not answer in time", place=self.place))

    def _event(self, deadline: float) -> h11.Event | None:
        """The next event of HTTP; None at the deadline, also while bytes of one go on coming."""
        late = False
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                raise DeviceUnavailableError(Text("{place} breaks off, or speaks no HTTP", place=self.place)) from None
            if isinstance(event, h11.Event):
                return event
            data = None if late else self._received(deadline)
            if data is None:
                return None
            self._http.receive_data(data)
            late = time.monotonic() >= deadline

    def _received(self, deadline: float) -> bytes | None:
        if self._socket is None:
            raise DeviceUnavailableError(Text("{place} is not connected", place=self.place))
        try:
            self._socket.settimeout(max(_LEAST_WAIT_S, deadline - time.monotonic()))
            return self._socket.recv(_CHUNK_BYTES)
        except TimeoutError:
            return None
        except OSError as error:
            raise DeviceUnavailableError(Text("{place}: {why}", place=self.place, why=_why(error))) from None


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
        said = Text("{path}: {why}; expected certificates in PEM", path=ca_file, why=_why(error))
        raise DeviceMisconfiguredError(said) from None
    return context


def _header(response: h11.Response, name: bytes) -> str:
    """The first header of this name; empty where there is none."""
    return next((value.decode("latin-1") for found, value in response.headers if found == name), "")


def _why(error: OSError) -> Text:
    return Text("no answer in time") if isinstance(error, TimeoutError) else reason(error)
