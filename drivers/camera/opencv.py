"""The camera driver on OpenCV: network streams (RTSP, HTTP), USB cameras (V4L2) and clips."""

from __future__ import annotations

import contextlib
import math
import re
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
    StreamFigures,
)
from drivers.camera.capture_opening import is_relayed, opened_capture, silence_s
from drivers.camera.diagnosis import why_not_opened
from drivers.camera.exposure import V4l2Exposure, control_range
from drivers.camera.frame_pace import FramePace
from drivers.camera.picture_limits import is_too_large
from drivers.camera.settings import OpenCvSettings, second_settings
from drivers.camera.source import SourceKind, host_and_port, is_address, redacted, source_kind
from drivers.camera.stream_lag import Lag
from drivers.camera.stream_relay import relay_port
from drivers.text import Text, prefixed

if TYPE_CHECKING:
    import numpy.typing as npt

    from drivers.camera.stream_relay import StreamRelay

_PLAUSIBLE_RATES_HZ = (0.1, 240.0)
_FALLBACK_RATE_HZ = 25.0
_MOST_UNDECODABLE = 5
_MOST_SKIPPING_S = 0.25
"""For so long pictures are decoded one after the other without a look, to come to the newest."""
_SAID = re.compile(r"error: \([^)]*\) (.+?)(?: in function '.*')?$")


class OpenCvCamera:
    """Read frames with OpenCV.

    RTSP over TCP gives the newest picture first; of other sources the caller must read on to stay at it.

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
        self._rest_wanted = False

    @staticmethod
    def needs(settings: OpenCvSettings) -> CameraNeeds:
        """What of the machine a camera with these settings must reach."""
        match source_kind(settings.url):
            case SourceKind.FILE:
                return CameraNeeds(files=(Path(settings.url),))
            case SourceKind.DEVICE:
                return CameraNeeds(devices=(Path(settings.url),))
            case SourceKind.RTSP | SourceKind.HTTP:
                return _network_needs(settings)

    def open(self) -> CameraDetails:
        """Connect and return what the source says of itself."""
        self.close()
        try:
            opened = opened_capture(self._settings, self._kind)
        except cv2.error as error:
            raise DeviceUnavailableError(
                prefixed(self._name, Text("could not be opened ({in_one_line})", in_one_line=_in_one_line(error)))
            ) from error
        capture, self._relay = opened.capture, opened.relay
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
            note=opened.note,
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
                self._await_picture()
                frame = self._next(self._capture)
                if frame is not None:
                    return frame
        except cv2.error as error:
            raise DeviceUnavailableError(
                prefixed(self._name, Text("could not be read ({in_one_line})", in_one_line=_in_one_line(error)))
            ) from error
        raise DeviceUnavailableError(prefixed(self._name, Text("its pictures cannot be decoded")))

    def rest(self, wanted: bool) -> None:
        """Decode a picture about every second only, where the stream comes over a relay and has key pictures."""
        relay = self._relay
        self._rest_wanted = wanted and self._settings.decode_at_rest == "key_pictures"
        if relay is not None and not wanted:
            relay.wake()

    def second(self) -> OpenCvCamera | None:
        """The stream of `second_url`, decoded by the processor: a small picture is little work."""
        return None if self._settings.second_url is None else OpenCvCamera(second_settings(self._settings))

    def stream_figures(self) -> StreamFigures | None:
        """What has come by way of the relay; None without one."""
        relay = self._relay
        if relay is None:
            return None
        hindrance = relay.hindrance if self._rest_wanted and not relay.resting else ""
        return StreamFigures(relay.came, relay.came_at, relay.resting, hindrance, relay.key_gap_s)

    def can_expose(self) -> bool:
        """Whether it is a USB camera with an exposure time that can be set."""
        return self._exposure is not None and self._exposure.possible

    def expose(self, share: float | None) -> float:
        """Set the exposure of a USB camera; raises DeviceMisconfiguredError for all others."""
        if self._kind is not SourceKind.DEVICE:
            raise DeviceMisconfiguredError(
                prefixed(self._name, Text("its exposure cannot be set here; set it in the camera's own pages"))
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

    # ------------------------------------------------------------------------------------------------- reading

    def _await_picture(self) -> None:
        """At rest, wait for a picture that can be taken: the library must not wait for one, it would give up."""
        relay = self._relay
        if relay is None or not self._rest_wanted or not relay.rest():
            return
        longest_s = silence_s(self._settings)
        if not relay.await_picture(longest_s):
            raise self._why_nothing_came(longest_s)

    def _next(self, capture: cv2.VideoCapture) -> Frame | None:
        """The next picture; None for one that cannot be decoded, as a bad USB cable makes them now and then."""
        relay, asked_at = self._relay, time.monotonic()
        while True:
            if relay is not None:
                relay.asked()
            if not self._grabbed(capture):
                raise self._why_nothing_came(time.monotonic() - asked_at)
            at = time.monotonic()
            position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
            stamp_s = position_ms / 1000 if relay is None else relay.took(position_ms)
            if relay is None or not relay.waiting or at - asked_at > _MOST_SKIPPING_S:
                break
        done, pixels = capture.retrieve()
        if not done or pixels is None:
            return None
        behind_s = 0.0 if self._lag is None or stamp_s is None else self._lag.behind_s(stamp_s, at)
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


def _network_needs(settings: OpenCvSettings) -> CameraNeeds:
    streams = [settings, *(() if settings.second_url is None else (second_settings(settings),))]
    places = [host_and_port(one.url) for one in streams]
    engine = settings.decoder_device if settings.decoder != "software" else None
    return CameraNeeds(
        devices=() if engine is None else (engine,),
        # The library looks for the engine among all devices, by their names.
        listed=() if engine is None else (Path("/dev"),),
        tcp_ports=tuple(dict.fromkeys(port for _, port in places)),
        names=any(not is_address(host) for host, _ in places),
        datagrams=settings.transport == "udp" and any(source_kind(one.url) is SourceKind.RTSP for one in streams),
        own_port=relay_port() if any(map(is_relayed, streams)) else None,
    )


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
