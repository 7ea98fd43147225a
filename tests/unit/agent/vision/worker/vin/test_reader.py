"""VINs on drawn labels, as cameras at gates see them: every kind of code, how small, how turned, and what is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from agent.core.model import VinSource
from agent.vision.worker.picture_selector import crop_jpeg
from agent.vision.worker.vin.reader import KeptVin, VinReader
from bench.sights import Flat, Sight
from bench.vin_labels import Glass, behind, label, shown, symbol, vin_of, yard

SOURCES = (VinSource.CODE_39, VinSource.CODE_128, VinSource.DATA_MATRIX)
OF_A_KIND = 8
LONG = "[)>\x1e06\x1d" + "".join(f"P{number:06d}\x1d" for number in range(100))


@pytest.fixture(scope="module")
def reader() -> VinReader:
    return VinReader()


def picture(source: VinSource, text: str, sight: Sight, number: int = 0, *, glass: bool = True) -> np.ndarray:
    """A label in the yard, BGR, 1280 x 720; another place and turn for every number."""
    chance = np.random.default_rng((number, 3))
    flat = label(source, text)
    return shown(behind(flat, Glass(), chance) if glass else flat, sight, chance).pixels


def sharp(module_px: float, **more: float) -> Sight:
    return Sight(module_px, contrast=150.0, defocus=0.25, **more)


def texts(reader: VinReader, pixels: np.ndarray) -> list[str]:
    return [found.text for found in reader.read(pixels)]


@pytest.mark.parametrize("source", SOURCES)
def test_at_three_pixels_a_module_every_label_is_read_and_its_picture_too(reader: VinReader, source: VinSource) -> None:
    for number in range(OF_A_KIND):
        vin = vin_of(number)
        (found,) = reader.read(picture(source, vin, sharp(3.0), number))
        assert (found.text, found.source, found.legible) == (vin, source, True)
        assert reader.read_kept(crop_jpeg(found.crop)) == {vin: KeptVin(vin, source)}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "sight",
    [sharp(2.0), sharp(2.0, noise=8.0), sharp(2.0, motion=0.5), Sight(2.0, contrast=60.0, defocus=0.25, noise=3.0)],
    ids=["sharp", "noisy", "moving", "faint"],
)
def test_at_two_pixels_a_module_most_labels_are_read_and_no_other_vin(
    reader: VinReader, source: VinSource, sight: Sight
) -> None:
    read = [texts(reader, picture(source, vin_of(number), sight, number)) for number in range(OF_A_KIND)]

    assert all(found in ([], [vin_of(number)]) for number, found in enumerate(read))
    assert sum(map(len, read)) > OF_A_KIND / 2


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("turn_deg", [45.0, 90.0, 180.0, 250.0])
def test_a_label_may_be_turned_any_way(reader: VinReader, source: VinSource, turn_deg: float) -> None:
    vin = vin_of(7)
    assert texts(reader, picture(source, vin, sharp(2.0, turn_deg=turn_deg), 4)) == [vin]


@pytest.mark.parametrize("source", SOURCES)
def test_the_marks_may_be_light_on_dark_foil(reader: VinReader, source: VinSource) -> None:
    vin, chance = vin_of(8), np.random.default_rng(8)
    assert texts(reader, shown(label(source, vin, inverted=True), sharp(3.0), chance).pixels) == [vin]


def test_the_box_is_where_the_code_stands(reader: VinReader) -> None:
    flat, chance = label(VinSource.CODE_128, vin_of(9)), np.random.default_rng(9)
    seen = shown(flat, sharp(2.0), chance)
    (found,) = reader.read(seen.pixels)
    left, top, width, height = found.box
    middle = seen.corners.mean(axis=0)

    assert abs(left + width / 2 - middle[0]) < 40
    assert abs(top + height / 2 - middle[1]) < 40
    assert 300 < width < np.ptp(seen.corners[:, 0])
    assert 20 < height < 200


def test_two_labels_in_view_are_both_told(reader: VinReader) -> None:
    first, second = vin_of(1), vin_of(2)
    pixels = np.array(yard(0))
    pixels[40:360] = picture(VinSource.CODE_128, first, sharp(2.0), 2)[180:500]
    pixels[380:700] = picture(VinSource.DATA_MATRIX, second, sharp(3.0), 3)[180:500]

    assert set(texts(reader, pixels)) == {first, second}


def test_the_leading_i_of_imports_is_no_part_of_the_vin(reader: VinReader) -> None:
    vin = vin_of(3)
    assert texts(reader, picture(VinSource.CODE_39, f"I{vin}", sharp(2.0), 3)) == [vin]


def test_a_vin_is_found_among_the_fields_of_a_makers_long_text(reader: VinReader) -> None:
    vin = vin_of(4)
    chance = np.random.default_rng(4)
    flat = label(VinSource.DATA_MATRIX, f"{LONG}I{vin}\x1dB99")
    assert texts(reader, shown(flat, Sight(4.0), chance).pixels) == [vin]


def test_a_data_matrix_of_3000_characters_is_read_and_holds_none(reader: VinReader) -> None:
    """The largest there is, and a VIN in the run of digits would be one that nobody wrote."""
    matrix = np.kron(symbol(VinSource.DATA_MATRIX, "1234567890" * 300), np.ones((4, 4), np.uint8))
    height, width = matrix.shape
    pixels = np.array(yard(0))
    pixels[50 : 50 + height, 300 : 300 + width] = matrix[..., None]

    read = zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.DataMatrix)
    assert [len(one.text) for one in read] == [3000]
    assert reader.read(pixels) == []


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "text",
    [
        "LSVAA49J13204737",
        "LSVAA49J1320473710",
        "LSVAI49J132047371",
        "LSVAO49J132047371",
        "LSVAQ49J132047371",
    ],
)
def test_what_is_no_vin_is_not_told(reader: VinReader, source: VinSource, text: str) -> None:
    pixels = picture(source, text, sharp(2.0), 5)
    assert reader.read(pixels) == []


def test_a_yard_without_a_label_shows_none(reader: VinReader) -> None:
    assert reader.read(np.array(yard(1))) == []
    noise = np.random.default_rng(6).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    assert reader.read(noise) == []


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (8, 8), (16, 700), (700, 9), (5000, 3)])
def test_a_picture_of_any_size_is_borne(reader: VinReader, size: tuple[int, int]) -> None:
    stripes = np.zeros((*size, 3), np.uint8)
    stripes[:, ::2] = 255
    assert reader.read(stripes) == []


def test_a_label_is_read_in_a_picture_larger_than_any_camera_gives(reader: VinReader) -> None:
    vin = vin_of(5)
    small = picture(VinSource.CODE_128, vin, sharp(3.0), 5)
    (found,) = reader.read(cv2.resize(small, (3840, 2160), interpolation=cv2.INTER_CUBIC))

    assert found.text == vin
    assert found.box[2] > 1000
    assert found.legible


def test_bars_of_which_one_end_is_hidden_are_none(reader: VinReader) -> None:
    bars = np.repeat(np.repeat(symbol(VinSource.CODE_39, vin_of(6)), 60, axis=0), 3, axis=1)
    half = Flat(cv2.cvtColor(bars[:, : bars.shape[1] // 2], cv2.COLOR_GRAY2BGR), 3)
    assert reader.read(shown(half, Sight(3.0), np.random.default_rng(1)).pixels) == []


def test_an_engine_that_fails_at_a_picture_is_counted_and_costs_that_picture_alone(reader: VinReader, mocker) -> None:
    pixels = picture(VinSource.CODE_128, vin_of(1), sharp(3.0), 1)
    failing = VinReader()
    broken = mocker.patch("agent.vision.worker.vin.engine.zxingcpp.read_barcodes", side_effect=RuntimeError("no"))
    assert failing.read(pixels) == []
    assert set(failing.failures) == {"bars", "data_matrix"}
    mocker.stop(broken)
    assert texts(failing, pixels) == [vin_of(1)]


@pytest.mark.parametrize("jpeg", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff" + bytes(1000), b"GIF89a"])
def test_a_kept_picture_that_is_none_shows_none(reader: VinReader, jpeg: bytes) -> None:
    assert reader.read_kept(jpeg) == {}
