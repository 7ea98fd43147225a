"""The twenty vehicles that come to a gate in the tests of the main job, and what must become of each.

The vehicles are photographs with a permit drawn into them in perspective, or drawn themselves where there are none.
"""

import csv
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from agent.core.model.reasons import Reason, Verdict
from drivers.camera.simulated_yard.scene import HEIGHT_PX, WIDTH_PX, Scene, ShownCode, Vehicle, draw_scene, show_code
from tests.support.gate.gate_site import DAY_S, HOUR_S, SITE, neighbour

PHOTOGRAPHS = Path(__file__).parents[4] / "shared" / "data" / "plates" / "easypr_cn"
LEAST_LINES = 480
LEAST_PLATE_SHARE = 0.15
HARD_PLATES = frozenset({"川A82M83", "湘F8ZS83"})
"""Turned far aside, and taken by night: how surely they are read hangs on how the picture with the code is encoded."""
CODE_PX = 230
MARGIN_PX = 12

DRAWN = (
    "新B52K18", "沪A3N472", "粤B8G605", "京N7P301", "苏E90K24", "浙C4T831", "川A6M925", "湘F2R746", "鲁B7D519",
    "辽A1H680", "陕K5W203", "渝G8J357", "鄂D3Q694", "闽A9V128", "豫J6X452", "冀R4L907", "皖S2E573", "晋M8F316",
    "赣H7U640", "云N5Y281",
)  # fmt: skip


@dataclass(frozen=True)
class Arrival:
    """One vehicle as the camera sees it, and what must be decided."""

    title: str
    plate: str
    pixels: np.ndarray
    verdict: Verdict
    reason: Reason

    @property
    def granted(self):
        return self.verdict is Verdict.PASS


@dataclass(frozen=True)
class View:
    """A vehicle in the yard, without any code yet. `box`: its plate, x, y, width, height in pixels."""

    plate: str
    pixels: np.ndarray
    box: tuple[int, int, int, int]

    def showing(self, *texts, carriers=("phone", "paper")):
        """The picture with these codes held into it, none of them over the plate or another."""
        pixels = self.pixels.copy()
        taken = [self.box]
        rng = np.random.default_rng(crc32(self.plate.encode()))
        for number, text in enumerate(texts):
            carrier = carriers[number % 2]
            width, height = round(CODE_PX * 1.3), round(CODE_PX * (1.95 if carrier == "phone" else 1.7))
            centre = _free_place(width, height, taken)
            code = ShownCode(text=text, carrier=carrier)
            show_code(pixels, code, centre=centre, side_px=CODE_PX, rng=rng)
            taken.append((centre[0] - width // 2, centre[1] - height // 2, width, height))
        return pixels


def empty_yard():
    """Nobody there."""
    return _empty_yard().copy()


@cache
def _empty_yard():
    return draw_scene(Scene())


def views(count):
    """That many different vehicles: photographs, or drawn ones where the photographs are not there."""
    if not PHOTOGRAPHS.is_dir():
        return [_drawn(plate) for plate in DRAWN[:count]]
    with (PHOTOGRAPHS / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
    found = list(islice(filter(None, map(_photograph, rows)), count))  # only those are decoded
    assert len(found) == count
    return found


def arrivals(site):
    """Twenty vehicles at a site, in the order in which they come.

    Those that are sent away for their plate are ones that are read with certainty: only then is a plate another one.
    """
    seen = views(19)
    permit = site.permit
    first = permit(seen[0].plate)
    codes = (
        ("valid permit on a phone", [first], Reason.OK),
        ("plate differs", [permit(seen[11].plate)], Reason.PLATE_MISMATCH),
        ("valid permit on paper", [permit(seen[2].plate)], Reason.OK),
        ("valid permit", [permit(seen[3].plate)], Reason.OK),
        ("permit of the neighbour's plate", [permit(neighbour(seen[4].plate))], Reason.PLATE_MISMATCH),
        ("forged permit", [site.forged(seen[5].plate)], Reason.SIGNATURE_INVALID),
        ("valid permit", [permit(seen[6].plate)], Reason.OK),
        ("expired permit", [permit(seen[7].plate, **_long_ago(site))], Reason.EXPIRED),
        ("valid permit", [permit(seen[8].plate)], Reason.OK),
        ("no code at all", [], Reason.QR_NONE),
        ("valid permit", [permit(seen[10].plate)], Reason.OK),
        ("permit for another site", [permit(seen[11].plate, site=SITE + 1)], Reason.WRONG_SITE),
        ("valid permit", [permit(seen[12].plate)], Reason.OK),
        ("permit for the other direction", [permit(seen[13].plate, direction="import")], Reason.WRONG_DIRECTION),
        ("valid permit", [permit(seen[14].plate)], Reason.OK),
        ("permit that was used before", [first], Reason.ALREADY_USED),
        ("valid permit", [permit(seen[15].plate)], Reason.OK),
        ("code with an address of the web", ["https://example.org/permit?plate=1"], Reason.NOT_A_PERMIT),
        ("two valid permits", [permit(seen[17].plate), permit(seen[17].plate)], Reason.QR_MULTIPLE),
        ("valid permit", [permit(seen[18].plate)], Reason.OK),
    )
    again = codes.index(next(row for row in codes if row[2] is Reason.ALREADY_USED))
    coming = [*seen[:again], seen[0], *seen[again:]]
    return [_arrival(*row, view, number) for number, (row, view) in enumerate(zip(codes, coming, strict=True))]


def _arrival(title, texts, reason, view, number):
    verdicts = {Reason.OK: Verdict.PASS, Reason.QR_MULTIPLE: Verdict.MANUAL}
    carriers = ("phone", "paper") if number % 4 != 2 else ("paper", "phone")
    pixels = view.showing(*texts, carriers=carriers)
    return Arrival(title, view.plate, pixels, verdicts.get(reason, Verdict.DENY), reason)


def _long_ago(site):
    return {"not_before": site.utc - 2 * DAY_S, "issued_at": site.utc - 2 * DAY_S, "expires_at": site.utc - HOUR_S}


def _drawn(plate):
    pixels = draw_scene(Scene(vehicle=Vehicle(plate=plate)))
    return View(plate, pixels, (570, 480, 240, 110))


def _photograph(row):
    """The photograph in the camera's picture, to the right; None when it or its plate is too small or too hard."""
    if row["plate"] in HARD_PLATES:
        return None
    box = [int(part) for part in row["box"].split()]
    data = np.fromfile(PHOTOGRAPHS / row["file"], np.uint8)
    photograph = cv2.imdecode(data, cv2.IMREAD_COLOR)
    height_px, width_px = photograph.shape[:2]
    if not box or box[2] < LEAST_PLATE_SHARE * width_px or height_px < LEAST_LINES:
        return None
    scale = min(HEIGHT_PX / height_px, WIDTH_PX / width_px)
    fitted = cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    pixels = empty_yard()
    left = WIDTH_PX - fitted.shape[1]
    pixels[: fitted.shape[0], left:] = fitted
    x, y, width, height = (round(part * scale) for part in box)
    return View(row["plate"], pixels, (x + left, y, width, height))


def _free_place(width, height, taken):
    """The centre of a place that is free, as far to the right as can be: within the photograph where that goes."""
    for x in range(WIDTH_PX - width // 2, width // 2, -10):
        for y in range(height // 2, HEIGHT_PX - height // 2, 10):
            if not any(_meet((x - width // 2, y - height // 2, width, height), box) for box in taken):
                return x, y
    raise AssertionError("no place is left for the code")


def _meet(one, other):
    return all(
        one[axis] < other[axis] + other[axis + 2] + MARGIN_PX and other[axis] < one[axis] + one[axis + 2] + MARGIN_PX
        for axis in (0, 1)
    )
