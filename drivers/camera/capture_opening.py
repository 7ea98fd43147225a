"""Opens a source with OpenCV: streams by way of a relay where that can be, USB cameras and clips as they are."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2

from drivers.camera.source import SourceKind
from drivers.camera.stream_relay import StreamRelay
from drivers.text import Text

if TYPE_CHECKING:
    from drivers.camera.settings import OpenCvSettings

_OPTIONS_VARIABLE: Final = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
# fflags;nobuffer is left out on purpose: it throws the probed packets away, so that the first picture comes only with
# the next key frame (seconds on many cameras), and it does not lower the delay afterwards. Sound and descriptions of
# what the camera sees are not asked for.
_STREAM_OPTIONS: Final = (
    "rtsp_transport;{transport}|allowed_media_types;video|timeout;{timeout_us}|flags;low_delay"
    "|analyzeduration;200000|probesize;65536"
)
_LEAST_SILENCE_MS: Final = 2000
"""For so long at least a connection may bring nothing before the library ends it; longer where `read_timeout_ms` is."""
_V4L2_SELECT_TIMEOUT_S: Final = "2"

# OpenCV takes its options from the process environment while it opens: cameras must not open at the same time.
_opening = threading.Lock()


@dataclass(frozen=True, slots=True)
class OpenedCapture:
    """A capture, open or not, and the relay by which it comes. `note`: what could not be done as it was asked for."""

    capture: cv2.VideoCapture
    relay: StreamRelay | None = None
    note: str = ""


def is_relayed(settings: OpenCvSettings) -> bool:
    """Whether pictures come over one TCP connection that can be followed: not encrypted, not in datagrams."""
    return settings.transport == "tcp" and settings.url.lower().startswith("rtsp://")


def silence_s(settings: OpenCvSettings) -> float:
    """For how long a stream may bring nothing before it counts as lost."""
    return max(_LEAST_SILENCE_MS, settings.read_timeout_ms) / 1000


def opened_capture(settings: OpenCvSettings, kind: SourceKind) -> OpenedCapture:
    """Open the source that the settings name. Raises cv2.error; then nothing is left open."""
    with _opening:
        if kind is SourceKind.DEVICE:
            return OpenedCapture(_device(settings))
        if settings.decoder != "software":
            opened = _opened(settings, kind, decoder=settings.decoder)
            away = opened.relay is not None and not opened.relay.answered
            if opened.capture.isOpened() or away:
                return opened
            _let_go(opened)
            opened = _opened(settings, kind)
            note = Text("{decoder} cannot be used; the processor decodes", decoder=settings.decoder)
            return OpenedCapture(opened.capture, opened.relay, note)
        return _opened(settings, kind)


def _opened(settings: OpenCvSettings, kind: SourceKind, decoder: str = "") -> OpenedCapture:
    timeout_us = round(silence_s(settings) * 1_000_000)
    is_file = kind is SourceKind.FILE
    options = [] if is_file else [_STREAM_OPTIONS.format(transport=settings.transport, timeout_us=timeout_us)]
    options += [f"video_codec;{decoder}"] if decoder else []
    parameters = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        settings.open_timeout_ms,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        settings.read_timeout_ms,
        # With more threads the decoder holds back one frame a thread: 40 ms each at 25 Hz.
        cv2.CAP_PROP_N_THREADS,
        1,
    ]
    # The video library would print addresses, passwords included, to the standard error.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ[_OPTIONS_VARIABLE] = "|".join(options)
    try:
        relayed = _relayed(settings, parameters) if is_relayed(settings) else None
        return relayed or OpenedCapture(cv2.VideoCapture(settings.url, cv2.CAP_FFMPEG, parameters))
    finally:
        del os.environ[_OPTIONS_VARIABLE]


def _relayed(settings: OpenCvSettings, parameters: list[int]) -> OpenedCapture | None:
    """The stream by way of a relay; None where the camera is there and it does not work in this way."""
    relay = StreamRelay(settings.url, settings.open_timeout_ms / 1000)
    try:
        opened = OpenedCapture(cv2.VideoCapture(relay.url, cv2.CAP_FFMPEG, parameters), relay)
    except cv2.error:
        relay.close()  # else it would wait on, and take the next connection
        raise
    if opened.capture.isOpened() or not relay.answered:
        return opened
    _let_go(opened)
    return None


def _let_go(opened: OpenedCapture) -> None:
    opened.capture.release()
    if opened.relay is not None:
        opened.relay.close()


def _device(settings: OpenCvSettings) -> cv2.VideoCapture:
    os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = _V4L2_SELECT_TIMEOUT_S
    capture = cv2.VideoCapture(settings.url, cv2.CAP_V4L2)
    if not capture.isOpened():
        return capture
    # Uncompressed, two cameras do not fit on one USB bus. A camera that has no MJPG keeps what it has; and a
    # queue of one keeps it at the newest frame.
    wanted = {
        cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
        cv2.CAP_PROP_FRAME_WIDTH: settings.width_px,
        cv2.CAP_PROP_FRAME_HEIGHT: settings.height_px,
        cv2.CAP_PROP_FPS: settings.frame_rate_hz,
        cv2.CAP_PROP_BUFFERSIZE: 1,
    }
    for which, value in wanted.items():
        if value is not None:
            capture.set(which, value)
    return capture
