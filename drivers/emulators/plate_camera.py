"""A network camera that reads plates, in software: an HTTP server on loopback with digest login, events and faults.

What is kind-specific, the documents, is in `hikvision` and `dahua`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, Self

from drivers.emulators.plate_camera_faults import (
    BOUNDARY,
    STATUSES,
    WRONG_STREAMS,
    CameraFault,
    CameraForm,
    Document,
    WrongStream,
)
from drivers.emulators.plate_camera_login import DigestGuard, Judged
from drivers.emulators.plate_camera_server import CameraRequest, CameraServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

JPEG: Final = b"\xff\xd8\xff\xe0" + b"a picture" + b"\xff\xd9"
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in</body></html>"
_DRIP_S: Final = 0.01
_DRIPPED_HEAD: Final = WrongStream(b"HTTP/1.1 200 OK\r\nX-Long: ", "repeats", b"x", slowly=True)


@dataclass(slots=True, eq=False)
class _Listener:
    """A client that listens. `waiting`: what it has not been sent yet."""

    waiting: list[Document] = field(default_factory=list)


class PlateCamera:
    """The camera; a context manager that plugs it in and tidies up. A subclass gives it its documents.

    `fault`: what is wrong with it; None: nothing. `targets`: all that it was asked for by the user that it knows.
    `streams`: how many clients have begun to listen to its events. `guard`: its login. `heartbeat_s`: from one
    heartbeat to the next.
    """

    events: ClassVar[tuple[str, ...]]
    about: ClassVar[str]
    content_type: ClassVar[str] = "multipart/x-mixed-replace"

    def __init__(
        self,
        user: str = "gate",
        password: str = 'pass "word", 口令',  # noqa: S107 - of an emulator
        form: CameraForm | None = None,
        *,
        heartbeat_s: float = 0.2,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.user, self.password = user, password
        self.form = form or CameraForm()
        self.fault: CameraFault | None = None
        self.targets: list[str] = []
        self.streams = 0
        self.guard = DigestGuard(user, password, self.form)
        self.heartbeat_s = heartbeat_s
        self._server = CameraServer(self._answer, self._stop_answering, tls)
        self._changed = threading.Condition()
        self._stopping = False
        self._listeners: list[_Listener] = []

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    @property
    def port(self) -> int:
        """The TCP port of 127.0.0.1; 0 before it was plugged in first."""
        return self._server.port

    @port.setter
    def port(self, port: int) -> None:
        self._server.port = port

    @property
    def listeners(self) -> int:
        """How many clients listen to its events now."""
        with self._changed:
            return len(self._listeners)

    def plug(self) -> None:
        """Put the cable in."""
        self._stopping = False
        self._server.start()

    def unplug(self) -> None:
        """Pull the cable: all connections are cut, and none can be made. May be called again."""
        self._server.stop()

    def fail(self, fault: CameraFault | None) -> None:
        """Be so from now on; streams that are open go on so."""
        with self._changed:
            self.fault = fault
            self._changed.notify_all()

    def show(self, plate: str, confidence: int = 98, *, pictures: bool = True, **more: object) -> None:
        """Read a plate, and tell all who listen. `confidence`: in percent. `more`: for the documents of the kind."""
        self.send(*self.documents(plate, confidence, **more), *(self.pictures() if pictures else ()))

    def send(self, *documents: Document) -> None:
        """Tell all who listen."""
        with self._changed:
            for listener in self._listeners:
                listener.waiting += documents
            self._changed.notify_all()

    # ------------------------------------------------------------------------------------- what a kind has to give

    def documents(self, plate: str, confidence: int, **more: object) -> Sequence[Document]:
        """What it says of a plate."""
        raise NotImplementedError

    def pictures(self) -> Sequence[Document]:
        """The pictures that follow, the one of the plate first."""
        return (Document(JPEG, "image/jpeg"), Document(JPEG + b"of the vehicle", "image/jpeg"))

    def heartbeat(self) -> Document:
        """What it says while nothing happens."""
        raise NotImplementedError

    def identity(self) -> bytes:
        """What it says that it is."""
        raise NotImplementedError

    def wrong(self, fault: CameraFault) -> Document:
        """The document of `bomb`, `garbage` or `twice`."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------- the answers

    def _answer(self, request: CameraRequest) -> None:
        if self._never_comes_to_a_login(request):
            return
        authorization = request.headers.get("Authorization", "")
        basic = self.fault is CameraFault.BASIC
        judged = self.guard.judge(authorization, "GET", request.path, basic=basic)
        if self.fault is CameraFault.WRONG_LOGIN and judged is Judged.GOOD:
            judged = Judged.WRONG
        if judged is not Judged.GOOD:
            stale = judged is Judged.STALE and self.form.says_stale
            challenges = self.guard.challenges(stale=stale, basic_alone=basic)
            request.reply(401, headers=[("WWW-Authenticate", one) for one in challenges])
            return
        self.targets.append(request.path)
        info = self.guard.info()
        self._answer_known(request, [("Authentication-Info", info)] if info else [])

    def _never_comes_to_a_login(self, request: CameraRequest) -> bool:
        match self.fault:
            case CameraFault.NOT_HTTP:
                request.write(b"SSH-2.0-dropbear\r\n")
            case CameraFault.DRIP:
                self._go_wrong(_DRIPPED_HEAD, request.write, request)
            case CameraFault.LATE:
                self._go_wrong(WrongStream(), request.write, request)
            case _:
                return False
        return True

    def _answer_known(self, request: CameraRequest, headers: list[tuple[str, str]]) -> None:
        fault = self.fault
        if request.path == self.about:
            request.reply(200, self.identity(), headers)
        elif request.path not in self.events:
            request.reply(404, headers=headers)
        elif fault is not None and fault in STATUSES:
            request.reply(STATUSES[fault], headers=[("Location", "https://127.0.0.1/"), *headers])
        elif fault is CameraFault.HTML:
            request.reply(200, _PAGE, [("Content-Type", "text/html; charset=utf-8"), *headers])
        else:
            named = "--" * self.form.hyphens + BOUNDARY
            headers += [("Content-Type", f"{self.content_type}; boundary={named}")]
            headers += [("Transfer-Encoding", "chunked")] * self.form.chunked
            request.begin(200, headers)
            self._tell_events(request)

    def _tell_events(self, request: CameraRequest) -> None:
        """Tell events until the client goes, the cable is pulled, or a fault ends it."""
        listener = _Listener()
        write = request.write_chunk if self.form.chunked else request.write
        with self._changed:
            self._listeners.append(listener)
            self.streams += 1
        try:
            while not self._stopping:
                if self.fault is not None:
                    self._go_wrong(self._wrong_stream(self.fault), write, request)
                    return
                for document in self._due(listener):
                    write(document.framed(self.form))
        finally:
            with self._changed:
                self._listeners.remove(listener)

    def _due(self, listener: _Listener) -> list[Document]:
        with self._changed:
            self._changed.wait_for(lambda: listener.waiting or self._is_disturbed(), self.heartbeat_s)
            if self._is_disturbed():
                return []
            documents, listener.waiting = listener.waiting, []
            return documents or [self.heartbeat()]

    def _is_disturbed(self) -> bool:
        return self._stopping or self.fault is not None

    def _wrong_stream(self, fault: CameraFault) -> WrongStream:
        stream = WRONG_STREAMS.get(fault)
        if stream is not None:
            return stream
        is_document = fault in {CameraFault.BOMB, CameraFault.GARBAGE, CameraFault.TWICE}
        document = self.wrong(fault) if is_document else Document(bytes(range(128, 256)), self.heartbeat().media_type)
        return WrongStream(document.framed(self.form) + self.heartbeat().framed(self.form))

    def _go_wrong(self, stream: WrongStream, write: Callable[[bytes], None], request: CameraRequest) -> None:
        write(stream.once)
        if stream.then == "resets":
            request.reset()
        pause_s = _DRIP_S if stream.slowly else 0.0
        while stream.then in {"repeats", "waits"} and self.fault is not None and not self._stopping:
            if stream.then == "repeats":
                write(stream.again)
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self.fault is None, pause_s or self._wait_s(stream))

    @staticmethod
    def _wait_s(stream: WrongStream) -> float | None:
        return 0.0 if stream.then == "repeats" else None

    def _stop_answering(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
