"""A network camera that speaks ONVIF, in software: it is found, logged in to, and names its streams; it serves none.

python -m drivers.emulators.onvif --port 8080 --stream rtsp://127.0.0.1:8554/live

Orders, a line each: `fault html` (or another fault; `fault none`), `unplug`, `plug`, `quit`.
"""

from __future__ import annotations

import argparse
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from drivers.emulators.command_line import print_line, typed_lines
from drivers.emulators.onvif_documents import OnvifDocuments, fault
from drivers.emulators.onvif_faults import PAGE, goes_wrong
from drivers.emulators.onvif_form import MAIN, PICTURE, SMALL, OnvifFault, OnvifForm
from drivers.emulators.onvif_login import TokenGuard, word_in
from drivers.emulators.onvif_search import SearchResponder
from drivers.emulators.plate_camera_faults import CameraForm
from drivers.emulators.plate_camera_login import DigestGuard, Judged
from drivers.emulators.plate_camera_server import CameraRequest, CameraServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

SEARCH_PORT: Final = 3702
_MOST_REQUEST: Final = 64 * 1024
_SOAP: Final = "application/soap+xml; charset=utf-8"
_REQUEST: Final = re.compile(r"<(?:\w+:)?Body[^>]*>\s*<(?:(\w+):)?(\w+)([^>]*)>")
_VERSIONS: Final = {"/onvif/media1": 1, "/onvif/media2": 2}


class OnvifCamera:
    """The camera; a context manager that plugs it in and tidies up. On 127.0.0.1 alone.

    `utc`: the time, Unix seconds; its own clock is that and `form.ahead_s`. `search_port`: where it listens for
    searches; 0: a free port. `tls`: what its web service proves itself by; None: plain HTTP. `form`, `fault`: may be
    changed while it runs. `asked`: the names of all requests that it answered. `tokens.wrong`: how many UsernameTokens
    were wrong; `guard.wrong`: how many logins of HTTP.
    """

    def __init__(  # noqa: PLR0913 - where it is, who may log in, and how it is
        self,
        user: str = "gate",
        password: str = 'pass "word", 口令',  # noqa: S107 - of an emulator
        form: OnvifForm | None = None,
        *,
        utc: Callable[[], float] = time.time,  # noqa: TID251 - it stands beside the gate, and has a clock of its own
        port: int = 0,
        search_port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.user, self.password = user, password
        self.form = form or OnvifForm()
        self.fault: OnvifFault | None = None
        self.asked: list[str] = []
        self.picture = PICTURE
        self.guard = DigestGuard(user, password, CameraForm(algorithm=self.form.algorithm), "IP Camera")
        self._utc = utc
        self.tokens = TokenGuard(user, password)
        self._stopping = threading.Event()
        self._server = CameraServer(self._answer, self._stopping.set, tls)
        self._server.port = port
        self._scheme = "http" if tls is None else "https"
        self._search = SearchResponder(self._found, search_port)

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    @property
    def place(self) -> str:
        """Its address, as a technician types it."""
        return f"{'https://' if self._scheme == 'https' else ''}127.0.0.1:{self._server.port}"

    @property
    def port(self) -> int:
        """The TCP port of 127.0.0.1; 0 before it was plugged in first."""
        return self._server.port

    @property
    def search_port(self) -> int:
        """The UDP port at which searches reach it."""
        return self._search.port

    def plug(self) -> None:
        """Put the cable in."""
        self._stopping.clear()
        self._server.start()
        self._search.start()

    def unplug(self) -> None:
        """Pull the cable. May be called again."""
        self._search.stop()
        self._server.stop()

    # ------------------------------------------------------------------------------------------------- the answers

    @property
    def _documents(self) -> OnvifDocuments:
        host = self.form.named_host or "127.0.0.1"
        if self.fault is OnvifFault.ELSEWHERE_FOUND:
            host = "192.0.2.9"
        return OnvifDocuments(self.form, f"{self._scheme}://{host}:{self.port}")

    def _found(self, message_id: str) -> bytes:
        if self.fault is OnvifFault.SILENT:
            return b""
        return self._documents.match("uuid:nobody" if self.fault is OnvifFault.FOREIGN else message_id)

    def _answer(self, request: CameraRequest) -> None:
        if self.fault is not None and goes_wrong(self.fault, request, self._stopping):
            return
        if request.path.startswith("/snapshot/"):
            self._show(request)
            return
        text = request.body(_MOST_REQUEST).decode(errors="replace")
        found = _REQUEST.search(text)
        if request.command != "POST" or found is None:
            request.reply(400, fault("ter:WellFormed", "no request"), [("Content-Type", _SOAP)])
            return
        name = found[2]
        if name != "GetSystemDateAndTime" and not self._is_known(request, text):
            return
        self.asked.append(name)
        document = self._document(request.path, name, text)
        is_fault = b"SOAP-ENV:Fault" in document
        request.reply(400 if is_fault else 200, document, [("Content-Type", _SOAP)])

    def _document(self, path: str, name: str, text: str) -> bytes:
        documents, version = self._documents, _VERSIONS.get(path, 0)
        token = word_in(text, "ProfileToken")
        profile = next((one for one in self.form.profiles if one.token == token), None)
        known: dict[str, Callable[[], bytes] | None] = {
            "GetSystemDateAndTime": lambda: documents.clock(self._clock()),
            "GetDeviceInformation": documents.device_information,
            "GetServices": documents.services if self.form.knows_services else None,
            "GetCapabilities": documents.capabilities,
        }
        if version in self.form.media:
            known = {
                "GetProfiles": lambda: documents.profiles(version),
                "GetStreamUri": None if profile is None else lambda: documents.stream(version, profile),
                "GetSnapshotUri": lambda: documents.uri(version, name, f"{documents.base}/snapshot/{token}"),
            }
        if self.fault is OnvifFault.NO_PICTURE:
            known["GetSnapshotUri"] = None
        answer = known.get(name)
        return fault("ter:ActionNotSupported", f"no {name} at {path}") if answer is None else answer()

    def _show(self, request: CameraRequest) -> None:
        if self.form.login != "none" and not self._is_logged_in(request):
            return
        self.asked.append("picture")
        picture = PAGE if self.fault is OnvifFault.ODD_PICTURE else self.picture
        request.reply(200, picture, [("Content-Type", "image/jpeg")])

    # --------------------------------------------------------------------------------------------------- the login

    def _is_known(self, request: CameraRequest, text: str) -> bool:
        """Whether the request may be answered; else it is refused here."""
        login = self.form.login
        if login == "none":
            return True
        has_token = "UsernameToken" in text
        if login == "token" or (login == "both" and has_token):
            is_good = has_token and self.tokens.is_good(text, self._clock())
            if is_good and self.fault is not OnvifFault.WRONG_LOGIN:
                return True
            request.reply(400, fault("ter:NotAuthorized", "Sender not Authorized"), [("Content-Type", _SOAP)])
            return False
        return self._is_logged_in(request)

    def _is_logged_in(self, request: CameraRequest) -> bool:
        basic = self.fault is OnvifFault.BASIC
        authorization = request.headers.get("Authorization", "")
        judged = self.guard.judge(authorization, request.command, request.path, basic=basic)
        if judged is Judged.GOOD and self.fault is not OnvifFault.WRONG_LOGIN:
            return True
        challenges = self.guard.challenges(stale=judged is Judged.STALE, basic_alone=basic)
        request.reply(401, headers=[("WWW-Authenticate", one) for one in challenges])
        return False

    def _clock(self) -> float:
        return self._utc() + self.form.ahead_s


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a camera from the command line until it is told to stop; 0 is the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="TCP port of 127.0.0.1; 0: a free one")
    parser.add_argument("--search-port", type=int, default=SEARCH_PORT, help="UDP port for searches; 0: a free one")
    parser.add_argument("--user", default="gate", help="who may log in")
    parser.add_argument("--password", default="gate", help="with which password")
    parser.add_argument("--login", choices=("digest", "token", "both", "none"), default="digest", help="how")
    parser.add_argument("--ahead-s", type=float, default=0.0, help="how far its clock is ahead, in seconds")
    parser.add_argument("--stream", default="", help="the address of its main stream, served by something else")
    parser.add_argument("--second-stream", default="", help="the address of its small stream")
    options = parser.parse_args(arguments)
    profiles = (replace(MAIN, url=options.stream), replace(SMALL, url=options.second_stream))
    form = OnvifForm(login=options.login, ahead_s=options.ahead_s, media=(1, 2), profiles=profiles)
    camera = OnvifCamera(options.user, options.password, form, port=options.port, search_port=options.search_port)
    return run(camera)


def run(camera: OnvifCamera) -> int:
    """Run the camera until it is told to stop; 0 is the exit code."""
    with typed_lines() as lines, camera:
        print_line(f"ONVIF at http://{camera.place}, user {camera.user}; searches at UDP port {camera.search_port}")
        for order in filter(None, map(str.strip, lines)):
            if order == "quit":
                break
            print_line(obey(camera, order))
    return 0


def obey(camera: OnvifCamera, order: str) -> str:
    """Carry out one order and return what to say about it."""
    match order.split():
        case ["unplug"]:
            camera.unplug()
        case ["plug"]:
            camera.plug()
        case ["fault", "none"]:
            camera.fault = None
        case ["fault", name] if name in set(OnvifFault):
            camera.fault = OnvifFault(name)
        case _:
            return f"no such order: {order}; there is fault NAME, fault none, unplug, plug, quit"
    return f"{order}: done"


if __name__ == "__main__":
    raise SystemExit(main())
