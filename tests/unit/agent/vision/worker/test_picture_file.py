"""Pictures of every odd kind, for the scan command and the folder camera: shown as they are, or refused with the
reason.
"""

import io
import json
import random
import struct
import zlib

import numpy as np
import pytest
import typer
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from agent.cli.scan import scan
from agent.vision.worker.picture_file import PictureError, decode, load
from drivers.api import DeviceMisconfiguredError
from drivers.camera.picture_folder import FolderCamera, load_picture
from drivers.camera.settings import FolderSettings
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene

RAMP_16 = np.linspace(0, 65535, 60 * 40).reshape(40, 60).astype(np.uint16)
FUZZ_CASES = 400


def encoded(image, kind="PNG", **more):
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def clear_palette():
    image = Image.new("RGBA", (60, 40), (200, 10, 10, 0))
    image.paste((10, 10, 200, 255), (0, 0, 30, 40))
    return image.quantize(8)


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, body=b"", depth=8, colour=2):
    """A PNG that claims a size and holds what it is given."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def photo():
    """A small photo-like picture, 60 x 40."""
    rng = np.random.default_rng(5)
    return Image.fromarray(rng.integers(60, 200, (40, 60, 3), dtype=np.uint8)).convert("RGB")


def shape(content):
    return decode(content).shape


GOOD = {
    "one pixel": (encoded(Image.new("RGB", (1, 1), "red")), (1, 1, 3)),
    "a row of 20,000": (encoded(Image.new("L", (20_000, 1), 9)), (1, 20_000, 3)),
    "a column of 20,000": (encoded(Image.new("RGB", (1, 20_000))), (20_000, 1, 3)),
    "grey": (encoded(photo().convert("L")), (40, 60, 3)),
    "grey and alpha": (encoded(photo().convert("LA")), (40, 60, 3)),
    "colour and alpha": (encoded(photo().convert("RGBA"), "WEBP", lossless=True), (40, 60, 3)),
    "palette": (encoded(photo().quantize(16)), (40, 60, 3)),
    "palette, clear": (encoded(clear_palette()), (40, 60, 3)),
    "black and white": (encoded(photo().convert("1"), "TIFF"), (40, 60, 3)),
    "16 bit PNG": (encoded(Image.fromarray(RAMP_16)), (40, 60, 3)),
    "16 bit TIFF": (encoded(Image.fromarray(RAMP_16), "TIFF"), (40, 60, 3)),
    "16 bit colour": (png(60, 40, (b"\0" + bytes(60 * 6)) * 40, depth=16), (40, 60, 3)),
    "CMYK": (encoded(photo().convert("CMYK"), "JPEG"), (40, 60, 3)),
    "progressive": (encoded(photo(), "JPEG", progressive=True), (40, 60, 3)),
    "several pages": (encoded(photo(), "TIFF", save_all=True, append_images=[Image.new("L", (5, 5))]), (40, 60, 3)),
    "animated": (encoded(photo(), "PNG", save_all=True, append_images=[photo().rotate(180)]), (40, 60, 3)),
}
BAD = {
    "nothing": (b"", "not a picture"),
    "text": (b"hello" * 100, "not a picture"),
    "a GIF": (encoded(photo().quantize(8), "GIF"), "not a picture"),
    "a JPEG cut short": (encoded(photo(), "JPEG")[:-400], "damaged"),
    "a PNG cut short": (encoded(photo())[:1000], "damaged"),
    "a header alone": (png(60, 40), "damaged"),
    "20,000 x 20,000": (png(20_000, 20_000), "too large"),
    "60,000 x 60,000": (png(60_000, 60_000), "too large"),
    "32 bit": (encoded(Image.fromarray(RAMP_16.astype(np.int32) * 1000), "TIFF"), "beyond 16 bits"),
    "below nothing": (encoded(Image.fromarray(RAMP_16.astype(np.int32) - 9), "TIFF"), "beyond 16 bits"),
    "fractions": (encoded(Image.fromarray((RAMP_16 / 65535).astype(np.float32)), "TIFF"), "fractions"),
}


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_of_picture_becomes_the_same_colours_for_scan_and_folder_camera(tmp_path, name):
    content, expected = GOOD[name]
    (tmp_path / "x.png").write_bytes(content)
    pixels = load(tmp_path / "x.png")
    assert (pixels.shape, pixels.dtype, pixels.flags.c_contiguous) == (expected, np.uint8, True)
    assert np.array_equal(load_picture(tmp_path / "x.png"), pixels)


@pytest.mark.parametrize("name", ["16 bit PNG", "16 bit TIFF"])
def test_sixteen_bits_keep_their_greys(name):
    assert np.abs(decode(GOOD[name][0])[:, :, 0] - RAMP_16 / 257).max() <= 1


def test_what_is_clear_in_a_palette_is_white():
    pixels = decode(GOOD["palette, clear"][0])
    assert pixels[0, 0].tolist() == [200, 10, 10]
    assert pixels[0, 59].tolist() == [255, 255, 255]


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_refused_with_the_reason(tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=reason):
        load(path)
    with pytest.raises(ValueError, match=reason) as refused:
        load_picture(path)
    assert reason == "damaged" or "damaged" not in str(refused.value)
    with pytest.raises(DeviceMisconfiguredError, match=reason):
        FolderCamera(FolderSettings(path=path)).open()


def test_a_wrong_ending_does_not_matter(tmp_path):
    (tmp_path / "x.png").write_bytes(encoded(photo(), "JPEG"))
    assert load(tmp_path / "x.png").shape == (40, 60, 3)


def test_scan_reads_the_odd_ones_finds_nothing_in_them_and_goes_on(tmp_path):
    for number, (content, _) in enumerate([*GOOD.values(), *BAD.values()]):
        (tmp_path / f"{number:02}.png").write_bytes(content)
    scene = Scene(vehicle=Vehicle(plate="新A12345"), code=ShownCode(text="GP1:HELLO"))
    Image.fromarray(draw_scene(scene)[:, :, ::-1]).save(tmp_path / "99.png")
    application = typer.Typer()
    application.command()(scan)
    result = CliRunner().invoke(application, [str(tmp_path), "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert len(rows) == len(GOOD) + len(BAD) + 1
    for row, name in zip(rows, GOOD, strict=False):
        assert (row.get("qr"), row.get("plates")) == ([], []), (name, row)
    assert all(set(row) == {"file", "error"} for row in rows[len(GOOD) : -1])
    assert [code["text"] for code in rows[-1]["qr"]] == ["GP1:HELLO"]
    assert [plate["text"] for plate in rows[-1]["plates"]] == ["新A12345"]


# ------------------------------------------------------------------------------------------------------------- fuzz


def mutated(content, rng):
    """The bytes after some changes: flipped, cut, doubled, lengths and sizes made large."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0:
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                changed[place] = rng.choice((0x00, 0x7F, 0x80, 0xFF))
            case 2:
                del changed[place : place + rng.randint(1, 40)]
            case 3:
                changed[place:place] = changed[place : place + rng.randint(1, 40)]
            case 4:
                changed[place : place + 4] = struct.pack(">I", rng.choice((0, 1, 2**16, 2**31 - 1, 2**32 - 1)))
            case 5:
                del changed[max(1, place) :]
        changed = changed or bytearray(b"\0")
    return bytes(changed)


@pytest.fixture(scope="module")
def seeds():
    large = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(large).ellipse((40, 40, 200, 200), fill="navy")
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        encoded(photo(), "JPEG", exif=exif),
        encoded(large, "JPEG", progressive=True),
        encoded(photo().convert("L"), "JPEG"),
        encoded(large, "PNG"),
        encoded(photo().quantize(16), "PNG", transparency=3),
        encoded(Image.fromarray(RAMP_16), "PNG"),
    ]


@pytest.mark.parametrize("block", range(4))
def test_mutated_pictures_are_shown_or_refused_and_nothing_else(tmp_path, seeds, block):
    rng = random.Random(block)  # noqa: S311 - cases of a test
    path = tmp_path / "x"
    shown = 0
    for case in range(FUZZ_CASES // 4):
        content = mutated(seeds[case % len(seeds)], rng)
        path.write_bytes(content)
        outcomes = []
        for take, refusal in ((load, PictureError), (load_picture, ValueError)):
            try:
                outcomes.append(take(path))
            except refusal:
                outcomes.append(None)
        first, second = outcomes
        assert first is None or (first.ndim, first.shape[2], first.dtype) == (3, 3, np.uint8)
        assert (first is None) is (second is None)
        assert first is None or np.array_equal(first, second)
        shown += first is not None
    assert 0 < shown < FUZZ_CASES // 4
