"""One HTTP request over one connection, and its answer, with time limits that hold for the whole. The grammar is h11's.

A device that drips its answer byte by byte, or sends headers without end, is given up when the time is over or the
bound is reached; nothing that it says is repeated in an error.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import h11

from drivers.api import DeviceUnavailableError
from drivers.text import Text, reason

if TYPE_CHECKING:
    import socket

_MOST_HEADER_BYTES: Final = 16 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_LEAST_WAIT_S: Final = 0.001


class HttpExchange:
    """Owns the connection. `place`: where the device is, for messages. Not thread-safe.

    Every method but `close` raises DeviceUnavailableError. `deadline`: monotonic seconds.
    """

    def __init__(self, connection: socket.socket, place: str) -> None:
        self._socket = connection
        self._place = place
        self._http = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)

    def close(self) -> None:
        """Let the connection go; may be called again."""
        self._socket.close()

    def ask(self, request: h11.Request, deadline: float, body: bytes = b"") -> h11.Response:
        """Send the request, and return the head of the answer."""
        sent = self._http.send(request) or b""
        if body:
            sent += self._http.send(h11.Data(data=body)) or b""
        sent += self._http.send(h11.EndOfMessage()) or b""
        try:
            self._socket.settimeout(max(_LEAST_WAIT_S, deadline - time.monotonic()))
            self._socket.sendall(sent)
        except OSError as error:
            raise DeviceUnavailableError(Text("{place}: {why}", place=self._place, why=why(error))) from None
        while True:
            event = self._event(deadline)
            if isinstance(event, h11.Response):
                return event
            if event is None or time.monotonic() >= deadline:
                raise DeviceUnavailableError(Text("{place} does not answer in time", place=self._place))

    def body(self, deadline: float, *, patient: bool = False) -> bytes | None:
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
        raise DeviceUnavailableError(Text("{place} does not answer in time", place=self._place))

    def whole(self, deadline: float, most_bytes: int) -> bytes:
        """The whole body, of at most so many bytes."""
        body = bytearray()
        while (data := self.body(deadline)) is not None:
            body += data
            if len(body) > most_bytes:
                raise DeviceUnavailableError(Text("the answer of {place} does not end", place=self._place))
        return bytes(body)

    def _event(self, deadline: float) -> h11.Event | None:
        """The next event of HTTP; None at the deadline, also while bytes of one go on coming."""
        late = False
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                raise DeviceUnavailableError(
                    Text("{place} ends the answer early, or does not use HTTP", place=self._place)
                ) from None
            if isinstance(event, h11.Event):
                return event
            data = None if late else self._received(deadline)
            if data is None:
                return None
            self._http.receive_data(data)
            late = time.monotonic() >= deadline

    def _received(self, deadline: float) -> bytes | None:
        try:
            self._socket.settimeout(max(_LEAST_WAIT_S, deadline - time.monotonic()))
            return self._socket.recv(_CHUNK_BYTES)
        except TimeoutError:
            return None
        except OSError as error:
            raise DeviceUnavailableError(Text("{place}: {why}", place=self._place, why=why(error))) from None


def header(response: h11.Response, name: bytes) -> str:
    """The first header of this name, which is in small letters; empty where there is none."""
    return next((value.decode("latin-1") for found, value in response.headers if found == name), "")


def why(error: OSError) -> Text:
    """Why a connection failed, in words."""
    return Text("no answer in time") if isinstance(error, TimeoutError) else reason(error)
