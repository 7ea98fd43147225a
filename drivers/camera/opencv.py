"""The camera driver on OpenCV: network streams (RTSP, HTTP), USB cameras (V4L2) and clips."""

from __future__ import annotations

import contextlib
import math
import os
import re
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from drivers.api import (
    CameraDetails,
    CameraNeeds,
    DeviceError,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    EndOfStreamError,
    Frame,
)
from drivers.camera.diagnosis import why_not_opened
from drivers.camera.exposure import V4l2Exposure, control_range
from drivers.camera.frame_pace import FramePace
from drivers.camera.picture_limits import is_too_large
from drivers.camera.settings import OpenCvSettings
from drivers.camera.source import SourceKind, host_and_port, is_address, redacted, source_kind
from drivers.camera.stream_lag import Lag
from drivers.camera.stream_relay import StreamRelay, relay_port
from drivers.text import Text, prefixed

if TYPE_CHECKING:
    import numpy.typing as npt

_OPTIONS_VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
# fflags;nobuffer is left out on purpose: it throws the probed packets away, so that the first picture comes only with
# the next key frame (seconds on many cameras), and it does not lower the delay afterwards.
_STREAM_OPTIONS = (
    "rtsp_transport;{transport}|timeout;{timeout_us}|flags;low_delay|analyzeduration;200000|probesize;65536"
)
_LEAST_SILENCE_MS = 2000
"""For so long at least a connection may bring nothing before the library ends it; longer where `read_timeout_ms` is."""
_V4L2_SELECT_TIMEOUT_S = "2"
_PLAUSIBLE_RATES_HZ = (0.1, 240.0)
_FALLBACK_RATE_HZ = 25.0
_MOST_UNDECODABLE = 5
_SAID = re.compile(r"error: \([^)]*\) (.+?)(?: in function '.*')?$")

# OpenCV takes its options from the process environment while it opens: cameras must not open at the same time.
_opening = threading.Lock()


class OpenCvCamera:
    """Read frames with OpenCV. Nothing is queued here, so that the caller must read on to stay at the newest frame.

    `open` raises DeviceMisconfiguredError (no such stream, wrong password, no permission, not a video) or
    DeviceUnavailableError (refused, no answer, unplugged). `read` raises DeviceUnavailableError when the source stops
    to deliver, or more than a few pictures in a row cannot be decoded. The address never stands in a message with its
    password.

    A stream that changes the size of its pictures is scaled by the library to the size that it had when it was opened,
    and does not say so: measured with H.264 over RTSP and in clips. It is seen sharp again after the next opening.
    """

    Settings = OpenCvSettings

    def __init__(self, settings: OpenCvSettings) -> None:
        self._settings = settings
        self._kind = source_kind(settings.url)
        self._name = redacted(settings.url)
        self._capture: cv2.VideoCapture | None = None
        self._pace: FramePace | None = None
        self._exposure: V4l2Exposure | None = None
        self._lag: Lag | None = None
        self._relay: StreamRelay | None = None

    @staticmethod
    def needs(settings: OpenCvSettings) -> CameraNeeds:
        """What of the machine a camera with these settings must reach."""
        match source_kind(settings.url):
            case SourceKind.FILE:
                return CameraNeeds(files=(Path(settings.url),))
            case SourceKind.DEVICE:
                return CameraNeeds(devices=(Path(settings.url),))
            case SourceKind.RTSP | SourceKind.HTTP as kind:
                host, port = host_and_port(settings.url)
                datagrams = kind is SourceKind.RTSP and settings.transport == "udp"
                own_port = relay_port() if _is_relayed(settings) else None
                return CameraNeeds((), (), (port,), not is_address(host), datagrams, own_port)

    def open(self) -> CameraDetails:
        """Connect and return what the source says of itself."""
        self.close()
        try:
            capture = self._connected()
        except cv2.error as error:
            self._end_relay()  # else it would wait on, and take the next connection
            raise DeviceUnavailableError(
                prefixed(self._name, Text("could not be opened ({in_one_line})", in_one_line=_in_one_line(error)))
            ) from error
        if not capture.isOpened():
            capture.release()
            self._end_relay()
            raise why_not_opened(self._settings.url, self._kind)
        self._capture = capture
        if self._kind is SourceKind.DEVICE:
            self._exposure = V4l2Exposure(capture, self._name, partial(control_range, self._settings.url))
        self._lag = Lag() if self._kind is SourceKind.RTSP else None
        details = CameraDetails(
            width_px=_whole(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height_px=_whole(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            frame_rate_hz=_rate(capture.get(cv2.CAP_PROP_FPS)),
            backend=capture.getBackendName(),
        )
        if self._kind is SourceKind.FILE and self._settings.real_time:
            self._pace = FramePace(1.0 / (details.frame_rate_hz or _FALLBACK_RATE_HZ))
        return details

    def close(self) -> None:
        """Let the source go."""
        capture, self._capture = self._capture, None
        if self._exposure is not None and self._exposure.left:
            # The device keeps what was set, also for the program that opens it next.
            with contextlib.suppress(DeviceError, cv2.error):
                self._exposure.expose(None)
        self._pace = self._exposure = None
        if capture is not None:
            capture.release()
        self._end_relay()

    def _end_relay(self) -> None:
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.close()

    def read(self) -> Frame:
        """Block until the next frame. `at` is when it was decoded, before its colours were converted."""
        if self._capture is None:
            raise DeviceUnavailableError(prefixed(self._name, Text("is not open")))
        if self._pace is not None:
            self._pace.wait()
        try:
            for _ in range(_MOST_UNDECODABLE):
                frame = self._next(self._capture)
                if frame is not None:
                    return frame
        except cv2.error as error:
            raise DeviceUnavailableError(
                prefixed(self._name, Text("could not be read ({in_one_line})", in_one_line=_in_one_line(error)))
            ) from error
        raise DeviceUnavailableError(prefixed(self._name, Text("its pictures cannot be decoded")))

    def can_expose(self) -> bool:
        """Whether it is a USB camera with an exposure time that can be set."""
        return self._exposure is not None and self._exposure.possible

    def expose(self, share: float | None) -> float:
        """Set the exposure of a USB camera; raises DeviceMisconfiguredError for all others."""
        if self._kind is not SourceKind.DEVICE:
            raise DeviceMisconfiguredError(
                prefixed(self._name, Text("its exposure cannot be set from here; lower it in the camera's own pages"))
            )
        if self._exposure is None:
            raise DeviceUnavailableError(prefixed(self._name, Text("is not open")))
        try:
            return self._exposure.expose(share)
        except cv2.error as error:
            raise DeviceUnavailableError(
                prefixed(
                    self._name, Text("its exposure could not be set ({in_one_line})", in_one_line=_in_one_line(error))
                )
            ) from error

    # ------------------------------------------------------------------------------------------------- opening

    def _connected(self) -> cv2.VideoCapture:
        settings = self._settings
        if self._kind is SourceKind.DEVICE:
            return self._device()
        is_file = self._kind is SourceKind.FILE
        timeout_us = 1000 * max(_LEAST_SILENCE_MS, settings.read_timeout_ms)
        options = "" if is_file else _STREAM_OPTIONS.format(transport=settings.transport, timeout_us=timeout_us)
        parameters = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            settings.open_timeout_ms,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            settings.read_timeout_ms,
            # With more threads the decoder holds back one frame a thread: 40 ms each at 25 Hz.
            cv2.CAP_PROP_N_THREADS,
            1,
        ]
        with _opening:
            # The video library would print addresses, passwords included, to the standard error.
            os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
            os.environ[_OPTIONS_VARIABLE] = options
            try:
                capture = self._relayed(parameters) if _is_relayed(settings) else None
                return capture or cv2.VideoCapture(settings.url, cv2.CAP_FFMPEG, parameters)
            finally:
                del os.environ[_OPTIONS_VARIABLE]

    def _relayed(self, parameters: list[int]) -> cv2.VideoCapture | None:
        """The stream by way of a relay; None where the camera is there and it does not work in this way."""
        self._relay = StreamRelay(self._settings.url, self._settings.open_timeout_ms / 1000)
        capture = cv2.VideoCapture(self._relay.url, cv2.CAP_FFMPEG, parameters)
        if capture.isOpened() or not self._relay.answered:
            return capture
        capture.release()
        self._end_relay()
        return None

    def _device(self) -> cv2.VideoCapture:
        settings = self._settings
        with _opening:
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

    # ------------------------------------------------------------------------------------------------- reading

    def _next(self, capture: cv2.VideoCapture) -> Frame | None:
        """The next picture; None for one that cannot be decoded, as a bad USB cable makes them now and then."""
        asked_at = time.monotonic()
        if not self._grabbed(capture):
            raise self._why_nothing_came(time.monotonic() - asked_at)
        at = time.monotonic()
        stamp_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        done, pixels = capture.retrieve()
        if not done or pixels is None:
            return None
        behind_s = 0.0 if self._lag is None else self._lag.behind_s(stamp_s, at)
        return Frame(self._proven(pixels), at, behind_s)

    def _grabbed(self, capture: cv2.VideoCapture) -> bool:
        if capture.grab():
            return True
        again = self._kind is SourceKind.FILE and self._settings.loop
        return again and capture.set(cv2.CAP_PROP_POS_FRAMES, 0) and capture.grab()

    def _why_nothing_came(self, waited_s: float) -> DeviceUnavailableError:
        match self._kind:
            case SourceKind.FILE:
                return EndOfStreamError(prefixed(self._name, Text("the clip has ended")))
            case SourceKind.DEVICE:
                return DeviceUnavailableError(prefixed(self._name, Text("gives no picture; was it unplugged?")))
            case SourceKind.RTSP | SourceKind.HTTP:
                if waited_s * 1000 < self._settings.read_timeout_ms:
                    return DeviceUnavailableError(prefixed(self._name, Text("the stream ended")))
                return DeviceUnavailableError(
                    prefixed(self._name, Text("no picture for {waited_s} s", waited_s=f"{waited_s:.1f}"))
                )

    def _proven(self, pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004 - the port's shape
            raise DeviceUnavailableError(
                prefixed(self._name, Text("a picture of shape {shape} is not a colour picture", shape=pixels.shape))
            )
        if not pixels.size or is_too_large(pixels.shape[1], pixels.shape[0]):
            raise DeviceUnavailableError(
                prefixed(
                    self._name,
                    Text(
                        "a picture of {width_px}x{height_px} is too large",
                        width_px=pixels.shape[1],
                        height_px=pixels.shape[0],
                    ),
                )
            )
        return pixels.astype(np.uint8, copy=False)


def _is_relayed(settings: OpenCvSettings) -> bool:
    """Whether pictures come over one TCP connection that can be followed: not encrypted, not in datagrams."""
    return settings.transport == "tcp" and settings.url.lower().startswith("rtsp://")


def _in_one_line(error: cv2.error) -> str:
    """What the library says is wrong. Not its `err`: that is of the last error of any thread, it hangs on the class."""
    words = " ".join(str(error).split())
    said = _SAID.search(words)
    return (said[1] if said else words)[:200]


def _whole(value: float) -> int:
    return int(value) if math.isfinite(value) and value > 0 else 0


def _rate(value: float) -> float:
    low, high = _PLAUSIBLE_RATES_HZ
    return value if math.isfinite(value) and low <= value <= high else 0.0
