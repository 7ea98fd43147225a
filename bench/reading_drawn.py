"""Drawn codes and plates for the reading bench, the same from the same seed, so that it runs where no photographs are.

The codes are full permits, each with another permit id. The plates are those of `training.drawing`: the shapes that the
product's own network was trained on, though not these plates and not these views; that favours ours over the peers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import segno

from agent.core.crypto import SigningKey
from agent.core.permit.issue import issue
from agent.core.plates import TWO_LINES, normalise
from agent.vision.worker.plate import rectify
from bench.codes import FULL
from bench.reading_engines import Subject
from bench.reading_sets import LabelledSet, Picture
from bench.sights import Flat, Sight, seen
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene
from training.drawing import DrawnKind, DrawnPlate, Glyphs, draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.sights import Pixels, Seen

SEED: Final = 20261126
CODES: Final = 20
SCENES: Final = 10
CROPS: Final = 20
"""Pictures of each kind: codes, plates on vehicles, plates cut out."""
MODULE_PX: Final = 12
CODE_AT: Final = (240.0, 330.0)
PLATE_AT: Final = (690.0, 535.0)
_FONTS: Final = Path(__file__).resolve().parent.parent / "drivers" / "camera" / "simulated_yard" / "fonts"
_KEY: Final = SigningKey.from_seed(b"e" * 32)
_FLAT_PX: Final = 660
_CUT_WIDTH_PX: Final = 288
_LOOSE: Final = 0.02

CONDITIONS: Final = {
    "clean": Sight(4),
    "small, 1.5 px a module": Sight(1.5, noise=2),
    "tilted 55 degrees": Sight(4, tilt_deg=55),
    "moved by 1.5 modules": Sight(4, motion=1.5),
    "out of focus by 0.75 modules": Sight(4, defocus=0.75),
    "contrast 20": Sight(4, contrast=20, noise=2),
    "glare on 8 %": Sight(4, glare=0.08),
    "noise 50": Sight(4, noise=50),
    "light on dark": Sight(4),
    "mirrored": Sight(4),
}
"""How codes are seen; each is turned and tilted a little besides."""


def drawn(data: Path) -> Iterator[LabelledSet]:
    """All drawn sets. `data`: see `glyphs_in`."""
    yield code_set(CODES)
    glyphs = glyphs_in(data)
    yield plate_set(glyphs, SCENES)
    yield crop_set(glyphs, CROPS)


def glyphs_in(data: Path) -> Glyphs:
    """The letters of plates: the plates' own face where `data` has it in plates/glyphs, else fonts alone."""
    bitmaps = data / "plates" / "glyphs"
    return Glyphs.load([_FONTS], bitmaps if bitmaps.is_dir() else None)


# ----------------------------------------------------------------------------------------------------------- codes


def code_set(count: int) -> LabelledSet:
    """Permits in the yard, `count` for each of CONDITIONS."""
    pictures = [
        Picture(
            f"{name} {number}", (permit(place * count + number),), name, partial(_code, name, place * count + number)
        )
        for place, name in enumerate(CONDITIONS)
        for number in range(count)
    ]
    return LabelledSet("drawn codes", Subject.CODES, tuple(pictures), drawn=True)


def permit(number: int) -> str:
    """The text of a permit that says all it can, 309 characters; another one for every number."""
    return issue(replace(FULL, permit_id=(SEED << 24 | number).to_bytes(8, "big")), _KEY)


def code_flat(text: str) -> Flat:
    """The symbol at level M with its quiet zone."""
    symbol = segno.make_qr(text, error="m", boost_error=False)
    rows = np.array([[0 if dark else 255 for dark in row] for row in symbol.matrix_iter(border=4)], dtype=np.uint8)
    fine = np.kron(rows, np.ones((MODULE_PX, MODULE_PX), dtype=np.uint8))
    return Flat(cv2.cvtColor(fine, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False), MODULE_PX)


def _code(name: str, number: int) -> Pixels:
    chance = np.random.default_rng((SEED, 1, number))
    flat = code_flat(permit(number))
    if name == "light on dark":
        flat = replace(flat, pixels=255 - flat.pixels)
    if name == "mirrored":
        flat = replace(flat, pixels=np.ascontiguousarray(flat.pixels[:, ::-1]))
    return seen(flat, little_turned(CONDITIONS[name], chance), yard(), _near(CODE_AT, chance), chance).pixels


# ---------------------------------------------------------------------------------------------------------- plates


def plate_set(glyphs: Glyphs, count: int) -> LabelledSet:
    """Vehicles in the yard, `count` plates of each kind, each seen under conditions of its own."""
    return _plates("drawn plates", Subject.PHOTOS, glyphs, count)


def crop_set(glyphs: Glyphs, count: int) -> LabelledSet:
    """Plates as in `plate_set`, cut out."""
    return _plates("drawn plates, cut out", Subject.CROPS, glyphs, count)


def _plates(name: str, subject: Subject, glyphs: Glyphs, count: int) -> LabelledSet:
    pictures = []
    for place, kind in enumerate(DrawnKind):
        for number in range(count):
            seed = (SEED, 2, place, number)
            make = _plate_scene if subject is Subject.PHOTOS else _plate_cut_out
            labels = written(plate_of(glyphs, kind, seed))
            pictures.append(Picture(f"{kind} {number}", labels, kind.value, partial(make, glyphs, kind, seed)))
    return LabelledSet(name, subject, tuple(pictures), drawn=True)


def plate_of(glyphs: Glyphs, kind: DrawnKind, seed: tuple[int, ...], *, clean: bool = False) -> DrawnPlate:
    """The plate that this seed draws; `clean`: without dirt and wear."""
    return draw(np.random.default_rng(seed), glyphs, kind, width_px=_FLAT_PX, clean=clean)


def written(plate: DrawnPlate) -> tuple[str, ...]:
    """The plate's number, and what is printed where that is another text: other order, or a mark of its kind."""
    country = plate.kind.value.partition("_")[0]
    orders = [each for each in TWO_LINES if each.order and each.kind.value.startswith(country) and plate.two_lines]
    fitting = [each.number(plate.text) for each in orders if each.fits(plate.text)]
    number = fitting[0] if fitting else normalise(plate.text)
    return (number,) if number == plate.text else (number, plate.text)


def plate_flat(plate: DrawnPlate) -> Flat:
    """The plate; its unit is the height of most of its characters."""
    return Flat(plate.pixels, float(np.median(plate.boxes[:, 3])))


def cut_out(view: Seen, plate: DrawnPlate, chance: np.random.Generator) -> Pixels:
    """The plate flattened along its true corners, which are a little off, as a detector's are."""
    width, height = plate.size_mm
    sides = np.linalg.norm(view.corners[1] - view.corners[0]), np.linalg.norm(view.corners[3] - view.corners[0])
    corners = (view.corners + chance.normal(0, _LOOSE, (4, 2)) * sides).astype(np.float32)
    return rectify.flatten(view.pixels, corners, (_CUT_WIDTH_PX, round(_CUT_WIDTH_PX * height / width)))


def _plate_scene(glyphs: Glyphs, kind: DrawnKind, seed: tuple[int, ...]) -> Pixels:
    return _seen_plate(plate_of(glyphs, kind, seed), seed).pixels


def _plate_cut_out(glyphs: Glyphs, kind: DrawnKind, seed: tuple[int, ...]) -> Pixels:
    plate = plate_of(glyphs, kind, seed)
    return cut_out(_seen_plate(plate, seed), plate, np.random.default_rng((*seed, 1)))


def _seen_plate(plate: DrawnPlate, seed: tuple[int, ...]) -> Seen:
    """By day and dusk, 18 to 36 pixels high, at an angle, moving, out of focus, noisy: each by some measure."""
    chance = np.random.default_rng((*seed, 0))
    sight = Sight(
        unit_px=chance.uniform(18, 36),
        tilt_deg=chance.uniform(-40, 40),
        turn_deg=chance.uniform(-6, 6),
        motion=chance.uniform(0, 0.15),
        defocus=chance.uniform(0, 0.08),
        contrast=chance.uniform(60, 200),
        noise=chance.uniform(2, 14),
    )
    return seen(plate_flat(plate), sight, yard(), _near(PLATE_AT, chance), chance)


# --------------------------------------------------------------------------------------------------------- both


@cache
def yard() -> Pixels:
    """A lane with a vehicle that has no plate and shows no code."""
    pixels: Pixels = draw_scene(Scene(vehicle=Vehicle()))
    return pixels


def little_turned(sight: Sight, chance: np.random.Generator) -> Sight:
    """Turned in the picture by up to 12 degrees and away by up to 12, as nobody holds a thing straight."""
    return replace(sight, turn_deg=chance.uniform(-12, 12), tilt_deg=sight.tilt_deg or chance.uniform(-12, 12))


def _near(place: tuple[float, float], chance: np.random.Generator) -> tuple[float, float]:
    return place[0] + chance.uniform(-8, 8), place[1] + chance.uniform(-8, 8)
