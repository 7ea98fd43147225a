"""Pictures as a vision worker keeps them of a drawn yard, with what an honest one tells of them."""

from dataclasses import dataclass
from functools import cache

from agent.vision.worker.picture_selector import crop_jpeg, frame_jpeg
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.protocol import SeenCode, SeenPlate
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene

WIDTH_PX = 640


@dataclass(frozen=True)
class Told:
    """One frame: the code and the plate that are told of, the picture of the frame and that of the plate, JPEG."""

    code: SeenCode | None
    plate: SeenPlate | None
    overview: bytes
    crop: bytes


@cache
def reader():
    """The reader of plates; loading it takes a moment."""
    return PlateReader()


def told(text, plate):
    """What an honest vision worker tells of a vehicle with this plate whose driver shows this text."""
    pixels = draw_scene(Scene(vehicle=Vehicle(plate=plate), code=ShownCode(text=text)))
    found = reader().read(pixels)[0]
    assert found.text == plate
    seen = SeenPlate(
        text=found.text,
        positions=found.positions,
        kind=str(found.kind),
        confidence=found.confidence,
        box=found.box,
        columns=found.columns,
        two_lines=found.two_lines,
        colour=str(found.colour),
        track=1,
        crop=0,
    )
    return Told(
        SeenCode(payload=text.encode(), engine="zxing"), seen, frame_jpeg(pixels, WIDTH_PX), crop_jpeg(found.flat)
    )


def yard():
    """The picture of the empty yard."""
    return frame_jpeg(draw_scene(Scene()), WIDTH_PX)
