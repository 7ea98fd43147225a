"""The answers of an emulated ONVIF camera with which something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.emulators.onvif_documents import bomb
from drivers.emulators.onvif_form import OnvifFault

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from drivers.emulators.plate_camera_server import CameraRequest

PAGE: Final = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in</body></html>"
_TYPE: Final = [("Content-Type", "application/soap+xml; charset=utf-8")]
_BODIES: Final[Mapping[OnvifFault, bytes]] = {
    OnvifFault.HTML: PAGE,
    OnvifFault.GARBAGE: b"<Envelope><Body>\xff\x00",
    OnvifFault.BOMB: bomb(),
    OnvifFault.DEEP: b"<Envelope>" * 40_000,
}
_STATUSES: Final[Mapping[OnvifFault, int]] = {
    OnvifFault.NOT_ONVIF: 404,
    OnvifFault.SENDS_ELSEWHERE: 302,
    OnvifFault.BUSY: 503,
}
_ENDLESS_BYTES: Final = 50_000_000
_PIECE: Final = b"<a>and so on</a>" * 4096
_DRIPPED_BYTES: Final = 64 * 1024
_DRIP_S: Final = 0.05


def goes_wrong(fault: OnvifFault, request: CameraRequest, stopping: threading.Event) -> bool:
    """Answer as the fault does; False where it shows in no answer of every request. Raises OSError."""
    if fault in _STATUSES:
        request.reply(_STATUSES[fault], PAGE, [("Location", "https://127.0.0.1/")])
    elif fault in _BODIES:
        request.reply(200, _BODIES[fault], _TYPE)
    elif fault is OnvifFault.NOT_HTTP:
        request.write(b"SSH-2.0-dropbear\r\n")
    elif fault is OnvifFault.LATE:
        stopping.wait()
    elif fault is OnvifFault.DRIP:
        _drip(request, stopping)
    elif fault is OnvifFault.ENDLESS:
        _go_on(request, stopping)
    else:
        return False
    return True


def _drip(request: CameraRequest, stopping: threading.Event) -> None:
    request.begin(200, [*_TYPE, ("Content-Length", str(_DRIPPED_BYTES))])
    while not stopping.wait(_DRIP_S):
        request.write(b" ")


def _go_on(request: CameraRequest, stopping: threading.Event) -> None:
    request.begin(200, _TYPE)
    request.write(b"<Envelope>")
    for _ in range(_ENDLESS_BYTES // len(_PIECE)):
        if stopping.is_set():
            return
        request.write(_PIECE)
