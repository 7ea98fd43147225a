"""The exposure of a V4L2 camera: its automatic is left for a share of the light that it takes, and taken up again."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2

from drivers.api import DeviceMisconfiguredError
from drivers.text import Text, prefixed

if TYPE_CHECKING:
    from collections.abc import Callable

# Linux UAPI, videodev2.h and v4l2-controls.h.
_QUERY_CONTROL: Final = 0xC044_5624
_CONTROL: Final = struct.Struct("=II32siiiiI8x")
EXPOSURE_ABSOLUTE: Final = 0x009A_0902
GAIN: Final = 0x0098_0913
_DISABLED: Final = 0x0001
_MANUAL: Final = 1.0
_APERTURE_PRIORITY: Final = 3.0


@dataclass(frozen=True, slots=True)
class ControlRange:
    """What a control takes, both ends included, and what it is when nobody sets it."""

    lowest: int
    highest: int
    default: int


def control_range(device: str, control: int) -> ControlRange | None:
    """Ask a V4L2 device for the range of a control; None where it has no such control or cannot be asked."""
    request = bytearray(_CONTROL.pack(control, 0, b"", 0, 0, 0, 0, 0))
    with contextlib.suppress(OSError):
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(descriptor, _QUERY_CONTROL, request)
        finally:
            os.close(descriptor)
        _, _, _, lowest, highest, _, default, flags = _CONTROL.unpack(request)
        if not flags & _DISABLED and lowest < highest:
            return ControlRange(lowest, highest, default)
    return None


class V4l2Exposure:
    """Set the exposure of one open camera through OpenCV, within the ranges that the device names.

    The time is lowered first and, where it ends, the gain. Times are in the device's own unit, 0.1 ms.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, ask: Callable[[int], ControlRange | None]) -> None:
        self._capture = capture
        self._name = name
        self._time = ask(EXPOSURE_ABSOLUTE)
        self._gain = ask(GAIN)
        self._automatic = _APERTURE_PRIORITY
        self._usual_time: float | None = None
        self._usual_gain = 0.0

    @property
    def possible(self) -> bool:
        """Whether the device has an exposure time that can be set."""
        return self._time is not None

    def expose(self, share: float | None) -> float:
        """As drivers.api.ExposurePort.expose."""
        if self._time is None:
            raise DeviceMisconfiguredError(
                prefixed(self._name, Text("this camera has no exposure time that could be set"))
            )
        if share is None:
            self._to_automatic()
            return 1.0
        usual = self._usual_time if self._usual_time is not None else self._from_automatic(self._time)
        wanted = usual * share
        reached = float(min(max(round(wanted), self._time.lowest, 1), self._time.highest))
        self._capture.set(cv2.CAP_PROP_EXPOSURE, reached)
        return reached / usual * self._gain_for(min(1.0, wanted / reached))

    @property
    def left(self) -> bool:
        """Whether the automatic was left."""
        return self._usual_time is not None

    def _from_automatic(self, time: ControlRange) -> float:
        """Leave the automatic; returns the time that it took."""
        automatic = self._capture.get(cv2.CAP_PROP_AUTO_EXPOSURE)
        if automatic != _MANUAL:
            self._automatic = automatic
        taken = self._capture.get(cv2.CAP_PROP_EXPOSURE)
        self._usual_gain = self._capture.get(cv2.CAP_PROP_GAIN)
        self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL)
        if self._capture.get(cv2.CAP_PROP_AUTO_EXPOSURE) != _MANUAL:
            raise DeviceMisconfiguredError(prefixed(self._name, Text("this camera stays in automatic exposure")))
        if not (math.isfinite(taken) and time.lowest <= taken <= time.highest and taken > 0):
            taken = float(max(1, time.default))
        self._usual_time = taken
        return taken

    def _to_automatic(self) -> None:
        # Also where it was never left: a process that crashed may have left the camera in the dark.
        if self._usual_time is not None and self._gain is not None:
            self._capture.set(cv2.CAP_PROP_GAIN, self._usual_gain)
        self._usual_time = None
        self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, self._automatic)

    def _gain_for(self, share: float) -> float:
        gain = self._gain
        if gain is None or not gain.lowest < self._usual_gain <= gain.highest:
            return 1.0
        reached = float(round(gain.lowest + (self._usual_gain - gain.lowest) * share))
        self._capture.set(cv2.CAP_PROP_GAIN, reached)
        return (reached - gain.lowest) / (self._usual_gain - gain.lowest)
